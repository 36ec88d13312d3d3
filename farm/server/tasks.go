package server

import (
	"cmp"
	"io"
	"net/http"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// fetchTask shows a task with its commands, as its job makes it appear: a task that
// waits in a paused job is paused.
func (s *Server) fetchTask(w http.ResponseWriter, r *http.Request) error {
	id, err := taskID(r)
	if err != nil {
		return err
	}
	task, job, err := s.m.Task(id)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, s.apiTask(&task, job))
}

// fetchTaskLogInfo says where the whole log is, 204 if there is none. The address counts
// from the root of the manager, also behind a path of a proxy.
func (s *Server) fetchTaskLogInfo(w http.ResponseWriter, r *http.Request) error {
	id, err := taskID(r)
	if err != nil {
		return err
	}
	job, path, size, ok, err := s.m.TaskLog(id)
	if err != nil {
		return err
	}
	if !ok {
		return noContent(w)
	}
	return writeJSON(w, http.StatusOK, api.TaskLogInfo{TaskID: id, JobID: job, URL: "/job-files/" + path, Size: size})
}

// fetchTaskAttempts says who had a task and when.
func (s *Server) fetchTaskAttempts(w http.ResponseWriter, r *http.Request) error {
	id, err := taskID(r)
	if err != nil {
		return err
	}
	list, err := s.m.Attempts(id)
	if err != nil {
		return err
	}
	var out api.TaskAttempts
	for i := range list {
		a := &list[i]
		worker := s.apiTaskWorker(a.Worker)
		worker.Name = cmp.Or(worker.Name, a.Name)
		shown := api.TaskAttempt{Number: a.Number, Worker: worker, Began: a.Began, Ended: a.Ended, Status: a.Status, Reason: a.Reason}
		if a.Log != "" {
			shown.Log = "/job-files/" + a.Log
		}
		out.Attempts = append(out.Attempts, shown)
	}
	return writeJSON(w, http.StatusOK, out)
}

// fetchTaskLogTail answers with the last lines as plain text, 204 if there are none. An
// error of writing has nobody left to tell.
func (s *Server) fetchTaskLogTail(w http.ResponseWriter, r *http.Request) error {
	id, err := taskID(r)
	if err != nil {
		return err
	}
	tail, ok, err := s.m.TaskLogTail(id)
	if err != nil {
		return err
	}
	if !ok {
		return noContent(w)
	}
	w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
	io.WriteString(w, tail)
	return nil
}

// setTaskStatus takes a wish: see manager.SetTaskStatus for which there are.
func (s *Server) setTaskStatus(w http.ResponseWriter, r *http.Request) error {
	id, err := taskID(r)
	if err != nil {
		return err
	}
	var change api.TaskStatusChange
	if err := s.read(w, r, &change); err != nil {
		return err
	}
	status, _ := farm.ParseTaskStatus(change.Status) // checked by read
	if err := s.m.SetTaskStatus(id, status, change.Reason, by(r)); err != nil {
		return err
	}
	return noContent(w)
}
