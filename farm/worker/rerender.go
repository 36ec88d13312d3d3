package worker

import (
	"errors"
	"slices"

	"renderfarm/farm"
)

// A badFrames is the error of a render after which Blender ended as if all were
// well, and some files are missing or not what they have to be. Rendering those
// frames once more is worth a try.
type badFrames struct {
	error
	frames  []int // which they are; nil if that is not known of all
	stepped int   // how many of them were counted as steps
	full    bool  // there is no room for them: trying again is of no use
}

// Unwrap returns what is wrong.
func (e *badFrames) Unwrap() error { return e.error }

// A secondTry is what is rendered again in a Blender of its own.
type secondTry struct {
	line    *blenderLine
	counted int  // steps that were counted before
	bad     bool // because of frames that were not whole
}

// flags are those of the frames that it renders.
func (s *secondTry) flags() farm.FrameFlags {
	if s.bad {
		return farm.FrameRenderedAgain
	}
	return 0
}

// secondTry returns what to render after an error, nil for nothing: what failed in
// a Blender that stays open, and frames that are missing or bad.
func (l *blenderLine) secondTry(err error, counted int) *secondTry {
	var bad *badFrames
	var warm *warmError
	switch {
	case errors.As(err, &bad):
		if bad.full {
			return nil
		}
		if only := l.only(bad.frames); only != nil {
			return &secondTry{only, bad.stepped, true}
		}
		return &secondTry{l, counted, true}
	case errors.As(err, &warm):
		return &secondTry{l, counted, false}
	}
	return nil
}

// only returns a command line that renders these frames and is the same
// otherwise, nil if there is no such line. The range of the scene, which -s and -e
// set, stays what it is.
func (l *blenderLine) only(frames []int) *blenderLine {
	if len(frames) == 0 || frames[0] < 0 || len(l.requests) != 1 || l.requests[0].told || l.requests[0].frames == nil {
		return nil
	}
	whole := l.requests[0]
	for _, frame := range frames {
		if !slices.Contains(whole.frames, frame) {
			return nil
		}
	}
	at := whole.at
	short := *l
	short.args = slices.Clone(l.args[:at])
	switch rest := l.args[at:]; {
	case len(rest) == 1: // -a
		short.args = append(short.args, "-f", farm.FramesFromZero(frames))
	case len(rest) == 2 && whole.frames[0] >= 0: // -f
		short.args = append(short.args, rest[0], farm.FramesFromZero(frames))
	default:
		return nil
	}
	short.requests = []request{{output: whole.output, frames: frames, at: at, done: len(whole.frames) - len(frames)}}
	return &short
}
