package manager

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"renderfarm/farm"
	"renderfarm/store"
)

// A task that takes many times as long as the others of its kind in the job is
// told of, and may be ended once, see SlowRetry of the configuration. What the
// others took is kept in memory as a sample for each job and type; after a start
// of the manager it is learned anew, and the time of active tasks begins again.

const (
	// slowSample is how many durations are kept of a job's tasks of a type.
	slowSample = 101
	// slowLeast is how many it takes to say what is usual.
	slowLeast = 3
	// slowClass is the cause of a task that was ended for it.
	slowClass = "slow"
)

// A usual is what tasks of one type took in one job, and those that run.
type usual struct {
	seen    int             // durations so far
	sample  []time.Duration // some of them, of one step each; every one had the same chance
	median  time.Duration   // of the sample
	running []*runningTask
}

type usualKey struct {
	job      farm.JobID
	taskType string
}

// A runningTask is one that a worker holds.
type runningTask struct {
	id    farm.TaskID
	key   usualKey
	steps int
	since time.Time // it was assigned, or its worker began it
	begun bool      // its worker said that it works on it
	heard time.Time // its worker told of progress, or wrote to its log
	told  time.Duration
}

func asRunning(t store.Task) runningTask {
	return runningTask{id: t.ID(), key: usualKey{t.Job.ID, t.Type()}, steps: t.Steps()}
}

// endedTask is one that a worker does not hold any more.
type endedTask struct {
	id   farm.TaskID
	done bool // completed
}

// slowTasks notices tasks that take longer than usual.
type slowTasks struct {
	mu     sync.Mutex // guards what follows; only that of secondRuns is taken while it is held
	usuals map[usualKey]*usual
	tasks  map[farm.TaskID]*runningTask
}

// watch starts to watch tasks that have just become active, and stops to watch
// those that ended. It reports whether what is usual is known now and was not before.
func (s *slowTasks) watch(begun []runningTask, ended []endedTask, over []farm.JobID) (known bool) {
	if len(begun)+len(ended)+len(over) == 0 {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tasks == nil {
		s.tasks, s.usuals = map[farm.TaskID]*runningTask{}, map[usualKey]*usual{}
	}
	now := time.Now()
	for _, e := range ended {
		t := s.tasks[e.id]
		if t == nil {
			continue
		}
		delete(s.tasks, e.id)
		p := s.usuals[t.key]
		p.running = slices.DeleteFunc(p.running, func(r *runningTask) bool { return r == t })
		if e.done {
			known = p.add(now.Sub(t.since)/time.Duration(max(t.steps, 1))) || known
		}
	}
	for i := range begun {
		t := &begun[i]
		p := s.usuals[t.key]
		if p == nil {
			p = &usual{}
			s.usuals[t.key] = p
		}
		t.since, t.heard = now, now
		s.tasks[t.id] = t
		p.running = append(p.running, t)
	}
	for _, job := range over {
		for key, p := range s.usuals {
			if key.job == job && len(p.running) == 0 {
				delete(s.usuals, key)
			}
		}
	}
	return known
}

// began returns when a task was begun that a worker holds, and false if none does.
func (s *slowTasks) began(id farm.TaskID) (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tasks[id]
	if t == nil {
		return time.Time{}, false
	}
	return t.since, t.begun
}

// usual returns how long the job's tasks of a type took for each of their steps, as a
// median, and false if too few ended yet.
func (s *slowTasks) usual(job farm.JobID, taskType string) (time.Duration, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.usuals[usualKey{job, taskType}]
	if p == nil || p.median == 0 {
		return 0, false
	}
	return p.median, true
}

// worksOn notes that a worker works on a task, and whether it begins it just now: it may
// have held it for a while. After a start of the manager it does not say that once more.
func (s *slowTasks) worksOn(id farm.TaskID, begins bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tasks[id]
	if t == nil {
		return
	}
	t.heard = time.Now()
	if t.begun = true; begins {
		t.since = t.heard
	}
}

// mostUnderWay bounds how many tasks are looked at for a second run.
const mostUnderWay = 20

// underWay returns those tasks that workers work on and for which ok, that are under way
// longest. Left out are those of jobs in which a worker holds one that it
// has not begun, which others could have instead; beginning reports that there are such.
func (s *slowTasks) underWay(ok func(*runningTask) bool) (list []runningTask, beginning bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.usuals {
		if slices.ContainsFunc(p.running, func(t *runningTask) bool { return !t.begun }) {
			beginning = true
			continue
		}
		for _, t := range p.running {
			full := len(list) == mostUnderWay
			if full && !t.since.Before(list[mostUnderWay-1].since) || !ok(t) {
				continue
			}
			at, _ := slices.BinarySearchFunc(list, t.since, func(a runningTask, since time.Time) int { return a.since.Compare(since) })
			if full {
				list = list[:mostUnderWay-1]
			}
			list = slices.Insert(list, at, *t)
		}
	}
	return list, beginning
}

// add adds what a step took, and reports whether with it the usual is known.
func (p *usual) add(took time.Duration) bool {
	p.seen++
	if len(p.sample) < slowSample {
		p.sample = append(p.sample, took)
	} else if i := rand.IntN(p.seen); i < slowSample {
		p.sample[i] = took
	}
	sorted := slices.Sorted(slices.Values(p.sample))
	p.median = sorted[len(sorted)/2]
	return p.seen == slowLeast
}

// A slowTask is one that takes too long.
type slowTask struct {
	id           farm.TaskID
	took, median time.Duration // what it took so far; what tasks of its length take
}

func (s slowTask) String() string {
	return fmt.Sprintf("it has run for %s, and such tasks of the job take %s", round(s.took), round(s.median))
}

// round leaves as many digits as people want to read.
func round(d time.Duration) farm.Duration {
	return farm.Duration(d.Round(cmp.Or(max(time.Duration(0), min(d/100, time.Second)), 1)))
}

// due returns the tasks that have run factor times as long as is usual, and at
// least so long, and how long it is until another one will have; never if none
// is expected. Each is due once.
func (s *slowTasks) due(factor int, least time.Duration, now time.Time) (due []slowTask, next time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next = never
	for _, t := range s.tasks {
		p := s.usuals[t.key]
		if p.seen < slowLeast || t.told > 0 {
			continue
		}
		takes := p.median * time.Duration(max(t.steps, 1))
		limit := max(least, time.Duration(factor)*takes)
		if took := now.Sub(t.since); took >= limit {
			t.told = took
			due = append(due, slowTask{t.id, took, takes})
		} else {
			next = min(next, limit-took)
		}
	}
	return due, next
}

// known returns those of a job that were told of and still run, the slowest first.
func (s *slowTasks) known(job farm.JobID, task farm.TaskID) (list []slowTask) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, p := range s.usuals {
		if key.job != job {
			continue
		}
		for _, t := range p.running {
			if t.told > 0 && (task == "" || task == t.id) {
				list = append(list, slowTask{t.id, time.Since(t.since), p.median * time.Duration(max(t.steps, 1))})
			}
		}
	}
	slices.SortFunc(list, func(a, b slowTask) int { return cmp.Compare(b.took, a.took) })
	return list
}

