package manager

import (
	"slices"
	"time"

	"renderfarm/farm"
	"renderfarm/store"
)

// Lines of a task's log by which it is known when an attempt began, and when a task was
// completed that is done again.
const (
	assignedTo  = "Task assigned to worker"
	isCompleted = "task changed status active -> completed"
)

// keepAttempt keeps the attempt of a task that a worker does not hold any more. Of almost
// all tasks it is the first, and the task is completed: of that the task tells itself, and
// nothing is written.
func (u *unit) keepAttempt(t store.Task, s *farm.TaskState) {
	if s.Status == farm.TaskCompleted && s.Attempt == 1 {
		return
	}
	a := farm.Attempt{Number: s.Attempt, Worker: s.Worker, Name: u.m.roster.name(s.Worker), Ended: u.Now(), Status: s.Status.String(), Reason: endReason(s)}
	job, task := t.Job.ID, t.ID()
	u.later(func() { u.m.addAttempt(job, task, a) })
}

func endReason(s *farm.TaskState) string {
	switch {
	case s.Status == farm.TaskCompleted:
		return ""
	case s.Cause != nil && (s.Status == farm.TaskFailed || s.Status == farm.TaskSoftFailed):
		return s.Cause.Means
	}
	return s.Activity
}

// keepCompleted keeps the first attempt of a task that was completed and is done again,
// before its log is put aside. before is what the task was like.
func (m *Manager) keepCompleted(job farm.JobID, task farm.TaskID, before *farm.TaskState) {
	if before.Attempt != 1 {
		return
	}
	ended := m.files.LastTimeOf(job, task, isCompleted)
	if ended.IsZero() {
		return // it ended in another way, and was kept then
	}
	m.addAttempt(job, task, farm.Attempt{Number: 1, Worker: before.Worker, Name: m.roster.name(before.Worker), Ended: ended, Status: farm.TaskCompleted.String()})
}

// addAttempt keeps an attempt with when it began.
func (m *Manager) addAttempt(job farm.JobID, task farm.TaskID, a farm.Attempt) {
	a.Began = m.files.TimeOf(job, task, assignedTo)
	if a.Began.After(a.Ended) {
		a.Began = time.Time{} // the log is that of the next attempt already
	}
	if err := m.files.AddAttempt(job, task, a); err != nil {
		m.log.Error("cannot keep who had a task", "task", task, "error", err)
	}
}

// An AttemptWithLog is an attempt, and where its log is.
type AttemptWithLog struct {
	farm.Attempt
	Log string // below the folder of the files, with forward slashes; "" if it is not kept
}

// Attempts returns who had a task and when, the oldest first, the present attempt
// included: at most the last farm.MaxAttempts that ended, and it. A crash may lose one.
func (m *Manager) Attempts(id farm.TaskID) ([]AttemptWithLog, error) {
	task, _, err := m.Task(id)
	if err != nil {
		return nil, err
	}
	ended, err := m.files.Attempts(task.Job, id)
	if err != nil {
		return nil, farm.Errorf(farm.Off, "who had task %s cannot be read at present: %w. Try again, or look at the manager's disk", id, err)
	}
	kept := slices.ContainsFunc(ended, func(a farm.Attempt) bool { return a.Number == task.Attempt })
	if last, ok := m.lastAttempt(&task); ok && !kept {
		ended = append(ended, last)
	}
	list := make([]AttemptWithLog, len(ended))
	for i, a := range ended {
		list[i] = AttemptWithLog{a, m.files.LogOf(task.Job, id, task.Attempt-a.Number)}
	}
	return list, nil
}

// lastAttempt is the one that a task itself tells of: it is under way, completed it, or is not
// kept yet.
func (m *Manager) lastAttempt(t *farm.Task) (a farm.Attempt, ok bool) {
	if t.Attempt == 0 {
		return a, false
	}
	a = farm.Attempt{Number: t.Attempt, Worker: t.Worker, Name: m.roster.name(t.Worker), Status: t.Status.String(), Began: m.files.TimeOf(t.Job, t.ID, assignedTo)}
	completed := time.Time{}
	if t.Attempt == 1 && t.Status != farm.TaskActive && t.Status != farm.TaskCompleted {
		completed = m.files.LastTimeOf(t.Job, t.ID, isCompleted)
	}
	switch {
	case t.Status == farm.TaskActive:
	case !completed.IsZero(): // and is wanted once more since
		a.Status, a.Ended = farm.TaskCompleted.String(), completed
	default:
		a.Ended, a.Reason = t.Updated, endReason(&t.TaskState)
	}
	return a, true
}
