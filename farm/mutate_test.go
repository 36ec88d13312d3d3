package farm

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"
)

// A mutant is one change of one row of a rule.
type mutant struct {
	name string
	make func() (undo func())
}

// mutants collects changes of the tables.
type mutants []mutant

// set adds the mutant that gives a value another one.
func set[T any](m *mutants, at *T, to T, format string, args ...any) {
	*m = append(*m, mutant{fmt.Sprintf(format, args...), func() func() {
		was := *at
		*at = to
		return func() { *at = was }
	}})
}

// drop adds the mutants that lack one element of a list each.
func drop[T any](m *mutants, list *[]T, format string, args ...any) {
	for i := range *list {
		without := slices.Delete(slices.Clone(*list), i, i+1)
		set(m, list, without, "%s without %v", fmt.Sprintf(format, args...), nameOfRow((*list)[i], i))
	}
}

// nameOfRow names what is missing: a status by its name, a row by its number.
func nameOfRow(v any, i int) string {
	if s, ok := v.(fmt.Stringer); ok {
		return s.String()
	}
	return fmt.Sprintf("row %d", i)
}

// swap adds the mutants in which two neighbours of a list changed places.
func swap[T any](m *mutants, list *[]T, what string) {
	for i := range len(*list) - 1 {
		other := slices.Clone(*list)
		other[i], other[i+1] = other[i+1], other[i]
		set(m, list, other, "%s with rows %d and %d swapped", what, i, i+1)
	}
}

func allMutants() (m mutants) {
	drop(&m, &moves, "moves")
	for i := range moves {
		row := &moves[i]
		drop(&m, &row.from, "move %d", i)
		for to := TaskQueued; to < TaskPaused; to++ {
			if to != row.to {
				set(&m, &row.to, to, "move %d leads to %s", i, to)
			}
		}
	}
	drop(&m, &jobRules, "job rules")
	swap(&m, &jobRules, "job rules")
	for i := range jobRules {
		for status := JobUnderConstruction; status <= JobRequeueing; status++ {
			if status != jobRules[i].status {
				set(&m, &jobRules[i].status, status, "job rule %d says %s", i, status)
			}
		}
	}
	drop(&m, &takesBack, "statuses that take tasks back")
	drop(&m, &effects, "effects")
	for i := range effects {
		row := &effects[i]
		drop(&m, &row.needed, "effect %d, needed", i)
		drop(&m, &row.task, "effect %d, task", i)
		set(&m, &row.unspoiled, !row.unspoiled, "effect %d, unspoiled %v", i, !row.unspoiled)
	}
	drop(&m, &verdicts, "verdicts")
	swap(&m, &verdicts, "verdicts")
	for i := range verdicts {
		v := &verdicts[i].Verdict
		for _, to := range []Verdict{{Task: TaskAttemptFailed}, {Task: TaskAttemptFailed, Block: true}, {Task: TaskGivenUp}, {Task: TaskGivenUp, Block: true}, {Task: TaskGivenUp, Block: true, NoWorkersLeft: true},
			{Task: TaskGivenUp, JobFails: true}, {Task: TaskAttemptFailed, Excused: true}, {Task: TaskAttemptFailed, Excused: true, Hold: true}} {
			if to != *v {
				set(&m, v, to, "verdict %d is %+v", i, to)
			}
		}
	}
	verbMutants(&m)
	passMutants(&m)
	return m
}

func verbMutants(m *mutants) {
	drop(m, &verbs, "verbs")
	for i := range verbs {
		row := &verbs[i]
		drop(m, &row.In, "verb row %d (%s), in", i, row.Verb)
		drop(m, &row.Tasks, "verb row %d (%s), tasks", i, row.Verb)
		for intent := IntentRun; intent <= IntentAbort; intent++ {
			if intent != row.Intent {
				set(m, &row.Intent, intent, "verb row %d (%s) makes the intent %d", i, row.Verb, intent)
			}
		}
		for kind := NoPass; kind <= PassOnlyFailed; kind++ {
			if kind != row.Pass {
				set(m, &row.Pass, kind, "verb row %d (%s) begins pass %d", i, row.Verb, kind)
			}
		}
	}
}

func passMutants(m *mutants) {
	for kind := range passSteps {
		if len(passSteps[kind]) > 1 {
			drop(m, &passSteps[kind], "pass %d", kind)
			swap(m, &passSteps[kind], fmt.Sprintf("pass %d", kind))
		}
		for i := range passSteps[kind] {
			step := &passSteps[kind][i]
			drop(m, &step.From, "pass %d step %d", kind, i)
			set(m, &step.Propagate, !step.Propagate, "pass %d step %d, propagate %v", kind, i, !step.Propagate)
			set(m, &step.Unrunnable, !step.Unrunnable, "pass %d step %d, unrunnable %v", kind, i, !step.Unrunnable)
			for scope := ScopeAll; scope <= ScopeRest; scope++ {
				if scope != step.Scope {
					set(m, &step.Scope, scope, "pass %d step %d, scope %d", kind, i, scope)
				}
			}
			for _, on := range []TaskEvent{TaskRequeued, TaskDropped} {
				if on != step.On {
					set(m, &step.On, on, "pass %d step %d sends event %d", kind, i, on)
				}
			}
		}
	}
}

