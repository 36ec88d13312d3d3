package manager

import (
	"context"
	"fmt"
	"sync"

	"renderfarm/farm"
	"renderfarm/store"
)

// passBatch is how many tasks a pass changes in one transaction, which holds up
// others for a few milliseconds; a variable for tests.
var passBatch = 500

// passTurn is called before each further batch; a variable for tests.
var passTurn = func(context.Context) {}

func errRequeueing(j *store.Job) error {
	return farm.Errorf(farm.Conflict, "job %q is being requeued: ask again in a moment, when that is done", j.Name)
}

// passes are the jobs whose pass continues in the background.
type passes struct {
	mu   sync.Mutex // guards jobs; taken before nothing else
	jobs []farm.JobID
	wake chan struct{} // holds a token while there are some
}

func (p *passes) add(id farm.JobID) {
	p.mu.Lock()
	p.jobs = append(p.jobs, id)
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// take returns the jobs that were added since.
func (p *passes) take() []farm.JobID {
	p.mu.Lock()
	defer p.mu.Unlock()
	jobs := p.jobs
	p.jobs = nil
	return jobs
}

// scope is which tasks a pass is about. The plan never changes, so it is valid
// until the pass ends; after a restart it is computed again.
type scope struct{ dependents, needed []bool }

func scopeOf(j *store.Job, p *farm.Pass) *scope {
	switch p.Kind {
	case farm.PassRequeueTask:
		return &scope{dependents: j.Task(p.Root).Needing()}
	case farm.PassRevive:
		return &scope{dependents: j.Task(p.Root).Needing(), needed: j.Task(p.Root).Needed()}
	}
	return &scope{}
}

func (s *scope) has(which farm.Scope, task int) bool {
	switch which {
	case farm.ScopeDependents:
		return s.dependents[task]
	case farm.ScopeRest:
		return !s.needed[task]
	}
	return true
}

// begin begins a pass over the tasks of a job. A first batch is changed at once;
// if that is not all, the rest follows in the background.
func (u *unit) begin(j *store.Job, p farm.Pass) {
	u.touch(j)
	j.Pass = p
	if u.advance(j, scopeOf(j, &p)); !j.Pass.InProgress() {
		return
	}
	u.touch(j).refresh = true
	id := j.ID
	u.AfterCommit(func() { u.m.passes.add(id) })
}

// passScan is how many tasks a pass looks at in one transaction without changing them.
const passScan = 50_000

// advance continues a pass with as many tasks as are changed in one transaction.
func (u *unit) advance(j *store.Job, within *scope) {
	for changes, looks := passBatch, passScan; j.Pass.InProgress(); {
		step := j.Pass.Current()
		for t := range j.TasksFrom(j.Pass.Next, step.From...) {
			takes := step.Applies(t.Status(), within.has(step.Scope, t.Index), t.Spoiled())
			if looks == 0 || takes && changes <= 0 {
				j.Pass.Next = t.Index
				return
			}
			looks--
			if takes {
				changes -= u.applyStep(t, step)
			}
		}
		j.Pass.EndStep()
	}
}

// applyStep applies the current step of the job's pass to one task, and returns
// how many tasks that changed.
func (u *unit) applyStep(t store.Task, step *farm.PassStep) int {
	before, p := t.Status(), &t.Job.Pass
	activity := passActivity(p, t.Index, step.On)
	if !u.changeOnly(t, step.On, func(s *farm.TaskState) { s.Activity = activity; s.Forgive() }) {
		return 0
	}
	p.Changed(before)
	if before == farm.TaskActive {
		u.logTask(t, activity)
	}
	if step.Propagate {
		return 1 + u.propagate(t)
	}
	return 1
}

// passActivity says why a pass changed a task.
func passActivity(p *farm.Pass, task int, on farm.TaskEvent) string {
	switch {
	case p.Current().Unrunnable:
		return "Canceled because a task it needs was not completed"
	case on == farm.TaskDropped:
		return "Canceled, as it was shown since the job was stopped: only a part of the job was requeued"
	case p.Current().Scope == farm.ScopeDependents && task != p.Root:
		return fmt.Sprintf("Queued again because a task it needs is done again (task %d)", p.Root+1)
	}
	return "Requeued: " + p.Reason
}

// runPasses continues the passes in progress, a batch of each in turn.
func (m *Manager) runPasses(ctx context.Context) {
	going := map[farm.JobID]*scope{}
	for {
		if len(going) == 0 {
			select {
			case <-ctx.Done():
				return
			case <-m.passes.wake:
			}
		}
		for _, id := range m.passes.take() {
			going[id] = nil
		}
		for id, within := range going {
			if passTurn(ctx); ctx.Err() != nil {
				return // the next start goes on
			}
			next, err := m.continuePass(id, within)
			if err != nil && farm.KindOf(err) != farm.NotFound {
				m.log.Error("cannot go on with requeueing a job; the next start of the manager does", "job", id, "error", err)
			}
			if going[id] = next; next == nil {
				delete(going, id)
			}
		}
	}
}

// continuePass runs one batch of a job's pass. It returns the scope for the next
// one; nil when the pass ended or the job is gone.
func (m *Manager) continuePass(id farm.JobID, within *scope) (next *scope, err error) {
	err = m.update(func(u *unit) error {
		j, err := u.Job(id)
		if err != nil || !j.Pass.InProgress() {
			return err
		}
		if within == nil {
			within = scopeOf(j, &j.Pass)
		}
		touched := u.touch(j)
		touched.silent = true
		if u.advance(j, within); j.Pass.InProgress() {
			next = within
			j.Activity = fmt.Sprintf("Requeueing its tasks: at %d of %d", j.Pass.Next, j.Len())
			return nil
		}
		touched.refresh, touched.because = true, "its tasks are requeued"
		return nil
	})
	if err != nil {
		return nil, err
	}
	return next, nil
}
