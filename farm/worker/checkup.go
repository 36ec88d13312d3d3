package worker

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/programs"
)

// A worker that cannot render would fail task after task in no time, and jobs with
// them. So it looks for what tasks need before it takes any: Blender, FFmpeg, and
// the shared storage. What it cannot do it tells the manager, which gives it none of
// those tasks and shows the reason.

// How often a worker looks again by itself. What a mount changes it notices at once
// where the system tells, see mountChanges; a program that is installed nobody tells.
const (
	checkAgain  = time.Minute     // while something is missing
	checkSoon   = 5 * time.Second // after a program that did not answer, for the first time
	checkAlways = 5 * time.Minute // while all is there
	checkLimit  = 15 * time.Second
)

// A checkup is the worker's view of what it can do. One goroutine makes it, run; the
// others ask for it.
type checkup struct {
	w    *Worker
	asks chan ask
	find finder

	// Used by run's goroutine only.
	told    []farm.Unable
	known   bool // told is what the manager knows
	foreign bool // the manager cannot be told
}

// An ask is a request to look now, and to tell the manager whatever comes out.
type ask struct{ done chan result }

type result struct {
	unable  []farm.Unable
	foreign bool
}

func newCheckup(w *Worker) *checkup {
	return &checkup{w: w, asks: make(chan ask), find: finder{versions: w.versions, others: w.otherBlenders, place: w.placeNow}}
}

// run looks again and again until ctx is canceled.
func (c *checkup) run(ctx context.Context) {
	mounts := mountChanges(ctx)
	again := time.NewTimer(checkAlways)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case a := <-c.asks:
			c.known = false
			c.look(ctx)
			a.done <- result{c.told, c.foreign}
		case <-mounts:
			if c.known {
				c.look(ctx)
			}
		case <-again.C:
			if c.known {
				c.look(ctx)
			}
		}
		again.Reset(c.pause())
	}
}

// pause is how long the worker waits before it looks again. A program that did not
// answer was often only slow to start, on a busy computer or from a network share.
func (c *checkup) pause() time.Duration {
	if len(c.told) == 0 {
		return checkAlways
	}
	if n := c.find.slow; n > 0 {
		return min(checkAgain, checkSoon<<min(n-1, 10))
	}
	return checkAgain
}

// now looks, and has the manager told what the worker cannot do. foreign says that
// the manager is another program, which cannot be told.
func (c *checkup) now(ctx context.Context) (unable []farm.Unable, foreign bool) {
	a := ask{make(chan result, 1)}
	select {
	case c.asks <- a:
	case <-ctx.Done():
		return nil, false
	}
	select {
	case r := <-a.done:
		return r.unable, r.foreign
	case <-ctx.Done():
		return nil, false
	}
}

// look finds out what the worker cannot do, and tells the manager if that is news. A
// manager that does not answer is told the next time.
func (c *checkup) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 2*checkLimit)
	defer cancel()
	manager := c.w.manager()
	if manager == nil {
		return // between two registrations
	}
	needs, err := manager.WorkerNeeds(ctx, platform)
	if err != nil {
		c.w.log.Debug("the manager does not say what tasks need", "error", err)
		return
	}
	unable := c.find.unable(ctx, needs, c.w.options.TaskTypes)
	if err := c.w.outbox.Room(); err != nil {
		unable = []farm.Unable{{TaskTypes: c.w.options.TaskTypes, Reason: clip(err.Error(), farm.MaxReason)}}
	}
	if ctx.Err() != nil || c.known && farm.SameUnable(unable, c.told) {
		return
	}
	if c.foreign = needs.Foreign; !c.foreign {
		err := manager.SetWorkerUnable(ctx, unable)
		if err != nil {
			c.w.log.Debug("the manager could not be told what this worker can do", "error", err)
			return
		}
		c.known = true
	}
	for _, u := range unable {
		c.w.log.Warn("this worker takes no tasks of some types", "types", strings.Join(u.TaskTypes, ","), "reason", u.Reason)
	}
	if len(unable) == 0 && len(c.told) > 0 {
		c.w.log.Info("this worker can do all its tasks again")
	}
	c.told = unable
}

// able returns the types without those that the worker cannot do.
func able(types []string, unable []farm.Unable) []string {
	return slices.DeleteFunc(slices.Clone(types), func(t string) bool {
		return slices.ContainsFunc(unable, func(u farm.Unable) bool { return slices.Contains(u.TaskTypes, t) })
	})
}

// A finder looks for what tasks need.
type finder struct {
	versions *versions                                           // of programs that were seen running, as starting a Blender takes a second
	others   func(context.Context) bool                          // whether there are Blenders under other names than tasks use; nil: no
	slow     int                                                 // how many looks in a row there was a program that did not answer
	place    func(context.Context, api.WorkerNeeds) storagePlace // where the storage is; nil: where it should be
	hung     chan struct{}                                       // closed when a look at the storage that took too long has ended; nil if none did
}

// Task types and what they need. Types that nobody here knows are taken for some that
// use files, as nearly all do.
const (
	typeBlender = "blender"
	typeFFmpeg  = "ffmpeg"
)

// unable returns which of the types the worker cannot do, with reasons.
func (f *finder) unable(ctx context.Context, needs api.WorkerNeeds, types []string) (unable []farm.Unable) {
	slow := 0
	defer func() { f.slow = slow }()
	left := slices.Clone(types)
	if reason := f.storage(ctx, needs); reason != "" {
		files := slices.DeleteFunc(slices.Clone(left), func(t string) bool { return t == farm.TypeMisc })
		if len(files) > 0 {
			unable = append(unable, farm.Unable{TaskTypes: files, Reason: reason})
		}
		left = able(left, unable)
	}
	for _, p := range []struct {
		of   string
		find func(context.Context, string) (string, error)
		exe  string
	}{{typeBlender, programs.Blender, needs.Blender}, {typeFFmpeg, programs.FFmpeg, needs.FFmpeg}} {
		if !slices.Contains(left, p.of) {
			continue
		}
		path, err := p.find(ctx, p.exe)
		if err == nil {
			_, err = f.versions.of(ctx, path)
		}
		if err != nil && p.of == typeBlender && f.others != nil && f.others(ctx) {
			err = nil
		}
		if err != nil {
			if errors.Is(err, programs.ErrNoAnswer) {
				slow = f.slow + 1
			}
			unable = append(unable, farm.Unable{TaskTypes: []string{p.of}, Reason: clip(err.Error(), farm.MaxReason)})
		}
	}
	return unable
}
