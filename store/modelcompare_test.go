package store

import (
	"maps"
	"reflect"
	"slices"

	"pgregory.net/rapid"

	"renderfarm/farm"
	"renderfarm/farm/scheduler"
)

// compare reads everything back both ways.
func (m *machine) compare(t *rapid.T) {
	for _, err := range m.s.Check() {
		t.Error("check:", err)
	}
	err := m.s.View(func(v *View) error {
		jobs, err := v.Jobs("", 0)
		if err != nil {
			return err
		}
		var shown []*modelJob
		for _, j := range m.jobs {
			if !j.removing {
				shown = append(shown, j)
			}
		}
		if len(jobs) != len(shown) {
			t.Fatalf("%d jobs, the model has %d", len(jobs), len(shown))
		}
		for n, j := range shown {
			m.compareJob(t, v, j, jobs[n])
		}
		if v.LastRendered() != m.shown {
			t.Errorf("last rendered is %q, the model has %q", v.LastRendered(), m.shown)
		}
		tags, err := v.Tags()
		if want := sortTags(slices.Collect(maps.Values(m.tags))); !slices.Equal(tags, want) {
			t.Errorf("tags are %v, the model has %v", tags, want)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (m *machine) compareJob(t *rapid.T, v *View, j *modelJob, got farm.Job) {
	facts, steps := j.facts(), 0
	for i := range j.tasks {
		steps += j.tasks[i].StepsDone
	}
	if got.ID != j.ID || got.JobFacts != facts || got.StepsDone != steps || got.Priority != j.Priority || got.Tag != j.Tag {
		t.Errorf("job is %+v, the model has %+v with %+v and %d steps", got, j.Job, facts, steps)
	}
	tasks, err := v.Tasks(j.ID, -1, 0)
	if err != nil || len(tasks) != len(j.tasks) {
		t.Fatalf("%d tasks, the model has %d: %v", len(tasks), len(j.tasks), err)
	}
	for i, task := range tasks {
		want := j.tasks[i]
		want.Needs, want.Commands = nil, nil
		slices.Sort(task.FailedBy)
		if !reflect.DeepEqual(task.TaskState, want.TaskState) || !reflect.DeepEqual(task.PlannedTask, want.PlannedTask) || task.Index != i {
			t.Errorf("task %d is %+v, the model has %+v", i, task, want)
		}
	}
	blocks, err := v.Blocklist(j.ID)
	if err != nil || len(blocks) != len(j.blocked) {
		t.Errorf("blocklist is %v, the model has %v: %v", blocks, j.blocked, err)
	}
	for _, b := range blocks {
		if !j.blocked[[2]string{string(b.Worker), b.TaskType}] {
			t.Errorf("%v is blocked", b)
		}
	}
}

// step checks what the scheduler says of every task, after every action.
func (m *machine) step(t *rapid.T) {
	m.do(t, func(tx *Tx) {
		m.agree(t, tx)
		for _, j := range m.jobs {
			if j.removing {
				continue
			}
			live := m.live(tx, j)
			if live.JobFacts != j.facts() {
				t.Errorf("job has %+v, the model %+v", live.JobFacts, j.facts())
			}
			for i := range j.tasks {
				task := live.Task(i)
				s := task.State()
				slices.Sort(s.FailedBy)
				var needs []int
				for n := range task.Needs() {
					needs = append(needs, n.Index)
				}
				if !slices.Equal(needs, j.tasks[i].Needs) { // the model's are in order already
					t.Errorf("task %d needs %v, the model has %v", i, needs, j.tasks[i].Needs)
				}
				m.compareFailures(t, tx, j, task)
				if task.Ready() != j.ready(i) || task.Spoiled() != j.spoiled(i) || !reflect.DeepEqual(s, j.tasks[i].TaskState) {
					t.Errorf("task %d is %+v, ready %v, spoiled %v; the model has %+v, %v, %v", i, s, task.Ready(), task.Spoiled(), j.tasks[i], j.ready(i), j.spoiled(i))
				}
			}
		}
	})
}

// compareFailures checks what the verdict on a failure of the task would be
// based on, for each worker.
func (m *machine) compareFailures(t *rapid.T, tx *Tx, j *modelJob, task Task) {
	for n := range m.workers {
		w := &m.workers[n]
		live, _ := tx.Worker(w.ID)
		able, fresh := tx.Capable(task, live)
		if a, f := m.could(j, task.Index, func(o *farm.Worker) bool { return o.ID != w.ID }); a != able || f != fresh {
			t.Errorf("besides %s %d could do task %d, %d of them did not fail it; the model has %d and %d", w.ID, able, task.Index, fresh, a, f)
		}
		var failed, hard []int
		var want scheduler.Results
		for i := range j.tasks {
			if o := &j.tasks[i]; o.Type == task.Type() {
				m.addResults(&want, j, o, w.ID)
			}
		}
		want.InRow = min(j.inRow[[2]string{string(w.ID), task.Type()}], want.Failed)
		if got := tx.Results(task.Job, live, task.Type()); got != want {
			t.Errorf("of %s tasks %s did %+v, the model has %+v", task.Type(), w.ID, got, want)
		}
		for i := range j.tasks {
			if j.tasks[i].Type == task.Type() && slices.Contains(j.tasks[i].FailedBy, w.ID) {
				failed = append(failed, i)
				if j.tasks[i].Status == farm.TaskFailed {
					hard = append(hard, i)
				}
			}
		}
		if got := tx.Failures(task.Job, live, task.Type()); got != len(failed) {
			t.Errorf("%s failed %d %s tasks, the model has %d", w.ID, got, task.Type(), len(failed))
		}
		var got []int
		for _, f := range tx.FailedBy(task.Job, live, task.Type(), farm.TaskFailed) {
			got = append(got, f.Index)
		}
		if !slices.Equal(got, hard) {
			t.Errorf("%s failed %v for good, the model has %v", w.ID, got, hard)
		}
	}
}

// addResults adds what one task says of a worker and of the others that are not blocked.
func (m *machine) addResults(r *scheduler.Results, j *modelJob, task *modelTask, worker farm.WorkerID) {
	count := func(who farm.WorkerID, own, others *int) {
		switch {
		case who == worker:
			*own++
		case !j.blocked[[2]string{string(who), task.Type}]:
			*others++
		}
	}
	for _, who := range task.FailedBy {
		count(who, &r.Failed, &r.OthersFailed)
	}
	if task.Status == farm.TaskCompleted {
		count(task.Worker, &r.Done, &r.OthersDone)
	}
}
