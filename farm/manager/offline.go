package manager

import (
	"context"
	"log/slog"
	"path"
	"time"

	"renderfarm/farm"
	"renderfarm/store"
	"renderfarm/store/blobs"
)

// Offline is the file store of a manager that is not running. Its owner has opened
// the manager's database, so the manager cannot start meanwhile.
type Offline struct {
	Store  *store.Store
	Config farm.Config
	Home   string
	Log    *slog.Logger
}

// CollectFiles is Manager.CollectFiles; every age is taken, as nobody can be submitting.
func (o Offline) CollectFiles(ctx context.Context, remove bool, olderThan time.Duration) (blobs.Collected, error) {
	if olderThan < 0 {
		olderThan = time.Duration(o.Config.Shaman.GarbageCollect.MaxAge)
	}
	used := map[string]bool{}
	if err := eachCheckout(o.Store, func(checkout string, _ farm.JobID) { used[path.Clean(checkout)] = true },
		func(err error) error { return err }); err != nil {
		return blobs.Collected{}, err
	}
	files := o.files()
	defer files.Close()
	return files.Collect(ctx, blobs.Collecting{OlderThan: olderThan, Delete: remove, InUse: func(checkout string) bool { return used[checkout] }})
}

// FileUsage is Manager.FileUsage.
func (o Offline) FileUsage(ctx context.Context) (blobs.Usage, error) {
	files := o.files()
	defer files.Close()
	return files.Usage(ctx)
}

func (o Offline) files() *blobs.Store { return blobs.New(storeOptions(o.Config, o.Home, o.Log)) }
