package store

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"renderfarm/farm"
)

func (m *machine) addJob(t *rapid.T) {
	if len(m.jobs) >= 6 {
		t.Skip("enough jobs")
	}
	j := &modelJob{blocked: map[[2]string]bool{}, inRow: map[[2]string]int{}}
	n := rapid.SampledFrom([]int{1, 2, 5, 20, 70, 300}).Draw(t, "tasks")
	p := &farm.Plan{Submission: farm.Submission{Name: "job", Type: "test", ID: farm.JobID(farm.NewUUID().String()), Created: testTime,
		Priority: rapid.IntRange(1, 3).Draw(t, "priority"), Tag: rapid.SampledFrom([]farm.TagID{"", "", "one", "two"}).Draw(t, "tag"),
		Intent: rapid.SampledFrom([]farm.Intent{farm.IntentRun, farm.IntentRun, farm.IntentHold}).Draw(t, "intent")}}
	kinds := rapid.SliceOfN(rapid.SampledFrom(modelTypes), 1, 4).Draw(t, "types")
	for i := range n {
		task := farm.PlannedTask{Name: fmt.Sprint("t", i), Type: kinds[i*len(kinds)/n], Priority: 50}
		if n <= 20 {
			task.Type = rapid.SampledFrom(modelTypes).Draw(t, "type")
			task.Priority = rapid.SampledFrom([]int{-5, 50, 90}).Draw(t, "task priority")
			task.Commands = make([]farm.Command, rapid.IntRange(0, 3).Draw(t, "commands"))
		}
		if i > 0 && rapid.IntRange(0, 2).Draw(t, "needs") == 0 {
			from := rapid.IntRange(0, i-1).Draw(t, "from")
			for k := from; k < rapid.IntRange(from, i).Draw(t, "to"); k += rapid.IntRange(1, 2).Draw(t, "step") {
				task.Needs = append(task.Needs, k)
			}
		}
		p.Tasks = append(p.Tasks, task)
		j.tasks = append(j.tasks, modelTask{PlannedTask: task})
	}
	ready, err := Prepare(p)
	if err != nil {
		t.Fatal(err)
	}
	m.do(t, func(tx *Tx) { j.Job = tx.AddJob(ready).Job })
	m.jobs = append(m.jobs, j)
}

func (m *machine) addWorker(t *rapid.T) {
	if len(m.workers) >= 4 {
		t.Skip("enough workers")
	}
	w := farm.Worker{ID: farm.WorkerID(farm.NewUUID().String()), Name: fmt.Sprint("w", len(m.workers)), SecretHash: []byte{1, 2}}
	m.do(t, func(tx *Tx) { w = tx.AddWorker(w).Worker })
	m.workers = append(m.workers, w)
	m.workAs(t, len(m.workers)-1)
}

func (m *machine) changeWorker(t *rapid.T) { m.workAs(t, m.anyWorker(t)) }

// workAs changes what a worker can do.
func (m *machine) workAs(t *rapid.T, i int) {
	types := rapid.SliceOfNDistinct(rapid.SampledFrom(modelTypes), 1, 3, rapid.ID).Draw(t, "types")
	tags := rapid.SliceOfNDistinct(rapid.SampledFrom([]farm.TagID{"one", "two"}), 0, 2, rapid.ID).Draw(t, "tags")
	status := rapid.SampledFrom([]farm.WorkerStatus{farm.WorkerAwake, farm.WorkerAwake, farm.WorkerAsleep}).Draw(t, "status")
	deleted := rapid.IntRange(0, 9).Draw(t, "deleted") == 0
	m.do(t, func(tx *Tx) {
		w, _ := tx.Worker(m.workers[i].ID)
		w.TaskTypes, w.Tags, w.Status, w.Deleted = types, tags, status, time.Time{}
		if deleted {
			w.Deleted = tx.Now()
		}
		w.LastSeen = tx.Now()
		tx.SaveWorker(w)
		m.workers[i] = w.Worker
	}, m.workers[i].ID)
}

