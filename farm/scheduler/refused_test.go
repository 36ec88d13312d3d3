package scheduler

import (
	"fmt"
	"testing"
	"time"

	"renderfarm/farm"
)

// refusals are farms with n jobs or tasks that wait, and a worker that may have none of
// them, each for another reason.
var refusals = []struct {
	name string
	make func(t fataler, w *world, n int) *Worker
}{
	{"blocked from all jobs", func(t fataler, w *world, n int) *Worker {
		bad := w.addWorker("x")
		w.addWorker("x")
		for range n {
			w.s.Block(w.addJob(t, Terms{Open: true}, one("x")), bad, "x", testTime)
		}
		return bad
	}},
	{"failed the task of each job", func(t fataler, w *world, n int) *Worker {
		bad := w.addWorker("x")
		w.addWorker("x")
		for range n {
			w.fail(w.addJob(t, Terms{Open: true}, one("x")).Task(0), bad)
		}
		return bad
	}},
	{"failed all tasks of a job", func(t fataler, w *world, n int) *Worker {
		bad := w.addWorker("blender")
		w.addWorker("blender")
		j := w.addJob(t, Terms{Open: true}, frames(n, false))
		for i := range n {
			w.fail(j.Task(i), bad)
		}
		return bad
	}},
	{"too small for all jobs", func(t fataler, w *world, n int) *Worker {
		large, small := w.addWorker("x"), w.addWorker("x")
		w.change(large, func(is *farm.Worker) { is.Facts = &farm.WorkerFacts{Memory: 16e9} })
		w.change(small, func(is *farm.Worker) { is.Facts = &farm.WorkerFacts{Memory: 8e9} })
		for range n {
			task := w.addJob(t, Terms{Open: true}, one("x")).Task(0)
			w.fail(task, large)
			w.s.SetOutOfMemory(task, true)
		}
		return small
	}},
	{"leaves the videos to others", func(t fataler, w *world, n int) *Worker {
		mirror := w.addWorker("ffmpeg")
		w.change(mirror, func(is *farm.Worker) { is.Facts = &farm.WorkerFacts{Storage: farm.StorageMirrored} })
		bad := w.addWorker("ffmpeg")
		w.addWorker("ffmpeg")
		j := w.addJob(t, Terms{Open: true}, tasksOf(n, "ffmpeg"))
		w.fail(j.Task(n/2), bad)
		return mirror
	}},
	{"others have the version of all jobs", func(t fataler, w *world, n int) *Worker {
		same, newer, bad := w.addWorker("blender"), w.addWorker("blender"), w.addWorker("blender")
		for worker, version := range map[*Worker]string{same: "4.3.2", newer: "5.2.0", bad: "5.2.0"} {
			w.change(worker, func(is *farm.Worker) {
				is.Facts = &farm.WorkerFacts{Blenders: []farm.WorkerBlender{{Version: version, Path: "/b"}}}
			})
		}
		need := farm.BlenderNeed{Match: farm.MatchSame}
		need.Version, _ = farm.ParseBlenderVersion("4.3")
		for i := range n {
			if j := w.addJob(t, Terms{Open: true, Need: need}, one("blender")); i == 0 {
				w.s.Block(j, bad, "blender", testTime)
			}
		}
		return newer
	}},
}

func one(taskType string) []farm.PlannedTask { return tasksOf(1, taskType) }

func tasksOf(n int, taskType string) []farm.PlannedTask {
	tasks := make([]farm.PlannedTask, n)
	for i := range tasks {
		tasks[i] = farm.PlannedTask{Name: "t", Type: taskType}
	}
	return tasks
}

// scan is Pick by a look at each job and task in its order, to compare with.
func (w *world) scan(worker *Worker) (best Task, ok bool) {
	for _, q := range worker.queuesIn(w.s) {
		q.Scan(func(e *entry) bool {
			if best.Job != nil && best.precedence().before(e.precedence) {
				return false
			}
			j, end := e.job, int(e.job.plan.typeStart[e.kind+1])
			for rank := e.first; rank >= 0 && rank < end; rank = j.runnable.next(rank + 1) {
				if t := j.taskAt(rank); w.s.mayHave(t, worker) {
					if best.Job == nil || t.Precedes(best) {
						best = t
					}
					break
				}
			}
			return true
		})
	}
	return best, best.Job != nil
}

// quickest returns how long f takes when nothing is in its way.
func quickest(f func()) time.Duration {
	least := time.Hour
	for range 50 {
		began := time.Now()
		for range 10 {
			f()
		}
		least = min(least, time.Since(began)/10)
	}
	return least
}

// What a worker may not have costs the same however much it is; and what comes behind it
// is found.
func TestPickPastWhatIsRefused(t *testing.T) {
	const few, many = 100, 20_000
	for _, c := range refusals {
		t.Run(c.name, func(t *testing.T) {
			took := map[int]time.Duration{}
			for _, n := range []int{few, many} {
				w := newWorld()
				worker := c.make(t, w, n)
				if task, ok := w.s.Pick(worker); ok {
					t.Fatalf("it gets task %d", task.Index)
				}
				took[n] = quickest(func() { w.s.Pick(worker) })
				if m := w.s.Mismatch(worker); len(m.Blocked)+len(m.Failed)+len(m.Blenders) == 0 && !m.StorageFirst {
					t.Errorf("no reason: %+v", m)
				}
				last := w.addJob(t, Terms{Open: true, Priority: -1}, one(w.workers[worker.number-1].TaskTypes[0]))
				if c.name == "leaves the videos to others" {
					continue // this one, too
				}
				if task, ok := w.s.Pick(worker); !ok || task.Job != last {
					t.Errorf("it gets %v, and not the one at the end", task)
				}
				if n == few {
					w.clean(t)
				}
			}
			if took[many] > 10*took[few]+10*time.Microsecond {
				t.Errorf("%v with %d, %v with %d", took[few], few, took[many], many)
			}
		})
	}
}

// BenchmarkPickRefused measures a worker that may have nothing of 100,000, and what a look at
// each of them would take.
func BenchmarkPickRefused(b *testing.B) {
	const n = 100_000
	for _, c := range refusals {
		w := newWorld()
		worker := c.make(b, w, n)
		for how, pick := range map[string]func() (Task, bool){
			"groups": func() (Task, bool) { return w.s.Pick(worker) },
			"each":   func() (Task, bool) { return w.scan(worker) },
		} {
			b.Run(fmt.Sprintf("%s/%s", c.name, how), func(b *testing.B) {
				for b.Loop() {
					if _, ok := pick(); ok {
						b.Fatal("it gets one")
					}
				}
			})
		}
	}
}
