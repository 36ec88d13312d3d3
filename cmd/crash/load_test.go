package crash

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// A load is clients that use a manager, whose requests are recorded.
type load struct {
	t       *testing.T
	m       *manager
	h       *history
	random  *rand.Rand // guarded by mu
	clients atomic.Int64
	ctx     context.Context // of everything
	end     context.CancelFunc
	users   context.Context // of those who make work; workers go on until it is done
	enough  context.CancelFunc
	wg      sync.WaitGroup
	userWG  sync.WaitGroup
	timeout time.Duration // of a request

	mayRefuse atomic.Bool // the manager may say that it cannot: its disk is full
	powerCut  atomic.Bool // what is not synced before an answer may be gone

	mu        sync.Mutex // guards what follows
	jobs      []*loadJob
	names     map[string]bool   // of jobs that were submitted; true if it was acknowledged
	frames    map[string]bool   // job and frame, acknowledged
	files     map[string]string // sums of stored files, and those of checkouts
	checkouts map[string][]api.ShamanFileSpec
	broken    []string // what clients found that no history tells
}

// A loadJob is a job that clients know of.
type loadJob struct {
	id    farm.JobID
	name  string
	shelf bool // nobody works on it; its status is changed instead
	tasks []farm.TaskID

	adopted bool // its submission was not answered, so it is not known what it had first
}

// busy is how many clients of each kind a load has.
const (
	loadWorkers = 10
	loadReaders = 3
)

// newLoad prepares a load; the manager must answer.
func newLoad(t *testing.T, m *manager, name string, limit time.Duration) *load {
	t.Helper()
	l := &load{t: t, m: m, h: newHistory(), random: randomFor(name), timeout: limit,
		names: map[string]bool{}, frames: map[string]bool{}, files: map[string]string{}, checkouts: map[string][]api.ShamanFileSpec{}}
	l.ctx, l.end = context.WithCancel(context.Background())
	l.users, l.enough = context.WithCancel(l.ctx)
	t.Cleanup(func() {
		l.end()
		l.wg.Wait()
		l.userWG.Wait()
	})
	return l
}

// begin starts all clients.
func (l *load) begin() {
	for i := range loadWorkers {
		l.wg.Go(func() { l.work(fmt.Sprintf("worker-%02d", i)) })
	}
	for range loadReaders {
		l.wg.Go(l.readAll)
	}
	for _, user := range []func(*client){l.submitJobs, l.changePriorities, l.changeStatuses, l.requeueTasks, l.storeFiles} {
		l.userWG.Go(func() { user(l.newClient()) })
	}
}

// A client is one who asks one thing after the other.
type client struct {
	*api.Client
	l      *load
	number int
	random *rand.Rand
}

func (l *load) newClient() *client {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.m.client()
	c.Timeout = l.timeout
	return &client{c, l, int(l.clients.Add(1)), rand.New(rand.NewPCG(l.random.Uint64(), 0))}
}

// An outcome is what a client knows after a request.
type outcome int

const (
	answered outcome = iota // it was done
	rejected                // it was not done, and the manager says so
	unknown                 // nobody answered
	unsent                  // it did not reach anybody
)

// ask makes a request when the manager is there, and says what came of it. Anything that
// a manager in trouble may answer is an unknown outcome: it may be half done.
func (c *client) ask(ctx context.Context, request func(context.Context) error) (outcome, error) {
	c.l.m.up.pass(ctx)
	if ctx.Err() != nil {
		return unsent, ctx.Err()
	}
	err := request(ctx)
	switch status := api.StatusOf(err); {
	case err == nil:
		c.l.h.count(true)
		return answered, nil
	case errors.Is(err, syscall.ECONNREFUSED):
		c.l.pause(ctx)
		return unsent, err
	case status >= 400 && status < 500:
		c.l.h.count(true)
		return rejected, err
	case status == http.StatusInternalServerError && !c.l.mayRefuse.Load():
		c.l.complain("%v", err)
	}
	c.l.h.count(false)
	c.l.pause(ctx)
	return unknown, err
}

