package blobs

import (
	"io"
	"math"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	"renderfarm/farm"
)

// TestRoom fills a small disk and a small quota.
func TestRoom(t *testing.T) {
	disk := storeIn(t, Options{Dir: t.TempDir(), KeepFree: 1000})
	disk.room.freeDisk = func(string) int64 { return 3000 }
	big, small := strings.Repeat("b", 2001), strings.Repeat("s", 2000)
	if _, err := disk.Put(t.Context(), upload(big)); farm.KindOf(err) != farm.NoRoom || !strings.Contains(err.Error(), "2 kB") || !strings.Contains(err.Error(), "has 3 kB left, of which 1 kB are kept free") {
		t.Errorf("a disk that would be too full: %v", err)
	}
	disk.mustPut(t, small)
	disk.Close()
	if left := disk.tree(t, "file-store/uploading"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}

	dir := t.TempDir()
	before := storeIn(t, Options{Dir: dir})
	before.mustPut(t, small)
	before.Close()
	quota := storeIn(t, Options{Dir: dir, Quota: 4001})
	if _, err := quota.Put(t.Context(), upload(big+"x")); farm.KindOf(err) != farm.NoRoom || !strings.Contains(err.Error(), "2 kB of its quota of 4 kB") {
		t.Errorf("over the quota: %v", err)
	}
	quota.mustPut(t, big)
	if _, err := quota.Put(t.Context(), upload("x")); farm.KindOf(err) != farm.NoRoom {
		t.Errorf("over the full quota: %v", err)
	}
	if got, err := quota.Put(t.Context(), upload(small)); got != Already || err != nil {
		t.Errorf("what is there needs no room: %v, %v", got, err)
	}
	quota.Close()
	collected, err := quota.Collect(t.Context(), Collecting{Delete: true, InUse: func(string) bool { return true }})
	if err != nil || collected.Stored.Files != 2 {
		t.Fatalf("%+v, %v", collected, err)
	}
	quota.mustPut(t, "x")
}

// TestHugeSizes announces files of sizes with which sums overflow.
func TestHugeSizes(t *testing.T) {
	for name, free := range map[string]int64{"a disk": 3000, "a full disk": 0, "a disk that cannot tell": -1} {
		s := storeIn(t, Options{Dir: t.TempDir(), KeepFree: 10, Quota: 4000})
		s.room.freeDisk = func(string) int64 { return free }
		s.room.used, s.room.counted, s.room.unwritten = 1, true, 2
		huge := Upload{Key: Key{keyOf("huge").SHA, math.MaxInt64}, Body: strings.NewReader("huge"), Length: -1}
		if _, err := s.Put(t.Context(), huge); farm.KindOf(err) != farm.NoRoom {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestReservations has several uploads at once that would fill the disk together.
func TestReservations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t)
		s.room.freeDisk = func(string) int64 { return 1500 }
		a, w := io.Pipe()
		done := make(chan error, 1)
		content := strings.Repeat("a", 1000)
		go func() { _, err := s.Put(t.Context(), Upload{Key: keyOf(content), Body: a, Length: -1}); done <- err }()
		synctest.Wait()
		if _, err := s.Put(t.Context(), upload(strings.Repeat("b", 501))); farm.KindOf(err) != farm.NoRoom {
			t.Errorf("both together: %v", err)
		}
		s.mustPut(t, strings.Repeat("c", 500))
		io.WriteString(w, content)
		w.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if s.room.unwritten != 0 || s.room.coming != 0 {
			t.Errorf("still reserved: %d, %d", s.room.unwritten, s.room.coming)
		}
	})
}

func TestFull(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is no /dev/full")
	}
	f, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	if err != nil {
		t.Skip(err)
	}
	defer f.Close()
	r := newReceiver(upload("some content"))
	r.file, r.wrote = f, func(int) error { return nil }
	err = noRoom(r.receive(t.Context(), strings.NewReader("some content")), 12)
	if farm.KindOf(err) != farm.NoRoom || !r.spoiled || !strings.Contains(err.Error(), "12 B") {
		t.Errorf("a full disk: %v, spoiled %t", err, r.spoiled)
	}
}
