package worker

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"renderfarm/farm"
)

// askedFrames compares what Blender says with what it was asked for: which
// frames are saved, by the names of the files, and which are missing. It is not
// for several goroutines.
type askedFrames struct {
	requests []*openRequest
	images   *imageFacts                            // what Blender told of the images that it saves now; nil: nothing
	step     func()                                 // called once for every frame that is saved
	saved    func(frame int, flags farm.FrameFlags) // likewise, where it is known which
	current  int                                    // the frame that is being rendered
	last     string                                 // the file saved last of this frame, "" before the first
	matched  bool                                   // last is a frame by its name
	flags    farm.FrameFlags                        // of what is saved at the moment
	timed    bool                                   // Blender says when a frame is over
	strays   []string
	astray   string                          // a folder of images that should be in another
	same     func(folder, other string) bool // whether two paths are one folder; nil: by their names alone
	files    int                             // saved or found
	done     int                             // frames saved, of all requests
}

// maxStrays bounds how many files are kept whose names are none that was asked for.
const maxStrays = 100_000

// An openRequest is a request with what is saved of it.
type openRequest struct {
	request
	name  outputName
	saved map[int][]string // by frame: the views, "" for an image without
}

// newAskedFrames calls step and saved for each frame that is saved; saved, which may
// be nil, only if it is known which one it is.
func newAskedFrames(requests []request, step func(), saved func(frame int, flags farm.FrameFlags)) *askedFrames {
	a := &askedFrames{step: step, saved: saved}
	if saved == nil {
		a.saved = func(int, farm.FrameFlags) {}
	}
	for _, r := range requests {
		a.requests = append(a.requests, &openRequest{r, newOutputName(r.output), map[int][]string{}})
	}
	return a
}

// hear takes an event of Blender's output.
func (a *askedFrames) hear(e blenderEvent) {
	switch e.what {
	case blenderFrame:
		a.current = e.number
	case blenderImages:
		a.images = e.images
	case blenderSaved:
		a.isSaved(e.text)
	case blenderSkipped:
		a.flags = farm.FrameWasThere
		a.isSaved(e.text)
		a.isOver()
		a.flags = 0
	case blenderAppended: // to a movie, whose file has the numbers of others in its name
		a.files++
		a.last, a.matched, a.current = "movie", false, e.number
	case blenderTimed:
		a.timed = true
		a.isOver()
	case blenderRange:
		for _, r := range a.requests {
			if r.frames == nil {
				r.frames = e.frames
				break
			}
		}
	}
}

// isSaved notes a file. One that is there before the frame is over and has not
// its name may be one more output of the compositor.
func (a *askedFrames) isSaved(file string) {
	if a.last != "" && !a.timed && len(a.requests) == 0 && numberOf(a.last) != numberOf(file) {
		a.step()
	}
	a.files++
	a.last, a.matched = file, false
	for _, r := range a.requests {
		if frame, view, ok := r.name.parse(file); ok && r.asks(frame) {
			a.matched = true
			a.mark(r, frame, view)
		}
	}
	if !a.matched && len(a.strays) < maxStrays {
		a.strays = append(a.strays, file)
	}
}

// place says which file of which frame it is, by its name. own is false if the name
// does not tell, and for what the compositor saves besides.
func (a *askedFrames) place(file string) (frame int, own bool) {
	for _, r := range a.requests {
		if frame, view, ok := r.name.parse(file); ok && r.asks(frame) {
			return frame, a.images == nil || a.images.hasView(view)
		}
	}
	return noFrame, false
}

// isOver notes that a frame is over. What was saved last is its image, even if
// a script in Blender gave it another name.
func (a *askedFrames) isOver() {
	if a.last == "" {
		return // it could not be saved
	}
	if len(a.requests) == 0 {
		a.step()
	} else if !a.matched {
		a.markStray(a.last, a.current)
	}
	a.last = ""
}

// markStray counts a file as the first frame asked for of those that its name
// may stand for, else as the one that was being rendered. In another folder than
// the one asked for it is none: whoever waits for the frame would not find it.
func (a *askedFrames) markStray(file string, current int) {
	var open []*openRequest
	for _, r := range a.requests {
		if a.isIn(r, file) {
			open = append(open, r)
		}
	}
	if len(open) == 0 && a.astray == "" {
		a.astray = path.Dir(slashes(file))
	}
	for _, frame := range append(numbersIn(file), current) {
		asked := false
		for _, r := range open {
			if asked = asked || r.asks(frame); r.asks(frame) && r.saved[frame] == nil {
				a.mark(r, frame, "")
				break
			}
		}
		if asked {
			return // one that is saved already has more files, such as another view
		}
	}
}

