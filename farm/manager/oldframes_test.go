package manager_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/manager"
)

// Frames are older than a .blend that was saved again when the job was over.
func TestOldFrames(t *testing.T) {
	f := newFarm(t)
	var saved time.Time
	var asked string
	f.changed = func(_ context.Context, file string) (time.Time, error) {
		if asked = file; saved.IsZero() {
			return saved, errors.New("it is not there")
		}
		return saved, nil
	}
	f.restart()
	w := f.worker("w1")
	job := f.submitFilm("1-3", 3)
	a, err := f.Assign(t.Context(), w, 0)
	f.must(err)
	file := time.Now().Add(-time.Hour)
	done := farm.TaskCompleted
	f.must(f.Report(w, a.Task.ID, manager.Report{Status: &done, Frames: []farm.FrameResult{
		{Frame: 1, Wall: 1000, Saved: time.Now(), Source: file}, {Frame: 2, Wall: 1000, Saved: time.Now()}, {Frame: 3, Saved: file, Flags: farm.FrameWasThere}}}))
	for _, c := range []struct {
		saved time.Time
		old   [3]bool
	}{{time.Time{}, [3]bool{}}, {file, [3]bool{}}, {file.Add(time.Second), [3]bool{}}, {file.Add(time.Minute), [3]bool{true, false, true}}} {
		saved = c.saved
		all, _, err := f.Frames(job, -1, 1000)
		f.must(err)
		f.must(f.MarkOld(t.Context(), job, all))
		if got := [3]bool{all[0].Old, all[1].Old, all[2].Old}; got != c.old || asked != "/s/a.blend" {
			t.Errorf("%s saved %s after: %v", asked, c.saved.Sub(file), got)
		}
	}
}
