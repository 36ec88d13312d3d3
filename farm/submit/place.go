package submit

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/blendfile"
	"renderfarm/farm/pack"
)

// A place is where a .blend will be for the farm.
type place interface {
	// blend is its path, as far as it is known before it is there.
	blend() string
	// deliver puts it there, whole or not at all, and returns the path that
	// settings should name. It may add to the job what the manager should know.
	deliver(ctx context.Context, job *api.SubmittedJob) (string, error)
	// delivered says what was moved; "" if nothing was.
	delivered() string
	// undo takes away what deliver made, and nothing else.
	undo() error
}

var (
	_ place = inPlace("")
	_ place = (*copied)(nil)
	_ place = (*uploaded)(nil)
)

// storage is the farm's shared storage, as this computer sees it.
type storage struct {
	path    string
	away    bool // it cannot be reached from here
	uploads bool // files from elsewhere go to the manager, and not into a folder of the storage
}

// findStorage asks the manager where the shared storage is, and looks whether it
// can be reached from here. A farm that takes files gets them: what it has
// already is not sent again, and what a deleted job leaves is cleaned.
func findStorage(ctx context.Context, client *api.Client, upload bool) (storage, error) {
	at, err := client.GetSharedStorage(ctx, farm.AudienceUsers, runtime.GOOS)
	if err != nil {
		return storage{}, err
	}
	st := storage{path: sharedRoot(at), uploads: at.ShamanEnabled}
	// A share that is not mounted is a missing folder, or an empty one.
	info, err := os.Stat(at.Location)
	st.away = err != nil || !info.IsDir()
	switch {
	case at.ShamanEnabled:
		return st, nil
	case upload:
		return st, farm.Errorf(farm.Invalid, "the farm takes no uploads: its manager has shaman.enabled: false in farm.yaml. Leave the upload out to copy the file into the shared storage")
	case err != nil:
		return st, farm.Errorf(farm.Invalid, "the farm's shared storage %q cannot be reached from this computer. Mount it there, give this platform a path of its own with a two-way variable in farm.yaml, or switch on shaman.enabled there to upload files", at.Location)
	case st.away:
		return st, farm.Errorf(farm.Invalid, "the farm's shared storage %q is not a folder on this computer. Mount it there, or give this platform a path of its own with a two-way variable in farm.yaml", at.Location)
	}
	return st, nil
}

// sharedRoot is the shared storage itself. Where the farm takes uploads, the
// location that it names is the folder jobs in it, which is for checkouts; files
// beside that are in everybody's reach all the same.
func sharedRoot(at api.SharedStorageLocation) string {
	if path := filepath.Clean(at.Location); at.ShamanEnabled && filepath.Base(path) == "jobs" {
		return filepath.Dir(path)
	}
	return at.Location
}

// relative returns the file's path below the storage, if it is there. Both may
// be reached through symbolic links.
func (st storage) relative(file string) (string, bool) {
	if st.away {
		return "", false
	}
	return below(st.path, file)
}

// contains reports whether the file is in the storage.
func (st storage) contains(file string) bool {
	_, ok := st.relative(file)
	return ok
}

// Contains reports whether a file is in a folder, whatever links lead there.
func Contains(folder, file string) bool {
	_, ok := below(folder, file)
	return ok
}

