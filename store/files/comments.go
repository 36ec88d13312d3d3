package files

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"

	"renderfarm/farm"
	"renderfarm/farm/fsync"
)

// Comments are what people wrote about the frames of a job, in the order they did.
type Comments struct {
	Last int            `json:"last"` // id that was given last
	List []farm.Comment `json:"comments"`
}

// maxCommentsFile bounds the file in bytes: text of MaxComments, of which JSON may make six times as much.
const maxCommentsFile = farm.MaxComments * 6 * (farm.MaxComment + 512)

func commentsOf(job farm.JobID) string { return path.Join(Dir(job), "comments.json") }

// Comments returns what was written about the frames of a job; none if there is no such job.
func (f *Files) Comments(job farm.JobID) (c Comments, err error) {
	file, err := f.root.Open(filepath.FromSlash(commentsOf(job)))
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("read the comments of job %s: %w", job, err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxCommentsFile))
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil {
		return c, fmt.Errorf("read the comments of job %s, in %s: %w", job, commentsOf(job), err)
	}
	return c, nil
}

// SaveComments replaces the comments of a job. When it returns without an error they are
// on the disk; a crash leaves those before, or these.
func (f *Files) SaveComments(job farm.JobID, c Comments) error {
	text, err := json.MarshalIndent(c, "", "\t")
	if err != nil {
		return err
	}
	dir, name := filepath.FromSlash(Dir(job)), filepath.FromSlash(commentsOf(job))
	if err := f.root.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("save a comment on job %s: %w", job, err)
	}
	if err := f.replace(name, append(text, '\n')); err != nil {
		return fmt.Errorf("save a comment on job %s: %w", job, err)
	}
	return errors.Join(fsync.DirIn(f.root, dir), fsync.DirIn(f.root, filepath.Dir(dir)), fsync.DirIn(f.root, "."))
}

// replace writes a file in the place of the one before, if there is one. A crash leaves
// either of them, whole.
func (f *Files) replace(name string, text []byte) error {
	err := f.writeFile(name+".tmp", func(w io.Writer) error {
		_, err := w.Write(text)
		if s, ok := w.(interface{ Sync() error }); ok && err == nil {
			err = s.Sync()
		}
		return err
	})
	if err == nil {
		err = f.root.Rename(name+".tmp", name)
	}
	if err != nil {
		f.root.Remove(name + ".tmp") // may not exist; the first error is the one to tell
	}
	return err
}
