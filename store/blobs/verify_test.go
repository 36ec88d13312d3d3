package blobs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// blobPath is where a stored file is.
func (s *Store) blobPath(k Key) string {
	return filepath.Join(s.o.Dir, "file-store", filepath.FromSlash(k.stored()))
}

// writeThrough writes to a file of a checkout in place, as a script does that saves
// a texture, with the rights of root.
func writeThrough(t *testing.T, name, content string) {
	t.Helper()
	real, err := filepath.EvalSymlinks(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(real, 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(content); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// A job saves over its own texture, by each kind of link. No later job gets what it
// saved: the file has to be sent again, and is what it was for the earlier job, too.
func TestWrittenThroughALink(t *testing.T) {
	const wood, burnt = "the grain of wood", "the ashes of wood"
	for method, name := range linkMethods[:byCopy] {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			s.linkMethod.Store(int32(method))
			first := s.mustCheckout(t, "first", "wood.png", wood, "stone.png", "stone")
			k := keyOf(wood)
			s.wantStatus(t, k, Present, 0)
			linked := filepath.Join(s.o.Dir, "jobs", first, "wood.png")
			writeThrough(t, linked, burnt)
			s.wantStatus(t, k, Unknown, 0)
			s.wantStatus(t, keyOf("stone"), Present, 0)
			if _, err := s.Checkout(t.Context(), "second", []File{{k, "wood.png"}}); err == nil || !strings.Contains(err.Error(), `not stored: "wood.png"`) {
				t.Errorf("a checkout with what was changed: %v", err)
			}
			second := s.mustCheckout(t, "second", "wood.png", wood)
			for _, checkout := range []string{first, second} {
				if checkout == first && method == int(byHardLink) {
					continue // it has its own file now, as a hard link leads to the file and not to its name
				}
				got, err := os.ReadFile(filepath.Join(s.o.Dir, "jobs", checkout, "wood.png"))
				if err != nil || string(got) != wood {
					t.Errorf("%s has %q: %v", checkout, got, err)
				}
			}
			s.wantStatus(t, k, Present, 0)
		})
	}
}

// Files of a store that was copied, or of another program's, have other times. They
// are read once, and good from then on.
func TestTakenOver(t *testing.T) {
	s := newStore(t)
	k := s.mustPut(t, "taken over")
	if err := s.waitSynced(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	for _, when := range []time.Time{time.Now().Add(-48 * time.Hour), time.Now().Truncate(time.Second), time.Now().Add(-10 * time.Second)} {
		if err := os.Chtimes(s.blobPath(k), when, when); err != nil {
			t.Fatal(err)
		}
		s.wantStatus(t, k, Present, 0)
		info, err := os.Stat(s.blobPath(k))
		if err != nil || !stamped(k, info) {
			t.Errorf("after %v it has the time %v: %v", when, info.ModTime(), err)
		}
	}
	// Not read again: what cannot be read is present.
	if os.Geteuid() != 0 {
		os.Chmod(s.blobPath(k), 0)
		s.wantStatus(t, k, Present, 0)
	}
}

// Stamps are times that file systems keep, of the same second, and differ.
func TestStamp(t *testing.T) {
	now := time.Now()
	seen := map[time.Time]bool{}
	for _, content := range []string{"", "a", "b", "c"} {
		k := keyOf(content)
		got := stamp(k, now)
		if got.Unix() != now.Unix() || got.Nanosecond()%stampUnit != 0 || got.Nanosecond() == 0 || !got.Equal(stamp(k, got)) || seen[got] {
			t.Errorf("%q: %v", content, got)
		}
		seen[got] = true
	}
}
