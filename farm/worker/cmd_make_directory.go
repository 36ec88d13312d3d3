package worker

import (
	"context"
	"os"

	"renderfarm/farm"
)

// folderMode is that of folders a task makes, before the umask: colleagues in
// the same group may write there, too.
const folderMode = 0o775

// prepareMakeDirectory reads the parameters of make-directory, which makes a
// folder. One that exists is fine:
//
//	path  of the folder; those above it are made, too
func prepareMakeDirectory(c farm.Command) (action, error) {
	p := params{Command: c}
	path := p.required("path")
	return func(_ context.Context, r *run) error {
		r.Log("make-directory: creating directory %q", path)
		if err := os.MkdirAll(path, folderMode); err != nil {
			return farm.Errorf(farm.Invalid, "make-directory: %w. Check that this worker may write there", err)
		}
		return nil
	}, p.err
}
