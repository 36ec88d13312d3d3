package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"renderfarm/farm/api"
	"renderfarm/store/outbox"
)

// reports takes everything out of the outbox.
func reports(t *testing.T, box *outbox.Outbox) (all []api.TaskUpdate) {
	t.Helper()
	for {
		text, ok := box.Peek()
		if !ok {
			return all
		}
		var r report
		if err := json.Unmarshal(text, &r); err != nil {
			t.Fatal(err)
		}
		all = append(all, r.Update)
		if err := box.Done(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLogIsSentInChunks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		line := strings.Repeat("x", 999)
		for range 25 {
			b.Log("%s", line)
		}
		time.Sleep(reportPause)
		synctest.Wait()
		all := reports(t, b.outbox)
		if len(all) != 3 || len(all[0].Log) != 11_000 || len(all[1].Log) != 11_000 || len(all[2].Log) != 3000 {
			t.Errorf("%d chunks", len(all))
		}
	})
}

// What comes last is told with the result, and nothing after it.
func TestLastReportCarriesWhatIsLeft(t *testing.T) {
	b := newBench(t)
	b.started()
	b.Log("almost")
	b.Step()
	b.failed(t.Context(), errors.New("two\nlines"))
	b.Log("late")
	b.Step()
	b.abandoned()
	all := reports(t, b.outbox)
	if len(all) != 1 {
		t.Fatalf("reports %+v", all)
	}
	last := all[0]
	if last.TaskStatus != "failed" || last.Activity != "Failed: two…" || last.Log != "almost\nFailed: two\nlines\n" || *last.StepsCompleted != 1 {
		t.Errorf("last report %+v", last)
	}
}

// While nothing can be stored the log gets a gap, and the result is held in memory
// until it can.
func TestOutboxCannotBeWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		for range 4 { // after that it needs a new file
			if err := b.outbox.Put(make([]byte, outbox.MaxReport)); err != nil {
				t.Fatal(err)
			}
		}
		dir := filepath.Join(b.worker.options.Dir, "outbox")
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		b.Log("lost")
		time.Sleep(2 * reportPause)
		b.completed(t.Context()) // is held in memory
		if b.outbox.Len() != 5 || b.lost != len("lost\n") {
			t.Errorf("%d reports, %d bytes lost", b.outbox.Len(), b.lost)
		}
		if err := b.outbox.Put([]byte("{}")); err == nil {
			t.Error("a report was stored where nothing can be")
		}
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := b.outbox.Put([]byte("{}")); err != nil || b.outbox.Len() != 6 {
			t.Errorf("%d reports, %v", b.outbox.Len(), err)
		}
	})
}

func TestGapInTheLogIsNamed(t *testing.T) {
	b := newBench(t)
	b.lost = 1234
	b.Log("and on it goes")
	if log := b.logged(t); !strings.HasPrefix(log, "(1234 bytes of output were lost here") || !strings.HasSuffix(log, "and on it goes\n") {
		t.Errorf("log %q", log)
	}
	b.Log("more")
	if log := b.logged(t); log != "more\n" {
		t.Errorf("log %q", log)
	}
}

// A report that nobody can read is no reason to stop delivering.
func TestSenderSkipsWhatMakesNoSense(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newFakeManager()
		m.workers["worker"] = "secret"
		box, err := outbox.Open(filepath.Join(t.TempDir(), "outbox"), testLog(t))
		if err != nil {
			t.Fatal(err)
		}
		defer box.Close()
		s := newSender(box, func() Manager { return m.client().WithCredentials("worker", "secret") }, testLog(t))
		for _, text := range []string{"not JSON", `{"task":"a","update":{"activity":"fine"}}`, "", `{"task":5}`} {
			if err := box.Put([]byte(text)); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		over := make(chan struct{})
		go func() {
			defer close(over)
			s.run(ctx)
		}()
		s.begin()
		s.begin() // signed on again
		if err := s.flushed(ctx); err != nil {
			t.Fatal(err)
		}
		cancel()
		<-over
		if len(m.updates) != 1 || m.updates[0].Activity != "fine" {
			t.Errorf("updates %+v", m.updates)
		}
	})
}

// A frame in OpenEXR has a preview that can be looked at, no larger than the manager keeps.
func TestPreviewOfEXR(t *testing.T) {
	content, err := asJPEG(filepath.Join("..", "..", "testdata", "images", "3.4", "exr-multilayer.exr"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := jpeg.Decode(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	brightest := uint32(0)
	for y := range m.Bounds().Dy() {
		for x := range m.Bounds().Dx() {
			r, g, b, _ := m.At(x, y).RGBA()
			brightest = max(brightest, r, g, b)
		}
	}
	if m.Bounds().Dx() > previewWidth || brightest < 0x4000 {
		t.Errorf("the preview is %v, its brightest value %#x", m.Bounds(), brightest)
	}
}

// Frames come faster than previews are sent: the newest is, and unreadable ones
// do no harm.
func TestNewestPreviewWins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, dir := newBench(t), t.TempDir()
		ctx, cancel := context.WithCancel(t.Context())
		over := make(chan struct{})
		write(t, filepath.Join(dir, "frame.exr"), "not a picture")
		b.worker.previews.show(b.task.UUID, filepath.Join(dir, "frame.exr"))
		go func() {
			defer close(over)
			b.worker.previews.run(ctx)
		}()
		synctest.Wait()
		for i, shade := range []uint8{10, 60, 240} {
			path := filepath.Join(dir, string(rune('a'+i))+".png")
			frameFile(t, path, shade)
			b.worker.previews.show(b.task.UUID, path)
		}
		time.Sleep(10 * previewPause)
		synctest.Wait()
		cancel()
		<-over
		if len(b.manager.previews) != 1 {
			t.Fatalf("%d previews of 3 frames in a moment", len(b.manager.previews))
		}
		m, err := jpeg.Decode(bytes.NewReader(b.manager.previews[0]))
		if err != nil {
			t.Fatal(err)
		}
		if r, _, _, _ := m.At(0, 0).RGBA(); r>>8 < 200 {
			t.Errorf("the preview has red %d, want that of the newest", r>>8)
		}
	})
}
