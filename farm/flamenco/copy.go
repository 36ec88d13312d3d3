package flamenco

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"renderfarm/farm"
)

// A manager that runs writes changes into a second file, the write-ahead log, and from
// time to time moves them into the database. A reader that used the files where they
// are would take locks and leave a third file there. So they are read from a copy, or,
// if there is no second file, as they are but without locks; and either counts only if
// they did not change meanwhile.

// besides are the endings of files that belong to a database while it is open, or
// after a crash.
var besides = []string{"-wal", "-journal"}

const (
	looks    = 5                      // at a database that changes
	lookWait = 300 * time.Millisecond // between them; a manager moves changes every few minutes only
)

// settledCopy calls f with a file to read, and whether nobody writes to it, until the
// database did not change meanwhile. It returns f's error, or farm.Busy.
func (h *Home) settledCopy(ctx context.Context, temp string, f func(path string, immutable bool) error) error {
	for range looks {
		before := h.marks()
		err := h.withCopy(temp, f)
		if before == h.marks() {
			return err
		}
		select {
		case <-time.After(lookWait):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return farm.Errorf(farm.Busy, "%s changes while it is read: stop its manager, or try again when it does less", h.Database)
}

// A mark tells whether a file changed in a way that matters.
type mark struct {
	size  int64 // -1: there is none
	mtime time.Time
	head  string // of a log instead of both: it is only appended to as long as its head stays, and what was copied of it is good
}

// logHead is how many bytes of a log say which one it is.
const logHead = 32

// marks are those of the database and what belongs to it.
func (h *Home) marks() (all [3]mark) {
	for i, ending := range append([]string{""}, besides...) {
		all[i] = mark{size: -1}
		info, err := os.Stat(h.Database + ending)
		if err != nil {
			continue
		}
		all[i] = mark{size: info.Size(), mtime: info.ModTime()}
		if ending == "-wal" && info.Size() >= logHead {
			all[i] = mark{size: logHead, head: headOf(h.Database + ending)}
		}
	}
	return all
}

func headOf(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	head := make([]byte, logHead)
	n, _ := io.ReadFull(f, head)
	return string(head[:n])
}

// withCopy calls f with the database itself if there is nothing beside it, else with a copy.
func (h *Home) withCopy(temp string, f func(path string, immutable bool) error) error {
	now := h.marks()
	if now[1].size <= 0 && now[2].size <= 0 {
		return f(h.Database, true)
	}
	dir, err := os.MkdirTemp(temp, "flamenco-*")
	if err != nil {
		return farm.Errorf(farm.Internal, "the database cannot be copied to be read: %w", err)
	}
	defer os.RemoveAll(dir)
	to := filepath.Join(dir, "copy.sqlite")
	for _, ending := range append([]string{""}, besides...) {
		if err := copyFile(h.Database+ending, to+ending); err != nil && !(ending != "" && errors.Is(err, fs.ErrNotExist)) {
			return farm.Errorf(farm.Internal, "the database cannot be copied to be read: %w. Check that %s has room", err, dir)
		}
	}
	return f(to, false)
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
