package manager_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/manager"
)

// tells has a worker tell of frames that it rendered, each with one file.
func (f *testFarm) tells(w farm.WorkerID, task farm.TaskID, flags farm.FrameFlags, frames ...int) {
	f.t.Helper()
	steps := len(frames)
	r := manager.Report{Steps: &steps}
	for _, n := range frames {
		r.Frames = append(r.Frames, farm.FrameResult{Frame: n, Wall: 1000, Saved: time.Now(), Source: time.Now().Add(-time.Hour), Flags: flags})
	}
	f.must(f.Report(w, task, r))
}

// given returns what a worker gets when it asks: which frames its command has, and which
// of them need not be rendered.
func (f *testFarm) given(w farm.WorkerID) (task farm.TaskID, asked, rendered string) {
	f.t.Helper()
	a, err := f.Assign(f.t.Context(), w, 0)
	f.must(err)
	if a.Task == nil {
		return "", "", ""
	}
	r, _ := farm.RenderingOf(a.Task.Commands)
	asked = farm.FormatFrames(r.Frames)
	if a.Task.Commands[0].Parameters["keep"] != nil {
		asked += " keep"
	}
	var done []int
	for _, d := range a.Task.Rendered {
		if d.Saved.IsZero() || d.Source.IsZero() {
			f.t.Errorf("of frame %d it is told %+v", d.Frame, d)
		}
		done = append(done, d.Frame)
	}
	return a.Task.ID, asked, farm.FormatFrames(done)
}

// A task that is given back keeps the frames that were rendered: whoever gets it next is
// told of them, in every try and after every restart.
func TestRestOfATask(t *testing.T) {
	f := newFarm(t)
	one, other := f.worker("one"), f.worker("other")
	job := f.submitFilm("1-6", 6)
	task, asked, rendered := f.given(one)
	if asked != "1-6" || rendered != "" {
		t.Fatalf("asked for %s, without %s", asked, rendered)
	}
	f.tells(one, task, farm.FrameAlone, 1, 2, 3)
	f.tells(one, task, 0, 4) // it has more files than one
	f.restart()
	if _, asked, rendered = f.given(one); asked != "1-6" || rendered != "1-3" { // the worker was started again
		t.Errorf("handed again: %s, without %s", asked, rendered)
	}
	f.must(f.SignOff(one))
	if got := f.frames(job); got != "1 completed, 2 completed, 3 completed, 4 queued, 5 queued, 6 queued" {
		t.Error(got)
	}
	f.restart()
	if _, asked, rendered = f.given(other); asked != "1-6" || rendered != "1-3" {
		t.Errorf("the other worker: %s, without %s", asked, rendered)
	}
	f.tells(other, task, farm.FrameAlone, 4, 5)
	if got := f.frames(job); got != "1 completed, 2 completed, 3 completed, 4 completed, 5 completed, 6 active" {
		t.Error(got)
	}
	f.must(f.SignOff(other))
	f.wake(one, "one", "blender", "ffmpeg")
	if _, asked, rendered = f.given(one); asked != "1-6" || rendered != "1-5" {
		t.Errorf("the third try: %s, without %s", asked, rendered)
	}
	f.tells(one, task, farm.FrameAlone, 6)
	f.report(one, task, farm.TaskCompleted)
	if got := f.frames(job); strings.Contains(got, "untold") || strings.Count(got, "completed") != 6 {
		t.Error(got)
	}
	frames, _, err := f.Frames(job, -1, 1000)
	f.must(err)
	if frames[0].Worker != one || frames[4].Worker != other {
		t.Errorf("rendered by %s and %s", frames[0].Worker, frames[4].Worker)
	}
}

// What a person asks for, or a worker that is at fault, has all frames rendered again.
func TestNoRest(t *testing.T) {
	for name, c := range map[string]struct {
		end    func(f *testFarm, w farm.WorkerID, job farm.JobID, task farm.TaskID)
		asked  string // "": "1-6"
		within string // rendered
	}{
		"requeued while it runs": {func(f *testFarm, w farm.WorkerID, job farm.JobID, task farm.TaskID) {
			f.must(f.SetTaskStatus(task, farm.TaskQueued, "again"))
		}, "", ""},
		"requeued while it waits": {func(f *testFarm, w farm.WorkerID, job farm.JobID, task farm.TaskID) {
			f.must(f.SignOff(w))
			f.must(f.SetTaskStatus(task, farm.TaskQueued, "again"))
		}, "", ""},
		"canceled and requeued": {func(f *testFarm, w farm.WorkerID, job farm.JobID, task farm.TaskID) {
			f.must(f.SetJobStatus(job, farm.JobCancelRequested, "no"))
			f.must(f.SetJobStatus(job, farm.JobRequeueing, "yes"))
		}, "", ""},
		"given back by its worker itself": {func(f *testFarm, w farm.WorkerID, job farm.JobID, task farm.TaskID) {
			f.report(w, task, farm.TaskQueued)
		}, "", ""},
		"failed by a worker that cannot do it": {func(f *testFarm, w farm.WorkerID, job farm.JobID, task farm.TaskID) {
			status := farm.TaskFailed
			f.must(f.Report(w, task, manager.Report{Status: &status, WrongWorker: true}))
		}, "", ""},
		"failed for the graphics card": {func(f *testFarm, w farm.WorkerID, job farm.JobID, task farm.TaskID) {
			status := farm.TaskFailed
			f.must(f.Report(w, task, manager.Report{Status: &status, Log: "Illegal address in CUDA queue copy_from_device (integrator_shade_surface)\n"}))
		}, "", ""},
		"failed": {func(f *testFarm, w farm.WorkerID, job farm.JobID, task farm.TaskID) {
			f.report(w, task, farm.TaskFailed)
		}, "", "1-3"},
		"a frame that is there is wanted once more": {func(f *testFarm, w farm.WorkerID, job farm.JobID, task farm.TaskID) {
			f.must(f.SignOff(w))
			done, err := f.Rerender(job, []int{2}, "the light")
			f.must(err)
			if !slices.Equal(done.Waiting, []int{2}) {
				f.t.Errorf("%+v", done)
			}
		}, "2,4-6 keep", ""},
		"a frame of the rest is wanted once more": {func(f *testFarm, w farm.WorkerID, job farm.JobID, task farm.TaskID) {
			f.must(f.SignOff(w))
			_, err := f.Rerender(job, []int{5}, "the light")
			f.must(err)
		}, "", "1-3"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFarm(t)
			one, other := f.worker("one"), f.worker("other")
			job := f.submitFilm("1-6", 6)
			task, _, _ := f.given(one)
			f.tells(one, task, farm.FrameAlone, 1, 2, 3)
			c.end(f, one, job, task)
			want := c.asked
			if want == "" {
				want = "1-6"
			}
			if got, asked, rendered := f.given(other); got != task || asked != want || rendered != c.within {
				t.Errorf("it gets %q: %q, without %q", got, asked, rendered)
			}
		})
	}
}
