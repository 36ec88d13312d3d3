package manager

import (
	"cmp"
	"slices"

	"renderfarm/farm"
	"renderfarm/store"
)

// A Frame is one frame of a task, as far as the job type tells which frames a task
// renders, or its worker which it rendered.
type Frame struct {
	Number int
	Task   int // index
	TaskID farm.TaskID
	Status farm.TaskStatus // the frame's own: completed once it is saved, though its task goes on
	File   string          // "" if it cannot be told
	Worker farm.WorkerID   // who rendered it, or does; "" for nobody
	Result *farm.FrameResult
	Old    bool // made from an older .blend than others of the job; see also MarkOld
	Warns  bool // somebody should look at it
}

// Frames returns the frames of at most limit tasks behind the one with the index
// after, -1 for the first, and the index of the last of these tasks, -1 if there is none.
func (m *Manager) Frames(id farm.JobID, after, limit int) (frames []Frame, last int, err error) {
	last = -1
	err = m.store.View(func(v *store.View) error {
		j, err := v.Job(id)
		if err != nil {
			return err
		}
		tasks, err := v.PlannedTasks(id, after, limit)
		if err != nil || len(tasks) == 0 {
			return err
		}
		costs, err := v.Costs(id)
		if err != nil {
			return err
		}
		for i := range tasks {
			last = tasks[i].Index
			if frames, err = framesOfTask(v, &j, &tasks[i], costs, frames); err != nil {
				return err
			}
		}
		return warnOf(v, id, frames)
	})
	return frames, last, err
}

// framesOfTask appends the frames of one task.
func framesOfTask(v *store.View, j *farm.Job, t *farm.Task, costs *farm.FrameCosts, to []Frame) ([]Frame, error) {
	r, ok := farm.RenderingOf(t.Commands)
	if !ok {
		return to, nil
	}
	var found []store.StoredFrame
	if costs != nil {
		var err error
		if found, err = v.Frames(j.ID, r.Frames); err != nil {
			return to, err
		}
	}
	again, _ := farm.ParseFrames(t.Redo.Frames) // none if there is nothing to do again
	for _, number := range r.Frames {
		f := Frame{Number: number, Task: t.Index, TaskID: t.ID, Status: farm.ShownStatus(t.Status, j.Status()), File: r.File(number)}
		i, told := slices.BinarySearchFunc(found, number, func(s store.StoredFrame, number int) int {
			return cmp.Or(cmp.Compare(s.Frame, number), cmp.Compare(s.Task, t.Index))
		})
		_, wanted := slices.BinarySearch(again, number)
		wanted = wanted || again == nil
		if !wanted {
			f.Status = farm.TaskCompleted
		}
		if t.Status != farm.TaskQueued && wanted {
			f.Worker = t.Worker
		}
		// What was told in an earlier attempt counts if the last did not render the frame.
		if told && (!wanted || t.Status == farm.TaskCompleted || found[i].Attempt == t.Attempt && t.Status != farm.TaskQueued) {
			found[i].Flags &^= farm.FrameAlone
			f.Result, f.Worker, f.Status = &found[i].FrameResult, found[i].Worker, farm.TaskCompleted
			f.Old = costs.Old(f.Result)
		}
		to = append(to, f)
	}
	return to, nil
}

// JobCosts is what the frames of a job cost so far, and when it will be over.
type JobCosts struct {
	*farm.FrameCosts                // nil: no worker told of any
	Left             *farm.TimeLeft // nil: it cannot be told, or is over
	Price            float64        // of a kilowatt hour; 0: not known
}

// Costs returns what the frames of a job cost so far.
func (m *Manager) Costs(id farm.JobID) (c JobCosts, err error) {
	c.Price = m.Config().PricePerKWh
	err = m.store.Update(func(tx *store.Tx) error {
		j, err := tx.Job(id)
		if err != nil {
			return err
		}
		if c.FrameCosts = tx.Costs(j).Clone(); c.FrameCosts != nil {
			c.Left = timeLeft(tx, j)
		}
		return nil
	})
	if err != nil || c.FrameCosts == nil || len(c.Flat) == 0 {
		return c, err
	}
	err = m.store.View(func(v *store.View) error {
		warned, err := flatWarnings(v, id, c.Flat)
		c.Warned += len(warned)
		return err
	})
	return c, err
}

// maxAhead is for how many jobs that come first the time left is told.
const maxAhead = 100

