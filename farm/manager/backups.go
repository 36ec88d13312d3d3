package manager

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"renderfarm/farm"
	"renderfarm/store"
)

// backups are what the manager knows of the backups that it makes.
type backups struct {
	making sync.Mutex    // held while one is made
	wake   chan struct{} // holds a token when the configuration may have changed
	newest atomic.Int64  // when the newest one was made, in seconds since 1970; 0: there is none
}

const (
	firstBackup = time.Minute // after the start, if one is due: workers come back first
	retryBackup = time.Hour   // after one that could not be made
)

// keepBackups makes a backup in every period of the configuration. Whether one is
// due is seen from those that are there, so that what was missed while the
// manager did not run is made soon after the start.
func (m *Manager) keepBackups(ctx context.Context) {
	if list, err := m.store.Backups(); err == nil && len(list) > 0 {
		m.backups.newest.CompareAndSwap(0, list[0].Made.Unix())
	}
	earliest := time.Now().Add(firstBackup)
	for {
		var due <-chan time.Time // nil while it is switched off
		if period := time.Duration(m.Config().BackupPeriod); period > 0 {
			due = time.After(max(time.Until(earliest), time.Until(m.nextBackup(period))))
		}
		select {
		case <-ctx.Done():
			return
		case <-m.backups.wake:
			continue
		case <-due:
		}
		if _, err := m.backUp(ctx, store.BackupDaily); err != nil && ctx.Err() == nil {
			m.log.Warn("no backup was made; trying again in an hour", "error", err)
		}
		// The clock may be behind the newest backup, too.
		earliest = time.Now().Add(min(retryBackup, time.Duration(m.Config().BackupPeriod)))
	}
}

// nextBackup returns when the next backup is due.
func (m *Manager) nextBackup(period time.Duration) time.Time {
	list, err := m.store.Backups()
	if err != nil {
		m.log.Warn("the backups cannot be listed", "error", err)
	}
	for _, b := range list {
		// One of the future was made while the clock was wrong.
		if (b.Kind == store.BackupDaily || b.Kind == store.BackupPartial) && !b.Made.After(time.Now()) {
			return b.Made.Add(period)
		}
	}
	return time.Time{}
}

// wakeKeepers has those look at the configuration again that keep the database.
func (m *Manager) wakeKeepers() {
	for _, wake := range []chan struct{}{m.backups.wake, m.verifying} {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
}

// BackUp makes a backup in the folder of backups because somebody asks for it.
// Those that the manager makes by itself have a ring of their own. It is farm.Busy
// while another is made, and farm.NoRoom if the disk has none.
func (m *Manager) BackUp(ctx context.Context) (store.BackupFile, error) {
	return m.backUp(ctx, store.BackupManual)
}

func (m *Manager) backUp(ctx context.Context, kind string) (store.BackupFile, error) {
	if !m.backups.making.TryLock() {
		return store.BackupFile{}, farm.Errorf(farm.Busy, "a backup is being made at this moment: try again when that is done")
	}
	defer m.backups.making.Unlock()
	began := time.Now()
	b, err := m.store.BackupToFolder(ctx, kind, m.Config().BackupKeep)
	if err == nil {
		m.backups.newest.Store(b.Made.Unix())
	}
	switch {
	case err == nil && b.Kind == store.BackupPartial:
		m.log.Warn("records of the database are damaged, so the backup is made without them, and without what cannot do without them. It replaces no other kind of backup", "file", b.Path, "without", b.Lacks)
	case err == nil:
		m.log.Info("backup made", "file", b.Path, "bytes", b.Size, "took", time.Since(began))
	}
	return b, err
}