// isIn reports whether a file is in the folder that was asked for. So is one where
// the folder is not known, or made by a template of Blender.
func (a *askedFrames) isIn(r *openRequest, file string) bool {
	asked, folder := r.name.folder, path.Dir(slashes(file))
	return asked == "" || folder == "." || strings.Contains(asked, "{") || sameName(asked, path.Clean(folder)) ||
		a.same != nil && a.same(asked, folder)
}

func (a *askedFrames) mark(r *openRequest, frame int, view string) {
	if r.saved[frame] == nil {
		a.done++
		a.step()
		a.saved(frame, a.flags)
	}
	if !slices.Contains(r.saved[frame], view) {
		r.saved[frame] = append(r.saved[frame], view)
	}
}

// end takes what is left when Blender has ended. When Python renders, 5.x does
// not say when a frame is over: what the job type told counts by its number then.
func (a *askedFrames) end() {
	switch {
	case len(a.requests) == 0 && a.last != "":
		a.step()
	case !a.timed && slices.ContainsFunc(a.requests, func(r *openRequest) bool { return r.told }):
		for _, file := range a.strays {
			a.markStray(file, 0)
		}
	}
	a.last, a.strays = "", nil
}

// missing says what was asked for and is not there, "" if nothing is.
func (a *askedFrames) missing() string {
	asked, saved := 0, 0
	var gone []int
	view := ""
	for _, r := range a.requests {
		if r.frames == nil { // nobody told which
			if len(r.saved) == 0 && a.files == 0 {
				return "no frame was saved"
			}
			continue
		}
		views := a.views(r)
		asked, saved = asked+r.done, saved+r.done
		for _, frame := range r.frames {
			asked++
			switch got := r.saved[frame]; {
			case len(got) == 0:
				gone = append(gone, frame)
			case len(got) < len(views):
				gone = append(gone, frame)
				if view == "" {
					view = views[slices.IndexFunc(views, func(v string) bool { return !slices.Contains(got, v) })]
				}
			default:
				saved++
			}
		}
	}
	switch {
	case len(gone) == 0:
		return ""
	case view != "":
		return fmt.Sprintf("%d of %d frames were saved with all views (missing: %s, where there is no %q)", saved, asked, clip(farm.FormatFrames(gone), 60), view)
	}
	text := fmt.Sprintf("%d of %d frames were saved (missing: %s)", saved, asked, clip(farm.FormatFrames(gone), 60))
	if a.astray != "" {
		text += fmt.Sprintf(": something in the file, such as a script, has images saved in %s instead of the job's folder", a.astray)
	}
	return text
}

// again returns which frames to render once more: these, and those that are missing,
// and how many of them were counted as steps. It is nil if there are others that
// nobody knows the numbers of.
func (a *askedFrames) again(frames []int) (list []int, stepped int) {
	if len(a.requests) != 1 || a.requests[0].frames == nil {
		return nil, 0
	}
	r := a.requests[0]
	views := len(a.views(r))
	for _, frame := range r.frames {
		if got := r.saved[frame]; len(got) < max(1, views) || slices.Contains(frames, frame) {
			list = append(list, frame)
			if len(got) > 0 {
				stepped++
			}
		}
	}
	for _, frame := range frames {
		if !r.asks(frame) {
			return nil, 0
		}
	}
	return list, stepped
}

// all reports whether every frame was saved that the command line names, though
// further views of the last may follow.
func (a *askedFrames) all() bool {
	frames := 0
	for _, r := range a.requests {
		if r.frames == nil {
			return false
		}
		frames += len(r.frames)
	}
	return frames > 0 && a.done >= frames
}

// leaveOut takes frames from what is asked for, which are for others.
func (a *askedFrames) leaveOut(frames []int) {
	for _, r := range a.requests {
		before := len(r.frames)
		r.frames = slices.DeleteFunc(slices.Clone(r.frames), func(f int) bool { return slices.Contains(frames, f) })
		r.done += before - len(r.frames)
	}
}

// asks reports whether the frame is one of those asked for. When it is not
// known which they are, it may be any.
func (r *openRequest) asks(frame int) bool {
	if r.frames == nil {
		return true
	}
	_, found := slices.BinarySearch(r.frames, frame)
	return found
}

// views returns the views that any frame of the request has, and those that
// Blender told of if it has some of them. They are sorted.
func (a *askedFrames) views(r *openRequest) []string {
	all := map[string]bool{}
	for _, views := range r.saved {
		for _, v := range views {
			all[v] = true
		}
	}
	if a.images != nil && slices.ContainsFunc(a.images.Views, func(v string) bool { return all[v] }) {
		for _, v := range a.images.Views {
			all[v] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}
