package api

import (
	"context"
	"time"

	"renderfarm/farm"
)

// Findings answers fetchFindings: what is wrong with the manager's computer. That of
// workers is in their facts.
type Findings struct {
	Findings List[farm.Finding] `json:"findings"`
	Checked  time.Time          `json:"checked"` // when it was looked at last; the year 1 before the first time
}

// FetchFindings tells what is wrong with the manager's computer. Compatible managers do not know it.
func (c *Client) FetchFindings(ctx context.Context) (Findings, error) {
	return fetch[Findings](ctx, c, call{path: atFarm("findings")})
}
