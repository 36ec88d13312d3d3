package cmd

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/idle"
	"renderfarm/farm/ownerpage"
	"renderfarm/farm/procgroup"
	"renderfarm/farm/worker"
)

// When a worker works: values of work_when. Idle takes tasks only while nobody uses the
// computer, and manual none before its owner says so; a worker that cannot see whether
// somebody is there takes none when it is idle, rather than be in the way.
const (
	workAlways = "always"
	workIdle   = "idle"
	workManual = "manual"
)

// minMemory is the least a Blender needs to start.
const minMemory = 512e6

// checkOwner says what of the keys about the computer's owner cannot work.
func (l local) checkOwner() error {
	switch {
	case l.WorkWhen != workAlways && l.WorkWhen != workIdle && l.WorkWhen != workManual:
		return farm.Errorf(farm.Invalid, "work_when is %q: it is always, idle or manual", l.WorkWhen)
	case l.IdleAfter < farm.Duration(time.Second) || l.GiveBackAfter < farm.Duration(time.Second):
		return farm.Errorf(farm.Invalid, "idle_after is %s and give_back_after %s: each is a second at least", l.IdleAfter, l.GiveBackAfter)
	case l.BusyCPU < 0 || l.BusyCPU > 100:
		return farm.Errorf(farm.Invalid, "busy_cpu is %d: it is a percentage, 0 to 100", l.BusyCPU)
	case l.Nice < 0 || l.Nice > 19:
		return farm.Errorf(farm.Invalid, "nice is %d: it is 0 to 19", l.Nice)
	case l.IOTime != string(procgroup.IONormal) && l.IOTime != string(procgroup.IOLow) && l.IOTime != string(procgroup.IOIdle):
		return farm.Errorf(farm.Invalid, "ionice is %q: it is low or idle, or empty", l.IOTime)
	case l.CPULimit < 0:
		return farm.Errorf(farm.Invalid, "cpu_limit is %d: it is a number of processors, or 0 for all", l.CPULimit)
	case l.OOMScoreAdjust < -1 || l.OOMScoreAdjust > 1000:
		return farm.Errorf(farm.Invalid, "oom_score_adjust is %d: it is 0 to 1000, or -1 to leave it alone", l.OOMScoreAdjust)
	case l.MemoryLimit != 0 && l.MemoryLimit < minMemory:
		return farm.Errorf(farm.Invalid, "memory_limit is too small: Blender needs 512 MB to start; 0 means no limit")
	}
	return nil
}

// forOwner adds to a worker's options what the computer's owner wants: limits of the
// programs that tasks run (memory in bytes), and when tasks stand still. -1 as
// oom_score_adjust leaves the kernel's value alone, as 0 is one that can be wanted.
func (s *session) forOwner(c *settled, o *worker.Options) {
	o.Limits = procgroup.Limits{Nice: c.Nice, IO: procgroup.IOTime(c.IOTime), CPUs: c.CPULimit, Memory: int64(c.MemoryLimit)}
	if c.OOMScoreAdjust >= 0 {
		o.Limits.OOM = &c.OOMScoreAdjust
	}
	o.GiveBackAfter = time.Duration(c.GiveBackAfter)
	o.StartPaused = c.WorkWhen == workManual
	if c.WorkWhen == workIdle {
		watched := idle.Options{After: time.Duration(c.IdleAfter), Programs: c.BusyPrograms, BusyCPU: c.BusyCPU}
		o.InUse = func(ctx context.Context, change func(string)) {
			said := ""
			idle.Watch(ctx, watched, change, func(err error) {
				if text := err.Error(); text != said { // it looks again and again
					said = text
					s.log.Warn("it cannot be seen whether somebody uses this computer, so no tasks are taken", "error", err)
				}
			})
		}
	}
}

// An ownersPage is the page of this computer's owner for the workers of one program,
// which it shows as one. It is there as long as one of them runs.
type ownersPage struct {
	s      *session
	hidden bool // there is none

	mu      sync.Mutex       // guards what follows
	running []*worker.Worker // replaced, never changed
	stop    func()           // ends the page
}

// run runs a worker that the page shows meanwhile. One without a page still works.
func (p *ownersPage) run(ctx context.Context, w *worker.Worker) error {
	if p.hidden {
		return w.Run(ctx)
	}
	return w.RunWith(ctx, func() (end func()) { return p.show(w) })
}

// show adds a worker until end is called.
func (p *ownersPage) show(w *worker.Worker) (end func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	// Clip, so that slices which workers returned before do not grow.
	p.running = append(slices.Clip(p.running), w)
	if len(p.running) == 1 {
		stop, err := ownerpage.Serve(filepath.Join(p.s.home, "worker"), p)
		if err != nil {
			p.s.log.Warn("the owner of this computer has no page", "error", err)
			stop = func() {}
		}
		p.stop = stop
	}
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.running = slices.DeleteFunc(slices.Clone(p.running), func(one *worker.Worker) bool { return one == w })
		if len(p.running) == 0 {
			p.stop()
		}
	}
}

