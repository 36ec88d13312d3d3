// Package watchfolder watches a folder: a .blend put there is submitted, and a
// text file beside it says what becomes of it. What has been done with each file
// is kept on the disk, so that after a crash at any moment nothing is submitted
// twice, and nothing is forgotten.
package watchfolder

import (
	"context"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"renderfarm/farm"
)

// DefaultsName is the file in the folder with the defaults of its jobs.
const DefaultsName = "farm-job.yaml"

// A Job is how a submitted file is.
type Job struct {
	ID      farm.JobID
	Name    string
	Status  string // as on the wire
	Over    bool   // it does not change by itself any more
	Done    int    // of Total
	Total   int
	Unit    string   // "frames"
	Frames  string   // folder; "" if not known
	Video   string   // file; "" if there is none
	Web     string   // address of its page
	Problem string   // why it failed
	Notes   []string // what the submitter should know
}

// Farm is what the folder's files are submitted to.
type Farm interface {
	// Submit hands a file in. The job carries the token. planned is called with
	// the folder for copies, if there will be any, before it is made. An error of
	// kind Unavailable is tried again, one of kind Internal leaves open whether
	// there is a job; any other is a refusal, and nothing is left of it.
	Submit(ctx context.Context, file, token string, planned func(copies string) error) (Job, error)
	// Find returns the job with the token, if there is one.
	Find(ctx context.Context, token string) (job Job, found bool, err error)
	// Look returns how a job is; the kind of error NotFound means it was deleted.
	Look(ctx context.Context, id farm.JobID) (Job, error)
	// Follow calls changed with the id of each job that may have changed, and
	// with "" if any may have, until the context ends.
	Follow(ctx context.Context, changed func(farm.JobID))
	// Abandon removes copies that no job uses.
	Abandon(copies string) error
}

// Options say what to watch.
type Options struct {
	Folder  string // with the .blend files; those in folders inside are not submitted
	Records string // folder of its own for what is remembered
	Farm    Farm
	Notify  Notifier
	Log     *slog.Logger
}

// How long things take. A file that is being copied changes all the time.
const (
	stableFor   = 4 * time.Second  // a file that stayed the same for so long is whole
	rescan      = 20 * time.Second // the folder is looked through without a reason
	retry       = time.Minute      // after the manager could not be reached
	reportEvery = 5 * time.Second  // at a running job
)

// A watch is the state of Run; only its goroutine touches it.
type watch struct {
	Options
	*recordStore
	newline string
	seen    map[string]firstSeen // by name: files that are not submitted yet
	looked  map[string]time.Time // by name: when its job was last looked at
	notes   map[string][]string  // by name: what was said when it was submitted
	busy    string               // name of the file that is being submitted; "" if none
	again   map[string]time.Time // by name: not before
	dirty   map[farm.JobID]bool  // jobs to look at; "" stands for all
	gone    bool                 // the folder could not be read, and that was said
	results chan result
	changes chan farm.JobID
	look    chan struct{}
}

// A firstSeen says when a version of a file was first seen.
type firstSeen struct {
	fileVersion
	at time.Time
}

// A result is the end of a submission.
type result struct {
	record record // as the goroutine left it
	job    Job
	err    error
}

// now returns the time. It is a method so that there is one place to look at.
func (w *watch) now() time.Time { return time.Now() }

// Run watches the folder until the context ends. It returns an error only if
// what is remembered cannot be read or written.
func Run(ctx context.Context, o Options) error {
	l, err := openRecords(o.Records)
	if err != nil {
		return err
	}
	w := &watch{
		Options: o, recordStore: l, newline: "\n", seen: map[string]firstSeen{}, looked: map[string]time.Time{}, notes: map[string][]string{}, again: map[string]time.Time{},
		dirty: map[farm.JobID]bool{"": true}, results: make(chan result), changes: make(chan farm.JobID), look: make(chan struct{}, 1),
	}
	if runtime.GOOS == "windows" {
		w.newline = "\r\n"
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{}, 2)
	go func() { w.notify(ctx); ended <- struct{}{} }()
	go func() { o.Farm.Follow(ctx, w.changed(ctx)); ended <- struct{}{} }()
	err = w.loop(ctx)
	cancel()
	<-ended
	<-ended
	if w.busy != "" { // it ends with the context, and its record tells the next run
		<-w.results
	}
	return err
}

