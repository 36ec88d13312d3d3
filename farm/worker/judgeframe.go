package worker

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"renderfarm/farm"
)

const (
	// brokenSuffix marks a file that is not what it has to be. It is kept for a
	// look, and is out of the way: no pattern for frames matches it, and a job that
	// does not overwrite renders the frame again.
	brokenSuffix = ".broken"
	// maxBroken bounds how many bad files of one name are kept.
	maxBroken = 1000
	// clockSlack is how exact the times of files are; those of FAT are even.
	clockSlack = 3 * time.Second
	// floodOfNaN is the share of values that are no numbers, or infinite, from
	// which on a picture is said to be full of them.
	floodOfNaN = 0.01
)

// judge returns what is wrong with a file, in a sentence that names it.
func (j *frameJudge) judge(file savedFile) (sight, error) {
	seen, err := j.look(file.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return seen, farm.Errorf(farm.NotFound, "frame %s is incomplete: Blender saved it, and now it is not there", file.path)
	case err != nil:
		if full := probeFolder(filepath.Dir(file.path)).full; full != nil {
			return seen, &fullDisk{farm.Errorf(farm.Invalid, "frame %s is incomplete: %w, and nothing more can be written there: %w", file.path, err, full)}
		}
		return seen, farm.Errorf(farm.Invalid, "frame %s is incomplete: %w", file.path, err)
	case !file.there && j.isStale(file.path, seen.modified):
		return seen, farm.Errorf(farm.Invalid, "frame %s is stale: Blender said that it saved it, and the file is of %s", file.path, seen.modified.UTC().Format(time.RFC3339))
	case file.want != nil:
		if how := file.want.misfit(seen.Image); how != "" {
			return seen, farm.Errorf(farm.Invalid, "frame %s has the wrong size: %s", file.path, how)
		}
	}
	return seen, nil
}

// A fullDisk is the error of a file for which there was no room.
type fullDisk struct{ error }

// Unwrap returns what is wrong.
func (e *fullDisk) Unwrap() error { return e.error }

// isStale reports whether a file was there before the render began. Only if it
// seems so, a file beside it tells how the clocks differ.
func (j *frameJudge) isStale(path string, modified time.Time) bool {
	if modified.IsZero() || !modified.Before(j.begun.Add(-clockSlack)) {
		return false
	}
	late := probeFolder(filepath.Dir(path)).late
	return modified.Before(j.begun.Add(-late - clockSlack))
}

// pass takes a good file, and returns what is to be said of its frame.
func (j *frameJudge) pass(file savedFile, seen sight) (flags farm.FrameFlags) {
	if !file.there {
		permit(file.path, j.mode, j.log)
	}
	before, known := j.series.next(file.path, seen.Image)
	if known && file.want == nil && before.Width != 0 && seen.Width != 0 && (before.Width != seen.Width || before.Height != seen.Height) {
		j.log("WARNING: %s has %d by %d pixels, and the one before it had %d by %d: %s", file.path, seen.Width, seen.Height, before.Width, before.Height, before.file)
	}
	if !file.own {
		return 0 // masks may be empty, and other data infinite
	}
	if seen.Flat {
		flags |= farm.FrameFlat
		if known && !before.Flat {
			j.log("WARNING: %s has the same colour everywhere, and the frame before it has not: %s", file.path, before.file)
		}
	}
	if seen.NotFinite > floodOfNaN {
		flags |= farm.FrameNotFinite
		j.log("WARNING: in %s, %.0f %% of the values are infinite or no numbers", file.path, 100*seen.NotFinite)
	}
	return flags
}

// permit gives a file the permissions of file_mode, if that is not 0. Without them it is
// good all the same.
func permit(path string, mode fs.FileMode, log func(format string, args ...any)) {
	if mode == 0 {
		return
	}
	if err := os.Chmod(path, mode); err != nil {
		log("WARNING: %s cannot get the permissions that file_mode asks for: %v", path, err)
	}
}

// putAside moves a bad file out of the way and says so.
func putAside(path string, err error) error {
	if farm.KindOf(err) == farm.NotFound {
		return err
	}
	aside, failed := moveAside(path)
	if failed != nil {
		return farm.Errorf(farm.Invalid, "%w (and it cannot be moved out of the way: %w)", err, failed)
	}
	return farm.Errorf(farm.Invalid, "%w (it is now named %s)", err, aside[len(path):])
}

// moveAside gives a file another name, that no other file has.
func moveAside(path string) (aside string, err error) {
	for i := 1; i <= maxBroken; i++ {
		aside = path + brokenSuffix
		if i > 1 {
			aside += strconv.Itoa(i)
		}
		switch err = os.Link(path, aside); {
		case err == nil:
			return aside, os.Remove(path)
		case errors.Is(err, fs.ErrExist):
			continue
		case errors.Is(err, fs.ErrNotExist):
			return aside, err
		}
		// The file system has no hard links.
		if _, err = os.Lstat(aside); errors.Is(err, fs.ErrNotExist) {
			return aside, os.Rename(path, aside)
		}
	}
	return aside, farm.Errorf(farm.Conflict, "there are %d files named %s already. Look at them, and delete them", maxBroken, filepath.Base(path+brokenSuffix))
}
