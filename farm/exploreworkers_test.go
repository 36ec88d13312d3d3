package farm

import (
	"cmp"
	"fmt"
	"math/bits"
	"os"
	"strings"
	"testing"
)

// worked is a trial with workers: who holds what, who failed what, who is awake,
// and who is blocked. Sets of workers are bits.
type worked struct {
	trial
	size            uint8
	awake, blocked  uint8
	holder          [workedTasks]uint8 // one bit, or none
	failedBy, tries [workedTasks]uint8
	spent           [workedTasks]bool // it was excused, which is all that it gets here
}

const (
	workedTasks = 3
	maxTries    = 2
	maxFailed   = 2
)

func (s *worked) String() string {
	return fmt.Sprintf("%v held by %v, failed by %b (%v times), awake %b, blocked %b", &s.trial, s.holder[:s.n], s.failedBy[:s.n], s.tries[:s.n], s.awake, s.blocked)
}

func (s *worked) everybody() uint8 { return 1<<s.size - 1 }

// after sets right what follows from changes of statuses: what is not active has
// no holder, and what was requeued or dropped is forgiven. settled says that it was a
// job that ended which took tasks back: those are not forgiven.
func (s *worked) after(before *trial, settled bool) {
	for i := range s.n {
		if s.tasks[i] != TaskActive {
			s.holder[i] = 0
		}
		was, is := before.tasks[i], s.tasks[i]
		if was != is && (is == TaskQueued || is == TaskCanceled && !(settled && was == TaskActive)) {
			s.failedBy[i], s.tries[i], s.spent[i] = 0, 0, false
		}
	}
}

// takes returns the task that a worker would get, or -1.
func (s *worked) takes(w uint8, needs [][]int) int {
	if s.awake&w == 0 || s.blocked&w != 0 {
		return -1
	}
	for i := range s.n {
		if s.holder[i] == w {
			return -1
		}
	}
	for i := range s.n {
		others := s.awake &^ s.blocked &^ s.failedBy[i]
		if s.ready(i, needs) && (s.failedBy[i]&w == 0 || others == 0) {
			return i
		}
	}
	return -1
}

// fail is a failure of the worker that holds task i, as the manager applies Judge.
func (s *worked) fail(i int, says Consequence, needs [][]int) {
	w := s.holder[i]
	was := s.failedBy[i]
	s.failedBy[i] |= w
	s.tries[i]++
	failed := 0
	for t := range s.n {
		if s.failedBy[t]&w != 0 {
			failed++
		}
	}
	able := s.everybody() &^ s.blocked &^ w
	f := Failure{Tries: int(s.tries[i]), MaxTries: maxTries, Failed: failed, MaxFailed: maxFailed,
		Capable: bits.OnesCount8(able), Untried: bits.OnesCount8(able &^ s.failedBy[i]), Consequence: says, Again: was&w != 0}
	if s.spent[i] {
		f.Excused = MaxFarmFaults
	}
	v := Judge(f)
	if v.Excused {
		s.spent[i] = true
		s.tries[i]--
		if !f.BlamesWorker(v) {
			s.failedBy[i] = was
		}
	}
	s.given = s.given || v.JobFails
	if v.Hold && s.intent == IntentRun {
		s.intent, s.retry = IntentHold, true
	}
	before := s.trial
	s.tasks[i], _ = s.tasks[i].After(v.Task)
	s.holder[i] = 0
	if v.Block && v.Task == TaskAttemptFailed {
		s.tries[i] = min(s.tries[i], uint8(bits.OnesCount8(s.failedBy[i]&^w)))
	}
	s.spread(i, needs)
	s.after(&before, false)
	if v.Block {
		s.block(w, needs)
	}
	s.nobody = s.nobody || v.NoWorkersLeft
	before = s.trial
	s.settle(needs)
	s.after(&before, true)
}

// block blocks a worker; what it made fail, others may try.
func (s *worked) block(w uint8, needs [][]int) {
	s.blocked |= w
	for i := range s.n {
		fresh := s.everybody() &^ s.blocked &^ s.failedBy[i]
		if s.tasks[i] == TaskFailed && s.failedBy[i]&w != 0 && fresh != 0 {
			before := s.trial
			failedBy, tries, spent := s.failedBy[i], s.tries[i], s.spent[i]
			s.tasks[i], _ = TaskFailed.After(TaskRequeued)
			s.spread(i, needs)
			s.after(&before, false)
			s.failedBy[i], s.tries[i], s.spent[i] = failedBy, min(tries, uint8(bits.OnesCount8(failedBy)-1)), spent
		}
	}
}

