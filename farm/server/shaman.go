package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/manager"
)

// shamanFiles turns the files of a request into the manager's.
func shamanFiles(list []api.ShamanFileSpec) []manager.File {
	files := make([]manager.File, len(list))
	for i, f := range list {
		files[i] = manager.File{Key: manager.FileKey{SHA: f.SHA, Size: f.Size}, Path: f.Path}
	}
	return files
}

// shamanCheckoutRequirements names the files that the manager does not have, in the order
// in which they should be sent.
func (s *Server) shamanCheckoutRequirements(w http.ResponseWriter, r *http.Request) error {
	var wanted api.ShamanRequirementsRequest
	if err := s.readUpTo(w, r, bodyOfFiles, &wanted); err != nil {
		return err
	}
	needed, err := s.m.FilesNeeded(r.Context(), shamanFiles(wanted.Files))
	if err != nil {
		return err
	}
	var answer api.ShamanRequirementsResponse
	for _, f := range needed {
		status := api.ShamanUnknown
		if f.Uploading {
			status = api.ShamanUploading
		}
		answer.Files = append(answer.Files, api.ShamanFileSpecWithStatus{ShamanFileSpec: api.ShamanFileSpec{SHA: f.SHA, Size: f.Size, Path: f.Path}, Status: status})
	}
	return writeJSON(w, http.StatusOK, answer)
}

// shamanCheckout answers with the path that the checkout got, which may be another one.
func (s *Server) shamanCheckout(w http.ResponseWriter, r *http.Request) error {
	var wanted api.ShamanCheckout
	if err := s.readUpTo(w, r, bodyOfFiles, &wanted); err != nil {
		return err
	}
	at, err := s.m.Checkout(r.Context(), wanted.CheckoutPath, shamanFiles(wanted.Files))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, api.ShamanCheckoutResult{CheckoutPath: at})
}

// fileKey returns the file that a path names: its SHA-256, which the manager
// checks, and its size in bytes. Two files with the same key are the same file.
func fileKey(r *http.Request) (manager.FileKey, error) {
	text := chi.URLParam(r, "filesize")
	size, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return manager.FileKey{}, farm.Errorf(farm.Invalid, "Invalid format for parameter filesize: %q is not a whole number", text)
	}
	return manager.FileKey{SHA: chi.URLParam(r, "checksum"), Size: size}, nil
}

// shamanFileStoreCheck says whether a file is there; Upload-Offset tells how much of a
// broken-off upload is.
func (s *Server) shamanFileStoreCheck(w http.ResponseWriter, r *http.Request) error {
	key, err := fileKey(r)
	if err != nil {
		return err
	}
	status, have, err := s.m.FileStatus(r.Context(), key)
	if err != nil {
		return err
	}
	name := api.ShamanUnknown
	switch status {
	case manager.FilePresent:
		name = api.ShamanStored
	case manager.FileUploading:
		name = api.ShamanUploading
	default:
		// Says how far an earlier upload came, and that it can be continued.
		w.Header().Set(api.UploadOffset, strconv.FormatInt(have, 10))
	}
	return writeJSON(w, http.StatusOK, api.ShamanSingleFileStatus{Status: name})
}

// uploadHeaders are the optional headers of an upload.
type uploadHeaders struct {
	mayDefer bool
	resumes  bool // the client knows how to continue uploads, an addition of ours
	offset   int64
	name     string
}

// truths are the spellings of true and false that clients of the protocol use.
var truths = map[string]bool{"": false, "1": true, "t": true, "T": true, "TRUE": true, "true": true, "True": true,
	"0": false, "f": false, "F": false, "FALSE": false, "false": false, "False": false}

// readUploadHeaders reads what an upload says of itself beside its size. Add-ons
// of the compatible system send the name encoded as in mails (RFC 2047), and
// expect the wording of these errors. Upload-Offset, in bytes, is where the body
// begins in the file; a client that sends it is told how to go on after a break.
func readUploadHeaders(header http.Header) (h uploadHeaders, err error) {
	text := header.Get("X-Shaman-Can-Defer-Upload")
	var ok bool
	if h.mayDefer, ok = truths[text]; !ok {
		return h, farm.Errorf(farm.Invalid, "Invalid format for parameter X-Shaman-Can-Defer-Upload: %q is neither true nor false", text)
	}
	text = header.Get("X-Shaman-Original-Filename")
	if h.name, err = (&mime.WordDecoder{}).DecodeHeader(text); err != nil {
		return h, farm.Errorf(farm.Invalid, "Invalid format for parameter X-Shaman-Original-Filename: it cannot be decoded: %w", err)
	}
	if text = header.Get(api.UploadOffset); text != "" {
		if h.offset, err = strconv.ParseInt(text, 10, 64); err != nil {
			return h, farm.Errorf(farm.Invalid, "Invalid format for parameter %s: %q is not a whole number", api.UploadOffset, text)
		}
		h.resumes = true
	}
	return h, nil
}

