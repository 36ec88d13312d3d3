// Package burst starts workers somewhere else as a farm needs them, and takes back what
// it asked for and is not needed: on Slurm, with programs of somebody's own, or on
// desktops that sleep. It asks the farm how many workers there should be and the engine
// how many there are, again and again, and keeps nothing that a restart would lose: what
// belongs to it is known by its name.
//
// A worker that runs is never ended here. It ends by itself when it has had no task for
// a while, or when its time is up.
package burst

import (
	"context"
	"log/slog"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// A Member is a worker that an engine was asked for.
type Member struct {
	ID      string // as the engine calls it
	Pending bool   // it was asked for, and does not run yet
}

// An Engine is what provides the computers. Its errors say what to do.
type Engine interface {
	// List returns the members there are. An error says that this is not known, and
	// then nothing is started or stopped.
	List(ctx context.Context) ([]Member, error)
	// Start asks for so many more.
	Start(ctx context.Context, n int) error
	// Cancel takes back members that are pending. One that runs by now goes on.
	Cancel(ctx context.Context, ids []string) error
}

// Options configures Run. All fields are required unless they say otherwise.
type Options struct {
	Engine Engine
	// Demand asks the farm how many workers it wants.
	Demand func(ctx context.Context, s farm.Scaling) (api.Demand, error)
	// Scaling says how many that shall be. Max counts the members only, as the farm may
	// have other workers; 0 would be no limit.
	Scaling farm.Scaling
	Every   time.Duration // how often it looks
	Log     *slog.Logger
}

// Run looks after the members until ctx is canceled. What goes wrong passes, and is
// told of in the log.
func Run(ctx context.Context, o Options) error {
	if err := o.Scaling.Check(); err != nil {
		return err
	}
	if o.Scaling.Max == 0 {
		return farm.Errorf(farm.Invalid, "say how many workers may be started at most, with --max")
	}
	k := &keeper{Options: o, patience: patience{every: o.Every}}
	tick := time.NewTicker(o.Every)
	defer tick.Stop()
	for {
		if err := k.look(ctx); ctx.Err() == nil {
			k.tell(err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// A keeper is a Run under way.
type keeper struct {
	Options
	patience patience
	trouble  string // that was told of, "" for none
}

// look compares what is wanted with what there is, once, and acts on it.
func (k *keeper) look(ctx context.Context) error {
	asked := k.Scaling
	asked.Max = 0
	demand, err := k.Demand(ctx, asked)
	if err != nil {
		return err
	}
	members, err := k.Engine.List(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	k.patience.saw(members, now)
	start, cancel := Plan(demand, members, k.Scaling)
	if start > 0 {
		if wait := k.patience.wait(now); wait > 0 {
			return farm.Errorf(farm.Unavailable, "workers that were started ended at once, so the next are started in %s: look at what they wrote", farm.Duration(wait.Round(time.Second)))
		}
		k.Log.Info("starting workers", "more", start, "members", len(members), "wanted", demand.Recommended, "tasks", demand.Tasks)
		return k.Engine.Start(ctx, start)
	}
	if len(cancel) > 0 {
		k.Log.Info("taking back workers that are not needed any more", "members", cancel)
		return k.Engine.Cancel(ctx, cancel)
	}
	return nil
}

// tell logs trouble when it begins, changes or ends.
func (k *keeper) tell(err error) {
	switch {
	case err != nil && err.Error() != k.trouble:
		k.trouble = err.Error()
		k.Log.Warn("cannot look after the workers, trying again", "error", err)
	case err == nil && k.trouble != "":
		k.trouble = ""
		k.Log.Info("looking after the workers works again")
	}
}

// Plan says how many members to start, and which pending ones to take back: the last of
// them. The farm's workers that are no members count as there already.
func Plan(d api.Demand, members []Member, s farm.Scaling) (start int, cancel []string) {
	var pending []string
	for _, m := range members {
		if m.Pending {
			pending = append(pending, m.ID)
		}
	}
	running := len(members) - len(pending)
	others := max(d.Idle+d.Busy-running, 0)
	target := min(d.Recommended-others, s.Max)
	switch more := target - len(members); {
	case more > 0:
		return more, nil
	case more < 0:
		return 0, pending[len(pending)-min(-more, len(pending)):]
	}
	return 0, nil
}

// patience is the pause after members that ended as soon as they ran: what is wrong with
// them will be wrong with the next ones.
type patience struct {
	every   time.Duration
	running map[string]time.Time // since when
	strikes int                  // in a row
	until   time.Time
}

const (
	shortLife   = 30 * time.Second // what nobody would start a worker for
	maxPatience = 10 * time.Minute
)

// saw notes which members there are.
func (p *patience) saw(members []Member, now time.Time) {
	before := p.running
	p.running = map[string]time.Time{}
	for _, m := range members {
		if m.Pending {
			continue
		}
		since, known := before[m.ID]
		if !known {
			since = now
		}
		p.running[m.ID] = since
		if now.Sub(since) >= shortLife {
			p.strikes = 0
		}
	}
	failed := false
	for id, since := range before {
		if _, still := p.running[id]; !still && now.Sub(since) < shortLife {
			failed = true
		}
	}
	if failed {
		p.strikes = min(p.strikes+1, 10)
		p.until = now.Add(min(p.every<<p.strikes, maxPatience))
	}
}

// wait returns how long nothing is started.
func (p *patience) wait(now time.Time) time.Duration { return p.until.Sub(now) }
