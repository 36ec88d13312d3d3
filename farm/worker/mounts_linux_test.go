package worker

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The kernel tells of a mount and of its end.
func TestMountChanges(t *testing.T) {
	changes := mountChanges(t.Context())
	if changes == nil {
		t.Skip("this system does not tell")
	}
	dir := t.TempDir()
	for _, c := range []struct {
		name string
		do   func() error
	}{
		{"mount", func() error { return unix.Mount("none", dir, "tmpfs", 0, "size=4k") }},
		{"unmount", func() error { return unix.Unmount(dir, 0) }},
	} {
		if err := c.do(); err != nil {
			t.Skip("may not mount here:", err)
		}
		select {
		case <-changes:
		case <-time.After(30 * time.Second):
			t.Errorf("nothing was told of the %s", c.name)
		}
	}
}
