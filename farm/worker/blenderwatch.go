package worker

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"renderfarm/farm"
)

// A blenderWatch listens to a Blender that renders.
type blenderWatch struct {
	line      *blenderLine
	task      *run
	asked     *askedFrames
	meter     *frameMeter
	frames    *frames
	pid       int // of Blender; 0: it has not printed anything
	life      *stall
	expects   bool // the job type expects frames
	stop      context.CancelCauseFunc
	preflight *preflight // nil: none is under way
	wrong     error      // what makes its frames worthless
	lastError string
	lastLines []string

	begun   time.Time // what is older was not saved by this Blender
	waiting savedFile // saved, and not known to be the frame's image before the frame is over
	fresh   []string  // saved of the frame at hand
	spoiled []string  // saved when its frames were worthless
	unsaved []string  // messages of what could not be saved, or paths
	gone    []int     // frames of these
	movies  []string  // that are being made
}

const (
	linesTold  = 3    // lines of output in an error
	lineTold   = 200  // bytes of each
	maxUnsaved = 1000 // that are remembered
	// asideGrace is how long a worthless frame's files may take to be moved.
	asideGrace = 10 * time.Second
)

// see takes a line of output.
func (w *blenderWatch) see(ctx context.Context, pid int, text string) {
	w.pid = pid
	if w.hearPreflight(text) {
		return
	}
	e := parseBlender(text)
	w.hear(ctx, e)
	if w.asked.all() {
		w.life.finished()
	}
	switch e.what {
	case blenderSaved:
		w.noStorage(e.text)
		w.saved(ctx, e.text)
		if !w.task.aside {
			w.task.worker.previews.show(w.task.task.UUID, e.text)
		}
	case blenderNodeSaved:
		w.noStorage(e.text)
		w.keep(e.text)
		w.frames.add(ctx, savedFile{path: e.text, frame: w.asked.current})
	case blenderSkipped:
		if err := w.task.mirrored.left(ctx, e.text); err != nil && ctx.Err() == nil {
			w.task.Log("%s, which is there already, cannot be fetched: %v", e.text, err)
		}
		frame, _ := w.asked.place(e.text)
		w.frames.add(ctx, savedFile{path: e.text, frame: frame, there: true, own: true, want: w.asked.images})
		w.meter.close(e)
	case blenderAppended:
		w.appended()
	case blenderUnsaved:
		w.isUnsaved(e.text)
		w.lastError = clip(strings.TrimSpace(text), lineTold)
	case blenderError:
		w.lastError = clip(e.text, lineTold)
	case blenderWrong:
		w.fail(farm.Errorf(farm.Invalid, "%s", strings.ReplaceAll(e.text, "{format}", w.line.format)))
	case blenderTooOld:
		w.fail(wrongWorker("the file, or a library of it, was saved by a newer Blender than this worker has, which would lose part of it. Install a newer one here"))
	}
	if text = strings.TrimSpace(text); text != "" && e.what != blenderFrame && e.what != blenderImages && text != "Blender quit" {
		w.lastLines = append(w.lastLines[max(0, len(w.lastLines)-linesTold+1):], clip(text, lineTold))
	}
}

// noStorage ends the task if it saves a file to the storage as the manager has it, and
// this worker has only a mirror: nobody would find the file.
func (w *blenderWatch) noStorage(path string) {
	if w.task.mirrored.foreign(path) {
		w.fail(wrongWorker("the file saves %s, which is in the farm's shared storage, and this worker has only a mirror of it. Let the file save to a path that begins with //, or start a worker that has the storage", path))
	}
}

// saved has a file read. By its name it is an image of a frame; else it may be the
// image all the same, if it is the last of its frame, or one more of the compositor's.
func (w *blenderWatch) saved(ctx context.Context, path string) {
	w.keep(path)
	w.release(ctx, false)
	file := savedFile{path: path, frame: w.asked.current}
	frame, own := w.asked.place(path)
	if frame == noFrame {
		w.waiting = file
		return
	}
	file.frame, file.own = frame, own
	if own {
		file.want = w.asked.images
	}
	w.frames.add(ctx, file)
}

