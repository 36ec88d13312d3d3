package store

import (
	"fmt"
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
	inRow    map[[2]string]int  // likewise: failures since the last completion, forgiven ones too
	removing bool
}

func (j *modelJob) facts() farm.JobFacts {
	f := farm.JobFacts{Intent: j.Intent, GivenUp: j.GivenUp}
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
				!j.ready(i) {
				continue
			}
			if _, fresh := m.could(j, i, func(o *farm.Worker) bool { return o.Status == farm.WorkerAwake }); slices.Contains(t.FailedBy, w.ID) && fresh > 0 {
				continue
			}
			if best == nil || j.Priority > best.Priority || j.Priority == best.Priority && t.PlannedTask.Priority > best.tasks[at].PlannedTask.Priority {
				best, at = j, i
			}
		}
	}
	return best, at
}

// could counts the workers that could do a task, and of these the ones that did
// not fail it.
func (m *model) could(j *modelJob, i int, also func(*farm.Worker) bool) (able, fresh int) {
	t := &j.tasks[i]
	for n := range m.workers {
		w := &m.workers[n]
		if !w.Deleted.IsZero() || !slices.Contains(w.TaskTypes, t.Type) || j.Tag != "" && !slices.Contains(w.Tags, j.Tag) ||
			j.blocked[[2]string{string(w.ID), t.Type}] || !also(w) {
			continue
		}
		able++
		if !slices.Contains(t.FailedBy, w.ID) {
			fresh++
		}
	}
	return able, fresh
}

// machine runs the store beside the model.
type machine struct {
	model
	path      string
	s         *Store
	committed func() // called after each operation; nil: nothing
}

func newModel() model { return model{tags: map[farm.TagID]farm.Tag{}} }

var modelTypes = []string{"blender", "ffmpeg", "misc"}

// do runs an operation in the store and checks that it reports the work that it
// made available: an idle worker that could do something now must be woken. One
// that changes itself is woken because of that.
func (m *machine) do(t *rapid.T, fn func(*Tx), changed ...farm.WorkerID) {
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
			if ok && idle[w.ID] && !slices.Contains(changed, w.ID) && !slices.ContainsFunc(work, func(n Work) bool {
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
	if m.committed != nil {
		m.committed()
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
	for _, w := range s.FailedBy {
		if !slices.Contains(j.tasks[i].FailedBy, w) {
			j.inRow[[2]string{string(w), j.tasks[i].Type}]++
		}
	}
	if s.Status == farm.TaskCompleted && j.tasks[i].Status != farm.TaskCompleted {
		delete(j.inRow, [2]string{string(s.Worker), j.tasks[i].Type})
	}
	j.tasks[i].TaskState = s
}

// histories is how many of them are played; all that rapid asks for when FARM_SOAK
// is set.
const histories = 25

func TestModel(t *testing.T) {
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		if n++; n > histories && os.Getenv("FARM_SOAK") == "" {
			return
		}
		dir, err := os.MkdirTemp(memoryDir(), "store")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		m := &machine{path: filepath.Join(dir, "farm.db"), model: newModel()}
		if m.s, err = Open(Options{Path: m.path}); err != nil {
			t.Fatal(err)
		}
		defer func() { m.s.Close() }()
		t.Repeat(m.actions())
		m.compare(t)
	})
}

// actions are what a history is made of.
func (m *machine) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
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
	}
}
