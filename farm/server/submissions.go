package server

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// Submissions takes in jobs from people who have nothing but a browser; see package websubmit.
type Submissions interface {
	List(folder string) (api.StorageFolder, error)
	Begin(client string, file api.SubmissionFile) (api.Submission, error)
	Receive(id, path string, content io.Reader) error
	Take(ctx context.Context, id string, files []api.FolderFile) error
	Needs(ctx context.Context, id string) (api.SubmissionNeeds, error)
	Check(ctx context.Context, id string, o api.SubmissionOptions) (api.SubmissionReport, error)
	Submit(ctx context.Context, id string, o api.SubmissionOptions) (api.Job, error)
	Discard(id string) error
}

// noSubmissions is for a server that takes none in.
type noSubmissions struct{}

var errNoSubmissions = farm.Errorf(farm.Unavailable, "this manager takes in no jobs from browsers: submit from Blender, or with farm submit")

func (noSubmissions) List(string) (api.StorageFolder, error) {
	return api.StorageFolder{}, errNoSubmissions
}

func (noSubmissions) Begin(string, api.SubmissionFile) (api.Submission, error) {
	return api.Submission{}, errNoSubmissions
}

func (noSubmissions) Receive(string, string, io.Reader) error { return errNoSubmissions }

func (noSubmissions) Take(context.Context, string, []api.FolderFile) error { return errNoSubmissions }

func (noSubmissions) Needs(context.Context, string) (api.SubmissionNeeds, error) {
	return api.SubmissionNeeds{}, errNoSubmissions
}

func (noSubmissions) Check(context.Context, string, api.SubmissionOptions) (api.SubmissionReport, error) {
	return api.SubmissionReport{}, errNoSubmissions
}

func (noSubmissions) Submit(context.Context, string, api.SubmissionOptions) (api.Job, error) {
	return api.Job{}, errNoSubmissions
}

func (noSubmissions) Discard(string) error { return errNoSubmissions }

// submissionRoutes has what the pages of job types and for submitting use.
func (s *Server) submissionRoutes(r chi.Router) {
	r.Get("/api/farm/storage", s.handle(s.fetchStorageFolder)) //    ?path=
	r.Post("/api/farm/submissions", s.handle(s.beginSubmission))
	r.Put("/api/farm/submissions/{id}/file", s.handle(s.sendSubmissionFile)) // ?path=
	r.Post("/api/farm/submissions/{id}/files", s.handle(s.takeSubmissionFiles))
	r.Post("/api/farm/submissions/{id}/needs", s.handle(s.findSubmissionNeeds))
	r.Post("/api/farm/submissions/{id}/check", s.handle(s.checkSubmission))
	r.Post("/api/farm/submissions/{id}/submit", s.handle(s.submitSubmission))
	r.Delete("/api/farm/submissions/{id}", s.handle(s.discardSubmission))
	r.Get("/api/farm/jobtypes/broken", s.handle(s.brokenTypes))
	r.Get("/api/farm/jobtypes/{type_name}/source", s.handle(s.getJobTypeSource))
}

// fetchStorageFolder lists a folder of the shared storage.
func (s *Server) fetchStorageFolder(w http.ResponseWriter, r *http.Request) error {
	folder, err := s.submissions.List(r.URL.Query().Get("path"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, folder)
}

// beginSubmission begins to submit a file.
func (s *Server) beginSubmission(w http.ResponseWriter, r *http.Request) error {
	var file api.SubmissionFile
	if err := s.readUpTo(w, r, bodyOfFiles, &file); err != nil {
		return err
	}
	begun, err := s.submissions.Begin(address(r), file)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, begun)
}

// sendSubmissionFile takes the file of a submission. It may take hours.
func (s *Server) sendSubmissionFile(w http.ResponseWriter, r *http.Request) error {
	giveBack, err := s.sending.Take(r.Context(), client(r))
	if err != nil {
		return err
	}
	defer giveBack()
	body := newPatientBody(r.Body, w)
	defer body.flow.SetReadDeadline(time.Time{})
	if err := s.submissions.Receive(chi.URLParam(r, "id"), r.URL.Query().Get("path"), body); err != nil {
		drain(r, body)
		return err
	}
	return noContent(w)
}

// takeSubmissionFiles takes files of the folder that are in the file store.
func (s *Server) takeSubmissionFiles(w http.ResponseWriter, r *http.Request) error {
	var named api.SubmissionFiles
	if err := s.readUpTo(w, r, bodyOfFiles, &named); err != nil {
		return err
	}
	if err := s.submissions.Take(r.Context(), chi.URLParam(r, "id"), named.Files); err != nil {
		return err
	}
	return noContent(w)
}

// findSubmissionNeeds says what is to be sent of the folder.
func (s *Server) findSubmissionNeeds(w http.ResponseWriter, r *http.Request) error {
	needs, err := s.submissions.Needs(r.Context(), chi.URLParam(r, "id"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, needs)
}

// checkSubmission says what a job would be, and what is missing.
func (s *Server) checkSubmission(w http.ResponseWriter, r *http.Request) error {
	var o api.SubmissionOptions
	if err := s.read(w, r, &o); err != nil {
		return err
	}
	report, err := s.submissions.Check(r.Context(), chi.URLParam(r, "id"), o)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, report)
}

// submitSubmission makes a job of a submission.
func (s *Server) submitSubmission(w http.ResponseWriter, r *http.Request) error {
	var o api.SubmissionOptions
	if err := s.read(w, r, &o); err != nil {
		return err
	}
	job, err := s.submissions.Submit(r.Context(), chi.URLParam(r, "id"), o)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, job)
}

// discardSubmission forgets a submission.
func (s *Server) discardSubmission(w http.ResponseWriter, r *http.Request) error {
	if err := s.submissions.Discard(chi.URLParam(r, "id")); err != nil {
		return err
	}
	return noContent(w)
}

// getJobTypeSource answers with a script: who could submit a job could read as much of it.
func (s *Server) getJobTypeSource(w http.ResponseWriter, r *http.Request) error {
	name := chi.URLParam(r, "type_name")
	file, source, err := s.m.TypeSource(name)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, api.JobTypeSource{Name: name, File: file, Source: source})
}
