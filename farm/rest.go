package farm

import (
	"slices"
	"time"
)

// A task of several frames that did not come to its end has some that are rendered and
// checked. Its rest are the others. It is kept as a Redo that keeps no files: the next
// try renders the rest only, if its worker finds that the files of the other frames are
// still what they were. Workers that know nothing of it get the whole task.

// A RenderedFrame is a frame of a task that an earlier try rendered and checked.
type RenderedFrame struct {
	Frame  int       `json:"frame"`
	Saved  time.Time `json:"saved"`  // when its file, which is the only one, was changed last; in whole seconds
	Source time.Time `json:"source"` // likewise the .blend that it was rendered from
}

// MaxRendered bounds how many rendered frames a worker is told of with a task.
const MaxRendered = 10_000

// IsRest reports whether the frames are a task's rest, and not wanted once more.
func (r *Redo) IsRest() bool { return r.Frames != "" && r.Kept == "" }

// Less returns the Redo of a task that renders all frames after a try that rendered some
// of them. At least one frame is left, as the task is not completed. A Redo that keeps
// files stays what it is, and so does one that would take more than MaxRedo.
func (r Redo) Less(all []int, rendered func(frame int) bool) Redo {
	left := all
	if r != (Redo{}) {
		var err error
		if left, err = ParseFrames(r.Frames); err != nil || r.Kept != "" {
			return r
		}
	}
	rest := slices.DeleteFunc(slices.Clone(left), rendered)
	if len(rest) == 0 && len(left) > 0 {
		rest = left[len(left)-1:]
	}
	if text := FormatFrames(rest); len(rest) < len(all) && len(text) <= MaxRedo {
		return Redo{Frames: text}
	}
	return r
}