// below returns the path of a file below a folder, if it is there.
func below(folder, file string) (string, bool) {
	root, err := filepath.EvalSymlinks(folder)
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

// inPlace is a file in the storage that is used where it is.
type inPlace string

func (p inPlace) blend() string { return string(p) }

func (p inPlace) deliver(context.Context, *api.SubmittedJob) (string, error) { return string(p), nil }

func (p inPlace) delivered() string { return "" }

func (p inPlace) undo() error { return nil }

// copied is a folder in the storage with copies of a .blend and what it needs.
type copied struct {
	s     *Submitter
	files *blendfile.Pack
	dir   string
}

// keepParts is how long a copy may take at the most.
const keepParts = 7 * 24 * time.Hour

// folder returns a path for the files of a job that nobody has taken.
func (st storage) folder(job string) string {
	name := farm.FolderName(job) + "-" + time.Now().Format("20060102-150405")
	return next(filepath.Join(st.path, farm.CopiesFolder, name), 1)
}

// next returns the path, with a number from n on if it is taken.
func next(path string, n int) string {
	for ; ; n++ {
		numbered := path
		if n > 1 {
			numbered = fmt.Sprintf("%s-%d", path, n)
		}
		if _, err := os.Lstat(numbered); err != nil {
			return numbered
		}
	}
}

func (c *copied) blend() string { return filepath.Join(c.dir, filepath.FromSlash(c.files.Blend)) }

// deliver makes the folder, under another name if somebody else takes its name
// meanwhile.
func (c *copied) deliver(ctx context.Context, job *api.SubmittedJob) (string, error) {
	// Copies that a killed program left half, by now surely.
	if err := pack.Tidy(filepath.Dir(c.dir), time.Now().Add(-keepParts)); err != nil {
		return "", err
	}
	for wanted, n := c.dir, 2; ; n++ {
		if c.s.Copying != nil {
			if err := c.s.Copying(c.dir); err != nil {
				return "", err
			}
		}
		total := Progress{Stage: Copying, FilesTotal: len(c.files.Files), BytesTotal: c.files.Size()}
		err := pack.ToFolder(ctx, c.files, c.dir, func(p pack.Progress) {
			total.Files, total.Bytes = p.Files, p.Bytes
			c.s.progress(total)
		})
		if farm.KindOf(err) != farm.Conflict {
			if job.Metadata == nil {
				job.Metadata = map[string]string{}
			}
			job.Metadata[farm.MetadataCopies] = filepath.Base(c.dir) // so that deleting the one deletes the other
			return c.blend(), err
		}
		c.dir = next(wanted, n)
	}
}

func (c *copied) delivered() string {
	return fmt.Sprintf("Copied %s, %s, to %s", farm.Count(len(c.files.Files), "file"), farm.Size(c.files.Size()), c.dir)
}

// undo removes the folder again.
func (c *copied) undo() error {
	if err := pack.Remove(c.files, c.dir); err != nil {
		return err
	}
	_ = os.Remove(filepath.Dir(c.dir)) // stays if there are other submissions in it
	return nil
}

// Abandon removes a folder that was made, or begun, for a job that never was.
// It is one that Submitter.Copying was told of.
func Abandon(folder string) error {
	if filepath.Base(filepath.Dir(folder)) != farm.CopiesFolder {
		return farm.Errorf(farm.Invalid, "%s is not a folder that Farm made", folder)
	}
	return pack.Abandon(folder)
}

// uploaded is a .blend and what it needs in the manager's file store.
type uploaded struct {
	s     *Submitter
	files *blendfile.Pack
	name  string // of the folder that is wanted
	sent  api.Sent
}

// blend returns where the .blend will be, unless the name is taken.
func (p *uploaded) blend() string { return path.Join("{jobs}", p.name, p.files.Blend) }

// deliver uploads what the farm does not have. The job gets to know its folder,
// so that deleting the one deletes the other.
func (p *uploaded) deliver(ctx context.Context, job *api.SubmittedJob) (_ string, err error) {
	sending := api.Sending{Client: p.s.Client, Checkout: p.name, Progress: func(sp api.SendProgress) { p.s.progress(sendingProgress(sp)) }}
	for _, f := range p.files.Files {
		file := api.SendFile{Path: f.Target, Source: f.Source, Size: f.Size}
		if p.s.Stored != nil {
			if sha, size, ok := p.s.Stored(f.Source); ok {
				file.SHA, file.Size = sha, size
			}
		}
		sending.Files = append(sending.Files, file)
	}
	if p.sent, err = sending.Send(ctx); err != nil {
		return "", err
	}
	job.Storage = &api.JobStorageInfo{ShamanCheckoutID: p.sent.Checkout}
	return path.Join("{jobs}", p.sent.Checkout, p.files.Blend), nil
}

// sendingProgress returns the progress of an upload.
func sendingProgress(p api.SendProgress) Progress {
	stage := Uploading
	switch p.Stage {
	case api.StageHash:
		stage = Hashing
	case api.StageCheckout: // nothing is counted in it
		return Progress{Stage: Waiting}
	}
	return Progress{Stage: stage, Files: p.Files, FilesTotal: p.FilesTotal, Bytes: p.Bytes, BytesTotal: p.BytesTotal}
}

func (p *uploaded) delivered() string {
	return fmt.Sprintf("Uploaded %s, %s, of %s, %s; the farm had the rest", farm.Count(p.sent.Files, "file"), farm.Size(p.sent.Bytes),
		farm.Count(len(p.files.Files), "file"), farm.Size(p.files.Size()))
}

// undo leaves what was uploaded to the manager, which cleans its store by
// itself: no job names the folder, and the next try needs the files.
func (p *uploaded) undo() error { return nil }
