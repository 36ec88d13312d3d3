package cmd

import (
	"context"
	"errors"
	"os"

	"renderfarm/farm"
	"renderfarm/farm/blendfile"
)

// A versionReader reads which Blender saved a file. A share that hangs keeps some of its
// places, and not the whole manager.
type versionReader struct{ places chan struct{} }

func newVersionReader() *versionReader { return &versionReader{make(chan struct{}, 8)} }

// read is for manager.Options.
func (r *versionReader) read(ctx context.Context, file string) (farm.BlenderVersion, error) {
	select {
	case r.places <- struct{}{}:
	default:
		return farm.BlenderVersion{}, errors.New("other files cannot be read either")
	}
	type result struct {
		version [2]int
		err     error
	}
	done := make(chan result, 1)
	go func() {
		defer func() { <-r.places }()
		info, err := os.Stat(file)
		if err == nil && !info.Mode().IsRegular() {
			err = errors.New("it is not a file")
		}
		var version [2]int
		if err == nil {
			version, err = blendfile.Version(ctx, file)
		}
		done <- result{version, err}
	}()
	select {
	case got := <-done:
		return farm.BlenderVersion{Major: got.version[0], Minor: got.version[1]}, got.err
	case <-ctx.Done():
		return farm.BlenderVersion{}, ctx.Err()
	}
}
