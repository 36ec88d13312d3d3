package diskfree

import (
	"path/filepath"
	"runtime"
	"testing"
)

// TestOf looks at a disk on which this test can write, and at one that is not there.
func TestOf(t *testing.T) {
	dir := t.TempDir()
	if free := Of(dir); free <= 0 && (runtime.GOOS == "linux" || runtime.GOOS == "darwin" || runtime.GOOS == "windows") {
		t.Errorf("%d bytes are free", free)
	}
	if free := Of(filepath.Join(dir, "none", "there")); free != -1 {
		t.Errorf("%d bytes are free where there is no disk", free)
	}
}
