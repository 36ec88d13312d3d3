package access

import (
	"errors"
	"io/fs"
	"os"
	"sync"
)

// A Source is where a manager has its key from. Its methods may be called from any
// goroutine, for every request: a file is looked at each time, so that "farm key new" takes
// effect on a running manager at once, and read when it changed.
type Source struct {
	fixed string // not "": the key
	path  string

	mu     sync.Mutex // guards what follows; held while a file of a line is read
	looked bool
	file   fs.FileInfo // as it was read; nil if there was none
	key    string
	err    error
}

// FixedKey returns the source of one key for ever.
func FixedKey(key string) *Source { return &Source{fixed: key} }

// KeyIn returns the source of the key in a file, which may come, change and go.
func KeyIn(path string) *Source { return &Source{path: path} }

// Key returns the key, "" if there is none. With an error nobody has it: a key that
// cannot be read does not open the door.
func (s *Source) Key() (string, error) {
	if s.fixed != "" {
		return s.fixed, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	info, err := os.Stat(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		info, err = nil, nil
	}
	if err != nil || !s.looked || s.err != nil || !sameFile(info, s.file) {
		s.key, s.err = ReadKey(s.path)
		s.file = info
	}
	s.looked = true
	return s.key, s.err
}

// sameFile reports whether a file is still what it was.
func sameFile(a, b fs.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}
