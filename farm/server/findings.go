package server

import (
	"net/http"

	"renderfarm/farm/api"
)

// fetchFindings tells what is wrong with the manager's computer.
func (s *Server) fetchFindings(w http.ResponseWriter, _ *http.Request) error {
	f := s.m.Findings()
	return writeJSON(w, http.StatusOK, api.Findings{Findings: f.Found, Checked: f.Checked})
}
