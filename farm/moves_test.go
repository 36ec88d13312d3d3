package farm

import (
	"fmt"
	"slices"
	"testing"
)

func TestTaskMoves(t *testing.T) {
	const no = TaskPaused // never a status to move to
	statuses := []TaskStatus{TaskQueued, TaskActive, TaskCompleted, TaskSoftFailed, TaskFailed, TaskCanceled, TaskPaused}
	for _, row := range []struct {
		name string
		on   TaskEvent
		to   [7]TaskStatus // from each of statuses
	}{
		{"assigned", TaskAssigned, [7]TaskStatus{TaskActive, no, no, TaskActive, no, no, no}},
		{"succeeded", TaskSucceeded, [7]TaskStatus{no, TaskCompleted, no, no, no, no, no}},
		{"broke", TaskBroke, [7]TaskStatus{no, TaskSoftFailed, no, no, no, no, no}},
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
				t.Errorf("%s while %s: allowed %v", row.name, from, ok)
			case ok && to != want:
				t.Errorf("%s while %s: became %s, want %s", row.name, from, to, want)
			case !ok && to != from:
				t.Errorf("%s while %s: refused, but became %s", row.name, from, to)
			}
		}
	}
}

func TestJobStatusRules(t *testing.T) {
	count := func(of ...int) (c Counts) { copy(c[:], of); return c }
	for _, c := range []struct {
		name                                               string
		queued, active, completed, softFailed, failed, cut int
		run, hold, abort, insist                           JobStatus
	}{
		{"untouched", 3, 0, 0, 0, 0, 0, JobQueued, JobPaused, JobCanceled, JobQueued},
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
		f := JobFacts{Counts: count(c.queued, c.active, c.completed, c.softFailed, c.failed, c.cut)}
		for intent, want := range []JobStatus{c.run, c.hold, c.abort} {
			f.Intent = Intent(intent)
			if got := f.Status(); got != want {
				t.Errorf("%s, intent %d: %s, want %s", c.name, intent, got, want)
			}
		}
		f.Intent, f.Insist = IntentRun, true
		if got := f.Status(); got != c.insist {
			t.Errorf("%s, insisting: %s, want %s", c.name, got, c.insist)
		}
		f.Insist = false
		f.Planning = true
		if got := f.Status(); got != JobUnderConstruction {
			t.Errorf("%s, planning: %s", c.name, got)
		}
	}
}

