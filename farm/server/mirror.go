package server

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strconv"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/manager"
)

// ofTask adds the task that a worker's request is about.
func ofTask(h func(w http.ResponseWriter, r *http.Request, id farm.WorkerID, task farm.TaskID) error) workerHandler {
	return func(w http.ResponseWriter, r *http.Request, id farm.WorkerID) error {
		task, err := taskID(r)
		if err != nil {
			return err
		}
		return h(w, r, id, task)
	}
}

// fetchTaskFiles lists the files of the shared storage that a task reads, for a worker
// that does not have the storage.
func (s *Server) fetchTaskFiles(w http.ResponseWriter, r *http.Request, id farm.WorkerID, task farm.TaskID) error {
	files, err := s.m.MirrorFiles(r.Context(), id, task)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, api.MirrorFiles{Files: files})
}

// fetchTaskFile sends one of them, or with Range the rest of it.
func (s *Server) fetchTaskFile(w http.ResponseWriter, r *http.Request, id farm.WorkerID, task farm.TaskID) error {
	f, err := s.m.OpenMirrorFile(r.Context(), id, task, r.URL.Query().Get("path"))
	if err != nil {
		return err
	}
	defer f.Close()
	var from int64
	if n, _ := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); n == 1 && from >= f.Size {
		return farm.Errorf(farm.Invalid, "the file has %d bytes, and is asked for from byte %d on: it was changed", f.Size, from)
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set(api.FileSHA256, f.SHA256)
	w.Header().Set("ETag", `"`+f.SHA256+`"`)
	http.ServeContent(w, r, "", time.Time{}, f)
	return nil
}

// mirrorUpload reads which file a worker sends.
func mirrorUpload(r *http.Request) (u manager.MirrorUpload, err error) {
	q := r.URL.Query()
	u.Path, u.Key.SHA = q.Get("path"), q.Get("sha256")
	if u.Key.Size, err = strconv.ParseInt(q.Get("size"), 10, 64); err != nil {
		return u, farm.Errorf(farm.Invalid, "Invalid format for parameter size: %q is not a whole number", q.Get("size"))
	}
	if text := q.Get("mode"); text != "" {
		mode, err := strconv.ParseUint(text, 8, 16)
		if err != nil || mode > 0o777 {
			return u, farm.Errorf(farm.Invalid, "Invalid format for parameter mode: %q is not octal permissions", text)
		}
		u.Mode = fs.FileMode(mode)
	}
	if text := r.Header.Get(api.UploadOffset); text != "" {
		if u.Offset, err = strconv.ParseInt(text, 10, 64); err != nil || u.Offset < 0 || u.Offset > u.Key.Size {
			return u, farm.Errorf(farm.Invalid, "Invalid format for parameter %s: %q is no place in a file of %d bytes", api.UploadOffset, text, u.Key.Size)
		}
	}
	return u, nil
}

// fetchTaskUpload says how much of a file is here, so that an upload that broke off goes on.
func (s *Server) fetchTaskUpload(w http.ResponseWriter, r *http.Request, id farm.WorkerID, task farm.TaskID) error {
	u, err := mirrorUpload(r)
	if err != nil {
		return err
	}
	have, whole, err := s.m.MirrorOffset(id, task, u)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, api.MirrorUploadState{Offset: have, Whole: whole})
}

// saveTaskFile takes a file that a task saved, or with Upload-Offset the rest of it. It
// may take hours.
func (s *Server) saveTaskFile(w http.ResponseWriter, r *http.Request, id farm.WorkerID, task farm.TaskID) error {
	u, err := mirrorUpload(r)
	if err != nil {
		return err
	}
	body := newPatientBody(r.Body, w)
	defer body.flow.SetReadDeadline(time.Time{})
	u.Body = body
	if err := s.m.SaveMirrorFile(r.Context(), id, task, u); err != nil {
		var offset *manager.MirrorOffsetError
		if errors.As(err, &offset) {
			w.Header().Set(api.UploadOffset, strconv.FormatInt(offset.Have, 10))
			return farm.Errorf(farm.Conflict, "%w", err)
		}
		drain(r, body)
		return s.uploadFailed(w, r, body, err)
	}
	return noContent(w)
}
