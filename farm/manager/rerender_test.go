package manager_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/manager"
)

// submitFilm submits a job of our own type: frames in chunks, and a video.
func (f *testFarm) submitFilm(frames string, chunk int) farm.JobID {
	f.t.Helper()
	return f.submit(map[string]any{"frames": frames, "chunk_size": chunk, "blendfile": "/s/a.blend", "scene": "", "fps": 24, "has_previews": false, "format": "PNG", "image_file_extension": ".png",
		"render_output_root": "/out", "render_output_path": "/out/######"}, func(s *farm.Submission) { s.Type = "simple-blender-render" })
}

// render takes one task, tells of each of its frames, completes it, and returns what
// it was asked for.
func (f *testFarm) render(w farm.WorkerID, seconds float64) (asked string) {
	f.t.Helper()
	a, err := f.Assign(f.t.Context(), w, 0)
	if err != nil || a.Task == nil {
		f.t.Fatalf("no task: %v", err)
	}
	status := farm.TaskCompleted
	r := manager.Report{Status: &status}
	if rendering, ok := farm.RenderingOf(a.Task.Commands); ok {
		asked = farm.FormatFrames(rendering.Frames)
		if keep := a.Task.Commands[0].Parameters["keep"]; keep != nil {
			asked += " keep"
		}
		for _, n := range rendering.Frames {
			r.Frames = append(r.Frames, farm.FrameResult{Frame: n, Wall: int64(1000 * seconds), Saved: time.Now()})
		}
	}
	f.must(f.Report(w, a.Task.ID, r))
	return asked
}

// frames returns "number status" of the job's frames.
func (f *testFarm) frames(id farm.JobID) string {
	f.t.Helper()
	all, _, err := f.Frames(id, -1, 1000)
	f.must(err)
	var list []string
	for _, fr := range all {
		text := fmt.Sprintf("%d %s", fr.Number, fr.Status)
		if fr.Result == nil && fr.Status == farm.TaskCompleted {
			text += " untold"
		}
		list = append(list, text)
	}
	return strings.Join(list, ", ")
}

// A chunk of which one frame is wanted renders that one only, and the video follows.
func TestRerender(t *testing.T) {
	f := newFarm(t)
	w := f.worker("w1")
	job := f.submitFilm("-2-9", 4)
	f.render(w, 1)
	if got := f.frames(job); got != "-2 completed, -1 completed, 0 completed, 1 completed, 2 queued, 3 queued, 4 queued, 5 queued, 6 queued, 7 queued, 8 queued, 9 queued" {
		t.Error(got)
	}
	f.render(w, 1)
	f.render(w, 1)
	f.render(w, 1)
	f.want(job, farm.JobCompleted)
	if all, _, _ := f.Frames(job, -1, 1000); all[0].File != "/out/-000002.png" || all[11].File != "/out/000009.png" || all[3].Worker != w {
		t.Errorf("%+v", all)
	}

	done, err := f.Rerender(job, []int{7, -1, 8}, "the light was on", farm.Actor{Name: "ana"})
	if err != nil || !slices.Equal(done.Frames, []int{-1, 7, 8}) || done.Tasks != 2 || done.Waiting != nil {
		t.Fatalf("%+v, %v", done, err)
	}
	f.want(job, farm.JobActive, "render--2..1 queued", "render-2-5 completed", "render-6-9 queued", "preview-video queued")
	if got := f.frames(job); got != "-2 completed, -1 queued, 0 completed, 1 completed, 2 completed, 3 completed, 4 completed, 5 completed, 6 completed, 7 queued, 8 queued, 9 completed" {
		t.Error(got)
	}
	if done, err := f.Rerender(job, []int{7, 9}, "and this"); err != nil || done.Tasks != 0 || !slices.Equal(done.Waiting, []int{7, 9}) {
		t.Errorf("%+v, %v", done, err)
	}
	f.restart() // it is in the database
	if got := []string{f.render(w, 1), f.render(w, 1), f.render(w, 1)}; !slices.Equal(got, []string{"-1 keep", "7-9 keep", ""}) {
		t.Errorf("rendered %q", got)
	}
	f.want(job, farm.JobCompleted)
	if got := f.frames(job); strings.Contains(got, "untold") || strings.Contains(got, "queued") {
		t.Errorf("what is known of the frames that were not rendered again is gone: %s", got)
	}
	f.must(f.SetJobStatus(job, farm.JobRequeueing, "all of it"))
	if got := f.render(w, 1); got != "-2..1" && got != "-2-1" {
		t.Errorf("requeued as a whole, the task renders %q", got)
	}
}

