package store

import (
	"os"
	"path/filepath"
	"testing"

	"renderfarm/farm"
)

// After most jobs were deleted the file shrinks to what is left, which is what it was.
func TestCompact(t *testing.T) {
	path := filepath.Join(t.TempDir(), "farm.db")
	fillFormat(t, path)
	s := open(t, path)
	large := addJob(t, s, frames(50_000, false))
	remove(t, s, large)
	s.Close()
	want := dumpRecords(t, path)
	before, after, err := Compact(path)
	if err != nil || after > before/4 {
		t.Fatalf("of %d bytes %d are left: %v", before, after, err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() != after {
		t.Errorf("it has %d bytes and not %d, %v", info.Size(), after, err)
	}
	compareLines(t, string(want), string(dumpRecords(t, path)))
	if left, _ := filepath.Glob(path + "*"); len(left) != 1 {
		t.Errorf("there are %v", left)
	}
	if _, again, err := Compact(path); err != nil || again > after {
		t.Errorf("once more: %d after %d bytes, %v", again, after, err)
	}
	s = open(t, path)
	addJob(t, s, frames(3, true))
	clean(t, s)
	if _, _, err := Compact(path); farm.KindOf(err) != farm.Conflict {
		t.Errorf("while a manager uses it: %v", err)
	}
}

// A damaged database, one of an older layout and none are left alone.
func TestCompactRefuses(t *testing.T) {
	for name, path := range map[string]string{"damaged": formatFile(t, newestLayout()), "older": formatFile(t, 1), "none": filepath.Join(t.TempDir(), "farm.db")} {
		if name == "damaged" {
			damageFirst(t, path, jobdefBucket)
		}
		before, _ := os.ReadFile(path)
		if _, _, err := Compact(path); err == nil {
			t.Errorf("%s: no error", name)
		}
		if after, _ := os.ReadFile(path); string(after) != string(before) {
			t.Errorf("%s: the file was changed", name)
		}
	}
}
