package manager_test

import (
	"fmt"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/events"
	"renderfarm/store"
)

const manyTasks = 100_000

// BenchmarkVerbs measures what users do to a job of 100,000 tasks: the time to the
// reply (reply-ms), to the last change (done-ms), and the longest that another
// request had to wait meanwhile (others-ms), each the worst of all rounds.
//
//	go test ./farm/manager -run '^$' -bench Verbs -benchtime 5x
func BenchmarkVerbs(b *testing.B) {
	set := func(status farm.JobStatus) func(*testFarm, farm.JobID) error {
		return func(f *testFarm, job farm.JobID) error { return f.SetJobStatus(job, status, "measured") }
	}
	none := func(*testFarm, farm.JobID) {}
	paused := func(f *testFarm, job farm.JobID) { f.must(f.SetJobStatus(job, farm.JobPauseRequested, "before")) }
	in := func(status farm.TaskStatus, every int) func(*testFarm, farm.JobID) {
		return func(f *testFarm, job farm.JobID) { f.setAll(job, status, every) }
	}
	for _, c := range []struct {
		name   string
		before func(*testFarm, farm.JobID)
		verb   func(*testFarm, farm.JobID) error
	}{
		{"pause", none, set(farm.JobPauseRequested)},
		{"resume", paused, set(farm.JobQueued)},
		{"cancel", none, set(farm.JobCancelRequested)},
		{"requeue/canceled", in(farm.TaskCanceled, 1), set(farm.JobRequeueing)},
		{"requeue/completed", in(farm.TaskCompleted, 1), set(farm.JobRequeueing)},
		{"requeue/failed only", in(farm.TaskFailed, 10), func(f *testFarm, job farm.JobID) error { return f.RequeueFailed(job, "measured") }},
		{"requeue/one of a canceled job", func(f *testFarm, job farm.JobID) { f.must(f.SetJobStatus(job, farm.JobCancelRequested, "before")) },
			func(f *testFarm, job farm.JobID) error {
				return f.SetTaskStatus(f.first(job), farm.TaskQueued, "measured")
			}},
	} {
		b.Run(c.name, func(b *testing.B) { measureVerb(b, c.before, c.verb) })
	}
}

func measureVerb(b *testing.B, before func(*testFarm, farm.JobID), verb func(*testFarm, farm.JobID) error) {
	f := openFarm(b)
	defer f.stop()
	w := f.worker("w1")
	var reply, done, others time.Duration
	for b.Loop() {
		b.StopTimer()
		job := f.addMany()
		before(f, job)
		follow := f.events.Follow()
		stop, longest := make(chan struct{}), make(chan time.Duration)
		go func() { longest <- f.askAgainAndAgain(w, stop) }()
		b.StartTimer()
		began := time.Now()
		f.must(verb(f, job))
		reply = max(reply, time.Since(began))
		f.awaitEnd(job, follow)
		done = max(done, time.Since(began))
		b.StopTimer()
		close(stop)
		others = max(others, <-longest)
		f.must(f.DeleteJob(job))
		awaitDeletion(b, follow, job)
		b.StartTimer()
	}
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	b.ReportMetric(ms(reply), "reply-ms")
	b.ReportMetric(ms(done), "done-ms")
	b.ReportMetric(ms(others), "others-ms")
	b.ReportMetric(0, "ns/op")
}

// addMany stores a job of very many tasks, without the time that a script takes to
// plan them.
func (f *testFarm) addMany() farm.JobID {
	f.t.Helper()
	plan := &farm.Plan{Submission: farm.Submission{ID: farm.JobID(farm.NewUUID().String()), Name: "many", Type: "frames", Created: time.Now().UTC()}}
	for i := range manyTasks {
		plan.Tasks = append(plan.Tasks, farm.PlannedTask{Name: fmt.Sprint("frame-", i), Type: "blender", Priority: 50,
			Commands: []farm.Command{{Name: "echo", Parameters: map[string]any{"message": i}}}})
	}
	job, err := store.Prepare(plan)
	f.must(err)
	f.must(f.store.Update(func(tx *store.Tx) error { tx.AddJob(job); return nil }))
	return plan.ID
}

// first returns the id of a job's first task.
func (f *testFarm) first(job farm.JobID) (id farm.TaskID) {
	f.t.Helper()
	f.must(f.store.Update(func(tx *store.Tx) error {
		j, err := tx.Job(job)
		if err == nil {
			id = j.Task(0).ID()
		}
		return err
	}))
	return id
}

// awaitEnd waits until a job is not being requeued any more.
func (f *testFarm) awaitEnd(job farm.JobID, follow *events.Reader) {
	f.t.Helper()
	for f.jobStatus(job) == farm.JobRequeueing {
		_, err := follow.Next(f.t.Context())
		f.must(err)
	}
}

// askAgainAndAgain changes something else until told to stop, and returns how
// long the slowest change took.
func (f *testFarm) askAgainAndAgain(w farm.WorkerID, stop chan struct{}) (longest time.Duration) {
	for n := 0; ; n++ {
		select {
		case <-stop:
			return longest
		default:
		}
		began := time.Now()
		f.must(f.RequestStatus(w, farm.StatusRequest{Status: farm.WorkerAsleep, Lazy: n%2 == 0}))
		longest = max(longest, time.Since(began))
	}
}

// setAll gives every so-maniest task of a job a status, as if a worker had brought it there.
func (f *testFarm) setAll(job farm.JobID, status farm.TaskStatus, every int) {
	f.t.Helper()
	for first := 0; first < manyTasks; first += 5000 {
		f.must(f.store.Update(func(tx *store.Tx) error {
			j, err := tx.Job(job)
			if err != nil {
				return err
			}
			for i := first; i < min(first+5000, j.Len()); i++ {
				state := farm.TaskState{Status: farm.TaskCompleted, Attempt: 1, StepsDone: j.Task(i).Steps(), Activity: "Completed"}
				if i%every == 0 {
					state.Status = status
				}
				tx.SetTask(j.Task(i), state)
			}
			return nil
		}))
	}
}

// BenchmarkWhy measures what it costs to say why a job waits, one of its tasks by
// all workers, and an idle worker: it grows with workers, not with tasks or jobs.
//
//	go test ./farm/manager -run '^$' -bench Why
func BenchmarkWhy(b *testing.B) {
	for _, c := range []struct{ tasks, jobs, workers int }{{1000, 1, 10}, {100_000, 1, 10}, {100_000, 200, 10}, {100_000, 1, 1000}, {100_000, 200, 1000}} {
		b.Run(fmt.Sprintf("%d tasks, %d jobs, %d workers", c.tasks, c.jobs, c.workers), func(b *testing.B) {
			f := openFarm(b)
			defer f.stop()
			idle := f.worker("misc", "misc")
			f.must(f.store.Update(func(tx *store.Tx) error {
				for range c.workers {
					tx.AddWorker(farm.Worker{ID: farm.WorkerID(farm.NewUUID().String()), Name: "w", Status: farm.WorkerAwake, TaskTypes: []string{"blender", "ffmpeg"}})
				}
				return nil
			}))
			for range c.jobs - 1 {
				f.submit(framesAndVideo(1), priority(60))
			}
			job := f.submit(framesAndVideo(c.tasks - 1))
			s := &scene{testFarm: f}
			for name, of := range map[string]subject{"job": {job: job}, "task": {task: s.task(job, c.tasks)}, "worker": {worker: idle}} {
				b.Run(name, func(b *testing.B) {
					for b.Loop() {
						s.why(of)
					}
				})
			}
		})
	}
}