// What cannot be done is refused in words, and changes nothing.
func TestRerenderIsRefused(t *testing.T) {
	f := newFarm(t)
	w := f.worker("w1")
	job := f.submitFilm("1-4", 2)
	f.render(w, 1)
	held := f.take(w)
	refused := func(job farm.JobID, kind farm.Kind, text string, frames ...int) {
		t.Helper()
		if _, err := f.Rerender(job, frames, "again"); farm.KindOf(err) != kind || !strings.Contains(err.Error(), text) {
			t.Errorf("%v: %v", frames, err)
		}
	}
	refused(job, farm.Invalid, "has no frame 5,6.", 1, 5, 6)
	refused(job, farm.Conflict, "frame 3 is being rendered just now", 1, 3)
	refused("00000000-0000-4000-8000-000000000000", farm.NotFound, "no such job", 1)
	f.report(w, held, farm.TaskCompleted)
	f.must(f.SetJobStatus(job, farm.JobCancelRequested, "no"))
	refused(job, farm.Conflict, "is canceled", 1)
	f.must(f.DeleteJob(job))
	// Its deletion goes on by itself and may have ended by now.
	if _, err := f.Rerender(job, []int{1}, "again"); farm.KindOf(err) != farm.NotFound && farm.KindOf(err) != farm.Conflict {
		t.Errorf("a deleted job: %v", err)
	}
	script := f.submit(map[string]any{"script": "x", "blendfile": "/s/a.blend"}, func(s *farm.Submission) {
		s.Type = "blender-script"
		s.Settings = map[string]any{"blendfile": "/s/a.blend", "script": "/s/x.py", "scene": "S"}
	})
	refused(script, farm.Invalid, "cannot be told", 1)
}

// A paused job stays paused, and one that failed does these frames only.
func TestRerenderOfPausedAndFailedJobs(t *testing.T) {
	f := newFarm(t)
	f.configure(firstFailureIsFinal)
	w := f.worker("w1")
	job := f.submitFilm("1-4", 1)
	f.render(w, 1)
	f.must(f.SetJobStatus(job, farm.JobPauseRequested, "lunch"))
	if _, err := f.Rerender(job, []int{1}, "again"); err != nil {
		t.Fatal(err)
	}
	f.want(job, farm.JobPaused)
	if f.take(w) != "" {
		t.Error("a paused job hands out a task")
	}
	f.must(f.SetJobStatus(job, farm.JobQueued, "go on"))
	if got := f.render(w, 1); got != "1 keep" {
		t.Errorf("rendered %q", got)
	}
	f.report(w, f.take(w), farm.TaskFailed)
	f.want(job, farm.JobFailed)
	if _, err := f.Rerender(job, []int{1}, "again"); err != nil {
		t.Fatal(err)
	}
	if got := f.render(w, 1); got != "1 keep" || f.take(w) != "" {
		t.Errorf("rendered %q, or more", got)
	}
}

// The job says when it will be over, from what its frames took, and what that cost.
func TestCosts(t *testing.T) {
	f := newFarm(t)
	f.configure(func(c *farm.Config) { c.PricePerKWh = 0.5 })
	w := f.worker("w1")
	job := f.submitFilm("1-100", 1)
	if c, err := f.Costs(job); err != nil || c.FrameCosts != nil || c.Left != nil {
		t.Errorf("%+v, %v", c, err)
	}
	for range 50 {
		f.render(w, 60)
	}
	task := f.take(w)
	f.must(f.Report(w, task, manager.Report{Frames: []farm.FrameResult{{Frame: 51, Wall: 60_000, Energy: 3_600_000, Saved: time.Now()}}}))
	c, err := f.Costs(job)
	if err != nil || c.Rendered != 51 || c.Energy != 3_600_000 || c.Price != 0.5 || c.Left == nil {
		t.Fatalf("%+v, %v", c, err)
	}
	if left := time.Until(c.Left.Likely); left < 45*time.Minute || left > 51*time.Minute || !c.Left.Earliest.Before(c.Left.Likely) || !c.Left.Latest.After(c.Left.Likely) {
		t.Errorf("50 frames of a minute take %v: %+v", left, c.Left)
	}
	// A worker that holds its next task besides is no faster for it.
	if f.next(w, task) == "" {
		t.Fatal("there is no next task")
	}
	if c, err = f.Costs(job); err != nil || time.Until(c.Left.Likely) < 45*time.Minute {
		t.Errorf("with a next task, 50 frames of a minute are over at %v: %v", c.Left.Likely, err)
	}
	jobs, _, err := f.Jobs(0, 10)
	f.must(err)
	if left, err := f.TimeLeft(jobs); err != nil || left[0] == nil {
		t.Errorf("%v, %v", left, err)
	}
	// One that waits behind it begins when it is over.
	if j, c, err := f.WorkerCosts(w); err != nil || j.ID != job || c.Rendered != 51 {
		t.Errorf("%+v, %v", c, err)
	}
	f.must(f.SetJobStatus(job, farm.JobPauseRequested, "lunch"))
	if c, _ := f.Costs(job); c.Left != nil {
		t.Errorf("a paused job says when it will be over: %+v", c.Left)
	}
}
