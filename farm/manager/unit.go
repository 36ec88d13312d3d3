package manager

import (
	"renderfarm/farm"
	"renderfarm/farm/events"
	"renderfarm/store"
)

// unit is one change of the farm: a transaction, and what it collects for the
// time after the commit.
type unit struct {
	*store.Tx
	m    *Manager
	jobs []changedJob // in the order of their first change

	// Right after the commit, see publish:
	given    []farm.TaskID // tasks that a worker got
	lost     []farm.TaskID // tasks that were taken from their workers, or ended
	begun    []runningTask // those of given
	ended    []endedTask   // those of lost
	over     []farm.JobID  // jobs that are over now
	statuses []statusChange
	tasks    farm.Counts // how many more there are of each status
	events   []events.Event
	wake     []topic

	// And then, in the goroutine of update's caller:
	logs  []logLine
	after []func()
}

// changedJob remembers how a job was before the unit changed it.
type changedJob struct {
	*store.Job
	before    farm.JobStatus
	tasks     farm.Counts // before, unless it is new
	submitted bool        // it is new
	refresh   bool        // tasks changed, or show another status, without events of their own
	silent    bool        // tasks changed without events of their own, and readers are told later
	because   string      // why its status changes, if a user said
}

// statusChange is a job that is in another status now, or new.
type statusChange struct {
	before, now farm.JobStatus
	isNew       bool
}

// logLine is text for the log of a task.
type logLine struct {
	job  farm.JobID
	task farm.TaskID
	text string
}

// update runs fn as one transaction. It returns when the change is on the disk
// and its events are published. If fn returns an error, nothing was changed: fn
// checks first and changes afterwards.
func (m *Manager) update(fn func(u *unit) error) error {
	u := &unit{m: m}
	err := m.store.Update(func(tx *store.Tx) error {
		u.Tx = tx
		if err := fn(u); err != nil {
			return err
		}
		u.takeBack()
		u.saveJobs()
		for _, w := range u.NewWork() {
			u.wake = append(u.wake, workTopic(w.Tag, w.Type))
		}
		if len(u.events)+len(u.wake) > 0 {
			u.AfterCommit(u.publish)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, l := range u.logs {
		m.appendLog(l.job, l.task, l.text)
	}
	for _, f := range u.after {
		f()
	}
	return nil
}

// publish tells of the change right after the commit, in the writer's goroutine
// and so in the order of the commits: first those who watch over time-outs and
// count, then everybody who waits.
func (u *unit) publish() {
	u.m.heartbeats.watch(u.given, u.lost)
	if len(u.given) > 0 {
		u.m.sweeper.expect(u.m.config.Load().TaskTimeout)
	}
	if u.m.slow.watch(u.begun, u.ended, u.over) {
		u.m.sweeper.now()
	} else if len(u.begun) > 0 && u.m.config.Load().SlowFactor > 0 {
		u.m.sweeper.expect(u.m.config.Load().SlowLeast)
	}
	u.wake = append(u.wake, u.m.seconds.forget(u.ended, u.over)...)
	u.wake = append(u.wake, u.m.shares.forget(u.ended)...)
	u.m.tried.forget(u.ended, u.over)
	u.m.tally.count(u.statuses, u.tasks)
	u.m.runs.count(len(u.given), u.ended)
	u.m.events.Publish(u.events...)
	u.m.wakeups.wake(u.wake...)
}

// later runs f after the commit, in the goroutine of update's caller. f must be
// safe to lose: a crash can come before it.
func (u *unit) later(f func()) { u.after = append(u.after, f) }

// closeLog closes the log of a task that ended, after its last lines.
func (u *unit) closeLog(id farm.TaskID) { u.later(func() { u.m.files.CloseLog(id) }) }

// appendLog appends to a task's log and tells readers. An error is reported
// here; for the manager's own lines that is all, as it must not stop the farm.
func (m *Manager) appendLog(job farm.JobID, task farm.TaskID, text string) error {
	if err := m.files.AppendLog(job, task, text); err != nil {
		m.log.Error("cannot write to a task log", "job", job, "task", task, "error", err)
		return err
	}
	m.events.PublishLog(task, text)
	return nil
}

// workerEvent saves a worker and tells of the change.
func (u *unit) workerEvent(w *store.Worker, before farm.WorkerStatus) {
	w.Updated = u.Now()
	w.Away = w.Away && w.Status != farm.WorkerAwake
	if w.Status != farm.WorkerAwake {
		u.endSecond(w, "it is "+w.Status.String())
		u.endShare(w.ID, "it is "+w.Status.String())
	}
	u.SaveWorker(w)
	saved := w.Worker
	u.event(events.WorkerChanged{Worker: saved, Previous: before})
	u.AfterCommit(func() {
		u.m.roster.put(saved)
		u.m.sweeper.expect(u.m.config.Load().WorkerTimeout)
		u.m.sweeper.expect(farm.Duration(farm.AwayAfter))
		u.m.tally.worker(saved, before, false)
		u.m.wakeups.wake(workerTopic(saved.ID))
	})
	u.later(u.m.farmEvent)
}
