package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
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

// checkSuitable refuses a file that was saved by a newer Blender than the one
// here, which would lose part of it, or all. What cannot be found out is left to Blender.
func (w *Worker) checkSuitable(ctx context.Context, exe, file string) error {
	if file == "" {
		return nil
	}
	saved, err := unlessCanceled(ctx, func() ([2]int, error) { return blendfile.Version(ctx, file) })
	if err != nil {
		return context.Cause(ctx)
	}
	text, err := w.versions.of(ctx, exe)
	var have [2]int
	if n, _ := fmt.Sscanf(text, "%d.%d", &have[0], &have[1]); n != 2 || err != nil {
		return context.Cause(ctx)
	}
	if saved[0] > have[0] || saved[0] == have[0] && saved[1] > have[1] {
		return wrongWorker("the file was saved by Blender %d.%d, and this worker has %s, which would lose part of it. Install Blender %[1]d.%[2]d or newer here", saved[0], saved[1], text)
	}
	return nil
}

// versionKept is how long a program's version is believed: one behind a script
// may change without a sign.
const versionKept = time.Minute

// versions remembers which version a Blender is.
type versions struct {
	mu    sync.Mutex // guards known
	known map[string]knownVersion
}

type knownVersion struct {
	text    string
	asked   time.Time
	changed time.Time // the program's file
}

// of returns the version of the program at path.
func (v *versions) of(ctx context.Context, path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	v.mu.Lock()
	k, ok := v.known[path]
	v.mu.Unlock()
	if ok && time.Since(k.asked) < versionKept && k.changed.Equal(info.ModTime()) {
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
	v.known[path] = knownVersion{text, time.Now(), info.ModTime()}
	return text, nil
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
