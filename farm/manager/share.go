package manager

import (
	"fmt"
	"slices"
	"time"

	"renderfarm/farm"
	"renderfarm/store"
)

// When a worker has nothing to do, and another one has many frames of a task before it,
// the idle worker renders the last of them: a share of the task.
//
//	the idle worker asks for a task     the other one is asked to leave some frames out
//	that one says which it leaves out   the idle worker gets these, and no others has begun them
//	the share is rendered               its frames are the task's, and its worker is free
//	the task is reported as completed   all that was left out is rendered: so it is.
//	                                    If not, it goes to the worker of the share, which
//	                                    goes on, else back to the queue, for what is missing
//
// A frame has one writer, as only who has not begun it leaves it out. The plan stays what
// it is, and only the first worker holds the task: shares are known in memory only. When
// one is lost, as in a restart of the manager, its worker hears that the task is not its,
// and what is missing is found out when the task is reported as completed, since that
// report says what was left out.

// A taskShare is some frames of a task for another worker than the one that holds it.
type taskShare struct {
	job     farm.JobID
	task    farm.TaskID
	attempt int // of the task
	worker  farm.WorkerID
	frames  []int // wanted, then those that are left out for it
	asked   bool  // the holder was told
	agreed  bool  // the holder leaves them out
	begun   bool  // its worker got it
	told    int   // how many of them were told of
}

// bestShare returns a share of the task that has most frames to render yet; nil for none.
// soon reports that there may be one when more is known of the job's frames.
func (u *unit) bestShare(tasks []runningTask, w *store.Worker) (best *taskShare, soon bool) {
	most := 1
	for _, r := range tasks {
		t, err := u.Task(r.id)
		if err != nil || !u.mayShare(t, w) {
			continue
		}
		state := t.State()
		left := t.Steps() - state.StepsDone - u.m.shares.outstanding(t)
		if left <= most {
			continue
		}
		times, known := u.Costs(t.Job).Times()
		if soon = soon || !known; !known {
			continue
		}
		open := u.openFrames(t)
		if len(open) < 2 {
			continue
		}
		last := open[len(open)-1]
		n := farm.ShareOf(min(left, len(open)), times.Of(last, state.Worker), times.Of(last, w.ID), times.Load())
		if n > 0 {
			most = left
			best = &taskShare{job: t.Job.ID, task: t.ID(), attempt: state.Attempt, worker: w.ID, frames: slices.Clone(open[len(open)-n:])}
		}
	}
	return best, soon
}

// mayShare reports whether a worker may render some frames of a task that another one holds.
func (u *unit) mayShare(t store.Task, w *store.Worker) bool {
	state := t.State()
	if state.Status != farm.TaskActive || state.Worker == w.ID || state.Redo.Kept != "" || !u.m.roster.doesShare(state.Worker) ||
		!t.Job.Status().Runs() || !u.Suits(t, w) || slices.Contains(state.FailedBy, w.ID) || hasMirror(w) || !u.m.inTime(u.Tx, t, w) {
		return false
	}
	first, err := u.Worker(state.Worker)
	return err == nil && first.InUse == "" && !first.Request.Pending() && !hasMirror(first)
}

// hasMirror reports whether a worker has a mirror of the storage. What it saves is sent
// when its task is over, and nobody sends files of a task that is another's.
func hasMirror(w *store.Worker) bool {
	return w.Facts != nil && w.Facts.Storage == farm.StorageMirrored
}

// openFrames returns the frames of a task that are neither rendered, as far as that was
// told, nor in a share; none if it cannot be told what the task renders, or where to.
func (u *unit) openFrames(t store.Task) (open []int) {
	planned, err := u.Planned(t)
	if err != nil {
		return nil
	}
	r, ok := farm.RenderingOf(planned.Commands)
	if !ok || r.File(r.Frames[0]) == "" || r.Frames[0] < 0 || len(farm.FormatFrames(r.Frames)) > farm.MaxRedo {
		return nil
	}
	missing, err := u.notRendered(t, r.Frames)
	if err != nil {
		return nil
	}
	return except(missing, u.m.shares.given(t))
}

