package worker

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"renderfarm/farm"
	"renderfarm/farm/picture"
)

// frames reads back the images of one render while the next ones are made, so
// that a full disk or a flaky mount is noticed here and not in the video.
type frames struct {
	queue chan string   // files still to be read
	done  chan struct{} // closed when the queue was closed and worked off

	// Used by the goroutine that reads until done, then by check.
	saved int
	doubt []string // files that were not whole at first sight
}

const (
	// maxQueued is how many files may wait to be read. More have to wait
	// before their line of output is looked at, which slows Blender at worst.
	maxQueued = 1000
	// brokenSuffix marks a file that is no whole image. It is kept for a look,
	// and is out of the way: Blender renders the frame again instead of skipping
	// it, and no pattern for frames matches it.
	brokenSuffix = ".broken"
)

// newFrames starts reading; check ends it. Once ctx is canceled the files do
// not matter any more, and are not read.
func newFrames(ctx context.Context) *frames {
	f := &frames{queue: make(chan string, maxQueued), done: make(chan struct{})}
	go func() {
		defer close(f.done)
		for path := range f.queue {
			f.saved++
			if ctx.Err() == nil && picture.Complete(path) != nil {
				f.doubt = append(f.doubt, path)
			}
		}
	}()
	return f
}

// add notes that a frame was saved, or found to be there. "" is no file.
func (f *frames) add(path string) {
	if path != "" {
		f.queue <- path
	}
}

// check returns how many frames there are, and an error that names the first
// that is not whole. No frame may be added any more.
func (f *frames) check(ctx context.Context) (saved int, err error) {
	close(f.queue)
	<-f.done
	for _, path := range f.doubt {
		if ctx.Err() != nil {
			break
		}
		// Once more: a script in Blender may have changed it just then.
		if err := picture.Complete(path); err != nil {
			return f.saved, incomplete(path, err)
		}
	}
	return f.saved, nil
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