func (m *machine) assign(t *rapid.T) {
	w := &m.workers[m.anyWorker(t)]
	j, i := m.best(w)
	m.do(t, func(tx *Tx) {
		live, _ := tx.Worker(w.ID)
		task, ok := tx.Pick(live)
		switch {
		case ok != (j != nil):
			t.Errorf("pick: %v %v, the model has %v", task, ok, j)
		case ok && (task.Job.ID != j.ID || task.Index != i):
			t.Errorf("pick: job %s task %d, the model has %s %d", task.Job.ID, task.Index, j.ID, i)
		case ok && len(tx.Active(live)) < 2:
			s := j.tasks[i].TaskState
			s.Status, s.Worker, s.StepsDone, s.Touched = farm.TaskActive, w.ID, 0, tx.Now()
			s.Attempt++
			m.set(tx, j, i, s)
		}
	})
}

// anyIn draws a task of a job that is in one of the statuses.
func anyIn(t *rapid.T, j *modelJob, statuses ...farm.TaskStatus) int {
	var found []int
	for i := range j.tasks {
		if slices.Contains(statuses, j.tasks[i].Status) {
			found = append(found, i)
		}
	}
	if len(found) == 0 {
		t.Skip("no such task")
	}
	return rapid.SampledFrom(found).Draw(t, "task")
}

func (m *machine) report(t *rapid.T) {
	j := m.anyJob(t)
	i := anyIn(t, j, farm.TaskActive)
	s := j.tasks[i].TaskState
	s.Status = rapid.SampledFrom([]farm.TaskStatus{farm.TaskActive, farm.TaskCompleted, farm.TaskCompleted, farm.TaskCompleted,
		farm.TaskQueued, farm.TaskSoftFailed, farm.TaskFailed}).Draw(t, "to")
	s.Activity = rapid.SampledFrom([]string{"", "rendering", "größer"}).Draw(t, "activity")
	s.StepsDone = rapid.IntRange(0, j.tasks[i].Steps()).Draw(t, "steps")
	if s.Status == farm.TaskSoftFailed || s.Status == farm.TaskFailed {
		s.FailedBy = append(slices.Clone(s.FailedBy), s.Worker)
		slices.Sort(s.FailedBy)
		s.FailedBy = slices.Compact(s.FailedBy)
		s.Failures++
	}
	m.do(t, func(tx *Tx) { m.set(tx, j, i, s) })
}

// cancel cancels a task and, as far as they wait, all that need it.
func (m *machine) cancel(t *rapid.T) {
	j := m.anyJob(t)
	i := anyIn(t, j, farm.TaskQueued, farm.TaskSoftFailed, farm.TaskActive)
	m.do(t, func(tx *Tx) {
		var drop func(i int)
		drop = func(i int) {
			s := j.tasks[i].TaskState
			s.Status = farm.TaskCanceled
			m.set(tx, j, i, s)
			var needing []int
			for d := range tx.Dependents(m.live(tx, j).Task(i)) {
				needing = append(needing, d.Index)
			}
			for k := range j.tasks {
				if slices.Contains(needing, k) != slices.Contains(j.tasks[k].Needs, i) {
					t.Errorf("task %d needs %d: %v", k, i, needing)
				}
				if slices.Contains(needing, k) && j.tasks[k].Status.Waiting() {
					drop(k)
				}
			}
		}
		drop(i)
	})
}

// requeue queues all tasks in a status again, some as if they were new.
func (m *machine) requeue(t *rapid.T) {
	j := m.anyJob(t)
	from := rapid.SliceOfN(rapid.SampledFrom([]farm.TaskStatus{farm.TaskActive, farm.TaskCompleted, farm.TaskSoftFailed, farm.TaskFailed, farm.TaskCanceled}), 1, 3).Draw(t, "from")
	fresh := rapid.Bool().Draw(t, "fresh")
	m.do(t, func(tx *Tx) {
		seen := -1
		for task := range m.live(tx, j).TasksIn(from...) {
			if task.Index <= seen || !slices.Contains(from, j.tasks[task.Index].Status) {
				t.Errorf("task %d is %s and came after %d", task.Index, j.tasks[task.Index].Status, seen)
			}
			seen = task.Index
			s := farm.TaskState{Status: farm.TaskQueued}
			if !fresh {
				s = j.tasks[task.Index].TaskState
				s.Status, s.FailedBy, s.Failures, s.StepsDone = farm.TaskQueued, nil, 0, 0
				s.Excused = rapid.IntRange(0, 2).Draw(t, "excused")
				if s.Cause = nil; s.Excused > 0 {
					s.Cause = &farm.Cause{Class: "disk-full", Means: rapid.String().Draw(t, "means"), Line: "No space left on device"}
				}
			}
			m.set(tx, j, task.Index, s)
		}
		for i := range j.tasks {
			if slices.Contains(from, j.tasks[i].Status) {
				t.Errorf("task %d was left out", i)
			}
		}
	})
}