// notRendered returns those of a task's frames that neither its present try told of nor an
// earlier one has rendered.
func (u *unit) notRendered(t store.Task, frames []int) (missing []int, err error) {
	told, err := u.FramesOf(t, frames)
	if err != nil {
		return nil, err
	}
	state := t.State()
	rest := frames
	if state.Redo.IsRest() {
		if rest, err = farm.ParseFrames(state.Redo.Frames); err != nil {
			return nil, err
		}
	}
	open := make(map[int]bool, len(rest)) // a chunk may have very many frames
	for _, f := range rest {
		open[f] = true
	}
	for _, f := range told {
		if f.Attempt == state.Attempt {
			delete(open, f.Frame)
		}
	}
	for _, f := range frames {
		if open[f] {
			missing = append(missing, f)
		}
	}
	return missing, nil
}

// assignShare hands a share of a task to a worker that has nothing else to do, or asks
// another worker to leave one out. It returns how long it is until it is worth to look again.
func (m *Manager) assignShare(id farm.WorkerID) (a Assignment, next time.Duration, err error) {
	tasks, beginning := m.slow.underWay(func(t *runningTask) bool { return t.steps > 1 && m.shares.mayBe(t.id) })
	if next = never; beginning {
		next = lookAgain
	}
	if !m.roster.doesShare(id) || len(tasks) == 0 && m.shares.by(id) == nil {
		return a, next, nil
	}
	var to recipient
	err = m.update(func(u *unit) error {
		w, err := u.worker(id)
		if err != nil || w.Unavailable(false) != farm.NoObstacle || w.InUse != "" || w.Unapproved {
			return err
		}
		to = recipientOf(&w.Worker)
		if _, ok, _ := m.pick(u.Tx, w); ok {
			next = 0 // a task came just now
			return nil
		}
		s := m.shares.by(id)
		if s == nil {
			var soon bool
			if s, soon = u.bestShare(tasks, w); soon {
				next = lookAgain
			}
			if s != nil {
				m.shares.add(s)
				if t, err := u.Task(s.task); err == nil {
					u.wake = append(u.wake, workerTopic(t.State().Worker))
				}
			}
			return nil
		}
		if s.agreed {
			a.Task = u.beginShare(s, w)
		}
		return nil
	})
	if err != nil || a.Task == nil {
		return a, next, err
	}
	if a.Task.LeaveOut, err = m.without(a.Task.ID, m.shares.framesOf(id)); err == nil {
		err = m.fillIn(a.Task, to)
	}
	if err != nil {
		m.update(func(u *unit) error {
			u.endShare(id, "it cannot be handed out")
			return nil
		})
		return Assignment{}, never, err
	}
	return a, next, nil
}

// beginShare hands out a share; nil if its task is not the same any more.
func (u *unit) beginShare(s *taskShare, w *store.Worker) *AssignedTask {
	t, err := u.Task(s.task)
	if err != nil || t.Status() != farm.TaskActive || t.State().Attempt != s.attempt {
		u.m.shares.remove(s)
		return nil
	}
	u.m.shares.change(func() { s.begun = true })
	u.logTask(t, fmt.Sprintf("Worker %s has nothing else to do and renders frames %s, which worker %s leaves to it", w.Name, farm.FormatFrames(s.frames), u.m.roster.name(t.State().Worker)))
	return assigned(t)
}

// without returns the frames of a task that are not among these.
func (m *Manager) without(task farm.TaskID, frames []int) ([]int, error) {
	planned, err := m.store.Planned(task)
	if err != nil {
		return nil, err
	}
	r, _ := farm.RenderingOf(planned.Commands)
	return except(r.Frames, frames), nil
}

// except returns those of the frames that are not among some others.
func except(frames, others []int) []int {
	out := make(map[int]bool, len(others))
	for _, f := range others {
		out[f] = true
	}
	return slices.DeleteFunc(frames, func(f int) bool { return out[f] })
}

