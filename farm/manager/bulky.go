package manager

import (
	"context"

	"renderfarm/farm"
	"renderfarm/store"
)

// Submitters may write megabytes into the settings and metadata of a job, and everybody
// may ask for them, as often as they like. Such jobs are read one after the other.
const bulky = 2 << 10 // bytes that it takes in the database, compressed; usual are some hundred

// turn is whose turn it is to have the constant part of a bulky job in memory.
type turn chan struct{}

// take waits for the turn. The function gives it back. The error is that of ctx.
func (t turn) take(ctx context.Context) (giveBack func(), err error) {
	select {
	case t <- struct{}{}:
		return func() { <-t }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// isBulky reports whether reading the constant part of a job takes much memory.
func (m *Manager) isBulky(job farm.JobID) (large bool, err error) {
	err = m.store.View(func(v *store.View) error {
		size, err := v.DetailSize(job)
		large = size > bulky
		return err
	})
	return large, err
}

// BulkyTurn waits for the caller's turn to have a job and its constant part in memory,
// if that takes much; giveBack is nil if it does not. The caller gives the turn back when it
// has let go of the job, and waits for nobody else until then.
func (m *Manager) BulkyTurn(ctx context.Context, job farm.JobID) (giveBack func(), err error) {
	if large, err := m.isBulky(job); err != nil || !large {
		return nil, err
	}
	return m.bulky.take(ctx)
}

// ListedDetail returns the constant part of a job as lists have it; that of a deleted job is
// zero, and that of a damaged one, which says so itself.
func (m *Manager) ListedDetail(ctx context.Context, job farm.JobID) (d farm.JobDetail, err error) {
	read := func(v *store.View) error {
		d, err = v.JobDetail(job)
		return err
	}
	large := false
	err = m.store.View(func(v *store.View) error {
		size, err := v.DetailSize(job)
		if large = size > bulky; large || err != nil {
			return err
		}
		return read(v)
	})
	if large {
		giveBack, err := m.bulky.take(ctx)
		if err != nil {
			return d, err
		}
		defer giveBack()
		if err = m.store.View(read); err != nil && farm.KindOf(err) != farm.NotFound && !store.IsDamage(err) {
			return d, err
		}
	}
	if farm.KindOf(err) == farm.NotFound || store.IsDamage(err) {
		return farm.JobDetail{}, nil
	}
	return d.Listed(), err
}
