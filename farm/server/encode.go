package server

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/events"
	"renderfarm/farm/manager"
	"renderfarm/farm/v3events"
)

// jobID returns the job named in the path; Invalid if it is no UUID.
func jobID(r *http.Request) (farm.JobID, error) {
	id, err := pathID(r, "job_id")
	return farm.JobID(id), err
}

// taskID is jobID for a task.
func taskID(r *http.Request) (farm.TaskID, error) {
	id, err := pathID(r, "task_id")
	return farm.TaskID(id), err
}

// workerID is jobID for a worker.
func workerID(r *http.Request) (farm.WorkerID, error) {
	id, err := pathID(r, "worker_id")
	return farm.WorkerID(id), err
}

// tagID is jobID for a worker tag.
func tagID(r *http.Request) (farm.TagID, error) {
	id, err := pathID(r, "tag_id")
	return farm.TagID(id), err
}

// pathID returns an id as it is in the path: Invalid if it is not a UUID, and
// NotFound for one in upper case, which nothing has.
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

// apiJob is a job as the protocol shows it. Its status is computed from the
// tasks. What other v3 managers do not send is left out where it says nothing.
func apiJob(j farm.Job, d farm.JobDetail, left *farm.TimeLeft) api.Job {
	job := api.Job{
		Metadata: d.Metadata, Name: j.Name, Priority: j.Priority, Settings: d.Settings, Type: j.Type, WorkerTag: j.Tag,
		Activity: j.Activity, Created: j.Created, Updated: j.Updated, ID: j.ID, Status: j.Status().String(),
		StepsCompleted: j.StepsDone, StepsTotal: j.StepsTotal, DeleteRequestedAt: j.Deleting,
		TimeLeft: api.NewTimeLeft(left), TaskCounts: v3events.Counts(&j),
	}
	if !j.Blender.IsZero() {
		job.BlenderVersion, job.BlenderMatch = j.Blender.Version.String(), j.Blender.Match.String()
	}
	if d.ShamanCheckout != "" {
		job.Storage = &api.JobStorageInfo{ShamanCheckoutID: d.ShamanCheckout}
	}
	return job
}

// apiTaskSummary is a task in a list. job is the status of its job: a task that
// waits in a paused job is shown as paused, though it is stored as queued. Tasks
// are numbered from 1 on the wire, and from 0 in package farm. A task that never
// changed was updated when it was created.
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

// apiTask is apiTaskSummary with the commands and who failed the task.
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

// apiWorkerSummary is a worker in a list.
func apiWorkerSummary(w *farm.Worker) api.WorkerSummary {
	return api.WorkerSummary{ID: w.ID, Name: w.Name, Status: w.Status.String(), StatusChange: v3events.Request(w.Request),
		LastSeen: w.LastSeen, Version: w.Software, CanRestart: w.CanRestart, InUse: w.InUse, Unable: w.Unable, Unapproved: w.Unapproved}
}

// apiTag is a worker tag; without a description, the key is missing.
func apiTag(t farm.Tag) api.WorkerTag {
	tag := api.WorkerTag{ID: t.ID, Name: t.Name}
	if t.Description != "" {
		tag.Description = &t.Description
	}
	return tag
}

// eventSource is what events of the protocol are made with.
func (s *Server) eventSource() v3events.Source {
	return v3events.Source{TaskName: s.m.TaskName, PreviewPath: manager.PreviewPath}
}

// lastRendered says where the previews of a job are.
func (s *Server) lastRendered(job farm.JobID) api.JobLastRenderedImageInfo {
	return s.eventSource().Preview(events.PreviewMade{Job: job}).Thumbnail
}
