package websubmit

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

func newDesk(t *testing.T) *Desk {
	t.Helper()
	d, err := New(Options{Uploads: filepath.Join(t.TempDir(), "uploads"), FileStore: func() bool { return false }})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// readerFunc is content that comes as the function has it.
type readerFunc func(b []byte) (int, error)

// Read reads the next part.
func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// TestSlowFile sends a file for longer than one is kept that nobody asks about.
func TestSlowFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		begun, err := d.Begin("192.0.2.1", api.SubmissionFile{Name: "a.blend", Size: 8})
		if err != nil {
			t.Fatal(err)
		}
		content := strings.NewReader("BLENDER!")
		if err := d.Receive(begun.ID, "", readerFunc(func(b []byte) (int, error) {
			time.Sleep(keptFor + time.Minute)
			return content.Read(b[:4])
		})); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		s, done, err := d.use(begun.ID)
		if err != nil {
			t.Fatal("it was forgotten while it came:", err)
		}
		if text, err := os.ReadFile(s.file); string(text) != "BLENDER!" || !s.files[s.main].here {
			t.Errorf("%q, %v", text, err)
		}
		done()
		time.Sleep(keptFor + time.Second)
		synctest.Wait()
		if _, err := os.Stat(s.folder); !os.IsNotExist(err) || len(d.all) > 0 {
			t.Error("it is kept though nobody asks about it:", err)
		}
	})
}

// TestDiskFills sends a file onto a disk that others fill meanwhile.
func TestDiskFills(t *testing.T) {
	d := newDesk(t)
	const size = lookEvery + 10
	free := int64(keepFree + size)
	d.free = func(string) int64 { return free }
	begun, err := d.Begin("192.0.2.1", api.SubmissionFile{Name: "a.blend", Size: size})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Receive(begun.ID, "", readerFunc(func(b []byte) (int, error) {
		free -= 2 * int64(len(b))
		return len(b), nil
	})); farm.KindOf(err) != farm.NoRoom {
		t.Error(err)
	}
	if left, _ := os.ReadDir(filepath.Join(d.Uploads, begun.ID)); len(left) > 0 {
		t.Error("what came is kept:", left)
	}
}

// TestOneClientLeavesRoom begins as many submissions as one client may, and one more of another.
func TestOneClientLeavesRoom(t *testing.T) {
	d := newDesk(t)
	defer d.Close()
	file := api.SubmissionFile{Name: "a.blend", Size: 8}
	last := ""
	for range maxOfAClient {
		begun, err := d.Begin("192.0.2.1", file)
		if err != nil {
			t.Fatal(err)
		}
		last = begun.ID
	}
	if _, err := d.Begin("192.0.2.1", file); farm.KindOf(err) != farm.Busy {
		t.Errorf("one more: %v", err)
	}
	if _, err := d.Begin("192.0.2.2", file); err != nil {
		t.Errorf("another client: %v", err)
	}
	if err := d.Discard(last); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Begin("192.0.2.1", file); err != nil {
		t.Errorf("once one is discarded: %v", err)
	}
}
