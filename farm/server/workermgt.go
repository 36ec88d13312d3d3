package server

import (
	"net/http"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/manager"
)

// fetchWorkers lists all workers but deleted ones, in the order of their registration.
func (s *Server) fetchWorkers(w http.ResponseWriter, r *http.Request) error {
	workers, err := s.m.Workers()
	if err != nil {
		return err
	}
	list := api.WorkerList{}
	for i := range workers {
		list.Workers = append(list.Workers, apiWorkerSummary(&workers[i]))
	}
	return writeJSON(w, http.StatusOK, list)
}

// fetchWorker shows one worker.
func (s *Server) fetchWorker(w http.ResponseWriter, r *http.Request) error {
	id, err := workerID(r)
	if err != nil {
		return err
	}
	worker, err := s.m.Worker(id)
	if err != nil {
		return err
	}
	tasks, err := s.m.TasksOf([]farm.TaskID{worker.LastTask})
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, s.apiWorker(&worker, tasks))
}

// apiWorker is a worker with what it does. Tags and tasks that are gone meanwhile are left out.
func (s *Server) apiWorker(worker *farm.Worker, tasks map[farm.TaskID]manager.TaskOf) api.Worker {
	answer := api.Worker{WorkerSummary: apiWorkerSummary(worker), IPAddress: worker.Address, Platform: worker.Platform,
		SupportedTaskTypes: worker.TaskTypes, Facts: worker.Facts, Load: s.m.Load(worker.ID)}
	for _, tag := range worker.Tags {
		if t, err := s.m.Tag(tag); err == nil {
			answer.Tags = append(answer.Tags, apiTag(t))
		}
	}
	// The task may be gone with its job; then the worker has none to show.
	if t, ok := tasks[worker.LastTask]; ok {
		answer.Task = &api.WorkerTask{TaskSummary: s.apiTaskSummary(&t.Task, t.JobStatus), JobID: t.Job}
	}
	return answer
}

// fetchWorkersAtWork shows all workers at once, and what each is doing, so that a
// page that shows them need not ask for each.
func (s *Server) fetchWorkersAtWork(w http.ResponseWriter, r *http.Request) error {
	workers, err := s.m.Workers()
	if err != nil {
		return err
	}
	idle, err := s.m.WhyIdle()
	if err != nil {
		return err
	}
	var last []farm.TaskID
	for i := range workers {
		last = append(last, workers[i].LastTask)
	}
	tasks, err := s.m.TasksOf(last)
	if err != nil {
		return err
	}
	var jobs []farm.JobID
	list := api.WorkersAtWork{}
	for i := range workers {
		one := api.WorkerAtWork{Worker: s.apiWorker(&workers[i], tasks), Idle: idle[workers[i].ID]}
		if one.Task != nil {
			jobs = append(jobs, one.Task.JobID)
		}
		list.Workers = append(list.Workers, one)
	}
	names, err := s.m.JobNames(jobs)
	if err != nil {
		return err
	}
	for i := range list.Workers {
		if t := list.Workers[i].Task; t != nil {
			list.Workers[i].JobName = names[t.JobID]
		}
	}
	return writeJSON(w, http.StatusOK, list)
}

// approveWorker is an addition of ours. Who only reaches the manager could approve a worker
// of their own, so it takes more.
func (s *Server) approveWorker(w http.ResponseWriter, r *http.Request) error {
	id, err := workerID(r)
	if err != nil {
		return err
	}
	if !s.mayManage(r) {
		return farm.Errorf(farm.Forbidden, "workers are approved on the manager's own computer, or with the farm key: type \"farm workers approve NAME\" there")
	}
	if err := s.m.ApproveWorker(id, by(r)); err != nil {
		return err
	}
	return noContent(w)
}

// deleteWorker takes effect at once: the next request of the worker is refused.
func (s *Server) deleteWorker(w http.ResponseWriter, r *http.Request) error {
	id, err := workerID(r)
	if err != nil {
		return err
	}
	if err := s.m.DeleteWorker(id, by(r)); err != nil {
		return err
	}
	return noContent(w)
}

// requestWorkerStatusChange notes a wish; the worker is told with its next request, or
// at once if it waits for one.
func (s *Server) requestWorkerStatusChange(w http.ResponseWriter, r *http.Request) error {
	id, err := workerID(r)
	if err != nil {
		return err
	}
	var change api.WorkerStatusChangeRequest
	if err := s.read(w, r, &change); err != nil {
		return err
	}
	status, _ := farm.ParseWorkerStatus(change.Status) // checked by read
	if err := s.m.RequestStatus(id, farm.StatusRequest{Status: status, Lazy: change.IsLazy}, by(r)); err != nil {
		return err
	}
	return noContent(w)
}

// setWorkerTags replaces all tags of the worker.
func (s *Server) setWorkerTags(w http.ResponseWriter, r *http.Request) error {
	id, err := workerID(r)
	if err != nil {
		return err
	}
	var change api.WorkerTagChangeRequest
	if err := s.read(w, r, &change); err != nil {
		return err
	}
	if err := s.m.SetWorkerTags(id, change.TagIDs, by(r)); err != nil {
		return err
	}
	return noContent(w)
}

// fetchWorkerTags always has the key "tags": the stock add-on reads it without a look.
func (s *Server) fetchWorkerTags(w http.ResponseWriter, r *http.Request) error {
	tags, err := s.m.Tags()
	if err != nil {
		return err
	}
	list := api.WorkerTagList{}
	for _, tag := range tags {
		list.Tags = append(list.Tags, apiTag(tag))
	}
	return writeJSON(w, http.StatusOK, list)
}

// createWorkerTag answers with the tag as it is stored, with its id.
func (s *Server) createWorkerTag(w http.ResponseWriter, r *http.Request) error {
	var given api.WorkerTag
	if err := s.read(w, r, &given); err != nil {
		return err
	}
	if _, ok := farm.ParseUUID(string(given.ID)); given.ID != "" && !ok {
		return farm.Errorf(farm.Invalid, "the tag's id %q is not a valid UUID: leave it out to get one", given.ID)
	}
	tag := farm.Tag{ID: given.ID, Name: given.Name}
	if given.Description != nil {
		tag.Description = *given.Description
	}
	tag, err := s.m.CreateTag(tag)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, apiTag(tag))
}

// fetchWorkerTag shows one tag; 404 if it does not exist.
func (s *Server) fetchWorkerTag(w http.ResponseWriter, r *http.Request) error {
	id, err := tagID(r)
	if err != nil {
		return err
	}
	tag, err := s.m.Tag(id)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, apiTag(tag))
}

// updateWorkerTag keeps the description if none is given.
func (s *Server) updateWorkerTag(w http.ResponseWriter, r *http.Request) error {
	id, err := tagID(r)
	if err != nil {
		return err
	}
	var given api.WorkerTag
	if err := s.read(w, r, &given); err != nil {
		return err
	}
	if err := s.m.UpdateTag(id, given.Name, given.Description); err != nil {
		return err
	}
	return noContent(w)
}

// deleteWorkerTag also takes the tag from jobs, which any worker may do then.
func (s *Server) deleteWorkerTag(w http.ResponseWriter, r *http.Request) error {
	id, err := tagID(r)
	if err != nil {
		return err
	}
	if err := s.m.DeleteTag(id); err != nil {
		return err
	}
	return noContent(w)
}
