package api

import (
	"context"
	"net/http"
	"net/url"
)

// FetchStorageFolder lists a folder of the shared storage, "" for the storage itself.
func (c *Client) FetchStorageFolder(ctx context.Context, path string) (StorageFolder, error) {
	return fetch[StorageFolder](ctx, c, call{path: atFarm("storage"), query: url.Values{"path": {path}}})
}

// BeginSubmission begins to submit a file that is in the storage, or is sent next.
func (c *Client) BeginSubmission(ctx context.Context, file SubmissionFile) (Submission, error) {
	return fetch[Submission](ctx, c, call{method: http.MethodPost, path: atFarm("submissions"), in: file})
}

// SendSubmissionFile sends the file of a submission, or with a path one of its folder.
// Programs that have large ones use a Sending; this is what a browser does.
func (c *Client) SendSubmissionFile(ctx context.Context, id, path string, content []byte) error {
	send := call{method: http.MethodPut, path: atFarm("submissions", id, "file"), raw: content, kind: "application/octet-stream", timeout: slowTimeout}
	if path != "" {
		send.query = url.Values{"path": {path}}
	}
	return c.send(ctx, send)
}

// TakeSubmissionFiles names files of a submission's folder that are in the file store.
func (c *Client) TakeSubmissionFiles(ctx context.Context, id string, files SubmissionFiles) error {
	return c.send(ctx, call{method: http.MethodPost, path: atFarm("submissions", id, "files"), in: files, timeout: slowTimeout})
}

// FindSubmissionNeeds says what is to be sent of a submission's folder.
func (c *Client) FindSubmissionNeeds(ctx context.Context, id string) (SubmissionNeeds, error) {
	return fetch[SubmissionNeeds](ctx, c, call{method: http.MethodPost, path: atFarm("submissions", id, "needs"), timeout: slowTimeout})
}

// CheckSubmission says what the job would be, and what is missing. It changes nothing.
func (c *Client) CheckSubmission(ctx context.Context, id string, o SubmissionOptions) (SubmissionReport, error) {
	return fetch[SubmissionReport](ctx, c, call{method: http.MethodPost, path: atFarm("submissions", id, "check"), in: o, timeout: slowTimeout})
}

// SubmitSubmission makes a job of a submission, which ends with it.
func (c *Client) SubmitSubmission(ctx context.Context, id string, o SubmissionOptions) (Job, error) {
	return fetch[Job](ctx, c, call{method: http.MethodPost, path: atFarm("submissions", id, "submit"), in: o, timeout: slowTimeout})
}

// DiscardSubmission forgets a submission, and removes what was sent for it.
func (c *Client) DiscardSubmission(ctx context.Context, id string) error {
	return c.send(ctx, call{method: http.MethodDelete, path: atFarm("submissions", id)})
}

// GetJobTypeSource returns the script of a job type, whether it can be used or not.
func (c *Client) GetJobTypeSource(ctx context.Context, name string) (JobTypeSource, error) {
	return fetch[JobTypeSource](ctx, c, call{path: atFarm("jobtypes", name, "source")})
}
