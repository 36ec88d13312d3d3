package scheduler

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"renderfarm/farm"
)

// frames returns n tasks of type blender and, if video, one of type ffmpeg that
// needs them all.
func frames(n int, video bool) []farm.PlannedTask {
	tasks := make([]farm.PlannedTask, n, n+1)
	for i := range tasks {
		tasks[i] = farm.PlannedTask{Name: fmt.Sprint("render-", i+1), Type: "blender", Priority: 50, Commands: make([]farm.Command, 1)}
	}
	if video {
		last := farm.PlannedTask{Name: "preview-video", Type: "ffmpeg", Priority: 50, Commands: make([]farm.Command, 1)}
		for i := range n {
			last.Needs = append(last.Needs, i)
		}
		tasks = append(tasks, last)
	}
	return tasks
}

func TestSpansOf(t *testing.T) {
	for _, c := range []struct {
		in   []int
		want []Span
	}{
		{nil, nil},
		{[]int{3}, []Span{{3, 4}}},
		{[]int{0, 1, 2, 5, 6, 9}, []Span{{0, 3}, {5, 7}, {9, 10}}},
		{[]int{6, 5, 5, 0, 1}, []Span{{0, 2}, {5, 7}}},
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
		tasks[i] = farm.PlannedTask{Name: fmt.Sprint("t", i), Type: rapid.SampledFrom([]string{farm.TypeBlender, "b", farm.TypeFFmpeg}).Draw(t, "type"),
			Priority: rapid.IntRange(-2, 2).Draw(t, "priority"), Commands: make([]farm.Command, rapid.IntRange(0, 2).Draw(t, "commands"))}
		if i > 0 {
			tasks[i].Needs = rapid.SliceOfN(rapid.IntRange(0, i-1), 0, 5).Draw(t, "needs")
		}
	}
	return tasks
}

func TestPlan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tasks := drawPlan(t, 30)
		p, err := NewPlan(tasks)
		if err != nil {
			t.Fatal(err)
		}
		steps, last := 0, -1
		for i := range tasks {
			r := p.Run(i)
			if p.Types[r.Type] != tasks[i].Type || int(r.Priority) != tasks[i].Priority || int(r.Steps) != tasks[i].Steps() {
				t.Fatalf("task %d is in run %+v", i, r)
			}
			steps += tasks[i].Steps()
			needs := slices.Collect(each(p.Lists[r.Needs]))
			want := slices.Compact(slices.Sorted(slices.Values(tasks[i].Needs)))
			if len(needs) != len(want) || size(p.Lists[r.Needs]) != len(want) {
				t.Fatalf("task %d needs %v, want %v", i, needs, want)
			}
			for k := range tasks {
				if slices.Contains(needs, uint32(k)) != slices.Contains(p.needs.listsWith(uint32(k), nil), r.Needs) {
					t.Fatalf("task %d in the needs of %d: the two ways differ", k, i)
				}
			}
		}
		if p.Steps() != steps {
			t.Fatalf("%d steps, want %d", p.Steps(), steps)
		}
		// Ranks are all tasks by type, priority, index.
		var order []int
		for rank := range tasks {
			i, r := p.atRank(rank)
			if r != p.Run(i) {
				t.Fatalf("rank %d is task %d in another run", rank, i)
			}
			if last >= 0 && p.Run(last).Type == r.Type && (p.Run(last).Priority < r.Priority || p.Run(last).Priority == r.Priority && last > i) {
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
// both cheap to keep.
func TestLargePlansAreSmall(t *testing.T) {
	const n = 100_000
	chain := frames(n, false)
	for i := 1; i < n; i++ {
		chain[i].Needs = []int{i - 1}
	}
	for name, tasks := range map[string][]farm.PlannedTask{"chain": chain, "video": frames(n, true)} {
		p, err := NewPlan(tasks)
		if err != nil {
			t.Fatal(err)
		}
		if name == "video" && (len(p.Runs) != 2 || len(p.needs.spans) != 1) {
			t.Errorf("the video has %d runs and %d spans", len(p.Runs), len(p.needs.spans))
		}
		if found := p.needs.listsWith(n/2, nil); len(found) != 1 {
			t.Errorf("a task of the %s is in lists %v", name, found)
		}
	}
}

// Needs on later tasks are fine as long as they form no cycle: random graphs are
// refused exactly if sorting them fails.
func TestNewPlanFindsCycles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "tasks")
		tasks := make([]farm.PlannedTask, n)
		for i := range tasks {
			tasks[i] = farm.PlannedTask{Name: "t", Type: "misc", Needs: rapid.SliceOfN(rapid.IntRange(0, n-1), 0, 2).Draw(t, "needs")}
		}
		done := make([]bool, n)
		for range n {
			for i := range tasks {
				ready := true
				for _, need := range tasks[i].Needs {
					ready = ready && done[need]
				}
				done[i] = done[i] || ready
			}
		}
		cycle := slices.Contains(done, false)
		p, err := runsOf(tasks)
		if err != nil {
			t.Fatal(err)
		}
		if err := findCycle(p, tasks); (err != nil) != cycle || p.HasCycle() != cycle {
			t.Fatalf("cycle is %v: %v", cycle, err)
		}
	})
}
