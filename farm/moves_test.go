package farm

import (
	"fmt"
	"slices"
	"testing"
)

// The example tables of this file say what people want; TestEveryRowMatters holds
// them and the exploration to noticing every change of a rule. They return what
// is wrong.

var examples = map[string]func() faults{"moves": wrongMoves, "job statuses": wrongStatuses, "verbs": wrongVerbs,
	"spreading": wrongSpreading, "shown statuses": wrongShown, "verdicts": wrongVerdicts, "passes": wrongPasses}

func TestExamples(t *testing.T) {
	for name, wrong := range examples {
		for _, what := range wrong() {
			t.Errorf("%s: %s", name, what)
		}
	}
}

// faults collects what is wrong.
type faults []string

func (f *faults) add(format string, args ...any) { *f = append(*f, fmt.Sprintf(format, args...)) }

func wrongMoves() (f faults) {
	const no = TaskPaused // never a status to move to
	statuses := []TaskStatus{TaskQueued, TaskActive, TaskCompleted, TaskSoftFailed, TaskFailed, TaskCanceled, TaskPaused}
	for _, row := range []struct {
		name string
		on   TaskEvent
		to   [7]TaskStatus // from each of statuses
	}{
		{"assigned", TaskAssigned, [7]TaskStatus{TaskActive, no, no, TaskActive, no, no, no}},
		{"succeeded", TaskSucceeded, [7]TaskStatus{no, TaskCompleted, no, no, no, no, no}},
		{"broke", TaskAttemptFailed, [7]TaskStatus{no, TaskSoftFailed, no, no, no, no, no}},
		{"given up", TaskGivenUp, [7]TaskStatus{no, TaskFailed, no, no, no, no, no}},
		{"returned", TaskReturned, [7]TaskStatus{no, TaskQueued, no, no, no, no, no}},
		{"dropped", TaskDropped, [7]TaskStatus{TaskCanceled, TaskCanceled, no, TaskCanceled, no, no, no}},
		{"requeued", TaskRequeued, [7]TaskStatus{no, TaskQueued, TaskQueued, TaskQueued, TaskQueued, TaskQueued, no}},
		{"an unknown event", TaskRequeued + 1, [7]TaskStatus{no, no, no, no, no, no, no}},
	} {
		for i, from := range statuses {
			to, ok := from.After(row.on)
			switch want := row.to[i]; {
			case ok != (want != no):
				f.add("%s while %s: allowed %v", row.name, from, ok)
			case ok && to != want:
				f.add("%s while %s: became %s, want %s", row.name, from, to, want)
			case !ok && to != from:
				f.add("%s while %s: refused, but became %s", row.name, from, to)
			}
		}
	}
	return f
}

