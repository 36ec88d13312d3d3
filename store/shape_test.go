package store

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"renderfarm/farm"
)

func TestSpansOf(t *testing.T) {
	for _, c := range []struct {
		in   []int
		want []span
	}{
		{nil, nil},
		{[]int{3}, []span{{3, 4}}},
		{[]int{0, 1, 2, 5, 6, 9}, []span{{0, 3}, {5, 7}, {9, 10}}},
		{[]int{6, 5, 5, 0, 1}, []span{{0, 2}, {5, 7}}},
	} {
		if got := spansOf(c.in); !slices.Equal(got, c.want) {
			t.Errorf("spansOf(%v) = %v, want %v", c.in, got, c.want)
		}
	}
}

// drawPlan draws a plan whose tasks need earlier ones.
func drawPlan(t *rapid.T, most int) []farm.PlannedTask {
	tasks := make([]farm.PlannedTask, rapid.IntRange(0, most).Draw(t, "tasks"))
	for i := range tasks {
		tasks[i] = farm.PlannedTask{Name: fmt.Sprint("t", i), Type: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "type"),
			Priority: rapid.IntRange(-2, 2).Draw(t, "priority"), Commands: make([]farm.Command, rapid.IntRange(0, 2).Draw(t, "commands"))}
		if i > 0 {
			tasks[i].Needs = rapid.SliceOfN(rapid.IntRange(0, i-1), 0, 5).Draw(t, "needs")
		}
	}
	return tasks
}

func TestShape(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tasks := drawPlan(t, 30)
		s, err := shapeOf(tasks)
		if err != nil {
			t.Fatal(err)
		}
		back, err := decodeShape(s.encode()[1:])
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(s, back) {
			t.Fatalf("decoded as %+v from %+v", back, s)
		}
		steps, last := 0, -1
		for i := range tasks {
			r := s.of(i)
			if s.types[r.kind] != tasks[i].Type || int(r.priority) != tasks[i].Priority || int(r.steps) != tasks[i].Steps() {
				t.Fatalf("task %d is in run %+v", i, r)
			}
			steps += tasks[i].Steps()
			needs := slices.Collect(each(s.needs.lists[r.needs]))
			want := slices.Compact(slices.Sorted(slices.Values(tasks[i].Needs)))
			if len(needs) != len(want) || size(s.needs.lists[r.needs]) != len(want) {
				t.Fatalf("task %d needs %v, want %v", i, needs, want)
			}
			for k := range tasks {
				if slices.Contains(needs, uint32(k)) != slices.Contains(s.needs.listsWith(uint32(k), nil), r.needs) {
					t.Fatalf("task %d in the needs of %d: the two ways differ", k, i)
				}
			}
		}
		if s.steps != steps {
			t.Fatalf("%d steps, want %d", s.steps, steps)
		}
		// Ranks are all tasks by type, priority, index.
		var order []int
		for rank := range tasks {
			i, r := s.atRank(rank)
			if r != s.of(i) {
				t.Fatalf("rank %d is task %d in another run", rank, i)
			}
			if last >= 0 && s.of(last).kind == r.kind && (s.of(last).priority < r.priority || s.of(last).priority == r.priority && last > i) {
				t.Fatalf("task %d comes before %d", last, i)
			}
			last, order = i, append(order, i)
		}
		if slices.Sort(order); len(slices.Compact(order)) != len(tasks) {
			t.Fatalf("ranks lead to %v", order)
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
		s, err := shapeOf(tasks)
		if err != nil {
			t.Fatal(err)
		}
		if b := s.encode(); len(b) > 4<<10 {
			t.Errorf("the plan of the %s has %d bytes", name, len(b))
		}
		if name == "video" && (len(s.runs) != 2 || len(s.needs.spans) != 1) {
			t.Errorf("the video has %d runs and %d spans", len(s.runs), len(s.needs.spans))
		}
		if found := s.needs.listsWith(n/2, nil); len(found) != 1 {
			t.Errorf("a task of the %s is in lists %v", name, found)
		}
	}
}