// LeavesOut takes which frames the worker that holds a task leaves to others.
func (m *Manager) LeavesOut(id farm.WorkerID, task farm.TaskID, frames []int) error {
	if !m.shares.isAsked(task) {
		return nil
	}
	return m.update(func(u *unit) error {
		t, err := u.Task(task)
		if err != nil || t.Status() != farm.TaskActive || t.State().Worker != id {
			return err
		}
		for _, w := range m.shares.agree(t, frames) {
			u.wake = append(u.wake, workerTopic(w))
		}
		return nil
	})
}

// reportShare takes what the worker of a share tells. taken is false if it has none by now.
func (m *Manager) reportShare(id farm.WorkerID, task farm.TaskID, r *Report, outcome farm.TaskEvent, ends bool) (taken bool, err error) {
	var job farm.JobID
	err = m.update(func(u *unit) error {
		w, err := u.worker(id)
		if err != nil {
			return err
		}
		t, err := u.Task(task)
		if err != nil {
			return err
		}
		s := m.shares.begunBy(t, id)
		if s == nil {
			return nil
		}
		taken, job = true, t.Job.ID
		if len(r.Frames) > 0 {
			u.AddFramesBy(t, w, r.Frames)
			n := len(r.Frames)
			m.shares.change(func() { s.told += n })
			u.after = append(u.after, func() { m.frameRate.add(rendered(r.Frames), time.Now()) }, func() { m.frameDays.add(id, r.Frames, time.Now()) })
			u.keep(t, func(st *farm.TaskState) { st.StepsDone = min(st.StepsDone+n, t.Steps()) })
		}
		if ends && outcome == farm.TaskSucceeded {
			m.shares.done(s)
			u.logTask(t, fmt.Sprintf("Worker %s has rendered frames %s", w.Name, farm.FormatFrames(s.frames)))
		} else if ends {
			m.shares.close(task)
			u.endShare(id, "it came to nothing")
		}
		return nil
	})
	if err == nil && taken {
		err = m.keepLog(job, task, r)
	}
	return taken, err
}

// endShare ends the share of a worker, if it has one, and says why in the log of its task.
func (u *unit) endShare(id farm.WorkerID, why string) {
	s := u.m.shares.by(id)
	if s == nil {
		return
	}
	u.m.shares.remove(s)
	if t, err := u.Task(s.task); err == nil && s.begun && t.Status() == farm.TaskActive && t.State().Attempt == s.attempt {
		u.logTask(t, fmt.Sprintf("Worker %s does not render frames %s any more: %s", u.m.roster.name(id), farm.FormatFrames(s.frames), why))
	}
	u.wake = append(u.wake, workerTopic(id))
}

// passOn has a task whose worker completed all but some frames go on, if one of those is
// not rendered: with the worker that renders it, else from the queue. It reports whether it does.
func (u *unit) passOn(t store.Task, leftOut []int, progress func(*farm.TaskState)) bool {
	missing, err := u.notRendered(t, slices.Sorted(slices.Values(leftOut)))
	if len(missing) == 0 && err == nil {
		return false
	}
	rest := farm.Redo{Frames: farm.FormatFrames(missing)}
	if len(rest.Frames) > farm.MaxRedo {
		rest = farm.Redo{}
	}
	var to *store.Worker
	if s := u.m.shares.next(t); s != nil {
		if w, err := u.Worker(s.worker); err == nil && w.Status == farm.WorkerAwake && w.InUse == "" && t.Job.Status().Runs() {
			to = w
			state := t.State()
			progress(&state)
			u.m.shares.pass(t, s, state.StepsDone)
		}
	}
	u.logTask(t, fmt.Sprintf("Worker %s has rendered its part; frames %s are missing yet", u.m.roster.name(t.State().Worker), farm.FormatFrames(missing)))
	u.changeOnly(t, farm.TaskReturned, func(s *farm.TaskState) {
		progress(s)
		s.Redo = rest
	})
	if to != nil {
		u.assign(t, to)
	}
	return true
}
