package api

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"renderfarm/farm"
)

// FetchJobCosts says what the frames of a job cost. Compatible managers do not know it.
func (c *Client) FetchJobCosts(ctx context.Context, id farm.JobID) (JobCosts, error) {
	return fetch[JobCosts](ctx, c, call{path: atFarm("jobs", string(id), "costs")})
}

// FetchWorkerCosts says what a worker did in its last job. Compatible managers do not know it.
func (c *Client) FetchWorkerCosts(ctx context.Context, id farm.WorkerID) (WorkerCosts, error) {
	return fetch[WorkerCosts](ctx, c, call{path: atFarm("workers", string(id), "costs")})
}

// FetchJobFrames lists the frames of some tasks of a job, those behind the one with
// the number after. Compatible managers do not know it.
func (c *Client) FetchJobFrames(ctx context.Context, id farm.JobID, after int) (JobFrames, error) {
	query := url.Values{}
	if after > 0 {
		query.Set("after", strconv.Itoa(after))
	}
	return fetch[JobFrames](ctx, c, call{path: atFarm("jobs", string(id), "frames"), query: query})
}

// FetchFramePicture returns a rendered frame as a JPEG of at most 320 by 180 pixels.
// Compatible managers do not know it.
func (c *Client) FetchFramePicture(ctx context.Context, id farm.TaskID, frame int) ([]byte, error) {
	r, err := c.do(ctx, call{path: atFarm("tasks", string(id), "frames", strconv.Itoa(frame), "picture")})
	return r.body, err
}

// FetchJobOutput says what a job makes, for users of a platform. Compatible managers do
// not know it.
func (c *Client) FetchJobOutput(ctx context.Context, id farm.JobID, platform string) (JobOutput, error) {
	return fetch[JobOutput](ctx, c, call{path: atFarm("jobs", string(id), "output"), query: url.Values{"platform": {platform}}})
}

// RerenderJob renders frames of a job again. Compatible managers do not know it.
func (c *Client) RerenderJob(ctx context.Context, id farm.JobID, r JobRerender) (JobRerendered, error) {
	return fetch[JobRerendered](ctx, c, call{method: http.MethodPost, path: atFarm("jobs", string(id), "rerender"), in: r})
}
