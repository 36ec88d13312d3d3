package farm

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// plans are the jobs whose every story is followed: who needs whom.
var plans = map[string][][]int{
	"one":               {nil},
	"two":               {nil, nil},
	"three":             {nil, nil, nil},
	"frames and video":  {nil, nil, nil, {0, 1, 2}},
	"video first":       {{1, 2}, nil, nil},
	"chain":             {nil, {0}, {1}, {2}},
	"chain backwards":   {{1}, {2}, nil},
	"chain in disorder": {{2}, nil, {1}},
	"diamond":           {nil, {0}, {0}, {1, 2}},
}

func TestEveryStoryOfSmallJobs(t *testing.T) {
	for name, needs := range plans {
		t.Run(name, func(t *testing.T) {
			situations, wrong := explore(needs)
			if wrong != "" {
				t.Error(wrong)
			}
			t.Logf("%d situations", situations)
		})
	}
}

// explore follows every interleaving of verbs, task events and slices of passes,
// and checks each situation and each way from one to another. Then it walks back
// from the completed ones: a situation not found on the way would be a job that
// nobody can bring to its end. It returns the first thing that is wrong.
func explore(needs [][]int) (situations int, wrong string) {
	start := trial{n: len(needs)}
	from := map[trial][]trial{start: nil} // who leads here
	var ends []trial
	jobs, tasks := map[JobStatus]bool{}, map[TaskStatus]bool{}
	for queue := []trial{start}; len(queue) > 0; queue = queue[1:] {
		s := queue[0]
		status := s.facts().Status()
		jobs[status] = true
		for _, task := range s.tasks[:s.n] {
			tasks[task] = true
		}
		if why := s.wrong(needs); why != "" {
			return len(from), fmt.Sprintf("%v: %s", &s, why)
		}
		if status == JobCompleted {
			ends = append(ends, s)
		}
		for _, to := range s.nexts(needs) {
			if why := cmp.Or(s.wrongWay(to.what, &to.next), s.wrongPass(to.what, &to.next, needs)); why != "" {
				return len(from), fmt.Sprintf("%v, %s, became %v: %s", &s, to.what, &to.next, why)
			}
			if _, seen := from[to.next]; !seen {
				queue = append(queue, to.next)
			}
			from[to.next] = append(from[to.next], s)
		}
	}
	return len(from), unfinished(from, ends, jobs, tasks)
}

// unfinished says what cannot be brought to an end, and what never happens.
func unfinished(from map[trial][]trial, ends []trial, jobs map[JobStatus]bool, tasks map[TaskStatus]bool) string {
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
			return fmt.Sprintf("%v: no way to complete the job", &s)
		}
	}
	want := []JobStatus{JobQueued, JobActive, JobPauseRequested, JobPaused, JobCanceled, JobCompleted, JobFailed, JobRequeueing}
	for _, status := range want {
		if !jobs[status] {
			return fmt.Sprintf("no story makes the job %s", status)
		}
	}
	if len(tasks) != TaskStatuses {
		return fmt.Sprintf("tasks were only in the statuses %v", slices.Collect(maps.Keys(tasks)))
	}
	return ""
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
	case status == JobCanceled && s.intent != IntentAbort && f.Counts[TaskFailed] > 0:
		return "nobody canceled the job, and that a task failed is hidden"
	case s.retry && s.intent != IntentHold:
		return "nobody holds the job, and the hold is to end"
	case status == JobFailed && f.Counts[TaskFailed] == 0:
		return "the job failed, but no task did"
	case s.pass.InProgress() && !s.pass.Valid():
		return "there is no such pass"
	}
	for i := range s.n {
		if why := s.wrongTask(i, needs, status); why != "" {
			return fmt.Sprintf("task %d %s", i, why)
		}
	}
	return ""
}

func (s *trial) wrongTask(i int, needs [][]int, status JobStatus) string {
	shown := ShownStatus(s.tasks[i], status)
	begun := s.tasks[i] == TaskActive || s.tasks[i] == TaskCompleted
	_, possible := s.again(i, needs)
	switch {
	case status.Over() && shown.Open():
		return "shows as " + shown.String() + ", and the job is over"
	case status.Over() && !s.spoiled(i, needs) && !possible:
		return "cannot be done again"
	case s.pass.InProgress():
		return "" // what follows is right again when it ends
	case s.tasks[i].Waiting() && s.spoiled(i, needs):
		return "waits for one that can never complete"
	}
	for _, need := range needs[i] {
		if begun && s.tasks[need] != TaskCompleted {
			return fmt.Sprintf("began, and task %d, which it needs, is %s", need, s.tasks[need])
		}
	}
	return ""
}

// wrongPass says how a task that was to be done again is not, in the end.
func (s *trial) wrongPass(what string, next *trial, needs [][]int) string {
	one := s.pass.Kind == PassRequeueTask || s.pass.Kind == PassRevive
	switch root := s.pass.Root; {
	case strings.HasPrefix(what, again) && next.intent == IntentAbort:
		return "the job stays canceled"
	case one && !next.pass.InProgress() && next.tasks[root] != TaskQueued && !next.spoiled(root, needs):
		return fmt.Sprintf("task %d was to be done again, and is %s", root, next.tasks[root])
	}
	return ""
}

// wrongWay says what should never come of what happened: work that is lost, a
// failure that goes away by itself, a wish that is not heeded.
func (s *trial) wrongWay(what string, next *trial) string {
	asked := s.pass.InProgress() || next.pass.InProgress()
	for i := range s.n {
		was, is := s.tasks[i], next.tasks[i]
		switch {
		case was == is || asked && is == TaskQueued:
		case was == TaskCompleted || was == TaskFailed || was == TaskCanceled:
			return fmt.Sprintf("nobody asked for task %d again, and it went from %s to %s", i, was, is)
		}
	}
	status := next.facts().Status()
	switch {
	case what == Cancel.String() && status != JobCanceled && status != JobRequeueing && status != JobCompleted:
		return "it was canceled"
	case what == Pause.String() && (next.intent != IntentHold || next.retry || status.Runs()):
		return "it was paused"
	case what == Resume.String() && next.intent != IntentRun, what == Requeue.String() && next.intent != IntentRun:
		return "it is to run"
	case what == Cancel.String() && next.facts().Counts[TaskActive] > 0:
		return "its workers go on"
	}
	return ""
}