func (m *machine) changeJob(t *rapid.T) {
	j := m.anyJob(t)
	change := j.Job
	switch rapid.IntRange(0, 4).Draw(t, "what") {
	case 0:
		change.Priority = rapid.IntRange(1, 3).Draw(t, "priority")
	case 1:
		change.Tag = rapid.SampledFrom([]farm.TagID{"", "one", "two"}).Draw(t, "tag")
	case 2:
		change.Intent = rapid.SampledFrom([]farm.Intent{farm.IntentRun, farm.IntentHold, farm.IntentAbort}).Draw(t, "intent")
	case 3:
		change.Activity = "changed"
	case 4:
		change.RetryAt = rapid.SampledFrom([]time.Time{{}, testTime.Add(time.Hour)}).Draw(t, "retry at")
		change.GivenUp = rapid.Bool().Draw(t, "given up")
	}
	m.do(t, func(tx *Tx) {
		live := m.live(tx, j)
		live.Priority, live.Tag, live.Intent, live.Activity = change.Priority, change.Tag, change.Intent, change.Activity
		live.RetryAt, live.GivenUp = change.RetryAt, change.GivenUp
		tx.SaveJob(live)
		j.Job = live.Job
	})
}

func (m *machine) block(t *rapid.T) {
	j, w := m.anyJob(t), m.workers[m.anyWorker(t)]
	kind := rapid.SampledFrom(modelTypes).Draw(t, "type")
	on := rapid.Bool().Draw(t, "on")
	m.do(t, func(tx *Tx) {
		live, _ := tx.Worker(w.ID)
		key := [2]string{string(w.ID), kind}
		if tx.Blocked(m.live(tx, j), live, kind) != j.blocked[key] {
			t.Errorf("blocked should be %v", j.blocked[key])
		}
		if on {
			tx.Block(m.live(tx, j), live, kind)
			j.blocked[key] = true
		} else {
			tx.Unblock(m.live(tx, j), live, kind)
			delete(j.blocked, key)
		}
	})
}

// remove begins to remove a job, or goes on with it.
func (m *machine) remove(t *rapid.T) {
	if len(m.jobs) == 0 {
		t.Skip("no job")
	}
	at := rapid.IntRange(0, len(m.jobs)-1).Draw(t, "job")
	j := m.jobs[at]
	most := rapid.SampledFrom([]int{1, 7, 1000}).Draw(t, "most")
	m.do(t, func(tx *Tx) {
		if m.shown == j.ID {
			m.shown = ""
		}
		j.removing = true
		if tx.RemoveJob(m.live(tx, j), most) {
			m.jobs = slices.Delete(m.jobs, at, at+1)
		}
	})
}

func (m *machine) tag(t *rapid.T) {
	tag := farm.Tag{ID: rapid.SampledFrom([]farm.TagID{"one", "two"}).Draw(t, "tag"), Name: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "name")}
	remove := rapid.Bool().Draw(t, "remove")
	m.do(t, func(tx *Tx) {
		if remove {
			tx.RemoveTag(tag.ID)
			delete(m.tags, tag.ID)
		} else {
			tx.PutTag(tag)
			m.tags[tag.ID] = tag
		}
	})
}

func (m *machine) show(t *rapid.T) {
	j := m.anyJob(t)
	m.do(t, func(tx *Tx) { tx.SetLastRendered(j.ID) })
	m.shown = j.ID
}

func (m *machine) reopen(t *rapid.T) {
	if err := m.s.Close(); err != nil {
		t.Fatal(err)
	}
	var err error
	if m.s, err = Open(Options{Path: m.path}); err != nil {
		t.Fatal(err)
	}
}
