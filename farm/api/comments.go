package api

import (
	"context"
	"net/http"
	"strconv"

	"renderfarm/farm"
)

// JobComments answers fetchJobComments: what people wrote about the frames of a job, the
// oldest first.
type JobComments struct {
	Comments List[farm.Comment] `json:"comments"`
}

// NewComment is the request of addJobComment.
type NewComment struct {
	Frame int    `json:"frame"`
	Text  string `json:"text"`
	Tag   string `json:"tag,omitempty"` // one word for what it is about
}

// EventComments tells that a job has other comments. It is sent to those who follow the job.
type EventComments struct {
	JobID farm.JobID `json:"job_id"`
}

// FetchJobComments lists the comments on frames of a job. Compatible managers do not know it.
func (c *Client) FetchJobComments(ctx context.Context, id farm.JobID) (JobComments, error) {
	return fetch[JobComments](ctx, c, call{path: atFarm("jobs", string(id), "comments")})
}

// AddJobComment comments on a frame of a job. Compatible managers do not know it.
func (c *Client) AddJobComment(ctx context.Context, id farm.JobID, comment NewComment) (farm.Comment, error) {
	return fetch[farm.Comment](ctx, c, call{method: http.MethodPost, path: atFarm("jobs", string(id), "comments"), in: comment})
}

// RemoveJobComment removes a comment. Compatible managers do not know it.
func (c *Client) RemoveJobComment(ctx context.Context, id farm.JobID, comment int) error {
	return c.send(ctx, call{method: http.MethodDelete, path: atFarm("jobs", string(id), "comments", strconv.Itoa(comment))})
}
