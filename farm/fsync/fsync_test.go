package fsync

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// What a sync does only a power cut could show; that it reaches the folder, a
// folder that is not there does.
func TestDir(t *testing.T) {
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := errors.Join(Dir(dir), DirIn(root, ".")); err != nil {
		t.Error(err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	if err := Dir(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if err := DirIn(root, "none"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