func wrongStatuses() (f faults) {
	count := func(of ...int) (c Counts) { copy(c[:], of); return c }
	for _, c := range []struct {
		name                                               string
		queued, active, completed, softFailed, failed, cut int
		run, hold, abort, insist                           JobStatus
	}{
		{"untouched", 3, 0, 0, 0, 0, 0, JobQueued, JobPaused, JobCanceled, JobQueued},
		{"one canceled before any started", 2, 0, 0, 0, 0, 1, JobQueued, JobPaused, JobCanceled, JobQueued},
		{"started", 2, 1, 0, 0, 0, 0, JobActive, JobPauseRequested, JobCancelRequested, JobActive},
		{"between tasks", 2, 0, 1, 0, 0, 0, JobActive, JobPaused, JobCanceled, JobActive},
		{"soft failure", 2, 0, 0, 1, 0, 0, JobActive, JobPaused, JobCanceled, JobActive},
		{"done", 0, 0, 3, 0, 0, 0, JobCompleted, JobCompleted, JobCompleted, JobCompleted},
		{"no tasks at all", 0, 0, 0, 0, 0, 0, JobCompleted, JobCompleted, JobCompleted, JobCompleted},
		{"a tenth failed", 5, 1, 3, 0, 1, 0, JobFailed, JobFailed, JobCancelRequested, JobActive},
		{"less than a tenth failed", 5, 1, 4, 0, 1, 0, JobActive, JobPauseRequested, JobCancelRequested, JobActive},
		{"finished with a failure", 0, 0, 99, 0, 1, 0, JobFailed, JobFailed, JobCanceled, JobFailed},
		{"finished with failure and cancellation", 0, 0, 98, 0, 1, 1, JobFailed, JobFailed, JobCanceled, JobFailed},
		{"the rest canceled", 0, 0, 2, 0, 0, 1, JobCanceled, JobCanceled, JobCanceled, JobCanceled},
		{"some canceled", 1, 0, 1, 0, 0, 1, JobActive, JobPaused, JobCanceled, JobActive},
	} {
		facts := JobFacts{Counts: count(c.queued, c.active, c.completed, c.softFailed, c.failed, c.cut)}
		for intent, want := range []JobStatus{c.run, c.hold, c.abort} {
			facts.Intent = Intent(intent)
			if got := facts.Status(); got != want {
				f.add("%s, intent %d: %s, want %s", c.name, intent, got, want)
			}
		}
		facts.Intent, facts.KeepGoing = IntentRun, true
		if got := facts.Status(); got != c.insist {
			f.add("%s, insisting: %s, want %s", c.name, got, c.insist)
		}
		facts.KeepGoing, facts.NoWorkersLeft = false, true
		want := JobFailed
		if c.run == JobCompleted {
			want = JobCompleted
		}
		if got := facts.Status(); got != want {
			f.add("%s, nobody left: %s, want %s", c.name, got, want)
		}
		facts.Intent = IntentAbort
		if got := facts.Status(); got != c.abort {
			f.add("%s, nobody left and canceled: %s, want %s", c.name, got, c.abort)
		}
		facts.Intent, facts.NoWorkersLeft, facts.GivenUp = IntentRun, false, true
		if got := facts.Status(); got != want {
			f.add("%s, a task was given up: %s, want %s", c.name, got, want)
		}
		facts.GivenUp = false
		facts.Planning = true
		if got := facts.Status(); got != JobUnderConstruction {
			f.add("%s, planning: %s", c.name, got)
		}
		facts.Planning, facts.Pass = false, Pass{Kind: PassRequeueAll}
		if got := facts.Status(); got != JobRequeueing {
			f.add("%s, in a pass: %s", c.name, got)
		}
	}
	return f
}

func wrongShown() (f faults) {
	for job := JobUnderConstruction; job <= JobRequeueing; job++ {
		waiting := map[JobStatus]TaskStatus{JobPaused: TaskPaused, JobPauseRequested: TaskPaused,
			JobCanceled: TaskCanceled, JobCancelRequested: TaskCanceled, JobFailed: TaskCanceled}
		for task := TaskQueued; task < TaskPaused; task++ {
			want, ok := waiting[job]
			if !ok || !task.Waiting() {
				want = task
			}
			if got := ShownStatus(task, job); got != want {
				f.add("a %s task of a %s job shows as %s, want %s", task, job, got, want)
			}
		}
	}
	return f
}