// appended notes the movies that frames go to. They are read when Blender has ended:
// until then they have no end.
func (w *blenderWatch) appended() {
	if w.asked.images == nil {
		return
	}
	for _, path := range w.asked.images.Movies {
		if !slices.Contains(w.movies, path) && len(w.movies) < maxUnsaved {
			w.movies = append(w.movies, path)
		}
	}
}

// layers has the files read that the compositor saved without a word. One that is not
// there, or is older, need not have been saved: its node may have no input.
func (w *blenderWatch) layers(ctx context.Context) {
	if w.asked.images == nil {
		return
	}
	for _, output := range w.asked.images.Layers {
		path := (&farm.Rendering{Output: slashes(output), Format: "OPEN_EXR_MULTILAYER"}).File(w.asked.current)
		told := slices.ContainsFunc(w.fresh, func(saved string) bool { return slashes(saved) == path })
		info, err := unlessCanceled(ctx, func() (os.FileInfo, error) { return os.Stat(path) })
		if err == nil && !told && info.ModTime().After(w.begun.Add(-clockSlack)) {
			w.keep(path)
			w.frames.add(ctx, savedFile{path: path, frame: w.asked.current})
		}
	}
}

// release has the file read that waits for the end of its frame.
func (w *blenderWatch) release(ctx context.Context, over bool) {
	if w.waiting.path == "" {
		return
	}
	if w.waiting.own = over; over {
		w.waiting.want = w.asked.images
	}
	w.frames.add(ctx, w.waiting)
	w.waiting = savedFile{}
}

// keep remembers a file of the frame at hand, in case that it proves to be worthless.
func (w *blenderWatch) keep(path string) {
	if w.wrong != nil {
		w.spoiled = append(w.spoiled, path)
		return
	}
	w.fresh = append(w.fresh, path)
}

func (w *blenderWatch) isUnsaved(what string) {
	if len(w.unsaved) < maxUnsaved {
		w.unsaved = append(w.unsaved, what)
		w.gone = append(w.gone, w.asked.current)
	}
}

// hearPreflight takes a line of output, and reports whether it is of the preflight.
func (w *blenderWatch) hearPreflight(text string) bool {
	p := w.preflight
	if p == nil || !p.hear(text) {
		return false
	}
	w.meter.device = cmp.Or(p.device, w.meter.device)
	if !p.over {
		return true
	}
	for _, lost := range p.lost {
		w.task.Log("Preflight colour: %s", lost) // as Blender says of all else
	}
	if err := cmp.Or(p.err(), p.held); err != nil {
		w.fail(err) // if Blender does not end by itself
	}
	return true
}

// hear takes what a line of output, or the answer of a Blender that stays open, says.
func (w *blenderWatch) hear(ctx context.Context, e blenderEvent) {
	switch e.what {
	case blenderTimed:
		w.release(ctx, true)
		w.layers(ctx)
	case blenderFrame:
		if e.number != w.asked.current {
			w.fresh = nil
		}
		w.meter.hear(e) // before its file is saved
	}
	w.asked.hear(e)
	if e.what == blenderTimed {
		w.fresh = nil
		w.meter.hear(e) // behind its file
	}
}

// fail ends Blender: nothing that it still makes is of use, nor what it saved of
// the frame at hand.
func (w *blenderWatch) fail(err error) {
	if p := w.preflight; p != nil && !p.over {
		if p.held == nil {
			p.held = err // first let it say all
		}
		return
	}
	if w.wrong == nil {
		w.wrong, w.spoiled = err, w.fresh
		w.stop(err)
	}
}

// end takes how Blender ended, and returns what became of it all.
func (w *blenderWatch) end(ctx context.Context, err error) error {
	if p := w.preflight; p != nil {
		w.wrong = cmp.Or(p.err(), w.wrong, p.held)
	}
	w.release(ctx, false)
	for _, path := range w.movies {
		w.frames.add(ctx, savedFile{path: path, frame: noFrame, want: w.asked.images.ofMovies()})
	}
	w.asked.end()
	w.meter.close(blenderEvent{})
	found, _ := w.frames.check(ctx) // also after an error: it ends their reading
	w.removeSpoiled()
	return w.outcome(err, found)
}

