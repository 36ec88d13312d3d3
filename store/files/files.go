// Package files keeps what belongs to a job as plain files that a person can
// read: the logs of its tasks and its last rendered image.
//
//	<dir>/job-1a2b/<job id>/task-<task id>.txt      log of the present run
//	                        task-<task id>.txt.1    log of the run before
//	                        task-<task id>.attempts who had the task before, as lines of JSON
//	                        last-rendered.jpg       at most 1920×1080
//	                        last-rendered-small.jpg at most 600×338
//	                        last-rendered-tiny.jpg  at most 200×112
//	                        comments.json           what people wrote about frames
//	<dir>/frames-per-day.json                       what workers rendered on the last days
//
// The folder's names are those that clients of the v3 protocol see under
// /job-files. A crash of the program loses nothing that was appended before it; one
// of the machine can lose the lines of the last half minute, which is how long
// systems keep what was written in memory. Nothing depends on them.
// Comments are on the disk when they are answered.
package files

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"renderfarm/farm"
)

// Files keeps the files of all jobs below one folder. Its methods may be called
// from any goroutine.
type Files struct {
	root     *os.Root
	logs     logs
	attempts sync.Mutex // one change of a task's attempts at a time; logs.spare is looked at while it is held
}

// Open returns the files below dir, which is created if it does not exist.
func Open(dir string) (*Files, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, farm.Errorf(farm.Invalid, "cannot create the folder for task logs and previews: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, farm.Errorf(farm.Invalid, "cannot open the folder for task logs and previews: %w", err)
	}
	f := &Files{root: root}
	f.logs.init(root)
	return f, nil
}

// Close closes what is open. Nothing is buffered, so nothing can be lost.
func (f *Files) Close() error {
	f.logs.closeAll()
	return f.root.Close()
}

// FS returns the folder for reading, confined to itself.
func (f *Files) FS() fs.FS { return f.root.FS() }

// Dir returns the folder of a job, relative and with forward slashes.
func Dir(job farm.JobID) string {
	return "job-" + string(job[:min(4, len(job))]) + "/" + string(job)
}

// RemoveJob removes everything of a job. It is fine if there is nothing.
func (f *Files) RemoveJob(job farm.JobID) error {
	f.logs.closeJob(job)
	dir := filepath.FromSlash(Dir(job))
	if err := f.root.RemoveAll(dir); err != nil {
		return fmt.Errorf("remove the files of job %s: %w", job, err)
	}
	// The folder above is shared by the jobs with the same first four
	// characters: this fails, as it should, while there is another one.
	f.root.Remove(filepath.Dir(dir))
	return nil
}
