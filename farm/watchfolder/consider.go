package watchfolder

import (
	"context"
	"path/filepath"
	"time"

	"renderfarm/farm"
)

// consider decides what to do with one file, and does it. It returns when to
// look again, 0 for no special reason.
func (w *watch) consider(ctx context.Context, name string, file, defaults fileVersion) (time.Duration, error) {
	if name == w.busy {
		return 0, nil
	}
	r := w.records[name]
	if r != nil && r.File.same(file) && !w.needsSubmission(r, defaults) {
		delete(w.seen, name)
		return 0, nil
	}
	// Something that is still being copied is not whole.
	now := w.now()
	s, known := w.seen[name]
	if !known || !s.same(file) {
		w.seen[name] = firstSeen{file, now}
		return stableFor, nil
	}
	if wait := stableFor - now.Sub(s.at); wait > 0 {
		return wait, nil
	}
	if wait := w.again[name].Sub(now); wait > 0 {
		return wait, nil
	}
	if w.busy != "" { // one after the other
		return 0, nil
	}
	return 0, w.begin(ctx, name, file, defaults)
}

// needsSubmission reports whether a file that has not changed is to be submitted
// all the same.
func (w *watch) needsSubmission(r *record, defaults fileVersion) bool {
	switch r.State {
	case submitting: // a crash, or no answer: see begin
		return true
	case refused:
		return !r.Defaults.same(defaults) || !r.Silent && !w.hasReport(r.Name)
	}
	return false
}

// begin submits a file, unless it finds that it has been.
func (w *watch) begin(ctx context.Context, name string, file, defaults fileVersion) error {
	if r := w.records[name]; r != nil && r.State == submitting {
		job, found, err := w.Farm.Find(ctx, r.Token)
		if err != nil {
			w.again[name] = w.now().Add(retry)
			return nil // the manager is away, and nothing is known yet
		}
		if found {
			return w.adopt(r, job)
		}
		if r.Copies != "" {
			if err := w.Farm.Abandon(r.Copies); err != nil {
				w.Log.Warn("copies of a submission that was interrupted could not be removed", "folder", r.Copies, "error", err)
			}
		}
	}
	r := &record{Name: name, File: file, Defaults: defaults, Token: farm.NewUUID().String(), State: submitting, Since: w.now()}
	if err := w.put(r); err != nil {
		return err
	}
	w.report(name, name+": being submitted\n")
	w.busy = name
	started := *r // the goroutine has its own until it has ended
	go func() {
		job, err := w.Farm.Submit(ctx, filepath.Join(w.Folder, name), started.Token, func(copies string) error {
			started.Copies = copies
			return w.store(&started)
		})
		w.results <- result{started, job, err}
	}()
	return nil
}

// adopt takes in that there is a job for a file.
func (w *watch) adopt(r *record, job Job) error {
	next := *r
	next.State, next.Job, next.Since = submitted, job.ID, w.now()
	delete(w.seen, r.Name)
	delete(w.again, r.Name)
	w.notes[r.Name] = job.Notes
	if err := w.put(&next); err != nil {
		return err
	}
	w.dirty[job.ID] = true
	return nil
}

// ended takes in how a submission ended.
func (w *watch) ended(r result) error {
	w.busy = ""
	name := r.record.Name
	w.records[name] = &r.record
	if r.err == nil {
		w.Log.Info("a file in the watch folder was submitted", "file", name, "job", r.job.ID)
		return w.adopt(&r.record, r.job)
	}
	switch farm.KindOf(r.err) {
	case farm.Internal, farm.Unavailable, farm.Busy:
		// Whether there is a job is found out before the next try.
		w.Log.Warn("a file in the watch folder could not be submitted yet", "file", name, "error", r.err)
		w.again[name] = w.now().Add(retry)
		w.report(name, name+": waiting\n\n"+r.err.Error()+"\n\nFarm tries again by itself.\n")
		return nil
	}
	w.Log.Warn("a file in the watch folder was not submitted", "file", name, "error", r.err)
	next := r.record
	next.State, next.Text, next.Since = refused, r.err.Error(), w.now()
	delete(w.seen, name)
	next.Silent = !w.report(name, refusal(name, next.Text))
	return w.put(&next)
}

// updateReports brings the reports on jobs that may have changed up to date.
func (w *watch) updateReports(ctx context.Context) error {
	for name, r := range w.records {
		if r.Job == "" || !w.dirty[r.Job] && !w.dirty[""] {
			continue
		}
		// A job changes with each of its tasks. What waits stays dirty, and has
		// its turn in one of the next passes.
		if r.State == submitted && w.now().Sub(w.looked[name]) < reportEvery {
			w.dirty[r.Job] = true
			continue
		}
		w.looked[name] = w.now()
		if err := w.updateReport(ctx, r); err != nil {
			return err
		}
		delete(w.dirty, r.Job)
	}
	delete(w.dirty, "")
	return nil
}

// updateReport brings one report up to date.
func (w *watch) updateReport(ctx context.Context, r *record) error {
	job, err := w.Farm.Look(ctx, r.Job)
	if farm.KindOf(err) == farm.NotFound {
		job, err = Job{ID: r.Job, Name: r.Name, Status: "deleted", Over: true}, nil
	}
	if err != nil {
		return nil // the manager is away: Follow tells when it is back
	}
	job.Notes = w.notes[r.Name]
	next := *r
	if next.State = submitted; job.Over {
		next.State = over
	}
	if next.State != r.State {
		next.Since = w.now()
		if err := w.put(&next); err != nil {
			return err
		}
	} else if next.State == over { // long known
		return nil
	}
	w.report(r.Name, job.text(r.Name, w.now()))
	return nil
}
