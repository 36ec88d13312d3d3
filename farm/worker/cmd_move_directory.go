package worker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"renderfarm/farm"
)

// prepareMoveDirectory reads the parameters of move-directory, which renames a
// folder or a file:
//
//	src   path of what is moved
//	dest  its new path, on the same file system; what is there is kept, under
//	      its name with the time of its last change behind it
func prepareMoveDirectory(c farm.Command) (action, error) {
	p := params{Command: c}
	src, dest := p.required("src"), p.required("dest")
	if p.err == nil && filepath.Clean(src) == filepath.Clean(dest) {
		p.fail("dest", "is %q, and so is src", dest)
	}
	return func(_ context.Context, r *run) error {
		return moveDirectory(r, src, dest)
	}, p.err
}

// moveDirectory moves src to dest. Killed between its two renames it leaves
// src where it was and dest moved aside, so the task can simply run again.
func moveDirectory(r *run, src, dest string) error {
	// First of all: without a source the destination must stay where it is.
	if _, err := os.Lstat(src); err != nil {
		return farm.Errorf(farm.NotFound, "move-directory: %q cannot be moved: %w", src, err)
	}
	if info, err := os.Lstat(dest); err == nil {
		aside, err := freeName(dest + "-" + info.ModTime().Format("2006-01-02_150405"))
		if err != nil {
			return err
		}
		r.Log("move-directory: %q exists, moving it to %q", dest, aside)
		if err := os.Rename(dest, aside); err != nil {
			return fmt.Errorf("move-directory: %w", err)
		}
	}
	if err := os.MkdirAll(filepath.Dir(dest), folderMode); err != nil {
		return fmt.Errorf("move-directory: %w", err)
	}
	r.Log("move-directory: moving %q to %q", src, dest)
	if err := os.Rename(src, dest); err != nil {
		return farm.Errorf(farm.Invalid, "move-directory: %w. Both places have to be on the same file system", err)
	}
	return nil
}

// freeName returns path, or if that exists path-001, path-002, and so on: two
// versions can have been changed in the same second.
func freeName(path string) (string, error) {
	name := path
	for n := 1; n < 1000; n++ {
		if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			return name, nil
		}
		name = fmt.Sprintf("%s-%03d", path, n)
	}
	return "", farm.Errorf(farm.Conflict, "move-directory: there are too many earlier versions named %s-…: remove some", path)
}
