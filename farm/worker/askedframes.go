package worker

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
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
	files    int // saved or found
	done     int // frames saved, of all requests
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
// may stand for, else as the one that was being rendered.
func (a *askedFrames) markStray(file string, current int) {
	for _, frame := range append(numbersIn(file), current) {
		asked := false
		for _, r := range a.requests {
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
	return fmt.Sprintf("%d of %d frames were saved (missing: %s)", saved, asked, clip(farm.FormatFrames(gone), 60))
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

// An outputName is how Blender makes the names of files of an output path: the
// frame's number takes the place of the last # in a row, or follows the name;
// behind it come the view and the ending.
type outputName struct {
	folder string // "": any, as the path is not absolute
	prefix string
	digits int // 0: the path is not known, and no name is one of it
}

// digitsWithout is how many digits Blender writes behind a name without #.
const digitsWithout = 4

var hashes = regexp.MustCompile(`^(.*?)(#+)([^#]*)$`)

func newOutputName(output string) outputName {
	if output == "" {
		return outputName{}
	}
	folder, name := path.Split(slashes(output))
	n := outputName{prefix: name, digits: digitsWithout}
	if m := hashes.FindStringSubmatch(name); m != nil {
		// Of several rows of # the last counts.
		at := strings.LastIndex(name, "#") + 1
		first := at
		for first > 0 && name[first-1] == '#' {
			first--
		}
		n.prefix, n.digits = name[:first], at-first
	}
	if path.IsAbs(folder) && !strings.HasPrefix(folder, "//") || len(folder) > 2 && folder[1] == ':' {
		n.folder = path.Clean(folder)
	}
	return n
}

// slashes makes a path of any platform one with slashes. Where a backslash is
// part of a name, both sides of a comparison change.
func slashes(file string) string { return strings.ReplaceAll(file, `\`, "/") }

// parse reads a file's name. view is what is between number and ending.
func (n outputName) parse(file string) (frame int, view string, ok bool) {
	if n.digits == 0 {
		return 0, "", false
	}
	folder, name := path.Split(slashes(file))
	rest, ok := strings.CutPrefix(name, n.prefix)
	if !ok || n.folder != "" && path.Clean(folder) != n.folder {
		return 0, "", false
	}
	sign := 1
	if after, negative := strings.CutPrefix(rest, "-"); negative {
		sign, rest = -1, after
	}
	length := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
	if length > n.digits && rest[0] == '0' {
		length = n.digits // more digits follow that are not the frame's
	}
	if length < n.digits {
		return 0, "", false
	}
	number, err := strconv.Atoi(rest[:length])
	view = strings.TrimSuffix(rest[length:], path.Ext(rest[length:]))
	return sign * number, view, err == nil
}

var digits = regexp.MustCompile(`-?\d+`)

// numbersIn returns the frames that a file's name may stand for, likely ones
// first: the last number in it that has as many digits as Blender writes, with
// its sign and without, and what the last four digits say; then shorter numbers.
func numbersIn(file string) (frames []int) {
	name := path.Base(slashes(file))
	all := digits.FindAllString(strings.TrimSuffix(name, path.Ext(name)), -1)
	slices.Reverse(all)
	slices.SortStableFunc(all, func(a, b string) int { return cmp.Compare(min(len(b), digitsWithout), min(len(a), digitsWithout)) })
	for _, number := range all {
		bare := strings.TrimPrefix(number, "-")
		for _, text := range []string{number, bare, bare[max(0, len(bare)-digitsWithout):]} {
			if n, err := strconv.Atoi(text); err == nil && !slices.Contains(frames, n) {
				frames = append(frames, n)
			}
		}
	}
	return frames
}

// numberOf is the last number in a file's name, or the name if it has none: the
// same for all files of one frame.
func numberOf(file string) string {
	name := path.Base(slashes(file))
	if all := digits.FindAllString(strings.TrimSuffix(name, path.Ext(name)), -1); all != nil {
		return all[len(all)-1]
	}
	return name
}
