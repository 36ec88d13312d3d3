package worker

import (
	"context"
	"errors"
	"slices"
	"time"

	"renderfarm/farm"
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
	allowGaps  bool     // render although it misses files; in the job: allowMissing
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
		allowGaps:  p.flag("allowMissing", false),
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
	frames, _ := farm.ParseFrames(r.task.LeaveOut) // none if it is not a share
	if line = withoutLeftOut(line, frames); line == nil {
		return farm.Errorf(farm.Invalid, "a part of this task's frames cannot be rendered alone")
	}
	line, done := b.withoutRendered(ctx, r, line)
	for range done {
		b.step(r)
	}
	if line == nil {
		return context.Cause(ctx)
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
	step := func() {
		counted++
		b.step(r)
	}
	tried, err := b.renderWarm(ctx, r, exe, line, step)
	if !tried {
		err = b.renderCold(ctx, r, exe, line, 0, step)
	}
	if line = withoutLeftOut(line, r.left.close()); line == nil { // there is no other try
		return err
	}
	again := line.secondTry(err, counted)
	if err == nil || again == nil || ctx.Err() != nil {
		return err
	}
	if err := r.takeRenderer(ctx); err != nil { // another run may have begun
		return err
	}
	r.Log("%v. Trying again in a Blender of its own", err)
	var warm *warmError
	first := err
	counted = again.counted
	err = b.renderCold(ctx, r, exe, again.line, again.flags(), func() {
		if counted--; counted < 0 {
			b.step(r)
		}
	})
	if err == nil && !again.bad && errors.As(first, &warm) && warm.began {
		r.worker.warm.refuse(warm.key) // the next would go the same way
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
// flags are said of every frame.
func (b blenderRender) renderCold(ctx context.Context, r *run, exe string, line *blenderLine, flags farm.FrameFlags, step func()) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	w := b.watch(ctx, stop, r, line, flags, step)
	look, key, python := b.prepare(r, exe, line)
	w.preflight = look
	w.meter.begin()
	logRun(r, "", exe, line.args)
	err := r.startWatched(ctx, exe, behindFile(line.telling(), b.blendfile, python), w.life, func(pid int, text string) { w.see(ctx, pid, text) })
	err = w.end(ctx, err)
	r.worker.preflights.note(look, key)
	return err
}

// watch returns what listens to a Blender that renders, and can stop it. It has
// to be ended.
func (b blenderRender) watch(ctx context.Context, stop context.CancelCauseFunc, r *run, line *blenderLine, flags farm.FrameFlags, step func()) *blenderWatch {
	begun := time.Now()
	w := &blenderWatch{line: line, task: r, stop: stop, begun: begun, expects: b.steps > 0, life: newStall(r.worker.options.StalledAfter),
		frames: newFrames(ctx, frameJudge{look: lookAtFrame, begun: begun, mode: r.worker.options.FileMode, flags: flags,
			series: r.worker.series.of(r.task.Job), log: r.Log, tell: b.tell})}
	w.meter = &frameMeter{tell: func(f farm.FrameResult) { w.frames.tell(ctx, f) }, use: func() processUse { return useOf(w.pid) },
		watts: r.worker.options.Watts, now: time.Now, source: stateOf(b.blendfile).modified.UTC().Truncate(time.Millisecond)}
	w.asked = newAskedFrames(line.requests, step, w.meter.saved)
	w.asked.same = func(a, b string) bool {
		same, _ := unlessCanceled(ctx, func() (bool, error) { return isSameFolder(a, b) })
		return same
	}
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
