package worker

import (
	"errors"
	"os"
	"syscall"
	"time"
)

// A folderProbe is what writing to a folder showed.
type folderProbe struct {
	closed error         // why no file can be made there
	full   error         // why nothing more can be written there
	late   time.Duration // how far the clock of this computer is ahead of the file system's
}

// probeSize is what has to be possible to write where a frame was cut short for
// another reason than a full disk.
const probeSize = 64 << 10

// probeFolder writes a file and removes it. That tells more than the room that the
// system says is left: quotas are counted as well. A folder in which no file can
// be made says nothing about the clock.
func probeFolder(dir string) (p folderProbe) {
	f, err := os.CreateTemp(dir, ".farm-probe-*")
	if err != nil {
		if p.closed = err; errors.Is(err, syscall.ENOSPC) {
			p.full = err
		}
		return p
	}
	defer os.Remove(f.Name())
	defer f.Close()
	_, p.full = f.Write(make([]byte, probeSize))
	if p.full == nil {
		p.full = f.Sync() // a network drive may say so only now
	}
	if info, err := f.Stat(); err == nil {
		p.late = time.Since(info.ModTime())
	}
	return p
}
