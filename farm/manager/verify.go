package manager

import (
	"context"
	"time"
)

// verifyRate is how many records a second the manager reads to see whether they are
// whole: few enough that nobody notices, and a million in four minutes.
const verifyRate = 4000

// verifyDatabase reads the whole database in every period of the configuration, the
// first time one period after the start, which looked at most of it. The store says
// what it finds.
func (m *Manager) verifyDatabase(ctx context.Context) {
	for {
		var due <-chan time.Time // nil while it is switched off
		if period := time.Duration(m.Config().DatabaseCheckPeriod); period > 0 {
			due = time.After(period)
		}
		select {
		case <-ctx.Done():
			return
		case <-m.verifying:
			continue
		case <-due:
		}
		began := time.Now()
		read, found, err := m.store.Verify(ctx, verifyRate)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			m.log.Error("the database could not be checked", "error", err)
		case len(found) > 0:
			m.log.Warn("the database was checked, and records of it are damaged. Check the disk it is on", "damaged", len(found), "records", read)
		default:
			m.log.Debug("the database was checked", "records", read, "took", time.Since(began))
		}
	}
}
