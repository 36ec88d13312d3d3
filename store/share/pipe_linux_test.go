package share

import (
	"path/filepath"
	"syscall"
	"testing"

	"renderfarm/farm"
)

// TestOpenPipe does not wait for somebody who writes to a named pipe.
func TestOpenPipe(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "1.png")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	opened := make(chan error, 1)
	go func() {
		_, err := New(dir, 0).Open(t.Context(), "1.png")
		opened <- err
	}()
	if err := <-opened; farm.KindOf(err) != farm.NotFound {
		t.Error(err)
	}
}
