//go:build !windows

package outbox

import "os"

// syncDir makes the names in a folder durable: a file's own sync does not.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
