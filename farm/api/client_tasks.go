package api

import (
	"context"
	"net/http"

	"renderfarm/farm"
)

// maybe makes a call that answers a T or, with 204, that there is none.
func maybe[T any](ctx context.Context, c *Client, k call) (T, bool, error) {
	var out T
	k.out, k.empty = &out, true
	r, err := c.do(ctx, k)
	if err != nil || r.status == http.StatusNoContent {
		var none T
		return none, false, err
	}
	return out, true, nil
}

// FetchTask returns one task.
func (c *Client) FetchTask(ctx context.Context, id farm.TaskID) (Task, error) {
	return fetch[Task](ctx, c, call{path: at("tasks", string(id))})
}

// FetchTaskAttempts says who had a task and when. Compatible managers do not know it.
func (c *Client) FetchTaskAttempts(ctx context.Context, id farm.TaskID) (TaskAttempts, error) {
	return fetch[TaskAttempts](ctx, c, call{path: atFarm("tasks", string(id), "attempts")})
}

// FetchTaskLogInfo says where the task's log is, which Open reads; ok is false
// when there is none yet.
func (c *Client) FetchTaskLogInfo(ctx context.Context, id farm.TaskID) (info TaskLogInfo, ok bool, err error) {
	return maybe[TaskLogInfo](ctx, c, call{path: at("tasks", string(id), "log")})
}

// FetchTaskLogTail returns the last lines of the task's log, at most 2048
// bytes; ok is false when there is none yet.
func (c *Client) FetchTaskLogTail(ctx context.Context, id farm.TaskID) (tail string, ok bool, err error) {
	r, err := c.do(ctx, call{path: at("tasks", string(id), "logtail")})
	return string(r.body), err == nil && r.status != http.StatusNoContent, err
}

// SetTaskStatus asks for a task status: canceled or queued.
func (c *Client) SetTaskStatus(ctx context.Context, id farm.TaskID, s TaskStatusChange) error {
	return c.send(ctx, call{method: http.MethodPost, path: at("tasks", string(id), "setstatus"), in: s})
}