// notify keeps asking the system for changes. A folder that is not there yet, or
// a share that was mounted anew, is tried again with the next rescan.
func (w *watch) notify(ctx context.Context) {
	for ctx.Err() == nil {
		err := w.Notify(ctx, w.Folder, func() {
			select {
			case w.look <- struct{}{}:
			default: // there is one waiting
			}
		})
		if err != nil {
			w.Log.Debug("the system does not report changes in the watch folder, so Farm looks through it regularly", "folder", w.Folder, "error", err)
		}
		select {
		case <-time.After(rescan):
		case <-ctx.Done():
		}
	}
}

// changed returns what Follow is to call.
func (w *watch) changed(ctx context.Context) func(farm.JobID) {
	return func(id farm.JobID) {
		select {
		case w.changes <- id:
		case <-ctx.Done():
		}
	}
}

// loop does one thing after the other. Looking at the folder and at jobs is
// quick; only submitting takes its time, and runs beside.
func (w *watch) loop(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var folder time.Time // when to look at it
	for {
		select {
		case <-ctx.Done():
			return nil
		case r := <-w.results:
			if err := w.ended(r); err != nil {
				return err
			}
			folder = w.now() // the next one has waited
		case <-w.look:
			folder = w.now()
		case id := <-w.changes: // often, and the folder may be on a slow share
			w.dirty[id] = true
		case <-timer.C:
		}
		if !w.now().Before(folder) {
			next, err := w.scan(ctx)
			if err != nil {
				return err
			}
			folder = w.now().Add(next)
		}
		if err := w.updateReports(ctx); err != nil {
			return err
		}
		next := folder.Sub(w.now())
		if len(w.dirty) > 0 {
			next = min(next, reportEvery)
		}
		timer.Reset(next)
	}
}

// scan considers every file in the folder.
func (w *watch) scan(ctx context.Context) (time.Duration, error) {
	files, err := w.list()
	if err != nil {
		if !w.gone {
			w.Log.Warn("cannot read the watch folder; trying again", "folder", w.Folder, "error", err)
		}
		w.gone = true
		return rescan, nil
	}
	w.gone = false
	next := rescan
	defaults := versionOf(filepath.Join(w.Folder, DefaultsName))
	for name, file := range files {
		wait, err := w.consider(ctx, name, file, defaults)
		if err != nil {
			return 0, err
		}
		if wait > 0 {
			next = min(next, wait)
		}
	}
	for name := range w.seen {
		if _, there := files[name]; !there {
			delete(w.seen, name)
		}
	}
	return next, w.prune(files)
}

// list returns the .blend files in the folder.
func (w *watch) list() (map[string]fileVersion, error) {
	list, err := os.ReadDir(w.Folder)
	if err != nil {
		return nil, err
	}
	files := map[string]fileVersion{}
	for _, e := range list {
		name := e.Name()
		if !strings.EqualFold(filepath.Ext(name), ".blend") || strings.HasPrefix(name, ".") {
			continue
		}
		info, err := os.Stat(filepath.Join(w.Folder, name)) // through links
		if err != nil || !info.Mode().IsRegular() {
			continue // it has gone again
		}
		files[name] = fileVersion{info.Size(), info.ModTime().Truncate(time.Microsecond).UTC()}
	}
	return files, nil
}

// versionOf returns the fileVersion of a file, the zero one if there is none.
func versionOf(path string) fileVersion {
	info, err := os.Stat(path)
	if err != nil {
		return fileVersion{}
	}
	return fileVersion{info.Size(), info.ModTime().Truncate(time.Microsecond).UTC()}
}

// prune forgets what has been gone for long.
func (w *watch) prune(files map[string]fileVersion) error {
	for name, r := range maps.Clone(w.records) {
		_, there := files[name]
		if !there && (r.State == over || r.State == refused) && w.now().Sub(r.Since) > keep {
			if err := w.forget(name); err != nil {
				return err
			}
		}
	}
	return nil
}
