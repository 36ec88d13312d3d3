package scheduler

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"renderfarm/farm"
)

// TestNeededAndNeeding compares with following needs one by one.
func TestNeededAndNeeding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "tasks")
		order := rapid.Permutation(slices.Collect(func(yield func(int) bool) {
			for i := range n {
				if !yield(i) {
					return
				}
			}
		})).Draw(t, "order") // a task needs some that come before it here
		tasks := make([]farm.PlannedTask, n)
		for at, i := range order {
			tasks[i] = farm.PlannedTask{Name: fmt.Sprint(i), Type: "test"}
			for _, before := range order[:at] {
				if rapid.IntRange(0, 3).Draw(t, "needs") == 0 {
					tasks[i].Needs = append(tasks[i].Needs, before)
				}
			}
		}
		p, err := NewPlan(tasks)
		if err != nil {
			t.Fatal(err)
		}
		var leads func(from, to int) bool
		leads = func(from, to int) bool {
			return from == to || slices.ContainsFunc(tasks[from].Needs, func(i int) bool { return leads(i, to) })
		}
		for root := range n {
			task := NewJob(p).Task(root)
			needed, needing := task.Needed(), task.Needing()
			for i := range n {
				if needed[i] != leads(root, i) || needing[i] != leads(i, root) {
					t.Fatalf("task %d and root %d: needed %v, needing %v", i, root, needed[i], needing[i])
				}
			}
		}
	})
}
