package server

import (
	"net/http"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// workerNeeds tells a worker what it has to find on its computer.
func (s *Server) workerNeeds(w http.ResponseWriter, _ *http.Request, id farm.WorkerID) error {
	needs, err := s.m.Needs(id)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, api.WorkerNeeds{Storage: needs.Storage, StorageID: needs.StorageID, Blender: needs.Blender, FFmpeg: needs.FFmpeg, Mirror: needs.Mirror})
}

// setWorkerFacts takes what a worker tells of its computer, all of it.
func (s *Server) setWorkerFacts(w http.ResponseWriter, r *http.Request, id farm.WorkerID) error {
	var told api.WorkerFacts
	if err := s.read(w, r, &told); err != nil {
		return err
	}
	if err := s.m.SetFacts(id, told); err != nil {
		return err
	}
	return noContent(w)
}

// setWorkerInUse takes whether the owner of a worker's computer needs it.
func (s *Server) setWorkerInUse(w http.ResponseWriter, r *http.Request, id farm.WorkerID) error {
	var told api.WorkerInUse
	if err := s.read(w, r, &told); err != nil {
		return err
	}
	if err := s.m.SetInUse(id, told.InUse, told.GiveBack); err != nil {
		return err
	}
	return noContent(w)
}

// setWorkerUnable takes what a worker cannot do now, all of it.
func (s *Server) setWorkerUnable(w http.ResponseWriter, r *http.Request, id farm.WorkerID) error {
	var told api.WorkerUnable
	if err := s.read(w, r, &told); err != nil {
		return err
	}
	if err := s.m.SetUnable(id, told.Unable); err != nil {
		return err
	}
	return noContent(w)
}