// leave returns what a worker holds.
func (s *worked) leave(w uint8) {
	s.awake &^= w
	for i := range s.n {
		if s.holder[i] == w {
			s.tasks[i], _ = s.tasks[i].After(TaskReturned)
			s.holder[i] = 0
		}
	}
}

type workedStory struct {
	what string
	next worked
}

// nexts returns what can happen: to the workers, and by users.
func (s *worked) nexts(needs [][]int) (out []workedStory) {
	add := func(what string, do func(next *worked)) {
		next := *s
		do(&next)
		out = append(out, workedStory{what, next})
	}
	for w := uint8(1); w <= s.everybody(); w <<= 1 {
		if i := s.takes(w, needs); i >= 0 {
			add(fmt.Sprintf("worker %d takes task %d", w, i), func(next *worked) {
				next.tasks[i], _ = next.tasks[i].After(TaskAssigned)
				next.holder[i] = w
			})
		}
		if s.awake&w != 0 {
			add(fmt.Sprintf("worker %d leaves", w), func(next *worked) { next.leave(w) })
		} else {
			add(fmt.Sprintf("worker %d comes back", w), func(next *worked) { next.awake |= w })
		}
		if s.blocked&w != 0 {
			add(fmt.Sprintf("worker %d is unblocked", w), func(next *worked) { next.unblock(w, needs) })
		}
	}
	if s.retry {
		add("its time has come", func(next *worked) { next.intent, next.retry = IntentRun, false })
	}
	for i := range s.n {
		if s.holder[i] != 0 {
			add(fmt.Sprintf("task %d succeeds", i), func(next *worked) {
				next.tasks[i], next.holder[i] = TaskCompleted, 0
			})
			for _, says := range Consequences() {
				add(fmt.Sprintf("as its log says %s, task %d fails", says, i), func(next *worked) { next.fail(i, says, needs) })
			}
		}
		if s.tasks[i].Open() {
			add(fmt.Sprintf("task %d is canceled", i), func(next *worked) {
				before := next.trial
				next.move(i, TaskDropped, needs)
				next.after(&before, false)
			})
		}
	}
	return append(out, s.wanted(needs)...)
}

// wanted returns what users can ask for that passes do, each at once.
func (s *worked) wanted(needs [][]int) (out []workedStory) {
	for i := range s.n {
		if to, ok := s.again(i, needs); ok {
			next := *s
			if s.everybody()&^s.blocked == 0 {
				next.blocked = 0 // else it would wait for ever
			}
			next.through(to, needs)
			out = append(out, workedStory{fmt.Sprint(again, i), next})
		}
	}
	for _, to := range s.wishes(needs) {
		next := *s
		if to.next.pass.InProgress() {
			next.forgive()
		}
		next.through(to.next, needs)
		out = append(out, workedStory{to.what, next})
	}
	return out
}

// forgive lets everybody try everything again.
func (s *worked) forgive() {
	s.blocked = 0
	for i := range s.n {
		if s.tasks[i] == TaskQueued {
			s.failedBy[i], s.tries[i], s.spent[i] = 0, 0, false
		}
	}
}

// through puts the job where a wish leads, to the end of the pass.
func (s *worked) through(to trial, needs [][]int) {
	before := s.trial
	s.trial = to
	for s.pass.InProgress() {
		s.slice(needs)
	}
	s.after(&before, false)
}

// unblock lifts a block; a job for which nobody was left is requeued.
func (s *worked) unblock(w uint8, needs [][]int) {
	s.blocked &^= w
	if row, ok := Requeue.Row(s.facts().Status()); ok && s.nobody && s.facts().Status() == JobFailed {
		to := s.trial
		to.intent, to.insist, to.nobody, to.pass = row.Intent, false, false, Pass{Kind: row.Pass}
		to.given, to.retry = false, false
		s.through(to, needs)
	}
}

