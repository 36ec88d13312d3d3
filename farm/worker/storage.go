package worker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"renderfarm/farm/api"
)

// storage returns what is wrong with the shared storage on this computer; "" if it
// is there, is the farm's, and can be written to. A network drive whose server is
// away lets nobody go who looks at it: the look goes on in the background then, and
// no other is begun before it ends.
func (f *finder) storage(ctx context.Context, needs api.WorkerNeeds) string {
	if needs.Storage == "" {
		return ""
	}
	dir := filepath.FromSlash(needs.Storage)
	late := fmt.Sprintf("the farm's shared storage %s does not answer: is its server on, and the network there?", dir)
	if f.hung != nil {
		select {
		case <-f.hung:
			f.hung = nil
		default:
			return late
		}
	}
	if f.place != nil {
		p := f.place(ctx, needs)
		if p.mirror {
			return ""
		}
		if p.here != "" {
			dir = p.here
		}
	}
	found, ended := make(chan string, 1), make(chan struct{})
	go func() {
		defer close(ended)
		found <- lookAtStorage(dir, needs.StorageID)
	}()
	limit := time.NewTimer(checkLimit)
	defer limit.Stop()
	select {
	case problem := <-found:
		return problem
	case <-limit.C:
	case <-ctx.Done():
	}
	f.hung = ended
	return late
}

// lookAtStorage is storage without a limit of time. mark is what the storage's mark
// says; "" if nobody knows.
func lookAtStorage(dir, mark string) string {
	switch info, err := os.Stat(dir); {
	case errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir():
		return fmt.Sprintf("the farm's shared storage %s is not on this computer: mount it there, or let a two-way variable of the manager say where it is", dir)
	case err != nil:
		return fmt.Sprintf("the farm's shared storage cannot be read on this computer: %v. Check the mount and its permissions", err)
	}
	if mark != "" {
		text, err := os.ReadFile(filepath.Join(dir, api.StorageMark))
		if got := strings.TrimSpace(string(text)); got != mark && (err == nil || errors.Is(err, fs.ErrNotExist)) {
			return fmt.Sprintf("the folder %s on this computer is not the farm's shared storage, but another one of the same name: mount the farm's there. It is the one whose file %s says %s", dir, api.StorageMark, mark)
		}
	}
	f, err := os.CreateTemp(dir, ".farm-worker-test-*")
	if err != nil {
		return fmt.Sprintf("this worker may not write to the farm's shared storage: %v. Check the permissions of the folder for the user that runs it, and whether the disk is full", err)
	}
	f.Close()
	os.Remove(f.Name())
	return ""
}