// findSlow tells of tasks that take too long, and returns how long it is until
// another one may.
func (m *Manager) findSlow(now time.Time) (next time.Duration, err error) {
	config := m.config.Load()
	if config.SlowFactor <= 0 {
		return never, nil
	}
	due, next := m.slow.due(config.SlowFactor, time.Duration(config.SlowLeast), now)
	if len(due) == 0 {
		return next, nil
	}
	return next, m.update(func(u *unit) error {
		for _, s := range due {
			t, err := u.Task(s.id)
			if err != nil || t.Status() != farm.TaskActive {
				continue // it ended meanwhile
			}
			if w, err := u.Worker(t.State().Worker); err == nil {
				u.isSlow(t, w, s, config.SlowRetry)
			}
		}
		return nil
	})
}

// isSlow tells of a slow task. If it is to be tried elsewhere, its worker is told to
// stop, as long as another one has not tried it, and once: it may just be slow.
func (u *unit) isSlow(t store.Task, w *store.Worker, s slowTask, retry bool) {
	u.m.log.Warn("a task takes long", "task", s.id, "job", t.Job.ID, "worker", w.Name, "took", round(s.took), "usual", round(s.median))
	u.notice(farm.Notice{Event: farm.NoticeStuck, Job: t.Job.ID, Task: s.id, Text: fmt.Sprintf("Task %d takes long on worker %s: %s", t.Index+1, w.Name, s)})
	cause := t.State().Cause
	_, untried := u.Capable(t, w)
	if !retry || untried == 0 || cause != nil && cause.Class == slowClass {
		u.logTask(t, fmt.Sprintf("This task takes long on worker %s: %s", w.Name, s))
		return
	}
	text := fmt.Sprintf("The task took too long on worker %s: %s.", w.Name, s)
	why := failure{consequence: farm.ThisWorker, cause: &farm.Cause{Class: slowClass, Means: text, Line: s.String(),
		Next: "look at that worker; another one tries the task, once (task_slow_retry)"}}
	u.fail(t, w, "was slow on", why, func(s *farm.TaskState) { s.Activity = text })
	u.closeLog(s.id)
}

// withSlow adds what is known of tasks of a job that take long.
func (m *Manager) withSlow(why farm.Why, job farm.JobID, task farm.TaskID) farm.Why {
	const most = 5
	slow := m.slow.known(job, task)
	for _, s := range slow[:min(most, len(slow))] {
		what := "a task takes long"
		if t, err := m.taskNumber(s.id); err == nil {
			what = fmt.Sprintf("task %d takes long", t)
		}
		why.Warnings = append(why.Warnings, what+": "+s.String())
	}
	if more := len(slow) - most; more > 0 {
		why.Warnings = append(why.Warnings, fmt.Sprintf("%d more tasks take long", more))
	}
	return why
}

// taskNumber is what people call a task by, in its job.
func (m *Manager) taskNumber(id farm.TaskID) (n int, err error) {
	err = m.store.View(func(v *store.View) error {
		t, err := v.Task(id)
		n = t.Index + 1
		return err
	})
	return n, err
}
