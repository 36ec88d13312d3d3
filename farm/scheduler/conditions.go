package scheduler

import (
	"slices"

	"renderfarm/farm"
)

// A condition must hold for a task to be handed to a worker.
type condition struct {
	farm.Obstacle // what is in the way if it does not hold
	holds         func(s *Scheduler, t Task, w *Worker) bool
}

// conditions are all that Pick wants of a task and a worker. Pick does not go
// through them for each task: the scheduler is these conditions, kept. A job is
// in queues while the first holds, the bitmap of runnable tasks has those for
// which the next two hold, a worker looks into the queues of the two after them,
// and mayHave asks the rest, once of each group. All use the functions that are named here, and a test
// compares Pick with the list.
var conditions = []condition{
	{farm.JobStopped, func(_ *Scheduler, t Task, _ *Worker) bool { return t.Job.terms.Open }},
	{farm.TaskNotWaiting, func(_ *Scheduler, t Task, _ *Worker) bool { return t.Status().Waiting() }},
	{farm.NeedsUnmet, func(_ *Scheduler, t Task, _ *Worker) bool { return t.Ready() }},
	{farm.TypeUnsupported, func(_ *Scheduler, t Task, w *Worker) bool { return slices.Contains(w.placement.types, t.Type()) }},
	{farm.TagMissing, func(_ *Scheduler, t Task, w *Worker) bool { return w.placement.carries(t.Job.terms.Tag) }},
	{farm.BlenderMissing, func(s *Scheduler, t Task, w *Worker) bool { return s.suits(t.Job, t.Type(), w) }},
	{farm.GPUMissing, func(_ *Scheduler, t Task, w *Worker) bool {
		return w.placement.hasCard(t.Job.terms.work(t.Type()).Need)
	}},
	{farm.StorageMissing, func(_ *Scheduler, t Task, w *Worker) bool {
		return w.placement.hasStorage(t.Job.terms.work(t.Type()).Need)
	}},
	{farm.WorkerBlocked, func(_ *Scheduler, t Task, w *Worker) bool { return !t.Job.Blocked(w, t.Type()) }},
	{farm.MemoryShort, (*Scheduler).enoughMemory},
	{farm.FailedBefore, (*Scheduler).mayTry},
	{farm.StorageFirst, func(s *Scheduler, t Task, w *Worker) bool { return !s.leavesIt(t, w) }},
}

// Suits reports whether a task that is handed out could be the worker's, if it waited.
func (s *Scheduler) Suits(t Task, w *Worker) bool {
	return !slices.ContainsFunc(conditions, func(c condition) bool { return c.Obstacle != farm.TaskNotWaiting && !c.holds(s, t, w) })
}

// Obstacle returns what keeps Pick from giving the task to the worker;
// NoObstacle if it would, had it no better one.
func (s *Scheduler) Obstacle(t Task, w *Worker) farm.Obstacle {
	for _, c := range conditions {
		if !c.holds(s, t, w) {
			return c.Obstacle
		}
	}
	return farm.NoObstacle
}
