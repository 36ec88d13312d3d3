package server

import (
	"net/http"

	"renderfarm/farm"
)

// makeBackup is an addition of ours: it makes a backup in the manager's folder of
// backups, and says where. What is in it never goes over the network, and only who
// is at the manager's computer may have one made: it takes room on its disk.
func (s *Server) makeBackup(w http.ResponseWriter, r *http.Request) error {
	if !fromThisComputer(r) {
		return farm.Errorf(farm.Forbidden, "backups are made on the manager's own computer only: run \"farm backup\" there")
	}
	b, err := s.m.BackUp(r.Context())
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, b)
}
