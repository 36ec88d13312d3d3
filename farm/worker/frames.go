package worker

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/framefile"
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
	frame  int         // noFrame: not known
	there  bool        // Blender found it, and left it as it was
	own    bool        // it is the frame's image or one of its views, and nothing that the compositor saved besides
	want   *imageFacts // what it has to be like; nil: not known
	result *farm.FrameResult
}

// noFrame is the number of none.
const noFrame = farm.MaxFrame + 1

// framesFound is what reading the frames brought.
type framesFound struct {
	saved int
	bad   []badFile // not what they have to be; they were moved aside
}

// A badFile is a file that is not what it has to be.
type badFile struct {
	savedFile
	err error // names it, and what is wrong
}

// maxQueued is how many files may wait to be read. More have to wait
// before their line of output is looked at, which slows Blender at worst.
const maxQueued = 1000

// A frameJudge says what is wrong with files, and tells what is to be said of frames.
type frameJudge struct {
	look   func(path string) (sight, error) // lookAtFrame outside of tests
	begun  time.Time                        // what is older was not saved by this render
	mode   fs.FileMode                      // given to good files; 0: they stay as they are
	flags  farm.FrameFlags                  // of every result
	series *frameSeries                     // what the job's frames were like
	log    func(format string, args ...any)
	tell   func(farm.FrameResult) // takes the results of frames whose files were read
}

// A sight is what looking at a file showed.
type sight struct {
	framefile.Image
	modified time.Time
	size     int64
}

// lookAtFrame reads a file back.
func lookAtFrame(path string) (sight, error) { return lookWith(framefile.Check, path) }

// lookWith reads a file back with check. The file's time and size are those from
// before it was read: whoever changes it meanwhile is noticed when they are compared
// with those at the end.
func lookWith(check func(path string) (framefile.Image, error), path string) (sight, error) {
	info, err := os.Stat(path)
	if err != nil {
		return sight{}, err
	}
	s := sight{modified: info.ModTime(), size: info.Size()}
	s.Image, err = check(path)
	return s, err
}

// newFrames starts reading; check ends it. Once ctx is canceled the files do not
// matter any more, and are not read.
func newFrames(ctx context.Context, judge frameJudge) *frames {
	f := &frames{queue: make(chan savedFile, maxQueued), found: make(chan framesFound, 1)}
	go func() { f.found <- judge.readAll(ctx, f.queue) }()
	return f
}

func (j *frameJudge) readAll(ctx context.Context, queue <-chan savedFile) (found framesFound) {
	var doubt []savedFile       // files that were not right at first sight
	var good []goodFile         // the others
	var held []farm.FrameResult // of frames with files in doubt
	at := frameAtHand{flags: j.flags}
	for file := range queue {
		if file.result != nil {
			if r := at.of(*file.result); at.doubtful {
				held = append(held, r)
			} else {
				j.tell(r)
			}
			at = frameAtHand{flags: j.flags}
			continue
		}
		at.last = file.path
		at.files++
		found.saved++
		if ctx.Err() != nil {
			at.doubtful = true
			continue
		}
		if seen, err := j.judge(file); err != nil {
			doubt, at.doubtful = append(doubt, file), true
		} else {
			at.flags |= j.pass(file, seen)
			at.alone = file.own && !file.there
			at.saved = seen.modified
			if len(good) < maxGood {
				good = append(good, goodFile{file, seen.modified, seen.size})
			}
		}
	}
	for _, g := range good {
		if ctx.Err() == nil && g.changed() {
			doubt = append(doubt, g.savedFile)
		}
	}
	for _, file := range doubt {
		if ctx.Err() != nil {
			break
		}
		// Once more: a script in Blender may have changed it just then.
		seen, err := j.judge(file)
		if err == nil {
			j.pass(file, seen)
		} else if ctx.Err() == nil {
			found.bad = append(found.bad, badFile{file, putAside(file.path, err)})
		}
	}
	for _, r := range held {
		if !slices.ContainsFunc(found.bad, func(b badFile) bool { return b.frame == r.Frame }) {
			j.tell(r)
		}
	}
	return found
}

// A goodFile is a file that was right when it was read.
type goodFile struct {
	savedFile
	modified time.Time
	size     int64
}

// maxGood bounds how many files are looked at once more when Blender has ended.
const maxGood = 100_000

// changed reports whether something was done to the file since.
func (g goodFile) changed() bool {
	info, err := os.Stat(g.path)
	return !g.modified.IsZero() && (err != nil || info.Size() != g.size || !info.ModTime().Equal(g.modified))
}

// add has a file that was saved, or was there, read.
func (f *frames) add(ctx context.Context, file savedFile) {
	if file.path == "" {
		return
	}
	f.put(ctx, file)
}

// tell has a frame's result told once the files that were added were read.
func (f *frames) tell(ctx context.Context, r farm.FrameResult) { f.put(ctx, savedFile{result: &r}) }

func (f *frames) put(ctx context.Context, file savedFile) {
	select {
	case f.queue <- file:
	case <-ctx.Done():
	}
}

// frameAtHand is what is known of the frame whose files are being read.
type frameAtHand struct {
	last     string // its last file
	files    int
	saved    time.Time // when the last file was changed last
	alone    bool      // that is the frame's image, and was saved just now
	flags    farm.FrameFlags
	doubtful bool // a file was not right at first sight
}

// of adds that to what is to be told of the frame.
func (a *frameAtHand) of(r farm.FrameResult) farm.FrameResult {
	r.Flags |= a.flags
	if a.alone && a.files == 1 && !a.doubtful && !a.saved.IsZero() {
		r.Saved = a.saved.UTC().Truncate(time.Millisecond)
		return r
	}
	r.Flags &^= farm.FrameAlone
	if r.Flags&farm.FrameWasThere != 0 {
		if info, err := os.Stat(a.last); err == nil {
			r.Saved = info.ModTime().UTC().Truncate(time.Millisecond)
		}
	}
	return r
}

// check returns what reading brought; err is the cause if ctx was canceled. No
// frame may be added any more.
func (f *frames) check(ctx context.Context) (found framesFound, err error) {
	close(f.queue)
	select {
	case found := <-f.found:
		return found, nil
	case <-ctx.Done():
		return framesFound{}, context.Cause(ctx)
	}
}

// broken makes one error of the bad files, nil if there are none.
func (f framesFound) broken() error {
	switch n := len(f.bad); n {
	case 0:
		return nil
	case 1:
		return f.bad[0].err
	default:
		return fmt.Errorf("%w; %d more files are not right either", f.bad[0].err, n-1)
	}
}

// numbers returns the frames of the bad files, sorted; ok is false if those of one
// are not known.
func (f framesFound) numbers() (list []int, ok bool) {
	for _, b := range f.bad {
		if b.frame == noFrame {
			return nil, false
		}
		list = append(list, b.frame)
	}
	slices.Sort(list)
	return slices.Compact(list), true
}
