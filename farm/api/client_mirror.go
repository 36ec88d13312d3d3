package api

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"renderfarm/farm"
)

// FetchTaskFiles asks which files of the shared storage a task reads that the worker
// holds.
func (c *Client) FetchTaskFiles(ctx context.Context, id farm.TaskID) (MirrorFiles, error) {
	return fetch[MirrorFiles](ctx, c, call{path: atFarm("worker", "task", string(id), "files"), timeout: slowTimeout})
}

// A TaskFile is a file of the shared storage on its way to a worker. The caller closes it.
type TaskFile struct {
	io.ReadCloser
	SHA256 string // of the whole file
	Offset int64  // where in the file it begins: what was asked for, or 0
}

// FetchTaskFile opens a file that a task reads, from the offset on. It takes as long as
// it takes, but ends when nothing comes for a while.
func (c *Client) FetchTaskFile(ctx context.Context, id farm.TaskID, path string, offset int64) (*TaskFile, error) {
	bounded, cancel := context.WithCancelCause(ctx)
	stuck := time.AfterFunc(fetchBegins, func() { cancel(errStuck) })
	k := call{path: atFarm("worker", "task", string(id), "file"), query: url.Values{"path": {path}}}
	if offset > 0 {
		k.headers = map[string]string{"Range": fmt.Sprintf("bytes=%d-", offset)}
	}
	req, err := c.request(bounded, k)
	var res *http.Response
	if err == nil {
		if res, err = c.HTTP.Do(req); err != nil {
			err = c.unreachable(ctx, bounded, fetchBegins, err)
		}
	}
	if err != nil {
		stuck.Stop()
		cancel(nil)
		return nil, err
	}
	f := &TaskFile{SHA256: res.Header.Get(FileSHA256)}
	switch res.StatusCode {
	case http.StatusPartialContent:
		f.Offset = offset
	case http.StatusOK:
	default:
		defer cancel(nil)
		defer stuck.Stop()
		defer res.Body.Close()
		return nil, failure(res)
	}
	stuck.Reset(uploadStuck)
	f.ReadCloser = &watchedBody{watchedReader{res.Body, stuck}, res.Body, cancel}
	return f, nil
}

// fetchBegins is how long the manager may take to begin with a file, which it may have to
// read first for its checksum.
const fetchBegins = 30 * time.Minute

// A watchedBody is the body of an answer, which ends when nothing comes for a while.
type watchedBody struct {
	watchedReader
	body   io.Closer
	cancel context.CancelCauseFunc
}

// Close ends the request.
func (b *watchedBody) Close() error {
	b.timer.Stop()
	b.cancel(nil)
	return b.body.Close()
}

// A TaskUpload is a file that a task saved in the shared storage, or the rest of one.
type TaskUpload struct {
	Path   string // below the storage
	SHA256 string
	Size   int64
	Offset int64       // where in the file Body begins
	Mode   fs.FileMode // permissions; 0: the manager's usual ones
	Body   io.Reader   // Size-Offset bytes
}

func (u *TaskUpload) query() url.Values {
	q := url.Values{"path": {u.Path}, "sha256": {u.SHA256}, "size": {strconv.FormatInt(u.Size, 10)}}
	if u.Mode != 0 {
		q.Set("mode", strconv.FormatUint(uint64(u.Mode.Perm()), 8))
	}
	return q
}

// FetchTaskUpload asks how much of a file the manager has.
func (c *Client) FetchTaskUpload(ctx context.Context, id farm.TaskID, u TaskUpload) (MirrorUploadState, error) {
	return fetch[MirrorUploadState](ctx, c, call{path: atFarm("worker", "task", string(id), "upload"), query: u.query()})
}

// SaveTaskFile sends a file that a task saved. Without an error it is in its place, and
// on the disk. An *Error of status 409 with Upload-Offset means that the manager has
// less of it than Offset.
func (c *Client) SaveTaskFile(ctx context.Context, id farm.TaskID, u TaskUpload) error {
	bounded, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stuck := time.AfterFunc(uploadStuck, func() { cancel(errStuck) })
	defer stuck.Stop()
	k := call{method: http.MethodPut, path: atFarm("worker", "task", string(id), "file"), query: u.query(), kind: "application/octet-stream",
		headers: map[string]string{UploadOffset: strconv.FormatInt(u.Offset, 10)}}
	req, err := c.request(bounded, k)
	if err != nil {
		return err
	}
	if length := u.Size - u.Offset; length > 0 {
		req.Body, req.ContentLength = io.NopCloser(&watchedReader{u.Body, stuck}), length
		if length >= expectFrom {
			req.Header.Set("Expect", "100-continue")
		}
	}
	res, err := c.HTTP.Do(req)
	if err != nil {
		return c.unreachable(ctx, bounded, uploadStuck, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusNoContent {
		return failure(res)
	}
	return nil
}
