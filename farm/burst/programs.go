package burst

import (
	"context"
	"crypto/rand"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"time"

	"renderfarm/farm"
)

// Programs is an Engine of somebody's own programs: a cloud's command line, ssh, and so
// on. No shell sees their arguments. In each argument {name} stands for the member's
// name, which is in the environment as FARM_WORKER_NAME, too: a worker takes its name
// from there.
type Programs struct {
	Name  string   // of what belongs together
	Begin []string // has one computer start a worker of the name, and does not wait for it
	Show  []string // prints a line for each computer there is: its name, and pending if it does not run yet
	End   []string // ends a computer

	// Workers returns the farm's workers by name, and whether each is there.
	Workers func(ctx context.Context) (map[string]bool, error)
	// Environment returns variables for Begin besides our own, NAME=VALUE. nil: none.
	Environment func(ctx context.Context, n int) ([]string, error)
	Log         *slog.Logger

	seen map[string]*sighting // what is known of the members
}

// A sighting is what was seen of a member.
type sighting struct {
	first  time.Time // that it was listed
	worker bool      // it had a worker in the farm
}

// startWithin is how long a computer has to become a worker. One that does not is ended.
const startWithin = 15 * time.Minute

var memberName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$`)

// Check says what of it cannot work.
func (p *Programs) Check() error {
	if !slurmName.MatchString(p.Name) {
		return farm.Errorf(farm.Invalid, "the name %.50q cannot be part of the names of workers: use up to 40 letters, digits, _, . and -", p.Name)
	}
	for _, c := range []struct {
		flag string
		args []string
	}{{"--start", p.Begin}, {"--list", p.Show}, {"--stop", p.End}} {
		if len(c.args) == 0 {
			return farm.Errorf(farm.Invalid, "%s is missing: name the program that does it, with its arguments", c.flag)
		}
	}
	return nil
}

func (p *Programs) prefix() string { return "farm-" + p.Name + "-" }

// List lists the computers, and ends those whose worker has ended, or never came.
func (p *Programs) List(ctx context.Context) ([]Member, error) {
	out, err := command{args: p.Show}.run(ctx)
	if err != nil {
		return nil, err
	}
	listed, err := p.parse(out)
	if err != nil {
		return nil, err
	}
	workers, err := p.Workers(ctx)
	if err != nil {
		return nil, err
	}
	var members []Member
	before := p.seen
	p.seen = map[string]*sighting{}
	for _, m := range listed {
		s := before[m.ID]
		if s == nil {
			s = &sighting{first: time.Now()}
		}
		p.seen[m.ID] = s
		present := workers[m.ID]
		_, known := workers[m.ID]
		over := known && !present || !known && s.worker || !known && !m.Pending && time.Since(s.first) > startWithin
		s.worker = s.worker || known
		if !over {
			members = append(members, m)
			continue
		}
		p.Log.Info("ending a computer whose worker has ended", "member", m.ID)
		if err := p.end(ctx, m.ID); err != nil {
			return nil, err
		}
	}
	return members, nil
}

// owns reports whether a name is of a member. Of what is called "shots", those of
// "shots-night" are no members.
func (p *Programs) owns(name string) bool {
	rest, ok := strings.CutPrefix(name, p.prefix())
	return ok && !strings.Contains(rest, "-")
}

// parse reads what the program printed. Names of others are left out.
func (p *Programs) parse(out string) (members []Member, err error) {
	for line := range strings.Lines(out) {
		words := strings.Fields(line)
		if len(words) == 0 || !p.owns(words[0]) {
			continue
		}
		if !memberName.MatchString(words[0]) || len(words) > 2 || len(words) == 2 && words[1] != "pending" && words[1] != "running" {
			return nil, farm.Errorf(farm.Invalid, "%s printed %.100q: it has to print the name of a worker and then pending, running or nothing", p.Show[0], strings.TrimSpace(line))
		}
		if len(members) == MaxMembers {
			return nil, farm.Errorf(farm.TooLarge, "%s printed more than %d workers", p.Show[0], MaxMembers)
		}
		members = append(members, Member{ID: words[0], Pending: len(words) == 2 && words[1] == "pending"})
	}
	return members, nil
}

// Start starts computers, up to the first that cannot be.
func (p *Programs) Start(ctx context.Context, n int) error {
	env := os.Environ()
	if p.Environment != nil {
		more, err := p.Environment(ctx, n)
		if err != nil {
			return err
		}
		env = append(env, more...)
	}
	for range n {
		name := p.prefix() + strings.ToLower(rand.Text()[:10])
		if _, err := (command{args: named(p.Begin, name), env: append(env[:len(env):len(env)], "FARM_WORKER_NAME="+name)}).run(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Cancel ends computers that are pending.
func (p *Programs) Cancel(ctx context.Context, ids []string) error {
	for _, id := range ids {
		if err := p.end(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

func (p *Programs) end(ctx context.Context, name string) error {
	_, err := command{args: named(p.End, name), env: append(os.Environ(), "FARM_WORKER_NAME="+name)}.run(ctx)
	return err
}

// named puts the name into arguments.
func named(args []string, name string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = strings.ReplaceAll(a, "{name}", name)
	}
	return out
}
