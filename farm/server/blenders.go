package server

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// fetchBlenderOffers lists the Blenders that the farm has for workers.
func (s *Server) fetchBlenderOffers(w http.ResponseWriter, r *http.Request, _ farm.WorkerID) error {
	return writeJSON(w, http.StatusOK, api.BlenderOffers{Blenders: s.m.BlenderOffers(r.Context())})
}

// fetchBlender sends one of them.
func (s *Server) fetchBlender(w http.ResponseWriter, r *http.Request, _ farm.WorkerID) error {
	f, modified, err := s.m.OpenBlender(chi.URLParam(r, "sha256"))
	if err != nil {
		return err
	}
	defer f.Close()
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, r, "", modified, f)
	return nil
}
