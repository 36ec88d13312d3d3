package v3events

import (
	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/events"
)

// Job is the change of a job. It has the previous status only if that was
// another one, and never for a job that was just submitted: that tells clients a
// new job from a changed one. RefreshTasks means that many tasks changed without
// events of their own: clients fetch the list again.
func Job(e events.JobChanged) api.EventJobUpdate {
	update := api.EventJobUpdate{
		ID: e.Job.ID, Name: e.Job.Name, Updated: e.Job.Updated, Status: e.Status.String(), Type: e.Job.Type, Priority: e.Job.Priority,
		RefreshTasks: e.RefreshTasks, StepsCompleted: e.Job.StepsDone, StepsTotal: e.Job.StepsTotal, DeleteRequestedAt: e.Job.Deleting,
		TimeLeft: api.NewTimeLeft(e.Left), Created: e.Job.Created, Activity: e.Job.Activity, WorkerTag: e.Job.Tag, TaskCounts: Counts(&e.Job),
	}
	if e.Previous != e.Status && !e.Submitted {
		update.PreviousStatus = e.Previous.String()
	}
	return update
}

// DeletedJob tells that a job is gone: all but its id has no meaning.
func DeletedJob(e events.JobDeleted) api.EventJobUpdate {
	return api.EventJobUpdate{ID: e.Job, WasDeleted: true}
}

// Counts is how many tasks of a job are shown in each status; those with none are left out.
func Counts(j *farm.Job) map[string]int {
	counts := map[string]int{}
	for i, n := range j.Counts {
		if n > 0 {
			counts[farm.ShownStatus(farm.TaskStatus(i), j.Status()).String()] += n
		}
	}
	return counts
}

// Task is the change of a task, with the worker only if it has one.
func (s Source) Task(e events.TaskChanged) api.EventTaskUpdate {
	update := api.EventTaskUpdate{
		ID: e.Task, JobID: e.Job, Name: s.TaskName(e.Task), Updated: e.State.Updated, Status: e.Status.String(),
		Activity: e.State.Activity, StepsCompleted: e.State.StepsDone, StepsTotal: e.StepsTotal,
	}
	if e.Previous != e.Status {
		update.PreviousStatus = e.Previous.String()
	}
	if e.WorkerName != "" {
		update.Worker = &api.EventTaskWorker{Name: e.WorkerName, UUID: e.State.Worker}
	}
	return update
}

// TaskLog is what was appended to the log of a task.
func TaskLog(e events.TaskLogged) api.EventTaskLogUpdate {
	return api.EventTaskLogUpdate{TaskID: e.Task, Log: e.Text}
}

// Worker is the change of a worker. One with DeletedAt is to be taken from the list.
func Worker(e events.WorkerChanged) api.EventWorkerUpdate {
	w := &e.Worker
	update := api.EventWorkerUpdate{
		ID: w.ID, Name: w.Name, Updated: w.Updated, LastSeen: w.LastSeen, Status: w.Status.String(), StatusChange: Request(w.Request),
		Version: w.Software, DeletedAt: w.Deleted, CanRestart: w.CanRestart, InUse: w.InUse, Unable: w.Unable, Unapproved: w.Unapproved,
	}
	if e.Previous != w.Status {
		update.PreviousStatus = e.Previous.String()
	}
	return update
}

// Request is the status that was asked of a worker and that it has not taken yet;
// nil if none was.
func Request(r farm.StatusRequest) *api.WorkerStatusChangeRequest {
	if !r.Pending() {
		return nil
	}
	return &api.WorkerStatusChangeRequest{Status: r.Status.String(), IsLazy: r.Lazy}
}

// Preview says where the previews of a job are: the base and one of the suffixes,
// joined by a slash, are a path on the manager. Each suffix is a size.
func (s Source) Preview(e events.PreviewMade) api.EventLastRenderedUpdate {
	dir, names := s.PreviewPath(e.Job)
	return api.EventLastRenderedUpdate{JobID: e.Job, Thumbnail: api.JobLastRenderedImageInfo{Base: "/job-files/" + dir, Suffixes: names}}
}

// Farm is the status of the farm.
func Farm(e events.FarmChanged) api.EventFarmStatus { return api.EventFarmStatus{Status: e.Status} }
