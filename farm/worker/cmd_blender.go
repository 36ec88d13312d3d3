package worker

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/framefile"
)

// blenderRender are the parameters of blender-render, which runs Blender and
// watches over the frames it saves.
type blenderRender struct {
	exe        string   // a path, or a name that programs.Blender finds
	exeArgs    []string // in the job: one text, split as a shell does
	argsBefore []string // in front of the file
	blendfile  string   // "": none, as for scripts that make their own scene
	args       []string // behind it
	frames     []int    // what is saved, if the arguments do not tell; in the job: a range
	steps      int      // frames expected; 0 if the job type does not say
	cold       bool     // in a Blender of its own; in the job: "warm" is false
	preflight  bool     // look at the file before the first frame of the job
	gpu        string   // auto, require, prefer or never; "": as Blender is set up
	keep       string   // move files that are there out of the way, with this in their names; "": write over them

	tell func(farm.FrameResult) // takes the results of frames; set by do
}

func prepareBlenderRender(c farm.Command) (action, error) {
	p := params{Command: c}
	b := blenderRender{
		exe:        p.required("exe"),
		exeArgs:    p.words("exeArgs"),
		argsBefore: p.list("argsBefore"),
		blendfile:  p.present("blendfile"),
		args:       p.list("args"),
		frames:     p.frames("frames"),
		steps:      c.Steps,
		cold:       !p.flag("warm", true),
		preflight:  p.flag("preflight", false),
		gpu:        p.choice("gpu", gpuRules),
		keep:       p.optional("keep"),
	}
	if !keptName.MatchString(b.keep) {
		p.fail("keep", "is %s, and should have letters, digits and hyphens only, as it is part of file names", show(b.keep))
	}
	return b.do, p.err
}

// do renders. Success means more than Blender's exit code 0, which it also
// gives after a full disk or when a script quits it: every frame that was asked
// for was saved, or was there, and every file was read back.
func (b blenderRender) do(ctx context.Context, r *run) error {
	rule, err := gpuFor(b.gpu, r.worker.options.GPURule)
	if err != nil {
		return err
	}
	b.gpu = rule
	exe := r.worker.warm.opened(r.task.Job, b.exe, b.blendfile)
	if exe == "" {
		if exe, err = r.worker.blenderFor(ctx, b.exe, b.blendfile, r.Log); err != nil {
			return err
		}
	}
	if text, err := r.worker.versions.of(ctx, exe); err == nil {
		r.Log("Blender %s: %s", text, exe)
	}
	if v := r.worker.inventory; v != nil {
		v.use(exe)
	}
	line, err := b.line()
	if err != nil {
		return err
	}
	if err := r.takeRenderer(ctx); err != nil {
		return err
	}
	defer r.leaveRenderer()
	b.tell = r.Frame
	if b.keep == "" {
		return b.render(ctx, r, exe, line)
	}
	kept, err := keepFiles(line, b.keep)
	b.tell = func(f farm.FrameResult) {
		kept.note(f.Frame)
		r.Frame(f)
	}
	if err == nil {
		err = b.render(ctx, r, exe, line)
	}
	if err != nil {
		for _, e := range kept.restore() {
			r.Log("a file that was kept cannot be put back: %v", e)
		}
	}
	return err
}

// render renders in a Blender that stays open, else in one of its own.
func (b blenderRender) render(ctx context.Context, r *run, exe string, line *blenderLine) error {
	counted := 0 // steps, also those of a try that failed
	tried, err := b.renderWarm(ctx, r, exe, line, func() {
		counted++
		b.step(r)
	})
	var again *warmError
	if tried && (!errors.As(err, &again) || ctx.Err() != nil) {
		return err
	}
	if err := r.takeRenderer(ctx); err != nil { // another run may have begun
		return err
	}
	if again != nil {
		r.Log("%v. Trying again in a Blender of its own", again)
	}
	err = b.renderCold(ctx, r, exe, line, func() {
		if counted--; counted < 0 {
			b.step(r)
		}
	})
	if err == nil && again != nil && again.began {
		r.worker.warm.refuse(again.key) // the next would go the same way
	}
	return err
}

// step counts a frame; if no steps are expected the whole command is one.
func (b blenderRender) step(r *run) {
	if b.steps > 0 {
		r.Step()
	}
}

// renderCold renders in a Blender that is started for it and ends with it.
func (b blenderRender) renderCold(ctx context.Context, r *run, exe string, line *blenderLine, step func()) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	w := b.watch(ctx, stop, r, line, step)
	look, key, python := b.prepare(r, exe, line)
	w.preflight = look
	w.meter.begin()
	err := r.startWatched(ctx, exe, behindFile(line.args, b.blendfile, python), w.life, func(pid int, text string) { w.see(ctx, pid, text) })
	err = w.end(ctx, err)
	r.worker.preflights.note(look, key)
	return err
}

