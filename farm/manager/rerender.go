package manager

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"renderfarm/farm"
	"renderfarm/store"
)

// maxRerender is how many tasks are asked for at once: they change in one transaction.
const maxRerender = 500

// Rerendered is what was asked for with Rerender.
type Rerendered struct {
	Frames  []int // that are rendered again
	Waiting []int // that were to be rendered anyway
	Tasks   int   // that do it
	Kept    string
}

// A redoTask is a task with the frames that are wanted of it.
type redoTask struct {
	index  int
	frames []int
	whole  bool // these are all of its frames
}

// Rerender renders frames of a job again, and nothing else: a task of more frames
// does those only. Files that are there are kept by the workers until there are new
// ones, and after. What needs the frames, such as the video, is done again.
//
// NotFound; Invalid: frames that the job does not have, or a task of which not some
// frames can be done; Conflict: the job is canceled, being deleted or requeued, or a
// frame is being rendered just now.
func (m *Manager) Rerender(id farm.JobID, frames []int, reason string, by ...farm.Actor) (r Rerendered, err error) {
	frames = slices.Compact(slices.Sorted(slices.Values(frames)))
	tasks, err := m.tasksOf(id, frames)
	if err != nil {
		return r, err
	}
	err = m.update(func(u *unit) error {
		j, err := u.liveJob(id)
		if err != nil {
			return err
		}
		r = Rerendered{Kept: u.Now().Format("20060102-150405")}
		if err := mayRerender(j, tasks); err != nil {
			return err
		}
		u.rerender(j, tasks, &r, reason, by)
		return nil
	})
	return r, err
}

