package burst

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

func TestPlan(t *testing.T) {
	members := func(running, pending int) (all []Member) {
		for i := range running + pending {
			all = append(all, Member{ID: fmt.Sprint(i), Pending: i >= running})
		}
		return all
	}
	for _, c := range []struct {
		name    string
		d       api.Demand
		members []Member
		start   int
		cancel  []string
	}{
		{"nothing", api.Demand{}, nil, 0, nil},
		{"the first", api.Demand{Recommended: 17}, nil, 10, nil},
		{"they are coming", api.Demand{Recommended: 17}, members(0, 10), 0, nil},
		{"they run, and have not signed on yet", api.Demand{Recommended: 10}, members(10, 0), 0, nil},
		{"the farm has others", api.Demand{Recommended: 9, Idle: 1, Busy: 5}, members(2, 0), 3, nil},
		{"the others are enough", api.Demand{Recommended: 6, Busy: 6}, nil, 0, nil},
		{"too many are pending", api.Demand{Recommended: 4, Busy: 2}, members(2, 5), 0, []string{"4", "5", "6"}},
		{"nobody who runs is canceled", api.Demand{Recommended: 0, Idle: 5}, members(5, 2), 0, []string{"5", "6"}},
		{"more than the most", api.Demand{Recommended: 17, Busy: 12}, members(12, 0), 0, nil},
	} {
		start, cancel := Plan(c.d, c.members, farm.Scaling{Max: 10})
		if start != c.start || !slices.Equal(cancel, c.cancel) {
			t.Errorf("%s: start %d, cancel %q; want %d and %q", c.name, start, cancel, c.start, c.cancel)
		}
	}
}

// A cluster is an engine whose members run after some time, and live for some.
type cluster struct {
	mu      sync.Mutex // guards what follows
	members map[string]time.Time
	life    time.Duration
	away    bool
	started int
}

func (c *cluster) List(context.Context) (all []Member, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.away {
		return nil, errors.New("the controller is away")
	}
	for id, since := range c.members {
		if age := time.Since(since); age < c.life {
			all = append(all, Member{ID: id, Pending: age < 5*time.Second})
		}
	}
	return all, nil
}

func (c *cluster) Start(_ context.Context, n int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for range n {
		c.started++
		c.members[fmt.Sprint(c.started)] = time.Now()
	}
	return nil
}

func (c *cluster) Cancel(_ context.Context, ids []string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range ids {
		delete(c.members, id)
	}
	return nil
}

func (c *cluster) count() int { all, _ := c.List(context.Background()); return len(all) }

// wants runs it beside a farm that wants so many, and returns how many it wants.
func (c *cluster) wants(t *testing.T) (recommended *int, stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	recommended = new(int)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := Run(ctx, Options{Engine: c, Scaling: farm.Scaling{Max: 3}, Every: 10 * time.Second, Log: slog.New(slog.DiscardHandler),
			Demand: func(context.Context, farm.Scaling) (api.Demand, error) {
				c.mu.Lock()
				defer c.mu.Unlock()
				return api.Demand{Recommended: *recommended}, nil
			}}); err != nil {
			t.Error(err)
		}
	}()
	return recommended, func() { cancel(); <-done }
}

func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{members: map[string]time.Time{}, life: time.Hour}
		wanted, stop := c.wants(t)
		set := func(n int) {
			c.mu.Lock()
			*wanted = n
			c.mu.Unlock()
			time.Sleep(time.Minute)
			synctest.Wait()
		}
		set(50)
		if c.count() != 3 {
			t.Errorf("%d members, and 3 at most are wanted", c.count())
		}
		c.mu.Lock()
		c.away = true
		c.mu.Unlock()
		set(50)
		if c.started != 3 {
			t.Error("it starts workers without knowing which there are")
		}
		c.mu.Lock()
		c.away = false
		c.mu.Unlock()
		stop()
		_, stop = c.wants(t) // another one finds them
		time.Sleep(time.Minute)
		synctest.Wait()
		if c.started != 3 || c.count() != 3 {
			t.Errorf("after its restart %d were started, and %d are there", c.started, c.count())
		}
		stop()
	})
}

// Members that end at once are not started again and again.
func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{members: map[string]time.Time{}, life: 20 * time.Second}
		wanted, stop := c.wants(t)
		c.mu.Lock()
		*wanted = 1
		c.mu.Unlock()
		time.Sleep(time.Hour)
		synctest.Wait()
		if c.started < 3 || c.started > 12 {
			t.Errorf("%d were started in an hour", c.started)
		}
		stop()
	})
}
