package manager

import (
	"regexp"

	"renderfarm/farm"
	"renderfarm/farm/diagnosis"
	"renderfarm/store"
)

// diagnose reads the end of a task's log, with what the report that fails it adds,
// and says why the task failed, as far as a rule knows it. It is done before the
// transaction: a long log takes tens of milliseconds. A report that will be
// refused, or that repeats another, is not worth that.
func (m *Manager) diagnose(id farm.WorkerID, task farm.TaskID, r *Report) (diagnosis.Diagnosis, bool) {
	var t farm.Task
	err := m.store.View(func(v *store.View) (err error) {
		t, err = v.Task(task)
		return err
	})
	if err != nil || t.Worker != id || t.Status != farm.TaskActive {
		return diagnosis.Diagnosis{}, false
	}
	// When a thousand workers fail at once, their logs wait here and not in memory.
	m.diagnosing <- struct{}{}
	defer func() { <-m.diagnosing }()
	log := m.files.End(t.Job, task, diagnosis.MaxTail)
	log = append(append(log, r.Log...), '\n')
	return m.errors.Rules().Match(append(log, r.Activity...))
}

// bareExit is what workers say of a failure when they know nothing but how the
// program ended.
var bareExit = regexp.MustCompile(`(?i)^(?:failed:? *)?$|exited abnormally|exit status|exit code|signal: `)

// because puts why the task failed into its state. What a worker found out by
// itself is not replaced, nor what no rule knows better.
func because(s *farm.TaskState, cause *farm.Cause) {
	s.Cause = cause
	if cause != nil && cause.Class != diagnosis.Unknown && bareExit.MatchString(s.Activity) {
		s.Activity = cause.Means
	}
}
