package manager_test

import (
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/manager"
)

// tell has a worker take a task and report its frames, changed by the function, and its status.
func (f *testFarm) tell(w farm.WorkerID, status farm.TaskStatus, change func(*farm.FrameResult)) {
	f.t.Helper()
	a, err := f.Assign(f.t.Context(), w, 0)
	if err != nil || a.Task == nil {
		f.t.Fatalf("no task: %v", err)
	}
	rendering, _ := farm.RenderingOf(a.Task.Commands)
	r := manager.Report{Status: &status}
	for _, n := range rendering.Frames {
		result := farm.FrameResult{Frame: n, Wall: 1000, Saved: time.Now(), Source: time.Now()}
		change(&result)
		r.Frames = append(r.Frames, result)
	}
	f.must(f.Report(w, a.Task.ID, r))
}

// What is better rendered again is told of a job, whatever its state, except of tasks that
// are at work; and no more once somebody had it rendered again.
func TestDoubts(t *testing.T) {
	f := newFarm(t)
	w, other := f.worker("w1"), f.worker("w2")
	job := f.submitFilm("1-12", 2)
	warnings := func() string {
		t.Helper()
		why, err := f.WhyJob(job)
		f.must(err)
		return strings.Join(why.Warnings, "\n")
	}
	if got := warnings(); got != "" {
		t.Errorf("%s, before anything is rendered", got)
	}
	f.tell(w, farm.TaskCompleted, func(r *farm.FrameResult) { r.Source = r.Source.Add(-time.Hour) })
	f.tell(w, farm.TaskCompleted, func(*farm.FrameResult) {})
	f.tell(w, farm.TaskCompleted, func(r *farm.FrameResult) {
		if r.Frame == 6 {
			r.Flags = farm.FrameFlat
		}
	})
	f.tell(w, farm.TaskCompleted, func(*farm.FrameResult) {})
	f.tell(other, farm.TaskActive, func(r *farm.FrameResult) { r.Flags = farm.FrameNotFinite })
	want := "somebody should look at frame 6: one colour\nframes 1,2 were made from an older .blend than others"
	if got := warnings(); got != want {
		t.Errorf("%s, and not %s", got, want)
	}
	if _, err := f.Rerender(job, []int{1, 6}, "a test"); err != nil {
		t.Fatal(err)
	}
	if got, want := warnings(), "frame 2 was made from an older .blend than others"; got != want {
		t.Errorf("%s, and not %s", got, want)
	}
	f.must(f.SetJobStatus(job, farm.JobCancelRequested, "a test"))
	if got := warnings(); got != "" {
		t.Errorf("%s, of a job that renders nothing", got)
	}
}

// A job with very many of them names some, and says so.
func TestDoubtsAreBounded(t *testing.T) {
	f := newFarm(t)
	w := f.worker("w1")
	job := f.submitFilm("1-200", 2)
	for range 99 {
		f.tell(w, farm.TaskCompleted, func(r *farm.FrameResult) { r.Source = r.Source.Add(-time.Hour) })
	}
	f.tell(w, farm.TaskCompleted, func(*farm.FrameResult) {})
	why, err := f.WhyJob(job)
	f.must(err)
	if got, want := strings.Join(why.Warnings, "\n"), "frames 1-128 were made from an older .blend than others, and there may be more"; got != want {
		t.Errorf("%s, and not %s", got, want)
	}
}