// pause is how long a client waits between two requests, or when it got no answer, as real
// ones do.
func (l *load) pause(ctx context.Context) {
	timer := time.NewTimer(5 * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// complain notes what should not be, whatever the history.
func (l *load) complain(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.broken) < 50 {
		l.broken = append(l.broken, fmt.Sprintf(format, args...))
	}
}

// hasHistory reports whether the log of the nth task of a job, from 0, is looked at. The
// others are requeued, and a task that is done again begins a log anew.
func hasHistory(n int) bool { return n%2 == 0 }

// pick returns one of the jobs that clients know, or nil.
func (l *load) pick(random *rand.Rand, shelf bool) *loadJob {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []*loadJob
	for _, j := range l.jobs {
		if j.shelf == shelf {
			all = append(all, j)
		}
	}
	if len(all) == 0 {
		return nil
	}
	// Mostly new ones: nothing is changed so often that its history is hard to judge.
	return all[len(all)-1-min(len(all)-1, random.IntN(4))]
}

// readAll reads what others change.
func (l *load) readAll() {
	c := l.newClient()
	for ; l.ctx.Err() == nil; l.pause(l.ctx) {
		j := l.pick(c.random, c.random.IntN(4) == 0)
		if j == nil {
			continue
		}
		switch {
		case j.shelf || c.random.IntN(3) == 0:
			c.readJob(j)
		case c.random.IntN(3) == 0:
			c.readLog(j.tasks[c.random.IntN(len(j.tasks))&^1]) // see hasHistory
		default:
			c.readTask(j.tasks[c.random.IntN(len(j.tasks))])
		}
	}
}

// readJob reads a job's priority and, of one on the shelf, its status.
func (c *client) readJob(j *loadJob) outcome {
	var got api.Job
	call := c.l.h.now()
	out, err := c.ask(c.l.ctx, func(ctx context.Context) (err error) {
		got, err = c.FetchJob(ctx, j.id)
		return err
	})
	switch {
	case j.adopted: // it is only known that it is there
	case out == answered:
		c.l.h.add(key{register, "priority of " + j.name}, c.number, call, read{}, value(fmt.Sprint(got.Priority)))
		if j.shelf {
			c.l.h.add(key{register, "status of " + j.name}, c.number, call, read{}, value(got.Status))
		}
	case out == rejected:
		c.l.complain("%s was acknowledged, and now: %v", j.name, err)
	}
	return out
}

// readTask reads a task.
func (c *client) readTask(id farm.TaskID) outcome {
	var got api.Task
	call := c.l.h.now()
	out, err := c.ask(c.l.ctx, func(ctx context.Context) (err error) {
		got, err = c.FetchTask(ctx, id)
		return err
	})
	switch out {
	case answered:
		c.l.h.add(key{task, "task " + string(id)}, c.number, call, read{}, taskState{got.Status, string(got.Worker.ID), got.Activity})
	case rejected:
		c.l.complain("task %s was known, and now: %v", id, err)
	}
	return out
}

// readLog reads the whole log of a task.
func (c *client) readLog(id farm.TaskID) outcome {
	known, cuts := c.l.h.known(string(id))
	var text []byte
	found := false
	out, err := c.ask(c.l.ctx, func(ctx context.Context) error {
		info, ok, err := c.FetchTaskLogInfo(ctx, id)
		if found = ok; err != nil || !ok {
			return err
		}
		body, err := c.Open(ctx, info.URL)
		if err != nil {
			return err
		}
		defer body.Close()
		text, err = io.ReadAll(body)
		return err
	})
	switch {
	case out == answered && (found || known > 0):
		c.l.h.readLog(string(id), string(text), known, cuts)
	case out == rejected:
		c.l.complain("the log of task %s cannot be read: %v", id, err)
	}
	return out
}
