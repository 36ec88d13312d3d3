package server

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// whyRoutes has why something is not at work.
func (s *Server) whyRoutes(r chi.Router) {
	r.Get("/api/farm/jobs/{job_id}/why", s.handle(s.fetchJobWhy))
	r.Get("/api/farm/tasks/{task_id}/why", s.handle(s.fetchTaskWhy)) //       ?worker=
	r.Get("/api/farm/workers/{worker_id}/why", s.handle(s.fetchWorkerWhy))
}

// fetchJobWhy says why a job is not worked on. It asks the scheduler, and so costs as
// much as the farm has workers, not tasks.
func (s *Server) fetchJobWhy(w http.ResponseWriter, r *http.Request) error {
	id, err := jobID(r)
	if err != nil {
		return err
	}
	why, err := s.m.WhyJob(id)
	return answerWhy(w, why, err)
}

// fetchTaskWhy is fetchJobWhy for a task; with ?worker=ID, why not by that worker.
func (s *Server) fetchTaskWhy(w http.ResponseWriter, r *http.Request) error {
	id, err := taskID(r)
	if err != nil {
		return err
	}
	by := r.URL.Query().Get("worker")
	if _, ok := farm.ParseUUID(by); by != "" && !ok {
		return farm.Errorf(farm.Invalid, "worker=%.50q is not the id of a worker", by)
	}
	why, err := s.m.WhyTask(id, farm.WorkerID(by))
	return answerWhy(w, why, err)
}

// fetchWorkerWhy says why a worker has no task.
func (s *Server) fetchWorkerWhy(w http.ResponseWriter, r *http.Request) error {
	id, err := workerID(r)
	if err != nil {
		return err
	}
	why, err := s.m.WhyWorker(id)
	return answerWhy(w, why, err)
}

// answerWhy writes a diagnosis, or hands on the error of asking for it.
func answerWhy(w http.ResponseWriter, why farm.Why, err error) error {
	if err != nil {
		return err
	}
	answer := api.Why{Running: why.Running, Reason: why.Reason, Next: why.Next(), Details: why.Details, Advice: why.Advice, Warnings: why.Warnings, Cause: (*api.Cause)(why.Cause)}
	for _, a := range why.Actions {
		answer.Actions = append(answer.Actions, encodeAction(a))
	}
	return writeJSON(w, http.StatusOK, answer)
}

// encodeAction is an action on the wire.
func encodeAction(a farm.Action) api.Action {
	out := api.Action{Verb: string(a.Verb), Target: api.ActionTarget{Job: a.Job, Task: a.Task, Worker: a.Worker, WorkerName: a.Name}, Label: a.Label, Command: a.Command}
	if a.Parameters != (farm.Parameters{}) {
		p := api.ActionParameters(a.Parameters)
		out.Parameters = &p
	}
	return out
}
