package manager_test

import (
	"slices"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/manager"
	"renderfarm/store/files"
)

// A task is stuck when its worker says nothing for longer than such tasks take; a line in
// its log, or progress, ends that.
func TestStuckTask(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		w1, w2 := f.worker("w1"), f.worker("w2")
		job := f.submit(frames(10))
		task := f.take(w2)
		f.must(f.Report(w2, task, manager.Report{Log: "it begins\n"}))
		for range 3 {
			f.takes(w1, 2*time.Minute)
		}
		f.must(f.Report(w2, task, manager.Report{Log: "still here\n"}))
		stuck := func() []manager.StuckTask {
			t.Helper()
			n, err := f.Now(t.Context())
			f.must(err)
			return n.Stuck
		}
		pass(time.Minute - time.Second)
		if list := stuck(); len(list) != 0 {
			t.Errorf("it is stuck already: %+v", list)
		}
		pass(5 * time.Minute)
		list := stuck() // a task has two steps
		if len(list) != 1 || list[0].ID != task || list[0].Job != job || list[0].WorkerName != "w2" || list[0].Usual != time.Minute || list[0].Silent.Round(time.Second) != 6*time.Minute-time.Second || list[0].Took.Round(time.Second) != 12*time.Minute-time.Second {
			t.Errorf("stuck: %+v", list)
		}
		f.must(f.Report(w2, task, manager.Report{Log: "frame 2\n"}))
		if list := stuck(); len(list) != 0 {
			t.Errorf("it has said something: %+v", list)
		}
	})
}

// Frames are counted by the minute, for an hour; those that were there already are not.
func TestFramesOfEachMinute(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		w := f.worker("w")
		f.submitFilm("1-100", 50)
		a, err := f.Assign(t.Context(), w, 0)
		f.must(err)
		saved := func(flags farm.FrameFlags, numbers ...int) {
			t.Helper()
			var r manager.Report
			for _, n := range numbers {
				r.Frames = append(r.Frames, farm.FrameResult{Frame: n, Wall: 1000, Saved: time.Now(), Flags: flags})
			}
			f.must(f.Report(w, a.Task.ID, r))
		}
		minutes := func() []int {
			t.Helper()
			n, err := f.Now(t.Context())
			f.must(err)
			return n.Frames
		}
		saved(0, 1, 2)
		saved(farm.FrameWasThere, 3)
		pass(2 * time.Minute)
		saved(0, 4)
		if got := minutes(); !slices.Equal(got, []int{2, 0, 1}) {
			t.Errorf("frames: %v", got)
		}
		pass(59 * time.Minute)
		if got := minutes(); len(got) != 60 || got[0] != 1 || slices.Max(got[1:]) != 0 {
			t.Errorf("an hour later: %v", got)
		}
		pass(3 * time.Hour)
		if got := minutes(); len(got) != 60 || slices.Max(got) != 0 {
			t.Errorf("hours later: %v", got)
		}
	})
}

// Comments survive a start, go with their job, and are not more than a job may have.
func TestCommentsStay(t *testing.T) {
	f := newFarm(t)
	job := f.submit(nil)
	by := farm.Actor{Name: "anna"}
	_, err := f.AddComment(job, farm.Comment{Frame: 7, Text: "too dark", Tag: "redo"}, by)
	f.must(err)
	f.stop()
	f.start()
	got, err := f.Comments(job)
	f.must(err)
	if len(got) != 1 || got[0].Text != "too dark" || got[0].By != by || got[0].Time.IsZero() {
		t.Errorf("after a start: %+v", got)
	}
	f.must(f.files.SaveComments(job, files.Comments{Last: 5000, List: make([]farm.Comment, farm.MaxComments)}))
	if _, err := f.AddComment(job, farm.Comment{Text: "one more"}, by); farm.KindOf(err) != farm.Conflict {
		t.Errorf("one too many: %v", err)
	}
	follow := f.events.Follow()
	f.must(f.DeleteJob(job))
	awaitDeletion(t, follow, job)
	if kept, err := f.files.Comments(job); err != nil || len(kept.List) > 0 {
		t.Errorf("the job is gone, and its comments are there: %d, %v", len(kept.List), err)
	}
	if _, err := f.AddComment(job, farm.Comment{Text: "too late"}, by); farm.KindOf(err) != farm.NotFound {
		t.Errorf("a comment on a job that is gone: %v", err)
	}
}
