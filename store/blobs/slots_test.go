package blobs

import (
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"renderfarm/farm"
)

// TestSlowClientKeepsNobodyWaiting has a client begin more uploads than there are
// slots, and send nothing: another one is served at once.
func TestSlowClientKeepsNobodyWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t)
		done := make(chan error, 2*maxUploads)
		var writers []*io.PipeWriter
		for i := range cap(done) {
			r, w := io.Pipe()
			writers = append(writers, w)
			go func() {
				_, err := s.Put(t.Context(), Upload{Key: keyOf(fmt.Sprint(i)), Body: r, Length: -1, Client: "slow"})
				done <- err
			}()
		}
		synctest.Wait()
		if n := s.slots.Taken(); n != maxFromAClient {
			t.Errorf("a client has %d slots", n)
		}
		honest := upload("honest")
		honest.Client = "other"
		if got, err := s.Put(t.Context(), honest); got != Stored || err != nil {
			t.Errorf("the other client: %v, %v", got, err)
		}
		for i, w := range writers {
			go func() { io.WriteString(w, fmt.Sprint(i)); w.Close() }()
		}
		for range cap(done) {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if n := s.slots.Taken(); n != 0 {
			t.Errorf("%d slots are still taken", n)
		}
	})
}

// TestAnnouncedIsNotTaken has somebody announce a file as large as the disk, and
// send nothing of it: others have room, and when it does come there is none.
func TestAnnouncedIsNotTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t)
		const step = 1 << 20
		const disk, other = 4 * step, step
		s.room.step = step
		var written atomic.Int64
		s.room.freeDisk = func(string) int64 { return disk - written.Load() }
		r, w := io.Pipe()
		done := make(chan error, 1)
		huge := Upload{Key: Key{keyOf("huge").SHA, disk}, Body: r, Length: -1, Client: "huge"}
		go func() {
			_, err := s.Put(t.Context(), huge)
			r.CloseWithError(err)
			done <- err
		}()
		synctest.Wait()
		s.mustPut(t, strings.Repeat("o", other))
		written.Store(other)
		chunk := make([]byte, step/4)
		for {
			n, err := w.Write(chunk)
			if written.Add(int64(n)); err != nil {
				break
			}
		}
		if err := <-done; farm.KindOf(err) != farm.NoRoom {
			t.Errorf("the file that does not fit any more: %v", err)
		}
		if s.room.unwritten != 0 || s.room.coming != 0 {
			t.Errorf("still reserved: %d, %d", s.room.unwritten, s.room.coming)
		}
	})
}
