package store

import (
	"os"
	"path/filepath"
	"sync/atomic"

	"renderfarm/farm/diskfree"
	"renderfarm/farm/metrics"
)

// Figures is what the store counts of its work since it was opened, and how large it is.
type Figures struct {
	Commits    *metrics.Durations // what writing and syncing each commit took
	Operations uint64             // calls of Update that were run
	Queued     int                // of them, those that wait at present
	FileSize   int64              // bytes of the database file; 0 if the system does not say
	FreeBytes  int64              // of them, those in pages that are free, as of the last commit
	Readers    int                // transactions that read at present; they keep free pages from being used
}

// work is what the writer counts.
type work struct {
	commits    metrics.Durations
	operations atomic.Uint64
}

// DiskFree returns how many bytes are free on the disk of the database, -1 if the
// system does not say.
func (s *Store) DiskFree() int64 { return diskfree.Of(filepath.Dir(s.path)) }

// Figures returns the figures of this moment. It costs the same however much is stored.
func (s *Store) Figures() Figures {
	stats := s.db.Stats()
	f := Figures{Commits: &s.work.commits, Operations: s.work.operations.Load(), Queued: len(s.queue),
		FreeBytes: int64(stats.FreePageN+stats.PendingPageN) * pageSize, Readers: stats.OpenTxN}
	if info, err := os.Stat(s.path); err == nil {
		f.FileSize = info.Size()
	}
	return f
}
