package cmd

import (
	"context"
	"errors"
	"os"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/blendfile"
)

// A fileReader looks at files for the manager. A share that hangs keeps some of its
// places, and not the whole manager.
type fileReader struct{ places chan struct{} }

func newFileReader() *fileReader { return &fileReader{make(chan struct{}, 8)} }

// version returns which Blender saved a file, for manager.Options.
func (r *fileReader) version(ctx context.Context, file string) (farm.BlenderVersion, error) {
	return lookAt(ctx, r, file, func(os.FileInfo) (v farm.BlenderVersion, err error) {
		version, err := blendfile.Version(ctx, file)
		return farm.BlenderVersion{Major: version[0], Minor: version[1]}, err
	})
}

// changed returns when a file was changed last, for manager.Options.
func (r *fileReader) changed(ctx context.Context, file string) (time.Time, error) {
	return lookAt(ctx, r, file, func(info os.FileInfo) (time.Time, error) { return info.ModTime(), nil })
}

// lookAt has a file looked at, if it is one, and returns at the end of ctx at the latest.
func lookAt[T any](ctx context.Context, r *fileReader, file string, look func(os.FileInfo) (T, error)) (found T, err error) {
	select {
	case r.places <- struct{}{}:
	default:
		return found, errors.New("other files cannot be read either")
	}
	type result struct {
		found T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		defer func() { <-r.places }()
		var got result
		info, err := os.Stat(file)
		if got.err = err; err == nil && !info.Mode().IsRegular() {
			got.err = errors.New("it is not a file")
		}
		if got.err == nil {
			got.found, got.err = look(info)
		}
		done <- got
	}()
	select {
	case got := <-done:
		return got.found, got.err
	case <-ctx.Done():
		return found, ctx.Err()
	}
}