// wrongVerbs looks at what each verb does to a job in each status. Where two
// answers are sensible, this is the one that was chosen:
//
//   - pausing a canceled job takes the canceling back and leaves it held
//   - requeueing what failed of a paused job leaves it paused, and brings nothing
//     else of a canceled one back
//   - resuming a failed or canceled job requeues it: there is nothing else to resume
func wrongVerbs() (f faults) {
	const no, run, hold, abort = -1, int(IntentRun), int(IntentHold), int(IntentAbort)
	for _, c := range []struct {
		job     JobStatus
		intents [5]int      // by verb: cancel, pause, resume, requeue, requeue failed
		passes  [5]PassKind // likewise
	}{
		{JobUnderConstruction, [5]int{no, no, no, no, no}, [5]PassKind{}},
		{JobQueued, [5]int{abort, hold, run, run, run}, [5]PassKind{Requeue: PassRequeue, RequeueFailed: PassRequeueFailed}},
		{JobActive, [5]int{abort, hold, run, run, run}, [5]PassKind{Requeue: PassRequeue, RequeueFailed: PassRequeueFailed}},
		{JobPauseRequested, [5]int{abort, hold, run, run, hold}, [5]PassKind{Requeue: PassRequeue, RequeueFailed: PassRequeueFailed}},
		{JobPaused, [5]int{abort, hold, run, run, hold}, [5]PassKind{Requeue: PassRequeue, RequeueFailed: PassRequeueFailed}},
		{JobCancelRequested, [5]int{abort, hold, run, run, run}, [5]PassKind{Resume: PassRequeue, Requeue: PassRequeue, RequeueFailed: PassOnlyFailed}},
		{JobCanceled, [5]int{abort, hold, run, run, run}, [5]PassKind{Resume: PassRequeue, Requeue: PassRequeue, RequeueFailed: PassOnlyFailed}},
		{JobFailed, [5]int{abort, hold, run, run, run}, [5]PassKind{Resume: PassRequeue, Requeue: PassRequeue, RequeueFailed: PassRequeueFailed}},
		{JobCompleted, [5]int{no, no, no, run, no}, [5]PassKind{Requeue: PassRequeueAll}},
		{JobRequeueing, [5]int{abort, hold, run, run, no}, [5]PassKind{}},
	} {
		for v := Cancel; v <= RequeueFailed; v++ {
			row, ok := v.Row(c.job)
			var dropped []TaskStatus
			if v == Cancel && c.intents[v] != no {
				dropped = []TaskStatus{TaskActive}
			}
			switch {
			case ok != (c.intents[v] != no):
				f.add("verb %q on a %s job: done %v", v, c.job, ok)
			case ok && (int(row.Intent) != c.intents[v] || row.Pass != c.passes[v] || !slices.Equal(row.Tasks, dropped)):
				f.add("verb %q on a %s job: intent %d, pass %d, tasks %v", v, c.job, row.Intent, row.Pass, row.Tasks)
			case len(dropped) > 0 && row.Event != TaskDropped:
				f.add("verb %q sends tasks the event %d", v, row.Event)
			}
		}
	}
	return f
}

// wrongSpreading looks at every pair of statuses.
func wrongSpreading() (f faults) {
	for needed := TaskQueued; needed < TaskPaused; needed++ {
		for task := TaskQueued; task < TaskPaused; task++ {
			for _, spoiled := range []bool{false, true} {
				want := TaskAssigned // nothing
				switch {
				case (needed == TaskFailed || needed == TaskCanceled) && (task == TaskQueued || task == TaskSoftFailed):
					want = TaskDropped
				case needed == TaskQueued && task != TaskQueued && !spoiled:
					want = TaskRequeued
				}
				if e, why, ok := Propagate(needed, task, spoiled); e != want || ok != (want != TaskAssigned) || ok != (why != "") {
					f.add("a %s task needs one that becomes %s, spoiled %v: event %d, %q", task, needed, spoiled, e, why)
				}
			}
		}
	}
	return f
}

