package store

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"renderfarm/farm"
)

// The model keeps everything in plain slices and finds answers by looking at all
// of it. It shares no code with the store, apart from the rules in farm.

type modelTask struct {
	farm.PlannedTask
	farm.TaskState
}

type modelJob struct {
	farm.Job
	tasks    []modelTask
	blocked  map[[2]string]bool // worker, type
	removing bool
}

func (j *modelJob) facts() farm.JobFacts {
	f := farm.JobFacts{Intent: j.Intent}
	for i := range j.tasks {
		f.Counts[j.tasks[i].Status]++
	}
	return f
}

func (j *modelJob) ready(i int) bool {
	return !slices.ContainsFunc(j.tasks[i].Needs, func(n int) bool { return j.tasks[n].Status != farm.TaskCompleted })
}

func (j *modelJob) spoiled(i int) bool {
	return slices.ContainsFunc(j.tasks[i].Needs, func(n int) bool { return j.tasks[n].Status.Spoiled() })
}

type model struct {
	jobs    []*modelJob
	workers []farm.Worker
	tags    map[farm.TagID]farm.Tag
	shown   farm.JobID
}

// best is Pick, the long way.
func (m *model) best(w *farm.Worker) (best *modelJob, at int) {
	for _, j := range m.jobs {
		if j.removing || !j.Deleting.IsZero() || !j.facts().Status().Runs() || j.Tag != "" && !slices.Contains(w.Tags, j.Tag) {
			continue
		}
		for i := range j.tasks {
			t := &j.tasks[i]
			if !t.Status.Waiting() || !slices.Contains(w.TaskTypes, t.Type) || j.blocked[[2]string{string(w.ID), t.Type}] ||
				slices.Contains(t.FailedBy, w.ID) || !j.ready(i) {
				continue
			}
			if best == nil || j.Priority > best.Priority || j.Priority == best.Priority && t.PlannedTask.Priority > best.tasks[at].PlannedTask.Priority {
				best, at = j, i
			}
		}
	}
	return best, at
}

// machine runs the store beside the model.
type machine struct {
	model
	path string
	s    *Store
}

var modelTypes = []string{"blender", "ffmpeg", "misc"}

// do runs an operation in the store and checks that it reports the work that it
// made available: an idle worker that could do something now must be woken.
func (m *machine) do(t *rapid.T, fn func(*Tx)) {
	var work []Work
	idle := map[farm.WorkerID]bool{}
	err := m.s.Update(func(tx *Tx) error {
		for _, w := range m.workers {
			live, err := tx.Worker(w.ID)
			if err != nil {
				return err
			}
			_, ok := tx.Pick(live)
			idle[w.ID] = !ok
		}
		fn(tx)
		work = tx.NewWork()
		for _, w := range m.workers {
			live, _ := tx.Worker(w.ID)
			task, ok := tx.Pick(live)
			if ok && idle[w.ID] && !slices.ContainsFunc(work, func(n Work) bool {
				return slices.Contains(live.TaskTypes, n.Type) && (n.Tag == "" || slices.Contains(live.Tags, n.Tag))
			}) {
				t.Errorf("worker %s can do %s/%d now, and new work is %v", w.ID, task.Job.ID, task.Index, work)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (m *machine) live(tx *Tx, j *modelJob) *Job {
	job, err := tx.Job(j.ID)
	if err != nil {
		panic(fmt.Sprint(err, j.ID))
	}
	return job
}

// anyJob draws a job that is not being removed.
func (m *machine) anyJob(t *rapid.T) *modelJob {
	jobs := slices.DeleteFunc(slices.Clone(m.jobs), func(j *modelJob) bool { return j.removing })
	if len(jobs) == 0 {
		t.Skip("no job")
	}
	return rapid.SampledFrom(jobs).Draw(t, "job")
}

func (m *machine) anyWorker(t *rapid.T) int {
	if len(m.workers) == 0 {
		t.Skip("no worker")
	}
	return rapid.IntRange(0, len(m.workers)-1).Draw(t, "worker")
}

// set changes a task on both sides.
func (m *machine) set(tx *Tx, j *modelJob, i int, s farm.TaskState) {
	tx.SetTask(m.live(tx, j).Task(i), s)
	s.Updated = tx.Now()
	if reflect.DeepEqual(s, farm.TaskState{Updated: s.Updated}) {
		s.Updated = farm.TaskState{}.Updated // such a task has no record
	}
	j.tasks[i].TaskState = s
}

func (m *machine) addJob(t *rapid.T) {
	if len(m.jobs) >= 6 {
		t.Skip("enough jobs")
	}
	j := &modelJob{blocked: map[[2]string]bool{}}
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
	if err := m.s.Update(func(tx *Tx) error {
		w, err := tx.Worker(m.workers[i].ID)
		if err != nil {
			return err
		}
		w.TaskTypes, w.Tags, w.Status = types, tags, farm.WorkerAwake
		w.LastSeen = tx.Now()
		tx.SaveWorker(w)
		m.workers[i] = w.Worker
		return nil
	}); err != nil {
		t.Fatal(err)
	}
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
				s.Status, s.FailedBy, s.StepsDone = farm.TaskQueued, nil, 0
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
	switch rapid.IntRange(0, 3).Draw(t, "what") {
	case 0:
		change.Priority = rapid.IntRange(1, 3).Draw(t, "priority")
	case 1:
		change.Tag = rapid.SampledFrom([]farm.TagID{"", "one", "two"}).Draw(t, "tag")
	case 2:
		change.Intent = rapid.SampledFrom([]farm.Intent{farm.IntentRun, farm.IntentHold, farm.IntentAbort}).Draw(t, "intent")
	case 3:
		change.Activity = "changed"
	}
	m.do(t, func(tx *Tx) {
		live := m.live(tx, j)
		live.Priority, live.Tag, live.Intent, live.Activity = change.Priority, change.Tag, change.Intent, change.Activity
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
				if task.Ready() != j.ready(i) || task.Spoiled() != j.spoiled(i) || !reflect.DeepEqual(s, j.tasks[i].TaskState) {
					t.Errorf("task %d is %+v, ready %v, spoiled %v; the model has %+v, %v, %v", i, s, task.Ready(), task.Spoiled(), j.tasks[i], j.ready(i), j.spoiled(i))
				}
			}
		}
	})
}

func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp(memoryDir(), "store")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		m := &machine{path: filepath.Join(dir, "farm.db"), model: model{tags: map[farm.TagID]farm.Tag{}}}
		if m.s, err = Open(Options{Path: m.path}); err != nil {
			t.Fatal(err)
		}
		defer func() { m.s.Close() }()
		t.Repeat(map[string]func(*rapid.T){
			"":              m.step,
			"add job":       m.addJob,
			"add worker":    m.addWorker,
			"change worker": m.changeWorker,
			"assign":        m.assign, "assign too": m.assign, "assign also": m.assign,
			"report": m.report, "report too": m.report,
			"cancel":     m.cancel,
			"requeue":    m.requeue,
			"change job": m.changeJob, "change job too": m.changeJob,
			"block":  m.block,
			"remove": m.remove,
			"tag":    m.tag,
			"show":   m.show,
			"reopen": m.reopen,
		})
		m.compare(t)
	})
}