// tasksOf finds the tasks that render the frames. The plan never changes, so it is
// read without holding anybody up.
func (m *Manager) tasksOf(id farm.JobID, frames []int) (found []redoTask, err error) {
	missing := make(map[int]bool, len(frames))
	for _, f := range frames {
		missing[f] = true
	}
	opaque := 0 // the last task of which it is not known what it renders, from 1
	for after, last := -1, 0; ; after = last {
		err := m.store.View(func(v *store.View) error {
			tasks, err := v.PlannedTasks(id, after, pageSize)
			last = -1
			for i := range tasks {
				t := &tasks[i]
				last = t.Index
				r, ok := farm.RenderingOf(t.Commands)
				if !ok && slices.ContainsFunc(t.Commands, func(c farm.Command) bool { return c.Name == "blender-render" }) {
					opaque = t.Index + 1
				}
				var wanted []int
				for _, f := range r.Frames {
					if _, is := slices.BinarySearch(frames, f); ok && is {
						wanted = append(wanted, f)
						delete(missing, f)
					}
				}
				if len(wanted) > 0 {
					found = append(found, redoTask{t.Index, wanted, len(wanted) == len(r.Frames)})
				}
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		if last < 0 {
			break
		}
	}
	var gone []int
	for f := range missing {
		gone = append(gone, f)
	}
	switch {
	case len(gone) > 0 && opaque > 0:
		return nil, farm.Errorf(farm.Invalid, "which frames the tasks of this job render cannot be told, so that it cannot render some of them. Requeue the task that does: farm jobs requeue %.8s/%d", id, opaque)
	case len(gone) > 0:
		return nil, farm.Errorf(farm.Invalid, "the job has no frame %s. \"farm jobs frames %.8s\" shows those that it has", brief(gone), id)
	case len(found) > maxRerender:
		return nil, farm.Errorf(farm.Invalid, "these frames are in %d tasks, and at most %d can be asked for at once. Ask for fewer frames, or requeue the job", len(found), maxRerender)
	}
	for _, t := range found {
		if len(farm.FormatFrames(t.frames)) > farm.MaxRedo {
			return nil, farm.Errorf(farm.Invalid, "these are too many single frames of task %d. Ask for fewer, or requeue the task: farm jobs requeue %.8s/%d", t.index+1, id, t.index+1)
		}
	}
	return found, nil
}

// brief writes frames, and not more than fit into a sentence.
func brief(frames []int) string {
	const most = 60
	if text := farm.FormatFrames(frames); len(text) <= most {
		return text
	}
	slices.Sort(frames)
	return fmt.Sprintf("%d and %d others", frames[0], len(frames)-1)
}

// mayRerender says why the tasks cannot be done again now.
func mayRerender(j *store.Job, tasks []redoTask) error {
	switch status := j.Status(); {
	case j.Pass.InProgress():
		return errRequeueing(j)
	case status == farm.JobUnderConstruction:
		return farm.Errorf(farm.Conflict, "job %q is being stored: ask again in a moment", j.Name)
	case status == farm.JobCanceled || status == farm.JobCancelRequested:
		return farm.Errorf(farm.Conflict, "job %q is canceled, and renders nothing. Requeue it, and it renders what is missing", j.Name)
	case status == farm.JobFailed && j.Counts.Waiting() > passBatch && len(tasks) > 1:
		return farm.Errorf(farm.Conflict, "job %q failed with many tasks that wait: requeue it, or ask for the frames of one task", j.Name)
	}
	for _, t := range tasks {
		if j.Task(t.index).Status() == farm.TaskActive {
			return farm.Errorf(farm.Conflict, "frame %s is being rendered just now, in task %d: ask again when that is over, or leave it out", brief(t.frames), t.index+1)
		}
	}
	return nil
}

func (u *unit) rerender(j *store.Job, tasks []redoTask, r *Rerendered, reason string, by []farm.Actor) {
	over, completed := j.Status().TakesBack(), j.Status() == farm.JobCompleted
	u.touch(j).because = reason
	for _, t := range tasks {
		task := j.Task(t.index)
		if task.Status().Waiting() && !over {
			r.Waiting = append(r.Waiting, t.frames...)
			u.widen(task, t, r.Kept)
			continue
		}
		r.Frames = append(r.Frames, t.frames...)
		r.Tasks++
	}
	slices.Sort(r.Frames)
	slices.Sort(r.Waiting)
	if r.Tasks == 0 {
		return
	}
	u.note(j, by, "Frames "+brief(r.Frames)+" rendered again", reason)
	first := true
	for _, t := range tasks {
		task := j.Task(t.index)
		if task.Status().Waiting() && !over {
			continue
		}
		u.logTask(task, fmt.Sprintf("Frames %s are rendered again: %s", farm.FormatFrames(t.frames), reason))
		if over && first { // what waited stays canceled
			u.requeueTask(task, reason)
		} else {
			u.change(task, farm.TaskRequeued, "task changed status to queued", func(s *farm.TaskState) { s.Activity = reason; s.Forgive() })
		}
		first = false
		state := task.State()
		state.Redo = farm.Redo{Frames: farm.FormatFrames(t.frames), Kept: r.Kept}
		u.SetTask(task, state)
	}
	if completed { // it may have been held while it completed
		j.Intent, j.RetryAt = farm.IntentRun, time.Time{}
	}
}

// widen adds frames to those that a waiting task does again; one that does all of
// its frames anyway stays as it is. Of one that has some of them already, the files are kept.
func (u *unit) widen(t store.Task, wanted redoTask, kept string) {
	state := t.State()
	if state.Redo == (farm.Redo{}) {
		return
	}
	frames, err := farm.ParseFrames(state.Redo.Frames)
	if err != nil {
		return
	}
	frames = slices.Compact(slices.Sorted(slices.Values(append(frames, wanted.frames...))))
	if text := farm.FormatFrames(frames); text != state.Redo.Frames && len(text) <= farm.MaxRedo {
		state.Redo = farm.Redo{Frames: text, Kept: cmp.Or(state.Redo.Kept, kept)}
		u.SetTask(t, state)
	}
}