func TestShownStatus(t *testing.T) {
	for job := JobUnderConstruction; job <= JobRequeueing; job++ {
		waiting := map[JobStatus]TaskStatus{JobPaused: TaskPaused, JobPauseRequested: TaskPaused,
			JobCanceled: TaskCanceled, JobCancelRequested: TaskCanceled, JobFailed: TaskCanceled}
		for task := TaskQueued; task < TaskPaused; task++ {
			want, ok := waiting[job]
			if !ok || !task.Waiting() {
				want = task
			}
			if got := ShownStatus(task, job); got != want {
				t.Errorf("a %s task of a %s job shows as %s, want %s", task, job, got, want)
			}
		}
	}
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

// trial is one situation of a small job. It is comparable, so that situations
// seen before are recognised.
type trial struct {
	intent Intent
	insist bool
	n      int
	tasks  [4]TaskStatus
}

func (s *trial) facts() JobFacts {
	f := JobFacts{Intent: s.intent, Insist: s.insist}
	for _, task := range s.tasks[:s.n] {
		f.Counts[task]++
	}
	return f
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
	s.spread(i, needs)
	s.settle(needs)
}

// spread follows task i's new status to the tasks that need it.
func (s *trial) spread(i int, needs [][]int) {
	for d := range s.n {
		if !slices.Contains(needs[d], i) {
			continue
		}
		if e, _, ok := Spread(s.tasks[i], s.tasks[d], s.spoiled(d, needs)); ok {
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

// nexts returns the situations that one event or verb leads to.
func (s trial) nexts(needs [][]int) []trial {
	var out []trial
	for i := range s.n {
		for e := TaskAssigned; e <= TaskRequeued; e++ {
			_, ok := s.tasks[i].After(e)
			status := s.facts().Status()
			if e == TaskRequeued && s.tasks[i] == TaskQueued && status.TakesBack() && !s.spoiled(i, needs) {
				next := s
				next.revive(i, needs) // it shows as canceled, and runs again
				out = append(out, next)
				continue
			}
			if !ok || e == TaskAssigned && !s.ready(i, needs) || e == TaskRequeued && s.spoiled(i, needs) {
				continue
			}
			next := s
			switch {
			case e == TaskRequeued && status.TakesBack():
				next.revive(i, needs)
			case e == TaskRequeued && status == JobCompleted:
				next.intent = IntentRun
			}
			next.move(i, e, needs)
			out = append(out, next)
		}
	}
	for v := Cancel; v <= Requeue; v++ {
		next := s
		f := s.facts()
		row, ok := v.Row(f.Status())
		if !ok {
			continue
		}
		next.intent = row.Intent
		if row.Verb == Requeue {
			next.insist = false
		}
		for i := range s.n {
			if slices.Contains(row.Tasks, next.tasks[i]) {
				next.tasks[i], _ = next.tasks[i].After(row.Event)
				if row.Event == TaskDropped {
					next.spread(i, needs)
				}
			}
		}
		next.settle(needs)
		out = append(out, next)
	}
	return out
}

// revive lets a job that is over go on for the sake of task i: what waited in
// it stays canceled, except for what task i needs.
func (s *trial) revive(i int, needs [][]int) {
	s.intent, s.insist = IntentRun, true
	wanted := map[int]bool{}
	for todo := []int{i}; len(todo) > 0; todo = todo[1:] {
		wanted[todo[0]] = true
		todo = append(todo, needs[todo[0]]...)
	}
	for other := range s.n {
		if s.tasks[other].Waiting() && !wanted[other] {
			s.tasks[other] = TaskCanceled
		}
	}
}

func TestEveryStoryOfSmallJobs(t *testing.T) {
	for name, needs := range map[string][][]int{
		"one":              {nil},
		"two":              {nil, nil},
		"four":             {nil, nil, nil, nil},
		"frames and video": {nil, nil, nil, {0, 1, 2}},
		"chain":            {nil, {0}, {1}, {2}},
		"diamond":          {nil, {0}, {0}, {1, 2}},
	} {
		t.Run(name, func(t *testing.T) { explore(t, needs) })
	}
}

// explore follows every interleaving of verbs and task events, and checks each
// situation. Then it walks back from the completed ones: a situation not found
// on the way would be a job that nobody can bring to its end.
func explore(t *testing.T, needs [][]int) {
	start := trial{n: len(needs)}
	from := map[trial][]trial{start: nil} // who leads here
	var ends []trial
	jobs, tasks := map[JobStatus]bool{}, map[TaskStatus]bool{}
	for queue := []trial{start}; len(queue) > 0; queue = queue[1:] {
		s := queue[0]
		f := s.facts()
		status := f.Status()
		jobs[status] = true
		for _, task := range s.tasks[:s.n] {
			tasks[task] = true
		}
		if why := s.wrong(needs); why != "" {
			t.Errorf("intent %d, tasks %v, job %s: %s", s.intent, s.tasks[:s.n], status, why)
		}
		if status == JobCompleted {
			ends = append(ends, s)
		}
		for _, next := range s.nexts(needs) {
			if _, seen := from[next]; !seen {
				queue = append(queue, next)
			}
			from[next] = append(from[next], s)
		}
	}
	canEnd := map[trial]bool{}
	for len(ends) > 0 {
		s := ends[len(ends)-1]
		ends = ends[:len(ends)-1]
		if !canEnd[s] {
			canEnd[s] = true
			ends = append(ends, from[s]...)
		}
	}
	for s := range from {
		if !canEnd[s] {
			t.Errorf("intent %d, tasks %v: no way to complete the job", s.intent, s.tasks[:s.n])
		}
	}
	for _, status := range []JobStatus{JobQueued, JobActive, JobPauseRequested, JobPaused, JobCanceled, JobCompleted, JobFailed} {
		if !jobs[status] {
			t.Errorf("no story makes the job %s", status)
		}
	}
	if len(tasks) != TaskStatuses {
		t.Errorf("tasks were only in the statuses %v", tasks)
	}
	t.Logf("%d situations", len(from))
}

// wrong says what a situation should never be.
func (s *trial) wrong(needs [][]int) string {
	f := s.facts()
	status := f.Status()
	runnable := 0
	for i := range s.n {
		if s.ready(i, needs) {
			runnable++
		}
	}
	active := f.Counts[TaskActive]
	switch {
	case status.Over() && active > 0:
		return "the job is over, but a worker is on it"
	case status.Over() && runnable > 0:
		return "the job is over, but a task may be handed out"
	case status.Runs() && active == 0 && runnable == 0:
		return "the job runs, but nothing of it ever can"
	case status == JobPauseRequested && active == 0, status == JobPaused && active > 0:
		return "pausing does not end when the last worker is done"
	case status == JobCompleted && f.Counts[TaskCompleted] != s.n:
		return "the job completed, but not all of its tasks did"
	}
	for i := range s.n {
		if shown := ShownStatus(s.tasks[i], status); status.Over() && shown.Open() {
			return fmt.Sprintf("the job is over, but task %d shows as %s", i, shown)
		}
	}
	return ""
}
