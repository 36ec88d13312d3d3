package server

import (
	"net/http"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// by says who makes a request, as far as it tells: see farm.Actor.
func by(r *http.Request) farm.Actor {
	return farm.CleanActor(r.Header.Get(api.UserHeader), address(r), r.UserAgent())
}

// fetchJobAudit tells who changed what of a job, the oldest change first.
func (s *Server) fetchJobAudit(w http.ResponseWriter, r *http.Request) error {
	id, err := jobID(r)
	if err != nil {
		return err
	}
	audit, err := s.m.Audit(id)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, apiAudit(audit))
}

// fetchWorkerAudit is fetchJobAudit for a worker.
func (s *Server) fetchWorkerAudit(w http.ResponseWriter, r *http.Request) error {
	id, err := workerID(r)
	if err != nil {
		return err
	}
	audit, err := s.m.WorkerAudit(id)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, apiAudit(audit))
}

// apiAudit is what was done to a job or a worker, and how many older entries were
// dropped to bound it.
func apiAudit(a farm.Audit) api.Audit {
	return api.Audit{Changes: a.Changes, Dropped: a.Dropped}
}
