package manager

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"renderfarm/farm"
	"renderfarm/store"
)

// When a worker has nothing to do, and another one is expected to need long for a frame
// of a job's last ones, the idle worker renders the frame as well, into a folder of its
// own: a second run (speculative execution). Whoever has a whole file first has
// rendered the frame.
//
//	first run reports completed      the second is told to stop, and throws its file away
//	second run says it is done       the first is told to give the task back, which it does
//	                                 when its Blender has ended; then the task is assigned
//	                                 to the second's worker, which moves its file into place
//
// So a file has one writer at any time. Only the first run's worker holds the task, for
// everybody else: the second run is known in memory only, and does not matter to the
// task. Whatever returns, cancels or requeues the task ends it; so does a restart of the
// manager, after which its worker hears that the task is not its.

// A secondRun is one that is under way. It counts for one attempt of the first run only.
type secondRun struct {
	job     farm.JobID
	task    farm.TaskID
	attempt int // of the task
	worker  farm.WorkerID
	begun   time.Time
	done    bool // it has a whole file, and the first run is to end
	free    bool // the first run has ended
}

// lookAgain is when an idle worker looks again where the first run is about to begin.
const lookAgain = time.Second

// assignSecond hands a second run to a worker that has nothing else to do: the one that
// gains most. If there is none, next is how long it is until one may be worth it.
func (m *Manager) assignSecond(id farm.WorkerID) (a Assignment, next time.Duration, err error) {
	if !m.config.Load().RenderLastFramesTwice || !m.roster.doesSecond(id) {
		return a, never, nil
	}
	tasks, beginning := m.slow.underWay(m.seconds.mayBe)
	if next = never; beginning {
		next = lookAgain
	}
	if len(tasks) == 0 {
		return a, next, nil
	}
	for _, task := range m.seconds.unknown(tasks) {
		planned, err := m.store.Planned(task)
		if err != nil {
			continue // its job was deleted just now
		}
		frame, ok := farm.SecondRunFrame(planned.Commands)
		m.seconds.know(task, secondFrame{frame, ok})
	}
	var to recipient
	err = m.update(func(u *unit) error {
		w, err := u.worker(id)
		if err != nil || w.Unavailable(false) != farm.NoObstacle || w.InUse != "" {
			return err
		}
		to = recipientOf(&w.Worker)
		if _, ok, _ := m.pick(u.Tx, w); ok {
			next = 0 // a task came just now
			return nil
		}
		var t store.Task
		var soon time.Duration
		if t, soon = u.bestSecond(tasks, w); soon > 0 {
			next = min(next, soon)
			return nil
		}
		u.beginSecond(t, w)
		a.Task = assigned(t)
		return nil
	})
	if err != nil || a.Task == nil {
		return a, next, err
	}
	task := a.Task.ID
	if a, err = m.filled(a, to); err != nil || a.Task == nil {
		return Assignment{}, never, errors.Join(err, m.giveUpSecond(id, task, ""))
	}
	if _, ok := farm.SecondRunFrame(a.Task.Commands); !ok { // with the values of variables
		return Assignment{}, never, m.giveUpSecond(id, task, "its command has variables that may say where files go")
	}
	a.Second = true
	return a, never, nil
}

// bestSecond returns the task whose second run on the worker gains most. If none does,
// it returns how long it is until one may.
func (u *unit) bestSecond(tasks []runningTask, w *store.Worker) (best store.Task, soon time.Duration) {
	most, soon := time.Duration(0), never
	now := time.Now()
	var job *store.Job // whose times these are; tasks of one job come in a row, most often
	var times farm.FrameTimes
	known := false
	for _, r := range tasks {
		frame, ok := u.m.seconds.open(r)
		if !ok {
			continue
		}
		t, err := u.Task(r.id)
		if err != nil || !u.maySecond(t, w) {
			continue
		}
		if t.Job != job {
			job = t.Job
			times, known = u.Costs(job).Times()
		}
		if !known {
			continue
		}
		gain, from := farm.SecondRun(times.Of(frame, t.State().Worker), times.Of(frame, w.ID), times.Load(), r.since, now)
		switch {
		case gain > most:
			best, most = t, gain
		case gain == 0:
			soon = min(soon, from.Sub(now))
		}
	}
	if most > 0 {
		return best, 0
	}
	return best, max(soon, time.Millisecond)
}

// maySecond reports whether a worker may render a task's frame as well.
func (u *unit) maySecond(t store.Task, w *store.Worker) bool {
	state := t.State()
	if state.Status != farm.TaskActive || state.Worker == w.ID || state.Redo != (farm.Redo{}) || !u.m.roster.doesSecond(state.Worker) ||
		!t.Job.Status().Runs() || !u.Suits(t, w) || slices.Contains(state.FailedBy, w.ID) {
		return false
	}
	if !u.m.inTime(u.Tx, t, w) {
		return false
	}
	first, err := u.Worker(state.Worker)
	return err == nil && first.InUse == "" && !first.Request.Pending() // it stands still, or comes back without that
}

// beginSecond begins a second run.
func (u *unit) beginSecond(t store.Task, w *store.Worker) {
	first := u.m.roster.name(t.State().Worker)
	u.m.seconds.add(&secondRun{job: t.Job.ID, task: t.ID(), attempt: t.State().Attempt, worker: w.ID, begun: time.Now()})
	u.logTask(t, fmt.Sprintf("Worker %s has nothing else to do and renders this frame as well, as worker %s is expected to need longer. The first to be done has rendered it", w.Name, first))
}

