package store

import (
	"fmt"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"renderfarm/farm"
	"renderfarm/farm/scheduler"
)

func TestPlanRecord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tasks := make([]farm.PlannedTask, rapid.IntRange(0, 30).Draw(t, "tasks"))
		for i := range tasks {
			tasks[i] = farm.PlannedTask{Name: fmt.Sprint("t", i), Type: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "type"),
				Priority: rapid.IntRange(-2, 2).Draw(t, "priority"), Commands: make([]farm.Command, rapid.IntRange(0, 2).Draw(t, "commands"))}
			if i > 0 {
				tasks[i].Needs = rapid.SliceOfN(rapid.IntRange(0, i-1), 0, 5).Draw(t, "needs")
			}
		}
		p, err := scheduler.NewPlan(tasks)
		if err != nil {
			t.Fatal(err)
		}
		back, err := decodePlan(encodePlan(p)[1:])
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(p, back) {
			t.Fatalf("decoded as %+v from %+v", back, p)
		}
	})
}

// A job in which each task needs the one before, and one that needs all, are
// both cheap to store.
func TestLargePlansAreSmall(t *testing.T) {
	const n = 100_000
	chain := make([]farm.PlannedTask, n)
	for i := range chain {
		chain[i] = farm.PlannedTask{Type: "a", Priority: 50}
		if i > 0 {
			chain[i].Needs = []int{i - 1}
		}
	}
	for name, tasks := range map[string][]farm.PlannedTask{"chain": chain, "video": frames(n, true).Tasks} {
		p, err := scheduler.NewPlan(tasks)
		if err != nil {
			t.Fatal(err)
		}
		if b := encodePlan(p); len(b) > 4<<10 {
			t.Errorf("the plan of the %s has %d bytes", name, len(b))
		}
	}
}
