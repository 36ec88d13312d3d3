package api

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"time"

	"renderfarm/farm"
)

// WorkerUpdate answers fetchUpdate: the program that a worker shall replace its own by.
type WorkerUpdate struct {
	Version string `json:"version"`
	SHA256  string `json:"sha256"` // in hexadecimal
	Size    int64  `json:"size"`   // in bytes
}

// RolloutRequest is the request of startRollout.
type RolloutRequest struct {
	Workers []farm.WorkerID `json:"workers,omitempty"` // none: all whose version is not that of the manager
}

// Rollout says how far workers are that are brought to the manager's version, see farm.Rollout.
type Rollout struct {
	Version string              `json:"version"`
	Began   *time.Time          `json:"began,omitempty"` // nil if there was none since the manager started
	Over    bool                `json:"over"`
	Stopped string              `json:"stopped,omitempty"`
	Workers List[RolloutWorker] `json:"workers"`
}

// RolloutWorker is one of its workers.
type RolloutWorker struct {
	ID     farm.WorkerID    `json:"id"`
	Name   string           `json:"name"`
	State  farm.UpdateState `json:"state"`
	Reason string           `json:"reason,omitempty"`
	Since  time.Time        `json:"since"`
}

// StartRollout has workers update themselves, one after the other. Compatible managers do not know it.
func (c *Client) StartRollout(ctx context.Context, r RolloutRequest) (Rollout, error) {
	return fetch[Rollout](ctx, c, call{method: http.MethodPost, path: atFarm("rollout"), in: r})
}

// FetchRollout says how far they are.
func (c *Client) FetchRollout(ctx context.Context) (Rollout, error) {
	return fetch[Rollout](ctx, c, call{path: atFarm("rollout")})
}

// StopRollout has no more workers asked.
func (c *Client) StopRollout(ctx context.Context) error {
	return c.send(ctx, call{method: http.MethodDelete, path: atFarm("rollout")})
}

// FetchUpdate asks for the program that the worker shall replace its own by. 404 means none.
func (c *Client) FetchUpdate(ctx context.Context, arch string) (WorkerUpdate, error) {
	return fetch[WorkerUpdate](ctx, c, call{path: atFarm("worker", "update"), query: url.Values{"arch": {arch}}})
}

// FetchUpdateProgram writes the program with the checksum, at most so many bytes of it. It takes as long
// as it takes: the caller bounds it.
func (c *Client) FetchUpdateProgram(ctx context.Context, sha256 string, most int64, into io.Writer) error {
	return c.fetchFile(ctx, atFarm("worker", "update", sha256), most, into)
}
