package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// storage is the farm's shared storage, as this computer sees it.
type storage struct{ path string }

// findStorage asks the manager where the shared storage is, and looks whether
// it can be reached from here.
func findStorage(ctx context.Context, client *api.Client) (storage, error) {
	at, err := client.GetSharedStorage(ctx, farm.AudienceUsers, runtime.GOOS)
	if err != nil {
		return storage{}, err
	}
	// A share that is not mounted is a missing folder, or an empty one.
	info, err := os.Stat(at.Location)
	if err != nil || !info.IsDir() {
		why := "it is not a folder"
		if err != nil {
			why = "it cannot be reached"
		}
		return storage{}, farm.Errorf(farm.Invalid, "the farm's shared storage is %q, and on this computer %s. Mount it there, or tell the farm with a two-way variable in farm.yaml under which path this platform sees it", at.Location, why)
	}
	return storage{at.Location}, nil
}

// placed is where a .blend file is for the farm.
type placed struct {
	from string // the user's file
	path string // the file in the shared storage
	made string // the folder to make for a copy; "": the user's file is used where it is
	root string // the shared storage
}

// place decides where the file will be for the farm: a file in the shared
// storage stays where it is, any other gets a folder of its own there.
func (st storage) place(file, job string, now time.Time) placed {
	if inside, ok := st.relative(file); ok {
		return placed{from: file, path: filepath.Join(st.path, inside)}
	}
	folder := filepath.Join(st.path, "submitted", fileName(job)+"-"+now.Format("20060102-150405"))
	// copy finds out if somebody takes the name in between.
	for n := 2; ; n++ { // two submissions within a second
		if _, err := os.Lstat(folder); err != nil {
			break
		}
		folder = filepath.Join(st.path, "submitted", fmt.Sprintf("%s-%s-%d", fileName(job), now.Format("20060102-150405"), n))
	}
	return placed{from: file, path: filepath.Join(folder, fileName(filepath.Base(file))), made: folder, root: st.path}
}

// relative returns the file's path below the storage, if it is there. Both may
// be reached through symbolic links.
func (st storage) relative(file string) (string, bool) {
	root, err := filepath.EvalSymlinks(st.path)
	if err != nil {
		return "", false
	}
	real, err := filepath.EvalSymlinks(file)
	if err != nil {
		return "", false
	}
	rel, err := filepath.Rel(root, real)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return "", false
	}
	return rel, true
}

// isCopy reports whether the file has to be copied.
func (p placed) isCopy() bool { return p.made != "" }

// copy puts a copy of the file in its place, if it needs one: under another
// name first, so that nobody ever sees half a file.
func (p placed) copy(ctx context.Context) (err error) {
	if !p.isCopy() {
		return nil
	}
	defer func() {
		if err != nil && ctx.Err() == nil {
			err = farm.Errorf(farm.Invalid, "cannot copy the file into the shared storage: %w. Check that %s is writable and has room", err, p.root)
		}
	}()
	if err := os.MkdirAll(filepath.Dir(p.made), 0o777); err != nil { // as open as the user's umask lets it be: workers may be other users
		return err
	}
	if err := os.Mkdir(p.made, 0o777); err != nil {
		return err
	}
	if err := p.copyInto(ctx); err != nil {
		return errors.Join(err, p.remove())
	}
	return nil
}

// copyInto copies the file into the folder that was made for it.
func (p placed) copyInto(ctx context.Context) error {
	from, err := os.Open(p.from)
	if err != nil {
		return err
	}
	defer from.Close()
	// On the same file system as the final name, so that renaming is one step.
	to, err := os.OpenFile(p.path+".part", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, &contextReader{ctx, from})
	if err == nil {
		err = to.Sync()
	}
	if err = errors.Join(err, to.Close()); err != nil {
		return err
	}
	return os.Rename(to.Name(), p.path)
}

// remove takes a copy away again, and nothing that was there before.
func (p placed) remove() error {
	if !p.isCopy() {
		return nil
	}
	for _, path := range []string{p.path + ".part", p.path} {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	if err := os.Remove(p.made); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	_ = os.Remove(filepath.Dir(p.made)) // stays if there are other submissions in it
	return nil
}

// contextReader stops reading when the context ends.
type contextReader struct {
	ctx context.Context
	io.Reader
}

// Read reads, or returns why the context ended.
func (r *contextReader) Read(b []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.Reader.Read(b)
}
