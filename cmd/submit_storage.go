package cmd

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/blendfile"
	"renderfarm/farm/pack"
)

// storage is the farm's shared storage, as this computer sees it.
type storage struct {
	path string
	s    *session // draws progress
	away error    // why it cannot be reached from here; nil if it can
}

// findStorage asks the manager where the shared storage is, and looks whether
// it can be reached from here. If it cannot, files are uploaded.
func (u *submission) findStorage(ctx context.Context) error {
	at, err := u.client.GetSharedStorage(ctx, farm.AudienceUsers, runtime.GOOS)
	if err != nil {
		return err
	}
	u.storage = storage{path: sharedRoot(at), s: u.s}
	// A share that is not mounted is a missing folder, or an empty one.
	info, err := os.Stat(at.Location)
	if err != nil || !info.IsDir() {
		why := "it is not a folder"
		if err != nil {
			why = "it cannot be reached"
		}
		u.storage.away = farm.Errorf(farm.Invalid, "the farm's shared storage is %q, and on this computer %s. Mount it there, or tell the farm with a two-way variable in farm.yaml under which path this platform sees it, or switch on shaman.enabled there to upload files", at.Location, why)
	}
	switch {
	case at.ShamanEnabled:
		return nil
	case u.options.upload:
		return farm.Errorf(farm.Invalid, "the farm takes no uploads: its manager has shaman.enabled: false in farm.yaml. Leave --upload out to copy the file into the shared storage")
	}
	return u.storage.away
}

// sharedRoot is the shared storage itself. Where the farm takes uploads, the
// location that it names is the folder jobs in it, which is for checkouts (wire
// 4, getConfiguration); files beside that are in everybody's reach all the same.
func sharedRoot(at api.SharedStorageLocation) string {
	if path := filepath.Clean(at.Location); at.ShamanEnabled && filepath.Base(path) == "jobs" {
		return filepath.Dir(path)
	}
	return at.Location
}

// relative returns the file's path below the storage, if it is there. Both may
// be reached through symbolic links.
func (st storage) relative(file string) (string, bool) {
	if st.away != nil {
		return "", false
	}
	root, err := filepath.EvalSymlinks(st.path)
	if err != nil {
		return "", false
	}
	real, err := filepath.EvalSymlinks(file)
	if err != nil {
		return "", false
	}
	rel, err := filepath.Rel(root, real)
	if err != nil || !filepath.IsLocal(rel) {
		return "", false
	}
	return rel, true
}

// contains reports whether a file is in the storage.
func (st storage) contains(file string) bool {
	_, ok := st.relative(file)
	return ok
}

// inPlace is a file in the storage that is used where it is.
type inPlace string

// blend returns its path.
func (p inPlace) blend() string { return string(p) }

// deliver has nothing to do.
func (p inPlace) deliver(context.Context, *api.SubmittedJob) (string, error) { return string(p), nil }

// undo has nothing to do.
func (p inPlace) undo() error { return nil }

// copied is a folder in the storage with copies of a .blend and what it needs.
type copied struct {
	files *blendfile.Pack
	dir   string
	s     *session
}

// keepParts is how long a copy may take at the most.
const keepParts = 7 * 24 * time.Hour

// submittedFolder is where in the storage the copies are.
const submittedFolder = "submitted"

// place gives files from elsewhere a folder of their own in the storage.
func (st storage) place(files *blendfile.Pack, job string, now time.Time) *copied {
	folder := filepath.Join(st.path, submittedFolder, fileName(job)+"-"+now.Format("20060102-150405"))
	// deliver finds out if somebody takes the name in between.
	for n := 2; ; n++ { // two submissions within a second
		if _, err := os.Lstat(folder); err != nil {
			return &copied{files, folder, st.s}
		}
		folder = filepath.Join(st.path, submittedFolder, fmt.Sprintf("%s-%s-%d", fileName(job), now.Format("20060102-150405"), n))
	}
}

// blend returns where the .blend will be.
func (c *copied) blend() string { return filepath.Join(c.dir, filepath.FromSlash(c.files.Blend)) }

// deliver makes the folder.
func (c *copied) deliver(ctx context.Context, _ *api.SubmittedJob) (string, error) {
	// Copies that a killed program left half, by now surely.
	if err := pack.Tidy(filepath.Dir(c.dir), c.s.now().Add(-keepParts)); err != nil {
		return "", err
	}
	bar := c.s.transferBar("Copying", len(c.files.Files), c.files.Size())
	defer bar.end()
	return c.blend(), pack.ToFolder(ctx, c.files, c.dir, bar.show)
}

// undo removes the folder again.
func (c *copied) undo() error {
	if err := pack.Remove(c.files, c.dir); err != nil {
		return err
	}
	_ = os.Remove(filepath.Dir(c.dir)) // stays if there are other submissions in it
	return nil
}
