package diagnosis

import (
	"os"
	"sync"
	"time"
)

// A File is a user's file of rules that is read again when it changed. Its zero
// value has no path, and the rules of the program.
type File struct {
	Path    string
	Mistake func(error) // is told each mistake when the file is read; may be nil

	mu    sync.Mutex // guards what follows; held while the file is read, and nothing else is taken meanwhile
	known bool
	mtime time.Time
	size  int64
	rules Rules
}

// Rules returns the rules of the file as it is now, and behind them those of the
// program. While the file is as it was that costs asking for its time and size.
func (f *File) Rules() Rules {
	var mtime time.Time
	size := int64(-1) // there is no file
	if info, err := os.Stat(f.Path); err == nil {
		mtime, size = info.ModTime(), info.Size()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.known && size == f.size && mtime.Equal(f.mtime) {
		return f.rules
	}
	var mistakes []error
	f.rules, mistakes = Load(f.Path)
	f.known, f.mtime, f.size = true, mtime, size
	for _, err := range mistakes {
		if f.Mistake != nil {
			f.Mistake(err)
		}
	}
	return f.rules
}