// workers returns those that run now. The slice is never changed, so it can be used without
// the lock, which a call of a worker must not hold: it may wait for the disk.
func (p *ownersPage) workers() []*worker.Worker {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.running
}

// OwnerState returns what the page shows: what each of them does, and of the rest
// what one says, as all are paused together.
func (p *ownersPage) OwnerState() (s ownerpage.State) {
	var names, doing []string
	for _, w := range p.workers() {
		next := w.State()
		names, doing = append(names, next.Name), append(doing, next.Doing)
		s.InUse, s.Until = next.InUse, next.Until
	}
	s.Name, s.Doing = strings.Join(names, ", "), strings.Join(doing, "; ")
	return s
}

// Pause has all of them stand still.
func (p *ownersPage) Pause(until time.Time) (err error) {
	for _, w := range p.workers() {
		err = errors.Join(err, w.Pause(until))
	}
	return err
}

// Resume lets all of them go on.
func (p *ownersPage) Resume() (err error) {
	for _, w := range p.workers() {
		err = errors.Join(err, w.Resume())
	}
	return err
}

// newWorkStatus returns the command that shows the worker of this computer.
func newWorkStatus(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:   "status",
		Short: "Show what the worker of this computer does",
		Long: `Show what the worker of this computer does, and the address of a page on which its
owner can see that, pause the worker and let it go on. The address is for you
alone: whoever has it can do so, too.`,
		Example: "  farm work status\n  farm work status --home /srv/farm2",
		Args:    args(),
		RunE: func(c *cobra.Command, _ []string) error {
			w, err := s.ownWorker()
			if err != nil {
				return err
			}
			state, err := w.State(c.Context())
			if err != nil {
				return err
			}
			if s.json {
				return s.printJSON(state)
			}
			s.field("worker", state.Name)
			s.field("doing", state.Doing)
			if state.InUse != "" {
				text := "tasks stand still, " + state.InUse
				if !state.Until.IsZero() {
					text += " until " + state.Until.Local().Format("Mon 2 Jan 15:04")
				}
				s.field("in use", text)
			}
			s.field("page", w.Page())
			return nil
		},
	}
	s.jsonFlag(c)
	return c
}

// newWorkPause returns the command that pauses the worker of this computer.
func newWorkPause(s *session) *cobra.Command {
	var long time.Duration
	var tomorrow bool
	c := &cobra.Command{
		Use:   "pause",
		Short: "Pause the worker of this computer",
		Long: `Pause the worker of this computer. What it renders stands still at once and uses
no processor; what has not gone on after give_back_after is given back to the
manager. The pause lasts until "farm work resume", also over a restart, or for
as long as you say.`,
		Example: "  farm work pause\n  farm work pause --for 2h\n  farm work pause --tomorrow",
		Args:    args(),
		RunE: func(c *cobra.Command, _ []string) error {
			var until time.Time
			switch {
			case long < 0 || long > 0 && tomorrow:
				return usageErrorf("say how long with --for, or --tomorrow")
			case long > 0:
				until = s.now().Add(long)
			case tomorrow:
				until = ownerpage.Tomorrow(s.now())
			}
			w, err := s.ownWorker()
			if err != nil {
				return err
			}
			if err := w.Pause(c.Context(), until); err != nil {
				return err
			}
			if until.IsZero() {
				fmt.Fprintln(s.out, `Paused until "farm work resume".`)
			} else {
				fmt.Fprintf(s.out, "Paused until %s.\n", until.Local().Format("Mon 2 Jan 15:04"))
			}
			return nil
		},
	}
	c.Flags().DurationVar(&long, "for", 0, "how `long`, as 90m or 2h")
	c.Flags().BoolVar(&tomorrow, "tomorrow", false, "until 6 in the morning of tomorrow")
	return c
}

// newWorkResume returns the command that ends a pause.
func newWorkResume(s *session) *cobra.Command {
	return &cobra.Command{
		Use:     "resume",
		Short:   "End a pause of the worker of this computer",
		Long:    "End a pause of the worker of this computer. What stands still goes on, unless work_when is idle and somebody uses the computer.",
		Example: "  farm work resume",
		Args:    args(),
		RunE: func(c *cobra.Command, _ []string) error {
			w, err := s.ownWorker()
			if err != nil {
				return err
			}
			if err := w.Resume(c.Context()); err != nil {
				return err
			}
			fmt.Fprintln(s.out, "Resumed.")
			return nil
		},
	}
}

// ownWorker finds the worker that runs on this home.
func (s *session) ownWorker() (*ownerpage.Client, error) {
	return ownerpage.Open(filepath.Join(s.home, "worker"))
}
