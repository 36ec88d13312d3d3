package api

import (
	"context"

	"renderfarm/farm"
)

// UserHeader is the header in which a client says on whose behalf it calls. It is
// for people to read, and proves nothing.
const UserHeader = "Farm-User"

// Audit answers fetchJobAudit and fetchWorkerAudit: what was done, the oldest first.
type Audit struct {
	Changes List[farm.Change] `json:"changes"`
	Dropped int               `json:"dropped"` // older changes that are not kept
}

// FetchJobAudit tells who did what to a job. Compatible managers do not know it.
func (c *Client) FetchJobAudit(ctx context.Context, id farm.JobID) (Audit, error) {
	return fetch[Audit](ctx, c, call{path: atFarm("jobs", string(id), "audit")})
}

// FetchWorkerAudit tells who did what to a worker. Compatible managers do not know it.
func (c *Client) FetchWorkerAudit(ctx context.Context, id farm.WorkerID) (Audit, error) {
	return fetch[Audit](ctx, c, call{path: atFarm("workers", string(id), "audit")})
}
