package files

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/diskfree"
)

const (
	// maxLog is how long the log of a task may be before more is appended, in bytes.
	// Farm's workers send less; others send all that a program prints, for as long as
	// it prints.
	maxLog = 64 << 20
	// keptEnds is how much of the beginning and of the end of a longer one stays.
	keptEnds = maxLog / 4
	// leastFree is how much of the disk logs leave to the database, in bytes: without
	// room the manager cannot go on at all.
	leastFree = 128 << 20
	// freeKnown is for how long it is known how much is free.
	freeKnown = time.Second
)

// A spare watches how much of the disk is left.
type spare struct {
	dir string

	mu    sync.Mutex // guards what follows; nothing else is taken while it is held
	at    time.Time  // of the last look
	free  int64      // bytes, then; -1 if the system does not say
	least int64      // for tests; 0 is leastFree
}

// Room returns how many bytes of the disk are free, -1 if the system does not say, and how
// many of them logs leave to the database.
func (f *Files) Room() (free, least int64) {
	s := &f.logs.spare
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.look()
}

// check says that the disk is nearly full.
func (s *spare) check() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if free, least := s.look(); free >= 0 && free < least {
		return farm.Errorf(farm.NoRoom, "the disk has %s left, which are kept free for the database", farm.Size(free))
	}
	return nil
}

// look is Room for a caller that holds the lock.
func (s *spare) look() (free, least int64) {
	if now := time.Now(); now.Sub(s.at) >= freeKnown {
		s.at, s.free = now, diskfree.Of(s.dir)
	}
	return s.free, cmp.Or(s.least, leastFree)
}

// shorten takes the middle out of a log that is too long, and says so there. The
// log is written anew beside its place: a crash leaves the old one or the new one.
func (lf *logFile) shorten(l *logs) error {
	dir, err := l.dir(lf.job)
	if err != nil {
		return err
	}
	name := logName(lf.task)
	short, err := dir.OpenFile(name+".tmp", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	err = lf.copyEnds(short)
	if err = errors.Join(err, short.Close()); err == nil {
		lf.drop(nil)
		err = dir.Rename(name+".tmp", name)
	}
	if err != nil {
		dir.Remove(name + ".tmp")
	}
	return err
}

// copyEnds writes the beginning and the end of the log, each in whole lines.
func (lf *logFile) copyEnds(to *os.File) error {
	begin, err := lf.lineFrom(keptEnds)
	if err != nil {
		return err
	}
	end, err := lf.lineFrom(lf.size - keptEnds)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, io.NewSectionReader(lf.file, 0, begin))
	if err == nil {
		_, err = fmt.Fprintf(to, "(%s of output were taken out here, because a log may have %s)\n", farm.Size(end-begin), farm.Size(maxLog))
	}
	if err == nil {
		_, err = io.Copy(to, io.NewSectionReader(lf.file, end, lf.size-end))
	}
	return err
}

// lineFrom returns where the first line begins from a place on; the place itself if
// that is far away.
func (lf *logFile) lineFrom(at int64) (int64, error) {
	window := make([]byte, TailSize)
	n, err := lf.file.ReadAt(window, at)
	if err != nil && err != io.EOF {
		return 0, err
	}
	for i, c := range window[:n] {
		if c == '\n' {
			return at + int64(i) + 1, nil
		}
	}
	return at, nil
}
