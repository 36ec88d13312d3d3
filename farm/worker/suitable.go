package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/blendfile"
	"renderfarm/farm/programs"
)

// errWrongWorker is in the chain of errors that say nothing about a task but
// that it is for another worker.
var errWrongWorker = errors.New("this is the wrong worker for the task")

func wrongWorker(format string, args ...any) error {
	return &farm.Error{Kind: farm.Invalid, Msg: fmt.Sprintf(format, args...), Err: errWrongWorker}
}

// blenderFor returns the Blender for a file, "" for none, that a task calls exe. It is
// that one if its version is the file's; else, of all that are here, the one that
// bestBlender says. A program that is named by its path is also taken if it is newer than
// the file. A file that was saved by a newer Blender than any here is refused: they would
// lose part of it, or all. What cannot be found out is left to Blender.
func (w *Worker) blenderFor(ctx context.Context, exe, file string, say func(format string, args ...any)) (string, error) {
	path, missing := programs.Blender(ctx, exe)
	var all []installed
	if w.inventory != nil {
		all = w.inventory.list(ctx)
	}
	saved, known, err := w.savedBy(ctx, file)
	switch {
	case err != nil:
		return "", err
	case !known && missing != nil && len(all) > 0:
		return all[0].Path, nil
	case !known:
		return path, missing
	}
	text, is := "", farm.BlenderVersion{}
	if missing == nil {
		text, err = w.versions.of(ctx, path)
		if is, _ = farm.ParseBlenderVersion(text); err != nil || is.IsZero() {
			return path, context.Cause(ctx)
		}
	}
	named := strings.ContainsAny(exe, `/\`)
	if missing == nil && (is == saved || named && is.Compare(saved) > 0) {
		return path, nil
	}
	best, ok := bestBlender(saved, path, all)
	if w.inventory != nil && !has(all, saved) {
		fetched, came, err := w.inventory.fetchFor(ctx, saved, !ok, say)
		if came || err != nil && !ok {
			return fetched, err
		} else if err != nil {
			say("%v. A newer Blender is here", err)
		}
	}
	if ok {
		return best, nil
	}
	switch {
	case missing != nil:
		return "", missing
	case is.Compare(saved) < 0:
		return "", wrongWorker("the file was saved by Blender %s, and this worker has %s, which would lose part of it. Install Blender %[1]s or newer here", saved, text)
	}
	return path, nil
}

// has reports whether one of the Blenders has the version.
func has(all []installed, version farm.BlenderVersion) bool {
	return slices.ContainsFunc(all, func(b installed) bool {
		is, _ := farm.ParseBlenderVersion(b.Version)
		return is == version
	})
}

// savedBy returns the version of the Blender that saved a file, and whether it could be
// found out. The error is the end of ctx.
func (w *Worker) savedBy(ctx context.Context, file string) (farm.BlenderVersion, bool, error) {
	if file == "" {
		return farm.BlenderVersion{}, false, nil
	}
	saved, err := unlessCanceled(ctx, func() ([2]int, error) { return blendfile.Version(ctx, file) })
	if err != nil {
		return farm.BlenderVersion{}, false, context.Cause(ctx)
	}
	return farm.BlenderVersion{Major: saved[0], Minor: saved[1]}, true, nil
}

// versionKept is how long the version behind a script is believed, which may change
// without a sign. Asking starts Blender, and takes as long as many frames.
const versionKept = 10 * time.Minute

// versions remembers which version a Blender is.
type versions struct {
	mu    sync.Mutex // guards known
	known map[string]knownVersion
}

type knownVersion struct {
	text   string
	asked  time.Time
	file   fileState
	script bool // it starts the program
}

// of returns the version of the program at path.
func (v *versions) of(ctx context.Context, path string) (string, error) {
	file := stateOf(path)
	v.mu.Lock()
	k, ok := v.known[path]
	v.mu.Unlock()
	if ok && k.file == file && file.size > 0 && (!k.script || time.Since(k.asked) < versionKept) {
		return k.text, nil
	}
	text, err := programs.Version(ctx, path)
	if err != nil {
		return "", err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.known == nil {
		v.known = map[string]knownVersion{}
	}
	v.known[path] = knownVersion{text, time.Now(), file, isScript(path)}
	return text, nil
}

// isScript reports whether a program is a script, or cannot be looked at.
func isScript(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return true
	}
	defer f.Close()
	var first [2]byte
	_, err = io.ReadFull(f, first[:])
	return err != nil || string(first[:]) == "#!"
}

// unlessCanceled returns what do returns. It does not wait for a mount that hangs
// once ctx is canceled: do ends when the mount lets go of it.
func unlessCanceled[T any](ctx context.Context, do func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := do()
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}
