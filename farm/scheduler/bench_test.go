package scheduler

import (
	"fmt"
	"runtime"
	"testing"

	"renderfarm/farm"
)

// crowd makes a scheduler with the tasks in jobs of 10,000 and a video, and
// workers of so many kinds: each has a pair of task types of its own, and one
// tag of a hundred.
func crowd(b *testing.B, tasks, kinds int) *world {
	w := newWorld()
	for n := range tasks / 10_000 {
		plan := frames(10_000, true)
		for i := range plan {
			plan[i].Type = fmt.Sprint("type-", (n*7+i/1000)%kinds)
		}
		w.addJob(b, Terms{Open: true, Priority: n % 100, Tag: tag(n)}, plan)
	}
	for n := range kinds {
		worker := w.addWorker(fmt.Sprint("type-", n), fmt.Sprint("type-", (n+1)%kinds))
		w.change(worker, func(is *farm.Worker) { is.Tags = []farm.TagID{tag(n)} })
	}
	return w
}

// tag is none for every other one.
func tag(n int) farm.TagID {
	if n%2 == 0 {
		return ""
	}
	return farm.TagID(fmt.Sprint("tag-", n%100))
}

// BenchmarkAssign measures the choice of a task and the change that takes it out
// of what is runnable, and one that completes the task, by workers in turn.
func BenchmarkAssign(b *testing.B) {
	for _, c := range []struct{ tasks, kinds int }{{10_000, 1}, {1_000_000, 1}, {1_000_000, 1_000}} {
		b.Run(fmt.Sprintf("tasks=%d/kinds=%d", c.tasks, c.kinds), func(b *testing.B) {
			w := crowd(b, c.tasks, c.kinds)
			var done []Task
			n := 0
			for b.Loop() {
				n++
				task, ok := w.assign(w.s.Worker(uint32(n%c.kinds + 1)))
				if !ok {
					continue // its types are in no job that is for it
				}
				w.s.SetTask(task, farm.TaskCompleted, nil)
				if done = append(done, task); len(done) > c.tasks/2 {
					w.s.SetTask(done[0], farm.TaskQueued, nil)
					done = done[1:]
				}
			}
		})
	}
}

// BenchmarkPick measures the choice alone, among many jobs.
func BenchmarkPick(b *testing.B) {
	for _, jobs := range []int{100, 100_000} {
		b.Run(fmt.Sprintf("jobs=%d", jobs), func(b *testing.B) {
			w := newWorld()
			plan := frames(9, true)
			for n := range jobs {
				w.addJob(b, Terms{Open: true, Priority: n % 100, Tag: tag(n % 7)}, plan)
			}
			worker := w.addWorker("blender", "ffmpeg", "misc")
			w.change(worker, func(is *farm.Worker) { is.Tags = []farm.TagID{tag(1), tag(3), tag(5)} })
			for b.Loop() {
				if _, ok := w.s.Pick(worker); !ok {
					b.Fatal("nothing to do")
				}
			}
		})
	}
}

// BenchmarkSetWorker measures a worker that falls asleep and wakes up again, among
// 1,000 kinds.
func BenchmarkSetWorker(b *testing.B) {
	w := crowd(b, 1_000_000, 1_000)
	n := 0
	for b.Loop() {
		n++
		worker := w.s.Worker(uint32(n%1_000 + 1))
		w.change(worker, func(is *farm.Worker) { is.Status = farm.WorkerAsleep })
		w.change(worker, func(is *farm.Worker) { is.Status = farm.WorkerAwake })
	}
}

// BenchmarkMismatch measures why a worker gets nothing, among 1,000 kinds of tasks.
func BenchmarkMismatch(b *testing.B) {
	w := crowd(b, 1_000_000, 1_000)
	worker := w.addWorker("other")
	for b.Loop() {
		if m := w.s.Mismatch(worker); len(m.Types) == 0 {
			b.Fatal("nothing waits")
		}
	}
}

// BenchmarkMismatchOfJobs measures the same for a worker that 100,000 jobs wait for.
func BenchmarkMismatchOfJobs(b *testing.B) {
	w := newWorld()
	for range 100_000 {
		w.addJob(b, Terms{Open: true}, frames(1, false))
	}
	worker := w.addWorker("blender")
	for b.Loop() {
		if m := w.s.Mismatch(worker); len(m.Types) != 0 {
			b.Fatal("it does that")
		}
	}
}

// BenchmarkRebuild measures the start with 10^6 tasks, a tenth of them completed.
func BenchmarkRebuild(b *testing.B) {
	w := crowd(b, 1_000_000, 1)
	for _, j := range w.jobs {
		for i := range j.plan.Tasks / 10 {
			w.s.SetTask(j.Task(i), farm.TaskCompleted, nil)
		}
	}
	for b.Loop() {
		w.rebuild()
	}
}

// heap is what is in use.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// The package comment says what a task and a job take.
func TestMemory(t *testing.T) {
	const tasks, jobs = 1_000_000, 10_000
	p, err := NewPlan(frames(tasks, true))
	if err != nil {
		t.Fatal(err)
	}
	small, err := NewPlan(frames(2, false))
	if err != nil {
		t.Fatal(err)
	}
	before := heap()
	j := NewJob(p)
	j.Derive()
	if per := float64(heap()-before) / tasks; per > 1.2 {
		t.Errorf("a task takes %.2f bytes, and is said to take 1.2", per)
	}
	before = heap()
	w := newWorld()
	kept := make([]*Job, jobs)
	for n := range kept {
		kept[n] = NewJob(small)
		kept[n].Derive()
		w.s.Add(kept[n], uint32(n+1), nil)
		w.s.SetTerms(kept[n], Terms{Open: true})
	}
	if per := float64(heap()-before) / jobs; per > 1000 {
		t.Errorf("a job takes %.0f bytes, and is said to take less than 1,000", per)
	}
	runtime.KeepAlive(j)
	runtime.KeepAlive(kept)
}

// BenchmarkClasses measures what is known of 10^6 tasks of 1,000 kinds.
func BenchmarkClasses(b *testing.B) {
	w := crowd(b, 1_000_000, 1_000)
	for b.Loop() {
		tasks := 0
		for _, c := range w.s.Classes() {
			tasks += c.Tasks
		}
		if tasks != 1_000_000 {
			b.Fatal(tasks)
		}
	}
}