// secondMay answers a worker that asks whether its second run may go on.
func secondMay(w *store.Worker, t store.Task) Permission {
	switch {
	case w.Request.Pending() && !w.Request.Lazy:
		return Permission{Reason: "worker status change requested", StatusWanted: true}
	case !t.Job.Status().Runs():
		return Permission{Reason: "the job does not run"}
	}
	return Permission{MayRun: true, second: true}
}

// endSecond ends the second run of a worker, if it has one, and says why in the log of
// its task. A task whose first run had ended is returned.
func (u *unit) endSecond(w *store.Worker, why string) {
	r := u.m.seconds.by(w.ID)
	if r == nil {
		return
	}
	u.m.seconds.remove(r)
	t, err := u.Task(r.task)
	if err != nil || t.Status() != farm.TaskActive || t.State().Attempt != r.attempt {
		return
	}
	u.logTask(t, fmt.Sprintf("Worker %s does not render this frame as well any more: %s", w.Name, why))
	if r.free {
		u.returnTask(t, "the second run of it came to nothing")
	}
}

// freeFirst notes that the worker of a first run has ended it, as it was told to. It
// reports false if nobody waits for that.
func (u *unit) freeFirst(t store.Task) bool {
	r := u.m.seconds.of(t)
	if r == nil || !r.done {
		return false
	}
	if !r.free {
		u.m.seconds.mark(&r.free)
		u.logTask(t, "Worker "+u.m.roster.name(t.State().Worker)+" has stopped rendering this frame")
		u.wake = append(u.wake, workerTopic(r.worker))
	}
	return true
}

// SecondOutcome is what a worker says of its second run.
type SecondOutcome struct {
	Rendered bool   // it has a whole file
	Reason   string // why not, if that has to do with the job; "" if it was stopped
}

// SecondAnswer is what becomes of it.
type SecondAnswer struct {
	Yours  bool   // the task is the worker's, which shall put the file in its place and report
	Reason string // why not
}

// EndSecond takes what became of a second run. If it has rendered the frame, the first
// run is told to end, and what it answers comes when that is so, at most after wait.
// It may be asked again.
func (m *Manager) EndSecond(ctx context.Context, id farm.WorkerID, task farm.TaskID, o SecondOutcome, wait time.Duration) (a SecondAnswer, err error) {
	if !o.Rendered {
		return SecondAnswer{Reason: "it was not rendered"}, m.giveUpSecond(id, task, farm.CleanReason(o.Reason))
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	defer m.roster.hold(id)()
	sub := m.wakeups.subscribe(workerTopic(id))
	defer sub.cancel()
	for {
		waits := false
		err = m.update(func(u *unit) error {
			a, waits, err = u.secondIsDone(id, task)
			return err
		})
		if err != nil || !waits {
			return a, err
		}
		if !sub.wait(ctx) {
			return SecondAnswer{Reason: "the other worker did not stop in time"}, m.giveUpSecond(id, task, "")
		}
	}
}

// secondIsDone gives a task to the worker of its second run, once the first has ended.
func (u *unit) secondIsDone(id farm.WorkerID, task farm.TaskID) (a SecondAnswer, waits bool, err error) {
	w, err := u.worker(id)
	if err != nil {
		return a, false, err
	}
	t, err := u.Task(task)
	if farm.KindOf(err) == farm.NotFound {
		return SecondAnswer{Reason: "the task is gone"}, false, nil
	}
	if err != nil {
		return a, false, err
	}
	if t.Status() == farm.TaskActive && t.State().Worker == id {
		return SecondAnswer{Yours: true}, false, nil // it did not hear the answer
	}
	r := u.m.seconds.of(t)
	switch {
	case r == nil || r.worker != id:
		return SecondAnswer{Reason: "the frame was rendered by another worker, or is not wanted any more"}, false, nil
	case !r.done:
		u.m.seconds.mark(&r.done)
		u.logTask(t, fmt.Sprintf("Worker %s has rendered this frame in %s, before worker %s, which is told to stop", w.Name,
			farm.Duration(time.Since(r.begun).Round(time.Second)), u.m.roster.name(t.State().Worker)))
		u.wake = append(u.wake, workerTopic(t.State().Worker))
		return a, true, nil
	case !r.free:
		return a, true, nil
	case !t.Job.Status().Runs() || w.Status != farm.WorkerAwake || w.Request.Pending() && !w.Request.Lazy:
		u.endSecond(w, "its job or the worker is to stop")
		return SecondAnswer{Reason: "the job or the worker is to stop"}, false, nil
	}
	u.m.seconds.remove(r)
	u.changeOnly(t, farm.TaskReturned, nil)
	u.assign(t, w)
	return SecondAnswer{Yours: true}, false, nil
}

// giveUpSecond ends a second run that came to nothing. With a reason, the job has no
// more of them.
func (m *Manager) giveUpSecond(id farm.WorkerID, task farm.TaskID, reason string) error {
	return m.update(func(u *unit) error {
		w, err := u.worker(id)
		if err != nil {
			return err
		}
		if r := m.seconds.by(id); r == nil || r.task != task {
			return nil // it is over already
		}
		if t, err := u.Task(task); err == nil && reason != "" {
			m.seconds.exclude(t.Job.ID, reason)
		}
		u.endSecond(w, cmp.Or(reason, "it was stopped"))
		return nil
	})
}