// timeLeft returns when a job will be over, nil if that cannot be told. A job that
// no worker is at begins when those before it are over.
func timeLeft(tx *store.Tx, j *store.Job) *farm.TimeLeft {
	if !j.Status().Runs() {
		return nil
	}
	if j.Workers() > 0 {
		return leftOf(tx, j)
	}
	costs := tx.Costs(j)
	if costs == nil {
		return nil
	}
	left, ok := costs.TimeLeft(workLeft(costs, j, max(len(costs.Workers), 1)), tx.Now())
	if !ok {
		return nil
	}
	ahead := tx.Ahead(j, maxAhead+1)
	if len(ahead) > maxAhead {
		return nil
	}
	for _, other := range ahead {
		first := leftOf(tx, other)
		if first == nil {
			return nil
		}
		left = left.Later(*first, tx.Now())
	}
	return &left
}

// leftOf is the time left of a job that workers are at; nil if none is.
func leftOf(tx *store.Tx, j *store.Job) *farm.TimeLeft {
	if !j.Status().Runs() || j.Workers() == 0 {
		return nil
	}
	c := tx.Costs(j)
	if c == nil {
		return nil
	}
	left, ok := c.TimeLeft(workLeft(c, j, j.Workers()), tx.Now())
	if !ok {
		return nil
	}
	return &left
}

// workLeft is what of a job is to be done yet, by so many workers.
func workLeft(c *farm.FrameCosts, j *store.Job, workers int) farm.WorkLeft {
	left := farm.WorkLeft{Frames: j.StepsTotal - j.StepsDone, Workers: workers}
	if planned := c.Curve.Planned(); planned > 0 {
		left.Others = max(0, j.StepsTotal-planned)
		left.Frames = max(0, left.Frames-left.Others)
	}
	return left
}

// TimeLeft returns when each of the jobs that workers are at will be over; nil for
// others, and where it cannot be told.
func (m *Manager) TimeLeft(jobs []farm.Job) (left []*farm.TimeLeft, err error) {
	left = make([]*farm.TimeLeft, len(jobs))
	active := func(j farm.Job) bool { return j.Status().Runs() && j.Counts[farm.TaskActive] > 0 }
	if !slices.ContainsFunc(jobs, active) {
		return left, nil
	}
	err = m.store.Update(func(tx *store.Tx) error { // which knows who works on what
		for i := range jobs {
			if !active(jobs[i]) {
				continue
			}
			// One that was deleted meanwhile, or is damaged, has none.
			if j, err := tx.Job(jobs[i].ID); err == nil {
				left[i] = leftOf(tx, j)
			}
		}
		return nil
	})
	return left, err
}

// WorkerCosts returns what a worker did in the job it works for, or did last, and
// which that is; "" if it told of no frame there.
func (m *Manager) WorkerCosts(id farm.WorkerID) (job farm.Job, c farm.WorkerCosts, err error) {
	err = m.store.View(func(v *store.View) error {
		w, err := v.Worker(id)
		if err != nil || w.LastTask == "" {
			return err
		}
		t, err := v.Task(w.LastTask)
		if farm.KindOf(err) == farm.NotFound {
			return nil // its job was deleted
		}
		if err != nil {
			return err
		}
		costs, err := v.Costs(t.Job)
		if err != nil || costs == nil {
			return err
		}
		i := slices.IndexFunc(costs.Workers, func(c farm.WorkerCosts) bool { return c.Worker == id })
		if i < 0 {
			return nil
		}
		c = costs.Workers[i]
		job, err = v.Job(t.Job)
		return err
	})
	return job, c, err
}

// A WorkerPart is what a worker did in a job.
type WorkerPart struct {
	Job     farm.JobID
	JobName string
	farm.WorkerCosts
}

// WorkerParts returns what a worker did in those of some jobs whose frames it told of, in
// the order of its last frames.
func (m *Manager) WorkerParts(id farm.WorkerID, jobs []farm.JobID) (parts []WorkerPart, err error) {
	err = m.store.View(func(v *store.View) error {
		if _, err := v.Worker(id); err != nil {
			return err
		}
		for _, job := range jobs {
			costs, err := v.Costs(job)
			if farm.KindOf(err) == farm.NotFound || err == nil && costs == nil {
				continue // it was deleted, or rendered nothing
			}
			if err != nil {
				return err
			}
			i := slices.IndexFunc(costs.Workers, func(c farm.WorkerCosts) bool { return c.Worker == id })
			if i < 0 {
				continue
			}
			j, err := v.Job(job)
			if err != nil {
				return err
			}
			parts = append(parts, WorkerPart{job, j.Name, costs.Workers[i]})
		}
		return nil
	})
	slices.SortStableFunc(parts, func(a, b WorkerPart) int { return a.Last.Compare(b.Last) })
	return parts, err
}
