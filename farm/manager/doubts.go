package manager

import (
	"slices"

	"renderfarm/farm"
	"renderfarm/store"
)

// Bounds of the search for frames that are better rendered again: it must not take longer
// for a larger job. What is beyond them is found once the first are rendered again.
const (
	maxDoubtSearch = 4096 // results that are looked at, from the first frame on
	maxDoubtTasks  = 64   // tasks that are named
	maxDoubtFrames = 400  // frames that are named, of each kind
)

// withDoubts adds which frames of a job somebody may want to have rendered again.
func (m *Manager) withDoubts(why farm.Why, job *farm.JobDiagnosis) farm.Why {
	switch job.Status() {
	case farm.JobCompleted, farm.JobActive, farm.JobQueued, farm.JobPaused, farm.JobPauseRequested:
	case farm.JobFailed:
		if job.Counts.Waiting() > passBatch {
			return why // then it has to be requeued
		}
	default:
		return why
	}
	if !job.Deleting.IsZero() {
		return why
	}
	var d farm.Doubts
	err := m.store.View(func(v *store.View) (err error) {
		d, err = doubts(v, job.ID)
		return err
	})
	if err != nil && farm.KindOf(err) != farm.NotFound { // the answer is right without
		m.log.Warn("cannot read what is known of a job's frames", "job", job.ID, "error", err)
	}
	job.AddDoubts(&why, d)
	return why
}

// doubts looks for them among the first frames of a job.
func doubts(v *store.View, id farm.JobID) (d farm.Doubts, err error) {
	costs, err := v.Costs(id)
	if err != nil || costs == nil || costs.Kept == 0 {
		return d, err
	}
	j, err := v.Job(id)
	if err != nil {
		return d, err
	}
	flat, err := flatWarnings(v, id, costs.Flat)
	if err != nil {
		return d, err
	}
	found, err := v.FirstFrames(id, maxDoubtSearch)
	if err != nil {
		return d, err
	}
	d.More = len(found) < costs.Kept && (costs.Warned > 0 || len(flat) > 0)
	var tasks []int
	for i := range found {
		r := &found[i].FrameResult
		if _, is := slices.BinarySearch(flat, r.Frame); is || r.Flags.Warns() || costs.Old(r) {
			tasks = append(tasks, found[i].Task)
		}
	}
	slices.Sort(tasks)
	tasks = slices.Compact(tasks)
	if len(tasks) > maxDoubtTasks {
		tasks, d.More = tasks[:maxDoubtTasks], true
	}
	for _, index := range tasks {
		// What a result means depends on what became of its task since.
		planned, err := v.PlannedTasks(id, index-1, 1)
		if err != nil {
			return d, err
		}
		if len(planned) == 0 || planned[0].Status == farm.TaskActive {
			continue // it cannot be rendered again now
		}
		frames, err := framesOfTask(v, &j, &planned[0], costs, nil)
		if err != nil {
			return d, err
		}
		sortDoubts(&d, frames, flat)
	}
	for _, list := range []*[]int{&d.Flagged, &d.Old} {
		slices.Sort(*list)
		*list = slices.Compact(*list) // a frame may have several parts
		if len(*list) > maxDoubtFrames {
			*list, d.More = (*list)[:maxDoubtFrames], true
		}
	}
	return d, nil
}

// sortDoubts adds those of the frames that are in doubt. flat are those of one colour that
// somebody should look at.
func sortDoubts(d *farm.Doubts, frames []Frame, flat []int) {
	for i := range frames {
		f := &frames[i]
		if f.Result == nil {
			continue
		}
		flags := f.Result.Flags &^ (farm.FrameWasThere | farm.FrameRenderedTwice)
		if _, is := slices.BinarySearch(flat, f.Number); !is {
			flags &^= farm.FrameFlat
		}
		if flags != 0 {
			d.Flagged, d.Flags = append(d.Flagged, f.Number), d.Flags|flags
		}
		if f.Old {
			d.Old = append(d.Old, f.Number)
		}
	}
}
