package server

import (
	"net/http"
	"strconv"

	"github.com/go-chi/chi/v5"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

func (s *Server) fetchJobComments(w http.ResponseWriter, r *http.Request) error {
	id, err := jobID(r)
	if err != nil {
		return err
	}
	comments, err := s.m.Comments(id)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, api.JobComments{Comments: comments})
}

func (s *Server) addJobComment(w http.ResponseWriter, r *http.Request) error {
	id, err := jobID(r)
	if err != nil {
		return err
	}
	var given api.NewComment
	if err := s.read(w, r, &given); err != nil {
		return err
	}
	comment, err := s.m.AddComment(id, farm.Comment{Frame: given.Frame, Text: given.Text, Tag: given.Tag}, by(r))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, comment)
}

func (s *Server) removeJobComment(w http.ResponseWriter, r *http.Request) error {
	id, err := jobID(r)
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(chi.URLParam(r, "comment"))
	if err != nil {
		return farm.Errorf(farm.Invalid, "comment %.20q in the path is no number", chi.URLParam(r, "comment"))
	}
	if err := s.m.RemoveComment(id, number, by(r)); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
