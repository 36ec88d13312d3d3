package bench

import (
	"encoding/json"
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

// awaitCompleted returns when the job is completed. It follows the manager's events:
// asking again and again would take from the rendering what is measured.
func awaitCompleted(b *testing.B, client *api.Client, id farm.JobID) {
	b.Helper()
	events, err := client.Events(b.Context(), id)
	if err != nil {
		b.Fatal(err)
	}
	defer events.Close()
	job, err := client.FetchJob(b.Context(), id)
	if err != nil {
		b.Fatal(err)
	}
	patience := time.After(time.Hour)
	for status := job.Status; status != farm.JobCompleted.String(); {
		if api.JobIsOver(status) {
			b.Fatalf("the job is %s: %s", status, job.Activity)
		}
		select {
		case m, open := <-events.Messages:
			if !open {
				b.Fatal("the manager's events ended before the job")
			}
			var told struct{ Status string }
			if m.Name == "job" && json.Unmarshal(m.Data, &told) == nil && told.Status != "" {
				status = told.Status
			}
		case <-patience:
			b.Fatal("the job did not end within an hour")
		}
	}
}
