package manager

import (
	"renderfarm/farm"
	"renderfarm/store"
)

// leaveRest has the next try of a task render only what this one, which ends, and those
// before it did not render. It is for the edit of the change that ends it. What a worker
// rendered that is not to be trusted is rendered again, with all other frames.
func (u *unit) leaveRest(t store.Task, s *farm.TaskState, trusted bool) {
	if t.Steps() < 2 || s.Redo.Kept != "" {
		return
	}
	planned, err := u.Planned(t)
	if err != nil {
		return // it is damaged, and gets no other try
	}
	r, ok := farm.RenderingOf(planned.Commands)
	if !ok {
		return
	}
	told, err := u.FramesOf(t, r.Frames)
	if err != nil {
		return // likewise
	}
	now := map[int]bool{} // told in this try
	for _, f := range told {
		if f.Attempt == s.Attempt {
			now[f.Frame] = f.Flags&farm.FrameAlone != 0
		}
	}
	switch {
	case trusted:
		s.Redo = s.Redo.Less(r.Frames, func(frame int) bool { return now[frame] })
	case len(now) > 0:
		s.Redo = farm.Redo{}
	}
}

// trusted reports whether a failure says nothing against the frames that were rendered
// before it.
func (f *failure) trusted() bool {
	return !f.wrong && (f.consequence != farm.ThisWorker || f.cause.IsMemory() || f.cause != nil && f.cause.Class == slowClass)
}

// forgetRest has a task render all of its frames, as somebody asks for.
func (u *unit) forgetRest(t store.Task) {
	if state := t.State(); state.Redo.IsRest() {
		state.Redo = farm.Redo{}
		u.SetTask(t, state)
	}
}

// tellRendered adds which frames of a task its worker need not render, unless their files
// are not what they were.
func (m *Manager) tellRendered(a *AssignedTask) error {
	if a.StepsDone == 0 && !a.redo.IsRest() {
		return nil
	}
	r, ok := farm.RenderingOf(a.Commands)
	if !ok || a.redo.Kept != "" {
		return nil
	}
	return m.store.View(func(v *store.View) error {
		found, err := v.Frames(a.Job, r.Frames)
		if err != nil {
			return err
		}
		rest, _ := farm.ParseFrames(a.redo.Frames) // none, of a try that goes on
		open := make(map[int]bool, len(rest))
		for _, f := range rest {
			open[f] = true
		}
		for _, f := range found {
			before := a.redo.IsRest() && !open[f.Frame]
			if f.Task == a.index && f.Flags&farm.FrameAlone != 0 && (before || f.Attempt == a.attempt) && len(a.Rendered) < farm.MaxRendered {
				a.Rendered = append(a.Rendered, farm.RenderedFrame{Frame: f.Frame, Saved: f.Saved, Source: f.Source})
			}
		}
		return nil
	})
}
