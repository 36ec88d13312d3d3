package server

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/manager"
)

// Bounds on files that are handed out. Each is read and written as it goes, so it costs
// a buffer; but the disk of the storage is one, and workers need it.
const (
	maxArchives, maxArchivesOfAClient = 4, 2   // of all frames of a job
	maxReads, maxReadsOfAClient       = 64, 16 // of single files
	downloadStuck                     = time.Minute
)

// fetchJobOutput says what a job makes, and what of it can be had here.
func (s *Server) fetchJobOutput(w http.ResponseWriter, r *http.Request) error {
	id, err := jobID(r)
	if err != nil {
		return err
	}
	platform := r.URL.Query().Get("platform")
	if platform == "" {
		platform = "linux"
	}
	o, err := s.m.Output(id, platform)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, api.JobOutput{Folder: o.Folder, Stored: o.Stored, Video: o.Video, VideoReady: o.Ready})
}

// fetchJobVideo answers with the video of a job, in parts if the client asks for them.
func (s *Server) fetchJobVideo(w http.ResponseWriter, r *http.Request) error {
	id, err := jobID(r)
	if err != nil {
		return err
	}
	file, err := s.m.Video(id)
	if err != nil {
		return err
	}
	return s.handOut(w, r, file, r.URL.Query().Get("download") != "")
}

// fetchFrameFile answers with the file of a frame as it was rendered.
func (s *Server) fetchFrameFile(w http.ResponseWriter, r *http.Request) error {
	id, err := taskID(r)
	if err != nil {
		return err
	}
	number, err := frameNumber(r)
	if err != nil {
		return err
	}
	file, err := s.m.FrameFile(id, number)
	if err != nil {
		return err
	}
	return s.handOut(w, r, file, true)
}

// frameNumber reads the number of a frame from the path.
func frameNumber(r *http.Request) (int, error) {
	number, err := strconv.Atoi(chi.URLParam(r, "frame"))
	if err != nil {
		return 0, farm.Errorf(farm.Invalid, "frame %.20q in the path is no number", chi.URLParam(r, "frame"))
	}
	return number, nil
}

// videoTypes are the kinds of files that are shown and not only saved. Whatever else a
// job calls its output is never a page.
var videoTypes = map[string]string{".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/quicktime", ".mkv": "video/x-matroska", ".webm": "video/webm", ".avi": "video/x-msvideo", ".ogv": "video/ogg"}

// handOut answers with a file of the storage, and closes it.
func (s *Server) handOut(w http.ResponseWriter, r *http.Request, file *manager.StoredFile, save bool) error {
	defer file.Close()
	giveBack, ok := s.reads.TryTake(address(r))
	if !ok {
		return farm.Errorf(farm.Busy, "%d files are being downloaded already: try again when one is done", s.reads.Taken())
	}
	defer giveBack()
	kind, show := videoTypes[strings.ToLower(path.Ext(file.Name))]
	if !show {
		kind = "application/octet-stream"
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	if save || !show {
		h.Set("Content-Disposition", attachment(file.Name))
	}
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cache-Control", "no-cache")
	http.ServeContent(patient(w), r, "", file.Info.ModTime(), file)
	return nil
}

// attachment has a browser save a file under a name.
func attachment(name string) string {
	return mime.FormatMediaType("attachment", map[string]string{"filename": strings.ToValidUTF8(name, "_")})
}

// downloadFrames answers with a zip of all frames of a job that are rendered and in the
// shared storage. It is made as it is sent: images do not get smaller by packing them.
func (s *Server) downloadFrames(w http.ResponseWriter, r *http.Request) error {
	id, err := jobID(r)
	if err != nil {
		return err
	}
	job, _, err := s.m.Job(id)
	if err != nil {
		return err
	}
	giveBack, ok := s.archives.TryTake(address(r))
	if !ok {
		return farm.Errorf(farm.Busy, "%d archives of frames are being downloaded already: try again when one is done", s.archives.Taken())
	}
	defer giveBack()
	a := &archive{ctx: r.Context(), w: w, name: job.Name}
	missing, err := s.m.EachFrameFile(id, a.add)
	switch {
	case err == nil && a.zip == nil:
		return farm.Errorf(farm.NotFound, "no frame of this job is rendered and in the shared storage: there is nothing to download")
	case err == nil:
		err = a.end(missing)
	case a.zip == nil:
		return err
	}
	if err != nil { // what was sent is no whole archive: the client must not take it for one
		s.log.Warn("a download of frames broke off", "job", id, "error", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

// An archive is a zip that is being sent.
type archive struct {
	ctx  context.Context
	w    http.ResponseWriter
	name string      // of the job
	zip  *zip.Writer // nil: nothing was sent yet
	last string      // the name of the entry before
}

// add puts a file into the archive. Several tasks may have made parts of the same one.
func (a *archive) add(name string, file *manager.StoredFile) error {
	if err := a.ctx.Err(); err != nil {
		return err
	}
	if name == a.last {
		return nil
	}
	a.last = name
	a.begin()
	to, err := a.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store, Modified: file.Info.ModTime()})
	if err != nil {
		return err
	}
	_, err = io.Copy(to, file)
	return err
}

func (a *archive) begin() {
	if a.zip != nil {
		return
	}
	h := a.w.Header()
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Disposition", attachment(fileNameOf(a.name)+".zip"))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	a.zip = zip.NewWriter(patient(a.w))
}

// end finishes the archive, which says what it lacks.
func (a *archive) end(missing int) error {
	if missing > 0 {
		to, err := a.zip.Create("MISSING.txt")
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(to, "%d frames of this job are rendered, but their files were not found in the shared storage.\n", missing); err != nil {
			return err
		}
	}
	return a.zip.Close()
}

// fileNameOf makes a name for a file of that of a job.
func fileNameOf(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, name)
	if name = strings.Trim(farm.CutText(name, 100), ". "); name == "" {
		return "frames"
	}
	return name
}

// patient writes for as long as the client takes something within downloadStuck.
func patient(w http.ResponseWriter) *patientWriter {
	return &patientWriter{w, http.NewResponseController(w)}
}

type patientWriter struct {
	http.ResponseWriter
	flow *http.ResponseController
}

func (p *patientWriter) Write(b []byte) (int, error) {
	p.flow.SetWriteDeadline(time.Now().Add(downloadStuck)) // not every connection has deadlines
	return p.ResponseWriter.Write(b)
}
