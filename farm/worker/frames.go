package worker

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"renderfarm/farm"
)

// frames reads back the images of one render while the next ones are made, so
// that a full disk or a flaky mount is noticed here and not in the video. A
// mount that hangs holds up the reader only: who waits for it leaves when its
// context is canceled, and the reader ends when the mount lets go of it.
type frames struct {
	queue chan savedFile   // files still to be read
	found chan framesFound // gets one value, when the queue was closed and worked off
}

// A savedFile is a file to be read, or what is to be told of the frame whose files
// are in front of it in the queue.
type savedFile struct {
	path   string
	result *farm.FrameResult
}

// framesFound is what reading the frames brought.
type framesFound struct {
	saved  int
	broken error // names the first that is not whole; nil if all are
}

const (
	// maxQueued is how many files may wait to be read. More have to wait
	// before their line of output is looked at, which slows Blender at worst.
	maxQueued = 1000
	// brokenSuffix marks a file that is no whole image. It is kept for a look,
	// and is out of the way: no pattern for frames matches it, and a job that
	// does not overwrite renders the frame again.
	brokenSuffix = ".broken"
)

// newFrames starts reading with complete, which is framefile.Whole outside of
// tests; check ends it. Once ctx is canceled the files do not matter any more,
// and are not read. tell takes the results of frames whose files were read.
func newFrames(ctx context.Context, complete func(path string) error, tell func(farm.FrameResult)) *frames {
	f := &frames{queue: make(chan savedFile, maxQueued), found: make(chan framesFound, 1)}
	go func() { f.found <- readFrames(ctx, f.queue, complete, tell) }()
	return f
}

func readFrames(ctx context.Context, queue <-chan savedFile, complete func(path string) error, tell func(farm.FrameResult)) (found framesFound) {
	var doubt []string // files that were not whole at first sight
	last := ""
	for file := range queue {
		if file.result != nil {
			tell(withSaved(*file.result, last))
			continue
		}
		last = file.path
		found.saved++
		if ctx.Err() == nil && complete(last) != nil {
			doubt = append(doubt, last)
		}
	}
	for _, path := range doubt {
		if ctx.Err() != nil {
			break
		}
		// Once more: a script in Blender may have changed it just then.
		if err := complete(path); err != nil && ctx.Err() == nil {
			found.broken = incomplete(path, err)
			break
		}
	}
	return found
}

// add notes that a frame was saved, or found to be there. "" is no file.
func (f *frames) add(ctx context.Context, path string) {
	if path == "" {
		return
	}
	f.put(ctx, savedFile{path: path})
}

// tell has a frame's result told once the files that were added were read.
func (f *frames) tell(ctx context.Context, r farm.FrameResult) { f.put(ctx, savedFile{result: &r}) }

func (f *frames) put(ctx context.Context, file savedFile) {
	select {
	case f.queue <- file:
	case <-ctx.Done():
	}
}

// withSaved adds when the file of a frame that was there already was written.
func withSaved(r farm.FrameResult, path string) farm.FrameResult {
	if r.Flags&farm.FrameWasThere != 0 {
		if info, err := os.Stat(path); err == nil {
			r.Saved = info.ModTime().UTC().Truncate(time.Millisecond)
		}
	}
	return r
}

// check returns how many frames there are, and an error that names the first
// that is not whole, or the cause if ctx was canceled. No frame may be added
// any more.
func (f *frames) check(ctx context.Context) (saved int, err error) {
	close(f.queue)
	select {
	case found := <-f.found:
		return found.saved, found.broken
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

// incomplete moves a broken image aside and says so.
func incomplete(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return farm.Errorf(farm.Invalid, "frame %s is incomplete: Blender saved it, and now it is not there", path)
	}
	if os.Rename(path, path+brokenSuffix) != nil {
		return farm.Errorf(farm.Invalid, "frame %s is incomplete: %w", path, err)
	}
	return farm.Errorf(farm.Invalid, "frame %s is incomplete: %w (it is now named %s)", path, err, brokenSuffix)
}
