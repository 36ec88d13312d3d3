package farm

import (
	"fmt"
	"slices"
)

// trial is one situation of a small job. It is comparable, so that situations
// seen before are recognised.
type trial struct {
	intent Intent
	insist bool
	nobody bool // nobody is left
	given  bool // a task failed that nobody could do
	retry  bool // the manager holds it, for a while
	pass   Pass
	n      int
	tasks  [8]TaskStatus
}

func (s *trial) facts() JobFacts {
	f := JobFacts{Intent: s.intent, KeepGoing: s.insist, NoWorkersLeft: s.nobody, GivenUp: s.given, Pass: s.pass}
	for _, task := range s.tasks[:s.n] {
		f.Counts[task]++
	}
	return f
}

func (s *trial) String() string {
	return fmt.Sprintf("a %s job (intent %d, insisting %v, nobody left %v, given up %v, to be tried again %v, pass %+v) with tasks %v", s.facts().Status(), s.intent, s.insist, s.nobody, s.given, s.retry, s.pass, s.tasks[:s.n])
}

// ready reports whether the scheduler may assign task i.
func (s *trial) ready(i int, needs [][]int) bool {
	for _, need := range needs[i] {
		if s.tasks[need] != TaskCompleted {
			return false
		}
	}
	return s.tasks[i].Waiting() && s.facts().Status().Runs()
}

// move applies an event to task i and what follows from it in other tasks, and
// then takes the tasks of a job that is over back from the workers.
func (s *trial) move(i int, e TaskEvent, needs [][]int) {
	s.tasks[i], _ = s.tasks[i].After(e)
	if e != TaskReturned { // nothing was asked for again
		s.spread(i, needs)
	}
	s.settle(needs)
}

// spread follows task i's new status to the tasks that need it.
func (s *trial) spread(i int, needs [][]int) {
	for d := range s.n {
		if !slices.Contains(needs[d], i) {
			continue
		}
		if e, _, ok := Propagate(s.tasks[i], s.tasks[d], s.spoiled(d, needs)); ok {
			if to, ok := s.tasks[d].After(e); ok {
				s.tasks[d] = to
				s.spread(d, needs)
			}
		}
	}
}

// spoiled reports whether task i needs one that failed or was canceled.
func (s *trial) spoiled(i int, needs [][]int) bool {
	return slices.ContainsFunc(needs[i], func(need int) bool { return s.tasks[need].Spoiled() })
}

func (s *trial) settle(needs [][]int) {
	for i := range s.n {
		if s.facts().Status().TakesBack() && s.tasks[i] == TaskActive {
			s.tasks[i], _ = TaskActive.After(TaskDropped)
			s.spread(i, needs)
		}
	}
}

// within reports whether task i is within the reach of the pass.
func (s *trial) within(which Scope, i int, needs [][]int) bool {
	switch which {
	case ScopeDependents:
		return leadsTo(needs, i, s.pass.Root)
	case ScopeRest:
		return !leadsTo(needs, s.pass.Root, i)
	}
	return true
}

// leadsTo reports whether a task is the other, or needs it directly or not.
func leadsTo(needs [][]int, from, to int) bool {
	return from == to || slices.ContainsFunc(needs[from], func(need int) bool { return leadsTo(needs, need, to) })
}

// slice takes the pass on until it has changed a task, or ended.
func (s *trial) slice(needs [][]int) {
	for s.pass.InProgress() {
		step := s.pass.Current()
		for i := s.pass.Next; i < s.n; i++ {
			s.pass.Next = i + 1
			before := s.tasks[i]
			if step.Applies(before, s.within(step.Scope, i, needs), s.spoiled(i, needs)) {
				s.tasks[i], _ = before.After(step.On)
				s.pass.Changed(before)
				if step.Propagate {
					s.spread(i, needs)
				}
				return
			}
		}
		s.pass.EndStep()
	}
	s.settle(needs)
}

// again is how the stories begin in which a user requeues a task.
const again = "requeue task "

// A story is what happened between two situations.
type story struct {
	what string
	next trial
}

// nexts returns the situations that one event or verb leads to.
func (s *trial) nexts(needs [][]int) []story {
	out := s.wishes(needs)
	if s.pass.InProgress() {
		next := *s
		next.slice(needs)
		out = append(out, story{"the pass goes on", next})
	}
	if s.retry {
		next := *s
		next.intent, next.retry = IntentRun, false
		out = append(out, story{"its time has come", next})
	}
	for i := range s.n {
		for e := TaskAssigned; e < TaskRequeued; e++ {
			waiting := e == TaskDropped && s.tasks[i] != TaskActive // a user's doing
			_, ok := s.tasks[i].After(e)
			if !ok || e == TaskAssigned && !s.ready(i, needs) || waiting && s.pass.InProgress() {
				continue
			}
			next := *s
			next.move(i, e, needs)
			out = append(out, story{fmt.Sprintf("task %d has event %d", i, e), next})
			if e == TaskGivenUp && !s.nobody && !s.pass.InProgress() { // nobody is blocked while a job is requeued
				next := *s
				next.nobody = true
				next.move(i, e, needs)
				out = append(out, story{fmt.Sprintf("task %d is given up, and nobody is left", i), next})
			}
			if verdict := s.consequence(e); verdict != nil {
				next := *s
				verdict(&next)
				next.move(i, e, needs)
				out = append(out, story{fmt.Sprintf("task %d has event %d, and its log says more", i, e), next})
			}
		}
		if next, ok := s.again(i, needs); ok {
			out = append(out, story{fmt.Sprint(again, i), next})
		}
	}
	return out
}

// consequence is what a failure may do to the job by what the log says, nil for nothing.
func (s *trial) consequence(e TaskEvent) func(*trial) {
	switch {
	case s.pass.InProgress():
	case e == TaskGivenUp:
		return func(next *trial) { next.given = true }
	case e == TaskAttemptFailed && s.intent == IntentRun:
		return func(next *trial) { next.intent, next.retry = IntentHold, true }
	}
	return nil
}

// again requeues task i, as a user may.
func (s *trial) again(i int, needs [][]int) (trial, bool) {
	status := s.facts().Status()
	if s.pass.InProgress() || s.spoiled(i, needs) || s.tasks[i] == TaskQueued && !status.TakesBack() {
		return trial{}, false
	}
	next := *s
	next.pass = Pass{Kind: PassRequeueTask, Root: i}
	switch {
	case status.TakesBack():
		next.intent, next.insist, next.nobody, next.pass.Kind = IntentRun, true, false, PassRevive
		next.given, next.retry = false, false
	case status == JobCompleted:
		next.intent, next.retry = IntentRun, false
	}
	return next, true
}

// wishes returns what the verbs lead to.
func (s *trial) wishes(needs [][]int) (out []story) {
	facts := s.facts()
	for v := Cancel; v <= RequeueFailed; v++ {
		row, ok := v.Row(facts.Status())
		if !ok || v == RequeueFailed && facts.Counts[TaskFailed] == 0 {
			continue
		}
		next := *s
		next.retry = s.retry && v != Pause && row.Intent == s.intent
		next.intent = row.Intent
		if row.Pass != NoPass {
			next.given = false
			next.insist, next.nobody, next.pass = false, false, Pass{Kind: row.Pass}
		}
		for i := range s.n {
			if slices.Contains(row.Tasks, next.tasks[i]) {
				next.tasks[i], _ = next.tasks[i].After(row.Event)
				next.spread(i, needs)
			}
		}
		next.settle(needs)
		out = append(out, story{v.String(), next})
	}
	return out
}
