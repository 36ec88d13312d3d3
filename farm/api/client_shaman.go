package api

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"renderfarm/farm"
)

// ShamanCheckoutRequirements asks which of the files have to be uploaded.
func (c *Client) ShamanCheckoutRequirements(ctx context.Context, r ShamanRequirementsRequest) (ShamanRequirementsResponse, error) {
	return fetch[ShamanRequirementsResponse](ctx, c, call{method: http.MethodPost, path: at("shaman", "checkout", "requirements"), in: r, timeout: slowTimeout})
}

// ShamanCheckout puts stored files together in a folder. An *Error with status
// 424 means that files are missing by now: ask for the requirements again.
func (c *Client) ShamanCheckout(ctx context.Context, r ShamanCheckout) (ShamanCheckoutResult, error) {
	return fetch[ShamanCheckoutResult](ctx, c, call{method: http.MethodPost, path: at("shaman", "checkout", "create"), in: r, timeout: checkoutTimeout})
}

// checkoutTimeout bounds the making of a checkout: files may have to be written
// to the disk to their end, and to be copied.
const checkoutTimeout = time.Hour

// ShamanFileStoreCheck says what is known of a file. offset is how many bytes of
// it are there from an upload that broke off; -1 if the manager cannot continue uploads.
func (c *Client) ShamanFileStoreCheck(ctx context.Context, sha string, size int64) (status string, offset int64, err error) {
	var answer ShamanSingleFileStatus
	r, err := c.do(ctx, call{path: at("shaman", "files", sha, strconv.FormatInt(size, 10)), out: &answer})
	if err != nil {
		return "", 0, err
	}
	offset, err = strconv.ParseInt(r.header.Get(UploadOffset), 10, 64)
	if err != nil || offset < 0 || offset > size {
		offset = -1
	}
	return answer.Status, offset, nil
}

// A ShamanUpload is a file, or the rest of one, for ShamanFileStore.
type ShamanUpload struct {
	SHA    string    // of the whole file
	Size   int64     // of the whole file
	Offset int64     // where in the file Body begins; -1: at its start, for managers that cannot continue uploads
	Defer  bool      // rather be told than wait if somebody else sends it
	Name   string    // for messages; may be ""
	Body   io.Reader // Size-Offset bytes
}

// What becomes of an upload that is no error.
const (
	UploadStored   = http.StatusOK
	UploadAlready  = http.StatusAlreadyReported // somebody else has sent it
	UploadDeferred = http.StatusTooEarly        // somebody else is sending it: send others first
)

const (
	// uploadStuck is how long an upload may go without anything being taken.
	uploadStuck = 3 * time.Minute
	// expectFrom is from how many bytes on the manager is asked first whether it wants them.
	expectFrom = 1 << 20
)

// errStuck ends an upload of which nothing is taken.
var errStuck = errors.New("nothing was taken for " + uploadStuck.String())

// ShamanFileStore uploads a file, and returns one of the three statuses above.
// It may take as long as it goes on.
func (c *Client) ShamanFileStore(ctx context.Context, u ShamanUpload) (int, error) {
	bounded, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stuck := time.AfterFunc(uploadStuck, func() { cancel(errStuck) })
	defer stuck.Stop()
	k := call{method: http.MethodPost, path: at("shaman", "files", u.SHA, strconv.FormatInt(u.Size, 10)), kind: "application/octet-stream"}
	req, err := c.request(bounded, k)
	if err != nil {
		return 0, err
	}
	if length := u.Size - max(u.Offset, 0); length > 0 {
		req.Body, req.ContentLength = io.NopCloser(&watchedReader{u.Body, stuck}), length
		if length >= expectFrom {
			req.Header.Set("Expect", "100-continue")
		}
	}
	if u.Offset >= 0 {
		req.Header.Set(UploadOffset, strconv.FormatInt(u.Offset, 10))
	}
	if u.Defer {
		req.Header.Set("X-Shaman-Can-Defer-Upload", "true")
	}
	if u.Name != "" {
		req.Header.Set("X-Shaman-Original-Filename", mime.QEncoding.Encode("UTF-8", u.Name))
	}
	res, err := c.HTTP.Do(req)
	if err != nil {
		return 0, c.unreachable(ctx, bounded, uploadStuck, err)
	}
	defer res.Body.Close()
	switch res.StatusCode {
	case http.StatusOK, http.StatusNoContent:
		return UploadStored, nil
	case UploadAlready, UploadDeferred:
		return res.StatusCode, nil
	}
	if res.StatusCode < 300 {
		return 0, farm.Errorf(farm.Unavailable, "the answer %d to an upload is not one of a manager", res.StatusCode)
	}
	return 0, failure(res)
}

// A watchedReader puts a timer off whenever something is read.
type watchedReader struct {
	io.Reader
	timer *time.Timer
}

// Read reads, and puts the timer off.
func (r *watchedReader) Read(p []byte) (int, error) {
	r.timer.Reset(uploadStuck)
	return r.Reader.Read(p)
}

// FilesInfo says how full the file store is. It is an addition of ours.
func (c *Client) FilesInfo(ctx context.Context) (FileUsage, error) {
	return fetch[FileUsage](ctx, c, call{path: "/api/farm/files", timeout: slowTimeout})
}

// CollectFiles cleans the file store, or says what that would remove. It is an
// addition of ours.
func (c *Client) CollectFiles(ctx context.Context, r CollectFiles) (CollectedFiles, error) {
	return fetch[CollectedFiles](ctx, c, call{method: http.MethodPost, path: "/api/farm/files/collect", in: r, timeout: checkoutTimeout})
}