// removeSpoiled moves worthless frames out of the way. A mount that hangs holds it
// up for a while only.
func (w *blenderWatch) removeSpoiled() {
	if len(w.spoiled) == 0 {
		return
	}
	moved := make(chan struct{})
	go func(paths []string) {
		defer close(moved)
		for _, path := range paths {
			if aside, err := moveAside(path); err == nil {
				w.task.Log("%s is not to be trusted, and is now named %s", path, filepath.Base(aside))
			}
		}
	}(w.spoiled)
	timer := time.NewTimer(asideGrace)
	defer timer.Stop()
	select {
	case <-moved:
	case <-timer.C:
	}
}

// outcome says what became of it all.
func (w *blenderWatch) outcome(err error, found framesFound) error {
	missing := w.asked.missing()
	var exit *exitCode
	var stalled *stalledError
	if errors.As(err, &stalled) && missing == "" && w.asked.all() {
		w.task.Log("Blender saved all frames and did not end, so it was ended.")
		err = nil
	}
	switch broken := found.broken(); {
	case w.wrong != nil:
		return w.wrong
	case stalled != nil && err != nil:
		return farm.Errorf(farm.Invalid, "%w%s. Its last words: %s", err, after("; ", missing), w.lastWords())
	case errors.As(err, &exit):
		return farm.Errorf(farm.Invalid, "%w%s", err, after(": ", w.lastError)+after("; ", missing)+after("; ", w.noRoom()))
	case err != nil:
		return err
	case broken != nil:
		return w.bad(broken, found)
	case len(w.unsaved) > 0:
		return w.bad(farm.Errorf(farm.Invalid, "a file of frame %d could not be saved%s, though Blender ended without an error. Its last words: %s", w.gone[0], after(": ", w.unsaved[0]), w.lastWords()), found)
	case missing != "" && (w.lastError != "" || w.asked.astray != ""): // the same would happen again
		return farm.Errorf(farm.Invalid, "%s, though Blender ended without an error. Its last words: %s", missing, w.lastWords())
	case missing != "":
		return w.bad(farm.Errorf(farm.Invalid, "%s, though Blender ended without an error. Its last words: %s", missing, w.lastWords()), found)
	case found.saved == 0 && w.expects && w.lastError != "":
		// Blender ends with 0 after some mistakes, such as an argument missing.
		return farm.Errorf(farm.Invalid, "Blender reported success, but rendered no frame. Its last words: %s", w.lastError)
	}
	return nil
}

// noRoom says that nothing more can be written where a file could not be saved, "" if
// something can: of a full disk Blender often says "Invalid argument".
func (w *blenderWatch) noRoom() string {
	if len(w.unsaved) == 0 || !filepath.IsAbs(w.unsaved[0]) {
		return ""
	}
	if probe := probeFolder(filepath.Dir(w.unsaved[0])); probe.full != nil {
		return "nothing more can be written there: " + probe.full.Error()
	}
	return ""
}

// bad makes an error of frames that are worth another try, unless there is no room
// for them.
func (w *blenderWatch) bad(err error, found framesFound) error {
	e := &badFrames{error: err}
	var full *fullDisk
	for _, b := range found.bad {
		e.full = e.full || errors.As(b.err, &full)
	}
	for _, path := range w.unsaved {
		probe := probeFolder(filepath.Dir(path))
		if e.full = e.full || path != "" && (probe.full != nil || probe.closed != nil); e.full {
			break
		}
	}
	numbers, known := found.numbers()
	if known {
		e.frames, e.stepped = w.asked.again(append(numbers, w.gone...))
	}
	return e
}

// lastWords are the last error, or else the last lines.
func (w *blenderWatch) lastWords() string {
	if w.lastError != "" {
		return w.lastError
	}
	return strings.Join(w.lastLines, " | ")
}

// after returns the text behind a separator, or nothing.
func after(separator, text string) string {
	if text == "" {
		return ""
	}
	return separator + text
}
