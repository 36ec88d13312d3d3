package server

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/events"
	"renderfarm/farm/manager"
)

// jobID returns the job named in the path; Invalid if it is no UUID.
func jobID(r *http.Request) (farm.JobID, error) {
	id, err := pathID(r, "job_id")
	return farm.JobID(id), err
}

func taskID(r *http.Request) (farm.TaskID, error) {
	id, err := pathID(r, "task_id")
	return farm.TaskID(id), err
}

func workerID(r *http.Request) (farm.WorkerID, error) {
	id, err := pathID(r, "worker_id")
	return farm.WorkerID(id), err
}

func tagID(r *http.Request) (farm.TagID, error) {
	id, err := pathID(r, "tag_id")
	return farm.TagID(id), err
}

func pathID(r *http.Request, name string) (string, error) {
	id := chi.URLParam(r, name)
	u, ok := farm.ParseUUID(id)
	if !ok {
		return "", farm.Errorf(farm.Invalid, "%s %q in the path is not a valid UUID", name, id)
	}
	if u.String() != id { // ids are lower case, and one thing has one name
		return "", farm.Errorf(farm.NotFound, "nothing has the %s %q: ids are in lower case", name, id)
	}
	return id, nil
}

func apiJob(j farm.Job, d farm.JobDetail, left *farm.TimeLeft) api.Job {
	job := api.Job{
		Metadata: d.Metadata, Name: j.Name, Priority: j.Priority, Settings: d.Settings, Type: j.Type, WorkerTag: j.Tag,
		Activity: j.Activity, Created: j.Created, Updated: j.Updated, ID: j.ID, Status: j.Status().String(),
		StepsCompleted: j.StepsDone, StepsTotal: j.StepsTotal, DeleteRequestedAt: j.Deleting,
		TimeLeft: api.NewTimeLeft(left),
	}
	if !j.Blender.IsZero() {
		job.BlenderVersion, job.BlenderMatch = j.Blender.Version.String(), j.Blender.Match.String()
	}
	if d.ShamanCheckout != "" {
		job.Storage = &api.JobStorageInfo{ShamanCheckoutID: d.ShamanCheckout}
	}
	return job
}

func (s *Server) apiTaskSummary(t *farm.Task, job farm.JobStatus) api.TaskSummary {
	updated := t.Updated
	if updated.IsZero() {
		updated = t.Created
	}
	return api.TaskSummary{
		ID: t.ID, Name: t.Name, Status: farm.ShownStatus(t.Status, job).String(), IndexInJob: t.Index + 1, Priority: t.Priority,
		TaskType: t.Type, Updated: updated, Worker: s.apiTaskWorker(t.Worker), StepsCompleted: t.StepsDone, StepsTotal: t.StepsTotal,
	}
}

// apiTaskWorker names a worker; all is "" for a task that was never assigned,
// and all but the id for a worker that was deleted.
func (s *Server) apiTaskWorker(id farm.WorkerID) api.TaskWorker {
	if id == "" {
		return api.TaskWorker{}
	}
	name, address := s.m.WorkerName(id)
	return api.TaskWorker{ID: id, Name: name, Address: address}
}

func (s *Server) apiTask(t *farm.Task, job farm.JobStatus) api.Task {
	sum := s.apiTaskSummary(t, job)
	task := api.Task{
		ID: t.ID, Created: t.Created, Updated: sum.Updated, JobID: t.Job, IndexInJob: sum.IndexInJob, Name: t.Name, Status: sum.Status,
		Priority: t.Priority, TaskType: t.Type, Activity: t.Activity, Commands: api.Commands(t.Commands),
		StepsCompleted: t.StepsDone, StepsTotal: t.StepsTotal, Worker: sum.Worker, LastTouched: t.Touched,
	}
	for _, id := range t.FailedBy {
		task.FailedByWorkers = append(task.FailedByWorkers, s.apiTaskWorker(id))
	}
	return task
}

func apiWorkerSummary(w *farm.Worker) api.WorkerSummary {
	return api.WorkerSummary{ID: w.ID, Name: w.Name, Status: w.Status.String(), StatusChange: apiRequest(w.Request),
		LastSeen: w.LastSeen, Version: w.Software, CanRestart: w.CanRestart, InUse: w.InUse, Unable: w.Unable}
}

func apiRequest(r farm.StatusRequest) *api.WorkerStatusChangeRequest {
	if !r.Pending() {
		return nil
	}
	return &api.WorkerStatusChangeRequest{Status: r.Status.String(), IsLazy: r.Lazy}
}

func apiTag(t farm.Tag) api.WorkerTag {
	tag := api.WorkerTag{ID: t.ID, Name: t.Name}
	if t.Description != "" {
		tag.Description = &t.Description
	}
	return tag
}

func apiLastRendered(job farm.JobID) api.JobLastRenderedImageInfo {
	dir, names := manager.PreviewPath(job)
	return api.JobLastRenderedImageInfo{Base: "/job-files/" + dir, Suffixes: names}
}

func apiJobEvent(e events.JobChanged) api.EventJobUpdate {
	update := api.EventJobUpdate{
		ID: e.Job.ID, Name: e.Job.Name, Updated: e.Job.Updated, Status: e.Status.String(), Type: e.Job.Type, Priority: e.Job.Priority,
		RefreshTasks: e.RefreshTasks, StepsCompleted: e.Job.StepsDone, StepsTotal: e.Job.StepsTotal, DeleteRequestedAt: e.Job.Deleting,
		TimeLeft: api.NewTimeLeft(e.Left),
	}
	if e.Previous != e.Status && !e.Submitted {
		update.PreviousStatus = e.Previous.String()
	}
	return update
}

func (s *Server) apiTaskEvent(e events.TaskChanged) api.EventTaskUpdate {
	update := api.EventTaskUpdate{
		ID: e.Task, JobID: e.Job, Name: s.m.TaskName(e.Task), Updated: e.State.Updated, Status: e.Status.String(),
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

func apiWorkerEvent(e events.WorkerChanged) api.EventWorkerUpdate {
	w := &e.Worker
	update := api.EventWorkerUpdate{
		ID: w.ID, Name: w.Name, Updated: w.Updated, LastSeen: w.LastSeen, Status: w.Status.String(), StatusChange: apiRequest(w.Request),
		Version: w.Software, DeletedAt: w.Deleted, CanRestart: w.CanRestart, InUse: w.InUse, Unable: w.Unable,
	}
	if e.Previous != w.Status {
		update.PreviousStatus = e.Previous.String()
	}
	return update
}
