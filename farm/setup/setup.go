// Package setup looks at a computer for who sets up a farm on it: whether a folder can be
// the shared storage, and which Blenders and FFmpegs are there and run. It changes nothing
// but files that it makes in the folder and takes away again, and what hangs holds up
// nobody but who asked.
package setup

import (
	"context"
	"time"

	"renderfarm/farm"
)

// A Computer is what is looked at. Its methods may be called from any goroutine.
type Computer struct {
	Home string // of Farm, which is no shared storage
	Goos string // platform, as runtime.GOOS

	places chan struct{} // holds a token for each look that is under way
}

// looks bounds how many looks are under way: each starts a program, or waits for a disk.
const looks = 4

// New returns the computer that this program runs on.
func New(home, goos string) *Computer {
	return &Computer{Home: home, Goos: goos, places: make(chan struct{}, looks)}
}

// patience is how long somebody who asked waits. A share that hangs may hang for ever.
const patience = 15 * time.Second

// look runs a function that may hang. One that does keeps its place, and what it
// returns is thrown away. Busy: all places are taken.
func look[T any](ctx context.Context, c *Computer, f func(context.Context) T) (result T, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case c.places <- struct{}{}:
	case <-ctx.Done():
		return result, farm.Errorf(farm.Busy, "other folders and programs are being looked at, or do not answer: try again later")
	}
	done := make(chan T, 1)
	go func() {
		defer func() { <-c.places }()
		done <- f(ctx)
	}()
	select {
	case result = <-done:
		return result, nil
	case <-ctx.Done():
		return result, ctx.Err()
	}
}