// excused are the mutants that nobody notices, and why both answers are fine.
var excused = map[string]string{
	"job rules with rows 0 and 1 swapped": "a job under construction has no pass",
	"job rules with rows 2 and 3 swapped": "when all are completed none is active",
	"job rules with rows 5 and 6 swapped": "both say failed",
	"job rules with rows 6 and 7 swapped": "both say failed",
	"job rules with rows 8 and 9 swapped": "when all are finished none is active",

	"statuses that take tasks back without cancel-requested": "canceling drops what is active itself, so that nothing is ever left in this status; a job is taken for canceled all the same",

	"verdicts with rows 0 and 1 swapped": "a failure has one consequence",
	"verdicts with rows 1 and 2 swapped": "a failure has one consequence",
	"verdicts with rows 6 and 7 swapped": "the one is where no other is left to try, the other where one is",

	"pass 1 step 0, propagate true":     "what needs a task that did not complete did not complete either, and is requeued with it",
	"pass 1 step 1 without soft-failed": "a task that soft-failed ran, so nothing that it needs failed",
	"pass 2 step 0, propagate true":     "all are requeued in any case",
	"pass 4 step 0, propagate true":     "what needs a waiting task waits as well, and is dropped with it",
	"pass 5 step 0, propagate true":     "what would follow is within reach",
	"pass 6 step 0, propagate true":     "what needs a waiting task waits as well, and is dropped with it",
	"pass 6 step 1, propagate true":     "what would follow is within reach",
	"pass 6 step 1 without active":      "a job that is over has no active tasks",
}

// mutantPlans are small enough for some hundred explorations.
var mutantPlans = [][][]int{{nil, nil}, {nil, nil, {0, 1}}, {{2}, nil, {1}}, {{3}, nil, nil, {1}}}

// TestEveryRowMatters changes each row of each table, and demands that the
// exploration or an example notices; or that both answers are fine. With FARM_SOAK
// the exploration is asked about all, else only about what no example notices.
func TestEveryRowMatters(t *testing.T) {
	var shown, explored, both, unnoticed int
	all := allMutants()
	for _, m := range all {
		undo := m.make()
		why := caught(wrongExamples)
		if why != "" {
			shown++
		}
		if why == "" || os.Getenv("FARM_SOAK") != "" {
			found := exploreAll()
			if found != "" {
				explored++
			}
			if found != "" && why != "" {
				both++
			}
			why = cmp.Or(why, found)
		}
		undo()
		reason, excuse := excused[m.name]
		switch {
		case why == "" && !excuse:
			t.Errorf("nobody notices: %s", m.name)
		case why != "" && excuse:
			t.Errorf("%s is excused (%s), and is noticed: %s", m.name, reason, why)
		}
		if why == "" {
			unnoticed++
		}
	}
	for name := range excused {
		if !slices.ContainsFunc(all, func(m mutant) bool { return m.name == name }) {
			t.Errorf("%q is excused, and there is no such mutant", name)
		}
	}
	if why := caught(wrongExamples); why != "" {
		t.Errorf("the tables are not what they were: %s", why)
	}
	t.Logf("of %d mutants the examples notice %d, the exploration %d, of those asked about both %d; %d make no difference", len(all), shown, explored, both, unnoticed)
}

// exploreAll returns what the exploration of the small plans finds first.
func exploreAll() (why string) {
	for _, needs := range mutantPlans {
		if why == "" {
			why = caught(func() string { _, wrong := explore(needs); return wrong })
		}
	}
	if why == "" {
		why = caught(func() string { _, wrong := exploreWorkers(1, [][]int{nil, nil}); return wrong })
	}
	if why == "" {
		why = caught(func() string { _, wrong := exploreWorkers(2, [][]int{nil}); return wrong })
	}
	return why
}

// caught returns what f says is wrong; to panic is wrong, too.
func caught(f func() string) (why string) {
	defer func() {
		if r := recover(); r != nil {
			why = fmt.Sprint(r)
		}
	}()
	return f()
}

func wrongExamples() string {
	for _, name := range slices.Sorted(maps.Keys(examples)) {
		if wrong := examples[name](); len(wrong) > 0 {
			return name + ": " + wrong[0]
		}
	}
	return ""
}
