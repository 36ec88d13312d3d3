package manager_test

import (
	"slices"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/manager"
)

// A frame of one colour is a warning if its neighbours are not, whichever tasks they
// belong to; as long as a neighbour is not rendered it is none.
func TestFlatFrames(t *testing.T) {
	f := newFarm(t)
	w := f.worker("w")
	job := f.submitFilm("1-40", 4)
	flat := []int{1, 2, 12, 13, 20, 33, 39, 40}
	warned := func() (list []int, counted int) {
		frames, _, err := f.Frames(job, -1, 100)
		f.must(err)
		for _, frame := range frames {
			if frame.Warns {
				list = append(list, frame.Number)
			}
		}
		c, err := f.Costs(job)
		f.must(err)
		return list, c.Warned
	}
	render := func(first int) {
		var r manager.Report
		r.Status = new(farm.TaskStatus)
		*r.Status = farm.TaskCompleted
		for n := first; n < first+4; n++ {
			result := farm.FrameResult{Frame: n, Wall: 1000, Saved: time.Now()}
			if slices.Contains(flat, n) {
				result.Flags = farm.FrameFlat
			}
			r.Frames = append(r.Frames, result)
		}
		f.must(f.Report(w, f.take(w), r))
	}
	next := 1
	for _, step := range []struct {
		until int
		want  []int
	}{{4, nil}, {12, nil}, {16, []int{12, 13}}, {20, []int{12, 13}}, {40, []int{12, 13, 20, 33}}} {
		for ; next <= step.until; next += 4 {
			render(next)
		}
		if got, counted := warned(); !slices.Equal(got, step.want) || counted != len(step.want) {
			t.Errorf("with %d frames rendered, there are warnings of %v, and %d are counted; want %v", step.until, got, counted, step.want)
		}
	}
	// One that is rendered again and is in order is none any more.
	flat = []int{12, 13, 33}
	if _, err := f.Rerender(job, []int{17, 18, 19, 20}, "black"); err != nil {
		t.Fatal(err)
	}
	render(17)
	if got, counted := warned(); !slices.Equal(got, []int{12, 13, 33}) || counted != 3 {
		t.Errorf("after it was rendered again: %v, %d", got, counted)
	}
}