// watch returns what listens to a Blender that renders, and can stop it. It has
// to be ended.
func (b blenderRender) watch(ctx context.Context, stop context.CancelCauseFunc, r *run, line *blenderLine, step func()) *blenderWatch {
	w := &blenderWatch{line: line, task: r, stop: stop, expects: b.steps > 0,
		life: newStall(r.worker.options.StalledAfter), frames: newFrames(ctx, framefile.Whole, b.tell)}
	w.meter = &frameMeter{tell: func(f farm.FrameResult) { w.frames.tell(ctx, f) }, use: func() processUse { return useOf(w.pid) },
		watts: r.worker.options.Watts, now: time.Now, source: stateOf(b.blendfile).modified.UTC().Truncate(time.Millisecond)}
	w.asked = newAskedFrames(line.requests, step, w.meter.saved)
	return w
}

// line makes the command line, and finds out what it asks for.
func (b blenderRender) line() (*blenderLine, error) {
	args := slices.Concat(b.exeArgs, b.argsBefore)
	if b.blendfile != "" {
		args = append(args, b.blendfile)
	}
	args = append(args, b.args...)
	if b.frames == nil {
		return readBlenderArgs(args)
	}
	// The job type says what comes out of its arguments, and is believed.
	return readToldArgs(args, b.frames), nil
}

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
	lastError string     // of its messages
	lastLines []string
}

const (
	linesTold = 3   // lines of output in an error
	lineTold  = 200 // bytes of each
)

// see takes a line of output.
func (w *blenderWatch) see(ctx context.Context, pid int, text string) {
	w.pid = pid
	if p := w.preflight; p != nil && p.hear(text) {
		if p.over && p.err() == nil && p.held != nil {
			w.fail(p.held)
		}
		return
	}
	e := parseBlender(text)
	w.hear(e)
	if w.asked.all() {
		w.life.finished()
	}
	switch e.what {
	case blenderSaved:
		w.frames.add(ctx, e.text)
		w.task.worker.previews.show(w.task.task.UUID, e.text)
	case blenderSkipped:
		w.frames.add(ctx, e.text)
		w.meter.close(e)
	case blenderError:
		w.lastError = clip(e.text, lineTold)
	case blenderWrong:
		w.fail(farm.Errorf(farm.Invalid, "%s", strings.ReplaceAll(e.text, "{format}", w.line.format)))
	case blenderTooOld:
		w.fail(wrongWorker("the file, or a library of it, was saved by a newer Blender than this worker has, which would lose part of it. Install a newer one here"))
	}
	if text = strings.TrimSpace(text); text != "" && e.what != blenderFrame && text != "Blender quit" {
		w.lastLines = append(w.lastLines[max(0, len(w.lastLines)-linesTold+1):], clip(text, lineTold))
	}
}

// hear takes what a line of output, or the answer of a Blender that stays open, says.
func (w *blenderWatch) hear(e blenderEvent) {
	if e.what == blenderFrame {
		w.meter.hear(e) // before its file is saved
	}
	w.asked.hear(e)
	if e.what == blenderTimed {
		w.meter.hear(e) // behind its file
	}
}

// fail ends Blender: nothing that it still makes is of use.
func (w *blenderWatch) fail(err error) {
	if p := w.preflight; p != nil && !p.over {
		if p.held == nil {
			p.held = err // first let it say all
		}
		return
	}
	if w.wrong == nil {
		w.wrong = err
		w.stop(err)
	}
}

// end takes how Blender ended, and returns what became of it all.
func (w *blenderWatch) end(ctx context.Context, err error) error {
	if p := w.preflight; p != nil {
		w.wrong = cmp.Or(p.err(), w.wrong, p.held)
	}
	w.asked.end()
	w.meter.close(blenderEvent{})
	saved, broken := w.frames.check(ctx) // also after an error: it ends their reading
	return w.outcome(err, broken, saved == 0 && w.expects)
}

// outcome says what became of it all. idle means that nothing was saved although
// the job type expects frames.
func (w *blenderWatch) outcome(err, broken error, idle bool) error {
	missing := w.asked.missing()
	var exit *exitCode
	var stalled *stalledError
	if errors.As(err, &stalled) && missing == "" && w.asked.all() {
		w.task.Log("Blender saved all frames and did not end, so it was ended.")
		err = nil
	}
	switch {
	case w.wrong != nil:
		return w.wrong
	case stalled != nil && err != nil:
		return farm.Errorf(farm.Invalid, "%w%s. Its last words: %s", err, after("; ", missing), w.lastWords())
	case errors.As(err, &exit):
		return farm.Errorf(farm.Invalid, "%w%s", err, after(": ", w.lastError)+after("; ", missing))
	case err != nil:
		return err
	case broken != nil:
		return broken
	case missing != "":
		return farm.Errorf(farm.Invalid, "%s, though Blender ended without an error. Its last words: %s", missing, w.lastWords())
	case idle && w.lastError != "":
		// Blender ends with 0 after some mistakes, such as an argument missing.
		return farm.Errorf(farm.Invalid, "Blender reported success, but rendered no frame. Its last words: %s", w.lastError)
	}
	return nil
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
