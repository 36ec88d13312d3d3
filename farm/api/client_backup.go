package api

import (
	"context"
	"net/http"
	"time"
)

// A Backup is a backup of the manager's database, on the manager's computer.
type Backup struct {
	Path string    `json:"path"`
	Kind string    `json:"kind"` // daily, manual, or partial: made of a damaged database
	Made time.Time `json:"made"`
	Size int64     `json:"size"` // bytes

	// Lacks says of a partial backup what is not in it.
	Lacks []string `json:"lacks,omitempty"`
}

// backupTimeout bounds the making of a backup, which leaves the disk to others
// half of the time.
const backupTimeout = time.Hour

// MakeBackup has the manager make a backup. It is an addition of ours, and works
// on the manager's own computer only.
func (c *Client) MakeBackup(ctx context.Context) (Backup, error) {
	return fetch[Backup](ctx, c, call{method: http.MethodPost, path: atFarm("backups"), timeout: backupTimeout})
}
