package server

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/binaries"
)

// updateRoutes has what brings workers to the manager's version.
func (s *Server) updateRoutes(r chi.Router) {
	if s.join == nil {
		return
	}
	r.Post("/api/farm/rollout", s.handle(s.startRollout))
	r.Get("/api/farm/rollout", s.handle(s.fetchRollout))
	r.Delete("/api/farm/rollout", s.handle(s.stopRollout))
	r.Get("/api/farm/worker/update", s.handle(s.worker(s.fetchUpdate))) //     ?arch=
	r.Get("/api/farm/worker/update/{sha256}", s.handle(s.worker(s.fetchUpdateProgram)))
}

// errUpdateWorkers is for who may not replace programs of workers.
var errUpdateWorkers = farm.Errorf(farm.Forbidden, "workers are updated on the manager's own computer, or with the farm key: type \"farm workers update\" there")

// startRollout replaces programs, so it takes more than reaching the manager.
func (s *Server) startRollout(w http.ResponseWriter, r *http.Request) error {
	if !s.mayManage(r) {
		return errUpdateWorkers
	}
	var asked api.RolloutRequest
	if err := s.read(w, r, &asked); err != nil {
		return err
	}
	have := func(goos, arch string) error {
		_, err := s.join.Programs.For(r.Context(), goos, arch)
		return err
	}
	rollout, err := s.m.StartRollout(asked.Workers, have, by(r))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, apiRollout(rollout))
}

func (s *Server) fetchRollout(w http.ResponseWriter, r *http.Request) error {
	return writeJSON(w, http.StatusOK, apiRollout(s.m.Rollout()))
}

func (s *Server) stopRollout(w http.ResponseWriter, r *http.Request) error {
	if !s.mayManage(r) {
		return errUpdateWorkers
	}
	s.m.StopRollout(by(r))
	return noContent(w)
}

func apiRollout(r farm.Rollout) api.Rollout {
	out := api.Rollout{Version: r.Version, Over: r.Over(), Stopped: r.Stopped}
	if !r.Began.IsZero() {
		out.Began = &r.Began
	}
	for _, s := range r.Steps {
		out.Workers = append(out.Workers, api.RolloutWorker{ID: s.Worker, Name: s.Name, State: s.State, Reason: s.Reason, Since: s.Since})
	}
	return out
}

// updateFor returns the program that a worker shall have, NotFound if it is not its turn.
func (s *Server) updateFor(r *http.Request, id farm.WorkerID, arch string) (binaries.Program, error) {
	if !s.m.MayUpdate(id) {
		return binaries.Program{}, farm.Errorf(farm.NotFound, "this worker is not to be updated now")
	}
	worker, err := s.m.Worker(id)
	if err != nil {
		return binaries.Program{}, err
	}
	return s.join.Programs.For(r.Context(), worker.Platform, arch)
}

// fetchUpdate says which program it is. Programs for other platforms do not tell their version: they are to be
// of the manager's, and the worker looks.
func (s *Server) fetchUpdate(w http.ResponseWriter, r *http.Request, id farm.WorkerID) error {
	p, err := s.updateFor(r, id, r.URL.Query().Get("arch"))
	if err != nil {
		return err
	}
	version, _ := s.m.Version()
	return writeJSON(w, http.StatusOK, api.WorkerUpdate{Version: version, SHA256: p.SHA256, Size: p.Size})
}

func (s *Server) fetchUpdateProgram(w http.ResponseWriter, r *http.Request, id farm.WorkerID) error {
	if !s.m.MayUpdate(id) {
		return farm.Errorf(farm.NotFound, "this worker is not to be updated now")
	}
	return s.sendProgram(w, r, chi.URLParam(r, "sha256"))
}
