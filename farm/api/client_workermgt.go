package api

import (
	"context"
	"net/http"

	"renderfarm/farm"
)

// FetchWorkers lists the workers.
func (c *Client) FetchWorkers(ctx context.Context) (WorkerList, error) {
	return fetch[WorkerList](ctx, c, call{path: at("worker-mgt", "workers")})
}

// FetchWorker returns one worker.
func (c *Client) FetchWorker(ctx context.Context, id farm.WorkerID) (Worker, error) {
	return fetch[Worker](ctx, c, call{path: at("worker-mgt", "workers", string(id))})
}

// ApproveWorker lets a worker that waits for approval take tasks.
func (c *Client) ApproveWorker(ctx context.Context, id farm.WorkerID) error {
	return c.send(ctx, call{method: http.MethodPost, path: atFarm("workers", string(id), "approve")})
}

// DeleteWorker removes a worker. Its active tasks are returned, and its
// credentials stop working.
func (c *Client) DeleteWorker(ctx context.Context, id farm.WorkerID) error {
	return c.send(ctx, call{method: http.MethodDelete, path: at("worker-mgt", "workers", string(id))})
}

// RequestWorkerStatusChange asks a worker to take a status.
func (c *Client) RequestWorkerStatusChange(ctx context.Context, id farm.WorkerID, r WorkerStatusChangeRequest) error {
	return c.send(ctx, call{method: http.MethodPost, path: at("worker-mgt", "workers", string(id), "setstatus"), in: r})
}

// SetWorkerTags replaces the tags of a worker.
func (c *Client) SetWorkerTags(ctx context.Context, id farm.WorkerID, r WorkerTagChangeRequest) error {
	return c.send(ctx, call{method: http.MethodPost, path: at("worker-mgt", "workers", string(id), "settags"), in: r})
}

// FetchWorkerSleepSchedule returns when the worker sleeps; ok is false when
// it has no schedule.
func (c *Client) FetchWorkerSleepSchedule(ctx context.Context, id farm.WorkerID) (s WorkerSleepSchedule, ok bool, err error) {
	return maybe[WorkerSleepSchedule](ctx, c, call{path: at("worker-mgt", "workers", string(id), "sleep-schedule")})
}

// SetWorkerSleepSchedule sets when the worker sleeps.
func (c *Client) SetWorkerSleepSchedule(ctx context.Context, id farm.WorkerID, s WorkerSleepSchedule) error {
	return c.send(ctx, call{method: http.MethodPost, path: at("worker-mgt", "workers", string(id), "sleep-schedule"), in: s})
}

// FetchWorkerSchedule returns when the worker sleeps; ok is false when it has
// no schedule. Compatible managers do not know it.
func (c *Client) FetchWorkerSchedule(ctx context.Context, id farm.WorkerID) (s WorkerSchedule, ok bool, err error) {
	return maybe[WorkerSchedule](ctx, c, call{path: atFarm("workers", string(id), "schedule")})
}

// SetWorkerSchedule sets when the worker sleeps. Compatible managers do not know it.
func (c *Client) SetWorkerSchedule(ctx context.Context, id farm.WorkerID, s WorkerSchedule) error {
	return c.send(ctx, call{method: http.MethodPut, path: atFarm("workers", string(id), "schedule"), in: s})
}

// RemoveWorkerSchedule makes the worker one without a schedule. Compatible
// managers do not know it.
func (c *Client) RemoveWorkerSchedule(ctx context.Context, id farm.WorkerID) error {
	return c.send(ctx, call{method: http.MethodDelete, path: atFarm("workers", string(id), "schedule")})
}

// FetchWorkerWhy says why a worker has no task, if it has none. Compatible managers
// do not know it.
func (c *Client) FetchWorkerWhy(ctx context.Context, id farm.WorkerID) (Why, error) {
	return fetch[Why](ctx, c, call{path: atFarm("workers", string(id), "why")})
}

// FetchWorkerTags lists the tags.
func (c *Client) FetchWorkerTags(ctx context.Context) (WorkerTagList, error) {
	return fetch[WorkerTagList](ctx, c, call{path: at("worker-mgt", "tags")})
}

// CreateWorkerTag makes a tag and returns it with its id.
func (c *Client) CreateWorkerTag(ctx context.Context, t WorkerTag) (WorkerTag, error) {
	return fetch[WorkerTag](ctx, c, call{method: http.MethodPost, path: at("worker-mgt", "tags"), in: t})
}

// FetchWorkerTag returns one tag.
func (c *Client) FetchWorkerTag(ctx context.Context, id farm.TagID) (WorkerTag, error) {
	return fetch[WorkerTag](ctx, c, call{path: at("worker-mgt", "tag", string(id))})
}

// UpdateWorkerTag changes the name and, unless nil, the description of a tag.
func (c *Client) UpdateWorkerTag(ctx context.Context, id farm.TagID, t WorkerTag) error {
	return c.send(ctx, call{method: http.MethodPut, path: at("worker-mgt", "tag", string(id)), in: t})
}

// DeleteWorkerTag removes a tag. Jobs that had it become jobs for any worker.
func (c *Client) DeleteWorkerTag(ctx context.Context, id farm.TagID) error {
	return c.send(ctx, call{method: http.MethodDelete, path: at("worker-mgt", "tag", string(id))})
}
