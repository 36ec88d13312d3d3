// Package idle tells whether somebody uses this computer: by keyboard and mouse, or
// because programs run that are theirs.
//
// Keyboard and mouse are asked of whoever sees them: the X server, a Wayland compositor,
// GNOME (Mutter) or KDE over D-Bus, Windows, macOS. Where none of them is there,
// systemd-logind is asked, which is believed only if it says that nobody is there. What
// can tell of the next input by an event does so (X, Wayland, GNOME); others are asked
// once a second, and only while nobody is there. While somebody is, one timer runs.
package idle

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Options say what counts as use.
type Options struct {
	After    time.Duration // without input for so long, the computer is free
	Programs []string      // names of programs that count as use while they run, without folder and ".exe"
	BusyCPU  int           // percent of all processors that other programs use at most; 0: any. Linux
}

// Why a computer is in use, as said to people.
const (
	ByOwner = "in use by its owner"
	Unknown = "in use as far as is known: it does not tell of its keyboard and mouse"
)

// errNoSource means that nobody tells of keyboard and mouse.
var errNoSource = errors.New("nobody tells of keyboard and mouse: there is no X server and no desktop on Wayland that this program reaches, and systemd-logind does not say that nobody is there")

// pollPause is the pause between two looks where there is no event.
const pollPause = time.Second

// A source knows when keyboard or mouse were used last.
type source interface {
	// since returns how long ago that was.
	since(ctx context.Context) (time.Duration, error)
	// wait returns when they are used, or were within limit when it was called.
	wait(ctx context.Context, limit time.Duration) error
	close()
	name() string
}

// Watch calls change with why the computer is in use, "" for that it is not, at first
// and whenever that changes, until ctx is canceled. note is told what cannot be found
// out; nothing is taken for free then.
func Watch(ctx context.Context, o Options, change func(inUse string), note func(error)) {
	said, first := "", true
	say := func(inUse string) {
		if first || inUse != said {
			said, first = inUse, false
			change(inUse)
		}
	}
	for ctx.Err() == nil {
		s, err := open(ctx)
		if err == nil {
			err = follow(ctx, o, s, say)
			s.close()
		}
		if ctx.Err() != nil {
			return
		}
		note(err)
		say(Unknown)
		sleep(ctx, openAgain)
	}
}

// openAgain is the pause before a source that failed is looked for again: somebody
// may log in.
const openAgain = 10 * time.Second

// follow watches one source until it fails.
func follow(ctx context.Context, o Options, s source, say func(string)) error {
	for {
		quiet, err := s.since(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name(), err)
		}
		if quiet < o.After {
			say(ByOwner)
			if !sleep(ctx, o.After-quiet) {
				return ctx.Err()
			}
			continue
		}
		if err := free(ctx, o, s, say); err != nil {
			return fmt.Errorf("%s: %w", s.name(), err)
		}
	}
}

// free returns at the first input. Meanwhile it looks for programs.
func free(ctx context.Context, o Options, s source, say func(string)) error {
	waiting, stop := context.WithCancel(ctx)
	defer stop()
	input := make(chan error, 1)
	go func() { input <- s.wait(waiting, o.After) }()
	looks := time.NewTicker(pollPause)
	defer looks.Stop()
	others := newOthers(o)
	say(others.busy())
	for {
		select {
		case err := <-input:
			if err == nil {
				say(ByOwner)
			}
			return err
		case <-looks.C:
			say(others.busy())
		}
	}
}

// polled makes a source of a function that is asked again and again.
type polled struct {
	who string
	ask func(ctx context.Context) (time.Duration, error)
	end func()
}

func (p *polled) since(ctx context.Context) (time.Duration, error) { return p.ask(ctx) }
func (p *polled) name() string                                     { return p.who }

func (p *polled) close() {
	if p.end != nil {
		p.end()
	}
}

func (p *polled) wait(ctx context.Context, limit time.Duration) error {
	for {
		quiet, err := p.ask(ctx)
		if err != nil || quiet < limit {
			return err
		}
		if !sleep(ctx, pollPause) {
			return ctx.Err()
		}
	}
}

// sleep waits, and returns false if ctx was canceled.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// others looks for programs that are not Farm's.
type others struct {
	o       Options
	before  map[int]time.Duration // processor time of each at the last look
	at      time.Time
	above   time.Time // since when they use more than they may; zero if not
	busyFor bool
}

// A program is a process that runs.
type program struct {
	pid, parent int
	name        string
	used        time.Duration // processor time; 0 if that is not known
}

// busyAfter is how long other programs must keep the processors busy, and be quiet
// again, to count: whoever starts something does not need them for long.
const busyAfter = 10 * time.Second

func newOthers(o Options) *others { return &others{o: o} }

// busy says which programs keep the computer in use, "" for none.
func (p *others) busy() string {
	if len(p.o.Programs) == 0 && p.o.BusyCPU == 0 {
		return ""
	}
	all := withoutFarms(programs())
	for _, one := range all {
		name := strings.TrimSuffix(strings.ToLower(one.name), ".exe")
		if slices.ContainsFunc(p.o.Programs, func(w string) bool { return strings.EqualFold(w, name) }) {
			return "in use by its owner: " + name + " is open"
		}
	}
	if p.o.BusyCPU > 0 && p.cpu(all, time.Now()) {
		return "in use: other programs keep its processors busy"
	}
	return ""
}

// cpu reports whether others have used more than they may for busyAfter.
func (p *others) cpu(all []program, now time.Time) bool {
	var grown time.Duration
	used := map[int]time.Duration{}
	for _, one := range all {
		used[one.pid] = one.used
		if was, known := p.before[one.pid]; known && one.used > was {
			grown += one.used - was
		}
	}
	passed := now.Sub(p.at)
	over := p.before != nil && passed > 0 && grown*100 > passed*time.Duration(p.o.BusyCPU*processors())
	p.before, p.at = used, now
	switch {
	case over == p.busyFor:
		p.above = time.Time{}
	case p.above.IsZero():
		p.above = now
	case now.Sub(p.above) >= busyAfter:
		p.busyFor, p.above = over, time.Time{}
	}
	return p.busyFor
}

// withoutFarms leaves out every worker of this computer and all that it started.
func withoutFarms(all []program) []program {
	own := ownName()
	parents := map[int]program{}
	for _, one := range all {
		parents[one.pid] = one
	}
	return slices.DeleteFunc(all, func(one program) bool {
		for depth := 0; depth < 100; depth++ {
			if one.name == own {
				return true
			}
			parent, known := parents[one.parent]
			if !known || parent.pid == one.pid {
				return false
			}
			one = parent
		}
		return false
	})
}
