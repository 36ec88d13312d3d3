package bench

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

const (
	submissions = 20
	breather    = 300 * time.Millisecond // between two submissions, so that the worker waits again
)

// BenchmarkSubmission measures how long it takes an idle farm on one computer
// from the beginning of the submission to the job's first active task.
func BenchmarkSubmission(b *testing.B) {
	p := startAll(b)
	client := p.client()
	var took []time.Duration
	for i := range submissions {
		rest(breather)
		began := time.Now()
		job := submit(b, client, fmt.Sprintf("hello-%d", i), "echo-sleep-test", map[string]any{"message": "hello", "sleep_duration_seconds": 0, "sleep_repeats": 1})
		await(b, "the start of a task", time.Millisecond, func() bool {
			list, err := client.FetchJobTasks(b.Context(), job, api.TasksQuery{Limit: 1})
			if err != nil {
				b.Fatal(err)
			}
			return list.Tasks[0].Status != farm.TaskQueued.String()
		})
		took = append(took, time.Since(began))
		awaitCompleted(b, client, job)
	}
	p.stop()
	p.complaints()
	report(b, "idle", []figure{{"active-p50-ms", milliseconds(quantile(took, 0.5))}, {"active-max-ms", milliseconds(quantile(took, 1))}})
}

// startAll runs a manager with a worker, and returns when the worker is awake.
func startAll(b *testing.B) *process {
	b.Helper()
	return awaitWorkers(b, start(b, newHome(b), "all"), 1)
}

// awaitWorkers returns when so many workers are awake, and all.
func awaitWorkers(b *testing.B, p *process, n int) *process {
	b.Helper()
	client := p.client()
	await(b, "a worker that is awake", 20*time.Millisecond, func() bool {
		list, err := client.FetchWorkers(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		awake := func(w api.WorkerSummary) bool { return w.Status == farm.WorkerAwake.String() }
		return len(list.Workers) == n && !slices.ContainsFunc(list.Workers, func(w api.WorkerSummary) bool { return !awake(w) })
	})
	return p
}

func submit(b *testing.B, client *api.Client, name, jobType string, settings map[string]any) farm.JobID {
	b.Helper()
	job, err := client.SubmitJob(b.Context(), api.SubmittedJob{Name: name, Type: jobType, Priority: api.DefaultPriority, SubmitterPlatform: "manager", Settings: settings})
	if err != nil {
		b.Fatal(err)
	}
	return job.ID
}

// awaitCompleted returns when the job is completed. It asks again after a two-hundredth of
// the time that it has waited: more often would take from the rendering what is measured,
// and events are told up to a tenth of a second late.
func awaitCompleted(b *testing.B, client *api.Client, id farm.JobID) {
	b.Helper()
	for began := time.Now(); ; rest(max(5*time.Millisecond, time.Since(began)/200)) {
		job, err := client.FetchJob(b.Context(), id)
		if err != nil {
			b.Fatal(err)
		}
		switch {
		case job.Status == farm.JobCompleted.String():
			return
		case api.JobIsOver(job.Status):
			b.Fatalf("the job is %s: %s", job.Status, job.Activity)
		}
	}
}
