package store

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"renderfarm/farm"
)

// fill adds jobs of frames until the store has the given number of queued tasks.
func fill(b testing.TB, s *Store, tasks int) {
	for left := tasks; left > 0; left -= 100_000 {
		addJob(b, s, frames(min(left, 100_000), false))
	}
}

// BenchmarkTransitions measures durable changes of tasks by 300 workers that
// each take a task and complete it. An operation is one change.
func BenchmarkTransitions(b *testing.B) {
	for _, size := range []int{1_000, 50_000, 1_000_000} {
		b.Run(fmt.Sprintf("queued=%d", size), func(b *testing.B) {
			s := newStore(b)
			fill(b, s, size)
			const workers = 300
			var ids []farm.WorkerID
			for range workers {
				ids = append(ids, addWorker(b, s, "blender"))
			}
			// Tasks are queued again when half of them are done. Only the
			// writer touches done.
			var done []Task
			var next atomic.Int32
			b.SetParallelism(workers / runtime.GOMAXPROCS(0))
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				id := ids[int(next.Add(1)-1)%workers]
				var task Task
				for pb.Next() {
					err := s.Update(func(tx *Tx) error {
						if task.Job == nil {
							task, _ = assign(tx, id)
							return nil
						}
						finish(tx, task, farm.TaskCompleted)
						if done = append(done, task); len(done) > size/2 {
							tx.SetTask(done[0], farm.TaskState{})
							done = done[1:]
						}
						task = Task{}
						return nil
					})
					if err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "transitions/s")
			b.ReportMetric(float64(b.N)/float64(s.x.numbers.commit), "per-commit")
		})
	}
}

// BenchmarkPick measures the choice of a task among many jobs, with the change
// that takes it out of the set and the one that puts it back.
func BenchmarkPick(b *testing.B) {
	for _, jobs := range []int{100, 10_000} {
		b.Run(fmt.Sprintf("jobs=%d", jobs), func(b *testing.B) {
			s := newStore(b)
			tags := []farm.TagID{"", "fast", "slow", "gpu"}
			for i := range jobs {
				p := frames(9, true)
				p.Priority, p.Tag = i%100, tags[i%len(tags)]
				n := prepare(b, p)
				if i%1000 == 999 || i == jobs-1 {
					update(b, s, func(tx *Tx) { tx.AddJob(n) })
				} else {
					go s.Update(func(tx *Tx) error { tx.AddJob(n); return nil })
				}
			}
			id := addWorker(b, s, "blender", "ffmpeg", "misc")
			update(b, s, func(tx *Tx) {
				w, _ := tx.Worker(id)
				w.Tags = tags[1:]
				tx.SaveWorker(w)
				for b.Loop() {
					t, ok := tx.Pick(w)
					if !ok {
						b.Error("nothing to do")
						return
					}
					tx.x.sched.SetTask(t.sched(), farm.TaskActive, nil)
					tx.x.sched.SetTask(t.sched(), farm.TaskQueued, nil)
				}
			})
		})
	}
}

// BenchmarkOpen measures the start with 10^6 queued tasks, a tenth of which were
// touched, and the memory that the index takes.
func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "farm.db")
	s := open(b, path)
	fill(b, s, 1_000_000)
	id := addWorker(b, s, "blender")
	for range 10 {
		update(b, s, func(tx *Tx) {
			for range 10_000 {
				t, _ := assign(tx, id)
				finish(tx, t, farm.TaskCompleted)
			}
		})
	}
	s.Close()
	s = nil
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for b.Loop() {
		if s != nil {
			b.StopTimer()
			s.Close()
			b.StartTimer()
		}
		s = open(b, path)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric((float64(after.HeapAlloc)-float64(before.HeapAlloc))/1e6, "MB-heap")
	info, _ := os.Stat(path)
	b.ReportMetric(float64(info.Size())/1e6, "MB-file")
	runtime.KeepAlive(s)
}

// BenchmarkAddJob measures a job of 100,000 tasks: the preparation in the
// caller's goroutine, and how long the writer is held up.
func BenchmarkAddJob(b *testing.B) {
	s := newStore(b)
	var preparing, adding time.Duration
	for b.Loop() {
		b.StopTimer()
		p := frames(100_000, true)
		b.StartTimer()
		began := time.Now()
		n := prepare(b, p)
		preparing += time.Since(began)
		began = time.Now()
		update(b, s, func(tx *Tx) { tx.AddJob(n) })
		adding += time.Since(began)
	}
	b.ReportMetric(float64(preparing.Milliseconds())/float64(b.N), "ms-prepare")
	b.ReportMetric(float64(adding.Milliseconds())/float64(b.N), "ms-add")
}

// BenchmarkTasks measures one page of a task list, and a whole one.
func BenchmarkTasks(b *testing.B) {
	s := newStore(b)
	id := addJob(b, s, frames(100_000, true))
	for _, limit := range []int{100, 0} {
		b.Run(fmt.Sprintf("limit=%d", limit), func(b *testing.B) {
			for b.Loop() {
				if err := s.View(func(v *View) error { _, err := v.Tasks(id, 5000, limit); return err }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRawFsync measures what the disk can do: 4 KiB written in place and
// synced. A commit takes two of these.
func BenchmarkRawFsync(b *testing.B) {
	f, err := os.Create(filepath.Join(b.TempDir(), "raw"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	page := make([]byte, pageSize)
	for i := range 256 {
		f.WriteAt(page, int64(i)*pageSize)
	}
	f.Sync()
	for b.Loop() {
		if _, err := f.WriteAt(page, 0); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "syncs/s")
}