// wrong says what a situation should never be.
func (s *worked) wrong(needs [][]int) string {
	if why := s.trial.wrong(needs); why != "" {
		return why
	}
	held := uint8(0)
	for i := range s.n {
		switch h := s.holder[i]; {
		case (s.tasks[i] == TaskActive) != (h != 0):
			return fmt.Sprintf("task %d is active and nobody has it, or the other way round", i)
		case h&held != 0:
			return "a worker has two tasks"
		case h&^s.awake != 0:
			return "a worker that is away has a task"
		case s.tries[i] > maxTries:
			return fmt.Sprintf("task %d was tried more often than it may be", i)
		default:
			held |= h
		}
	}
	status := s.facts().Status()
	if !status.Runs() || held != 0 || s.awake != s.everybody() {
		return ""
	}
	for w := uint8(1); w <= s.everybody(); w <<= 1 {
		if s.takes(w, needs) >= 0 {
			return ""
		}
	}
	return "the job runs, everybody is awake, and nobody gets anything to do"
}

// wrongWay says what should never come of what happened.
func (s *worked) wrongWay(to *workedStory) string {
	for i := range s.n {
		was, is := s.tasks[i], to.next.tasks[i]
		asked := strings.Contains(to.what, "equeue") || strings.Contains(to.what, "esume") || strings.HasSuffix(to.what, "unblocked")
		judged := strings.HasSuffix(to.what, "fails") // others may try what a blocked worker failed
		switch {
		case was == is || asked || judged && (was == TaskFailed || was == TaskCanceled) && is == TaskQueued:
		case was == TaskCompleted || was == TaskFailed || was == TaskCanceled:
			return fmt.Sprintf("task %d went from %s to %s", i, was, is)
		}
	}
	return ""
}

// TestEveryStoryWithWorkers follows every interleaving of what one or two workers
// and users can do with two tasks: failures and their verdicts, blocks, leaving and
// coming back, verbs.
func TestEveryStoryWithWorkers(t *testing.T) {
	for _, c := range []struct {
		name  string
		size  uint8
		needs [][]int
		soak  bool // only then: there are very many
	}{
		{"one worker, two tasks", 1, [][]int{nil, nil}, false},
		{"one worker, a chain", 1, [][]int{nil, {0}}, false},
		{"two workers, one task", 2, [][]int{nil}, false},
		{"two workers, a chain", 2, [][]int{nil, {0}}, false},
		{"two workers, two tasks", 2, [][]int{nil, nil}, true},
		{"one worker, frames and video", 1, [][]int{nil, nil, {0, 1}}, false},
		{"two workers, frames and video", 2, [][]int{nil, nil, {0, 1}}, true},
		{"three workers, two tasks", 3, [][]int{nil, nil}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.soak && os.Getenv("FARM_SOAK") == "" {
				t.Skip("with FARM_SOAK only")
			}
			situations, wrong := exploreWorkers(c.size, c.needs)
			if wrong != "" {
				t.Error(wrong)
			}
			t.Logf("%d situations", situations)
		})
	}
}

// exploreWorkers is explore with workers.
func exploreWorkers(size uint8, needs [][]int) (situations int, wrong string) {
	start := worked{trial: trial{n: len(needs)}, size: size}
	from := map[worked][]worked{start: nil}
	var ends []worked
	seen := map[string]bool{}
	for queue := []worked{start}; len(queue) > 0; queue = queue[1:] {
		s := queue[0]
		if why := s.wrong(needs); why != "" {
			return len(from), fmt.Sprintf("%v: %s", &s, why)
		}
		seen["blocked"] = seen["blocked"] || s.blocked != 0
		seen["nobody left"] = seen["nobody left"] || s.nobody
		if s.facts().Status() == JobCompleted {
			ends = append(ends, s)
		}
		for _, to := range s.nexts(needs) {
			if why := cmp.Or(s.wrongWay(&to), s.wrongPass(to.what, &to.next.trial, needs)); why != "" {
				return len(from), fmt.Sprintf("%v, %s, became %v: %s", &s, to.what, &to.next, why)
			}
			if _, known := from[to.next]; !known {
				queue = append(queue, to.next)
			}
			from[to.next] = append(from[to.next], s)
		}
	}
	canEnd := map[worked]bool{}
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
			return len(from), fmt.Sprintf("%v: no way to complete the job", &s)
		}
	}
	if len(needs) >= maxFailed && !(seen["blocked"] && seen["nobody left"]) {
		return len(from), fmt.Sprintf("only seen: %v", seen)
	}
	return len(from), ""
}
