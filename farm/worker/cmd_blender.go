package worker

import (
	"context"
	"errors"
	"slices"

	"renderfarm/farm"
	"renderfarm/farm/framefile"
	"renderfarm/farm/programs"
)

// blenderRender are the parameters of blender-render, which runs Blender and
// watches over the frames it saves.
type blenderRender struct {
	exe        string   // a path, or a name that programs.Blender finds
	exeArgs    []string // in the job: one text, split as a shell does
	argsBefore []string // in front of the file
	blendfile  string   // "": none, as for scripts that make their own scene
	args       []string // behind it
	steps      int      // frames expected; 0 if the job type does not say
}

func prepareBlenderRender(c farm.Command) (action, error) {
	p := params{Command: c}
	b := blenderRender{
		exe:        p.required("exe"),
		exeArgs:    p.words("exeArgs"),
		argsBefore: p.list("argsBefore"),
		blendfile:  p.present("blendfile"),
		args:       p.list("args"),
		steps:      c.Steps,
	}
	return b.do, p.err
}

// do renders. Success means more than Blender's exit code 0, which it also
// gives after a full disk or a missing argument: every frame it says it saved
// was read back, and there is one if any was expected.
func (b blenderRender) do(ctx context.Context, r *run) error {
	exe, err := programs.Blender(ctx, b.exe)
	if err != nil {
		return err
	}
	args := slices.Concat(b.exeArgs, b.argsBefore)
	if b.blendfile != "" {
		args = append(args, b.blendfile)
	}
	args = append(args, b.args...)

	frames := newFrames(ctx, framefile.Whole)
	lastError := ""
	err = r.start(ctx, exe, args, func(line string) {
		e := parseBlender(line)
		switch e.what {
		case blenderSaved:
			frames.add(ctx, e.text)
			r.worker.previews.show(r.task.UUID, e.text)
		case blenderSkipped:
			frames.add(ctx, e.text)
		case blenderError:
			lastError = clip(e.text, 200)
		}
		if e.what.isStep() && b.steps > 0 { // else the whole command is one step
			r.Step()
		}
	})
	saved, broken := frames.check(ctx) // also after an error: it ends their reading
	var exit *exitCode
	switch {
	case errors.As(err, &exit) && lastError != "":
		return farm.Errorf(farm.Invalid, "%w: %s", err, lastError)
	case err != nil:
		return err
	case broken != nil:
		return broken
	case saved == 0 && b.steps > 0 && lastError != "":
		// Blender ends with 0 after some mistakes, such as an argument missing.
		return farm.Errorf(farm.Invalid, "Blender reported success, but rendered no frame. Its last words: %s", lastError)
	}
	return nil
}