// shamanFileStore takes a file, or with Upload-Offset the rest of it. It may take hours.
func (s *Server) shamanFileStore(w http.ResponseWriter, r *http.Request) error {
	key, err := fileKey(r)
	if err != nil {
		return err
	}
	h, err := readUploadHeaders(r.Header)
	if err != nil {
		return err
	}
	body := newPatientBody(r.Body, w)
	defer body.flow.SetReadDeadline(time.Time{})
	outcome, err := s.m.StoreFile(r.Context(), manager.Upload{Key: key, Body: body, Length: r.ContentLength, Offset: h.offset, Client: client(r),
		// Some add-ons never come back to a file that they were told to defer.
		// Those that know how to continue uploads do.
		Defer: h.mayDefer && h.resumes})
	if err != nil || outcome != manager.FileStored {
		drain(r, body)
	}
	if err != nil {
		return s.uploadFailed(w, r, body, err)
	}
	s.log.Debug("file uploaded", "name", h.name, "sha", key.SHA, "size", key.Size, "outcome", outcome)
	switch outcome {
	case manager.FileAlready:
		w.WriteHeader(http.StatusAlreadyReported)
	case manager.FileDeferred:
		w.WriteHeader(http.StatusTooEarly)
	default:
		w.WriteHeader(http.StatusOK)
	}
	return nil
}

// uploadFailed says why a file was not stored, as far as there is somebody to tell.
func (s *Server) uploadFailed(w http.ResponseWriter, r *http.Request, body *patientBody, err error) error {
	var offset *manager.OffsetError
	if errors.As(err, &offset) {
		w.Header().Set(api.UploadOffset, strconv.FormatInt(offset.Have, 10))
	}
	if body.err != nil && errors.Is(err, body.err) || errors.Is(err, context.Canceled) { // heard only if half the line is left
		return writeError(w, http.StatusRequestTimeout, fmt.Sprintf("the upload broke off, or less than %s came in %s: %v. Send the file again, or only the rest of it (Upload-Offset)", farm.Size(slowest), uploadStuck, err))
	}
	return err
}

// Bounds on uploads. One that brings fewer than slowest bytes in uploadStuck is
// dropped: on such a line nobody submits, but who wants to be in the way may.
const (
	uploadStuck = 30 * time.Second
	slowest     = 32 << 10
	// uploadBegins is the least that one gets for its first bytes after it waited for its
	// turn: what it sent meanwhile is here. So those that only want to be in the way
	// do not each take uploadStuck from those who wait behind them.
	uploadBegins = 5 * time.Second
	maxDrained   = 16 << 20 // bytes of an upload that are read though nobody needs them
)

// patientBody is the body of an upload, which may take hours as long as enough comes.
type patientBody struct {
	body io.Reader
	flow *http.ResponseController
	made time.Time
	came int64 // since the time was last extended; 0 at first, when it has to be set
	set  bool
	err  error // what ended it, if not its end
}

func newPatientBody(body io.Reader, w http.ResponseWriter) *patientBody {
	return &patientBody{body: body, flow: http.NewResponseController(w), made: time.Now()}
}

// Read reads what comes next.
func (b *patientBody) Read(p []byte) (int, error) {
	if !b.set || b.came >= slowest {
		patience := uploadStuck
		if !b.set {
			patience = max(uploadBegins, uploadStuck-time.Since(b.made))
		}
		b.flow.SetReadDeadline(time.Now().Add(patience)) // what cannot be bounded is not
		b.set, b.came = true, 0
	}
	n, err := b.body.Read(p)
	b.came += int64(n)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}

// drain reads a little more of an upload that needs no reading, because many
// clients look for the answer only when they have sent everything. A client that
// waits to be told to go on is not made to.
func drain(r *http.Request, body *patientBody) {
	if r.Header.Get("Expect") == "" && body.err == nil {
		io.CopyN(io.Discard, body, maxDrained)
	}
}

// filesInfo is an addition of ours: how full the file store is.
func (s *Server) filesInfo(w http.ResponseWriter, r *http.Request) error {
	usage, err := s.m.FileUsage(r.Context())
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, usage)
}

// collectFiles is an addition of ours: it cleans the file store, or says what
// that would remove.
func (s *Server) collectFiles(w http.ResponseWriter, r *http.Request) error {
	wanted := api.CollectFiles{}
	if err := s.read(w, r, &wanted); err != nil {
		return err
	}
	age := time.Duration(-1)
	if wanted.OlderThan != nil {
		age = max(0, time.Duration(*wanted.OlderThan))
	}
	collected, err := s.m.CollectFiles(r.Context(), wanted.Delete, age)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, collected)
}