// wrongPasses runs each kind of pass over a job with a task of every status, of
// which the fourth, about which it is, needs the first and is needed by the last.
func wrongPasses() (f faults) {
	const q, a, c, s, x, d = TaskQueued, TaskActive, TaskCompleted, TaskSoftFailed, TaskFailed, TaskCanceled
	needs := [][]int{nil, nil, nil, {0}, nil, nil, nil, {3}}
	for _, row := range []struct {
		name         string
		kind         PassKind
		before, want [8]TaskStatus
	}{
		{"all that did not complete", PassRequeue, [8]TaskStatus{c, a, q, s, x, d, s, q}, [8]TaskStatus{c, a, q, q, q, q, q, q}},
		{"the first as well", PassRequeue, [8]TaskStatus{x, a, q, s, x, d, s, q}, [8]TaskStatus{q, a, q, q, q, q, q, q}},
		{"all of a completed job", PassRequeueAll, [8]TaskStatus{c, c, c, c, c, c, c, c}, [8]TaskStatus{q, q, q, q, q, q, q, q}},
		{"what failed", PassRequeueFailed, [8]TaskStatus{c, a, q, x, x, d, s, d}, [8]TaskStatus{c, a, q, q, q, d, s, q}},
		{"what failed, the first as well, and what needs it", PassRequeueFailed, [8]TaskStatus{x, a, q, d, x, d, s, d}, [8]TaskStatus{q, a, q, q, q, d, s, q}},
		{"the first of a canceled job", PassOnlyFailed, [8]TaskStatus{x, d, q, d, x, d, s, d}, [8]TaskStatus{q, d, d, q, q, d, d, q}},
		{"what failed of a canceled job", PassOnlyFailed, [8]TaskStatus{c, d, q, x, x, d, s, d}, [8]TaskStatus{c, d, d, q, q, d, d, q}},
		{"what failed of a canceled job, of which much waited", PassOnlyFailed, [8]TaskStatus{q, d, q, d, x, d, s, d}, [8]TaskStatus{d, d, d, d, q, d, d, d}},
		{"a task that was canceled", PassRequeueTask, [8]TaskStatus{c, a, q, d, x, d, s, d}, [8]TaskStatus{c, a, q, q, x, d, s, q}},
		{"one task", PassRequeueTask, [8]TaskStatus{c, a, q, c, x, d, s, c}, [8]TaskStatus{c, a, q, q, x, d, s, q}},
		{"one task, and what needs it runs", PassRequeueTask, [8]TaskStatus{c, a, q, c, x, d, s, a}, [8]TaskStatus{c, a, q, q, x, d, s, q}},
		{"a running task", PassRequeueTask, [8]TaskStatus{c, a, q, a, x, d, s, q}, [8]TaskStatus{c, a, q, q, x, d, s, q}},
		{"a task that soft-failed", PassRequeueTask, [8]TaskStatus{c, a, q, s, x, d, s, s}, [8]TaskStatus{c, a, q, q, x, d, s, q}},
		{"a task that failed", PassRequeueTask, [8]TaskStatus{c, a, q, x, x, d, s, x}, [8]TaskStatus{c, a, q, q, x, d, s, q}},
		{"one task of a stopped job", PassRevive, [8]TaskStatus{q, d, q, d, x, d, s, d}, [8]TaskStatus{q, d, d, q, x, d, d, q}},
		{"one task that waited in a stopped job", PassRevive, [8]TaskStatus{q, c, q, q, x, d, s, q}, [8]TaskStatus{q, c, d, q, x, d, d, q}},
	} {
		job := trial{n: 8, insist: true, pass: Pass{Kind: row.kind}}
		if row.kind == PassRequeueTask || row.kind == PassRevive {
			job.pass.Root = 3
		}
		copy(job.tasks[:], row.before[:])
		for n := 0; job.pass.InProgress(); n++ {
			if n > 100 {
				f.add("%s: the pass does not end", row.name)
				break
			}
			job.slice(needs)
		}
		if got := [8]TaskStatus(job.tasks[:]); got != row.want {
			f.add("%s: %v became %v, want %v", row.name, row.before, got, row.want)
		}
	}
	return f
}

func TestVerbForWantedStatus(t *testing.T) {
	for wanted, want := range map[JobStatus]Verb{JobCancelRequested: Cancel, JobCanceled: Cancel, JobPauseRequested: Pause,
		JobPaused: Pause, JobRequeueing: Requeue, JobQueued: Resume, JobActive: Resume} {
		if got, ok := VerbFor(wanted); !ok || got != want {
			t.Errorf("%s means verb %d, %v; want %d", wanted, got, ok, want)
		}
	}
	for _, wanted := range []JobStatus{JobUnderConstruction, JobCompleted, JobFailed, JobRequeueing + 1} {
		if _, ok := VerbFor(wanted); ok {
			t.Errorf("%s cannot be asked for, but has a verb", wanted)
		}
	}
}
