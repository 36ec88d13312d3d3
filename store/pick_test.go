package store

import (
	"fmt"
	"slices"
	"testing"

	"renderfarm/farm"
)

// A wish is a job for TestPickOrder: its priority, tag, and tasks as type,
// priority.
type wish struct {
	name     string
	priority int
	tag      farm.TagID
	tasks    []string
	task     int // priority of its tasks
}

func TestPickOrder(t *testing.T) {
	for _, c := range []struct {
		name   string
		jobs   []wish
		types  []string
		tags   []farm.TagID
		expect string
	}{
		{"older job first", []wish{{name: "a", tasks: []string{"x"}}, {name: "b", tasks: []string{"x"}}}, []string{"x"}, nil, "a0 b0"},
		{"job priority before age", []wish{{name: "a", tasks: []string{"x"}}, {name: "b", priority: 1, tasks: []string{"x"}}}, []string{"x"}, nil, "b0 a0"},
		{"task priority before age", []wish{{name: "a", tasks: []string{"x"}}, {name: "b", task: 1, tasks: []string{"x", "x"}}}, []string{"x"}, nil, "b0 b1 a0"},
		{"job priority before task priority", []wish{{name: "a", task: 99, tasks: []string{"x"}}, {name: "b", priority: 1, tasks: []string{"x"}}}, []string{"x"}, nil, "b0 a0"},
		{"types of one job by index", []wish{{name: "a", tasks: []string{"x", "y", "x"}}}, []string{"y", "x"}, nil, "a0 a1 a2"},
		{"only the worker's types", []wish{{name: "a", tasks: []string{"x", "y", "z"}}}, []string{"y"}, nil, "a1"},
		{"no tag, tag, other tag", []wish{{name: "a", tasks: []string{"x"}}, {name: "b", tag: "gpu", tasks: []string{"x"}}, {name: "c", tag: "cpu", tasks: []string{"x"}}}, []string{"x"}, []farm.TagID{"gpu"}, "a0 b0"},
		{"a tag is no reason to come first", []wish{{name: "a", priority: 1, tag: "gpu", tasks: []string{"x"}}, {name: "b", priority: 2, tasks: []string{"x"}}}, []string{"x"}, []farm.TagID{"gpu"}, "b0 a0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStore(t)
			names := map[farm.JobID]string{}
			for _, want := range c.jobs {
				p := frames(0, false)
				p.Name, p.Priority, p.Tag = want.name, want.priority, want.tag
				for _, kind := range want.tasks {
					p.Tasks = append(p.Tasks, farm.PlannedTask{Name: "t", Type: kind, Priority: want.task})
				}
				names[addJob(t, s, p)] = want.name
			}
			id := addWorker(t, s, c.types...)
			var got []string
			update(t, s, func(tx *Tx) {
				w, _ := tx.Worker(id)
				w.Tags = c.tags
				tx.SaveWorker(w)
				for {
					task, ok := assign(tx, id)
					if !ok {
						return
					}
					got = append(got, fmt.Sprint(names[task.Job.ID], task.Index))
				}
			})
			if fmt.Sprint(got) != "["+c.expect+"]" {
				t.Errorf("got %v, want %s", got, c.expect)
			}
			clean(t, s)
		})
	}
}

// A worker that failed a job's best task is compared by the best it may have.
func TestPickPassesOverWhatTheWorkerFailed(t *testing.T) {
	s := newStore(t)
	first, second := frames(0, false), frames(0, false)
	first.Tasks = []farm.PlannedTask{{Type: "x", Priority: 9}, {Type: "x", Priority: 1}}
	second.Tasks = []farm.PlannedTask{{Type: "x", Priority: 5}}
	a, b := addJob(t, s, first), addJob(t, s, second)
	bad, good := addWorker(t, s, "x"), addWorker(t, s, "x")
	update(t, s, func(tx *Tx) {
		task, _ := assign(tx, bad)
		state := task.State()
		state.Status, state.FailedBy = farm.TaskSoftFailed, []farm.WorkerID{bad}
		tx.SetTask(task, state)
		if state.FailedBy[0] = ""; task.State().FailedBy[0] != bad {
			t.Error("a state shares memory with the store")
		}
		for _, want := range []struct {
			worker farm.WorkerID
			job    farm.JobID
			index  int
		}{{good, a, 0}, {bad, b, 0}} {
			w, _ := tx.Worker(want.worker)
			if got, ok := tx.Pick(w); !ok || got.Job.ID != want.job || got.Index != want.index {
				t.Errorf("got %s %d %v, want %v", got.Job.ID, got.Index, ok, want)
			}
		}
		for range 3 {
			assign(tx, good)
		}
		w, _ := tx.Worker(bad)
		if got, ok := tx.Pick(w); ok {
			t.Errorf("nothing is left, and got %v", got)
		}
	})
	clean(t, s)
}

func TestBlock(t *testing.T) {
	s := newStore(t)
	job := addJob(t, s, frames(2, false))
	id, other := addWorker(t, s, "blender"), addWorker(t, s, "blender")
	can := func(tx *Tx, id farm.WorkerID) bool { w, _ := tx.Worker(id); _, ok := tx.Pick(w); return ok }
	update(t, s, func(tx *Tx) {
		j, _ := tx.Job(job)
		w, _ := tx.Worker(id)
		tx.Block(j, w, "blender")
		tx.Block(j, w, "ffmpeg")
		if can(tx, id) || !can(tx, other) || !tx.Blocked(j, w, "blender") || tx.Blocked(j, w, "misc") {
			t.Error("a block keeps others out, or not this one")
		}
	})
	clean(t, s)
	s.View(func(v *View) error {
		blocks, err := v.Blocklist(job)
		if err != nil || len(blocks) != 2 || blocks[0].Worker != id || blocks[0].TaskType != "blender" || blocks[0].Created.IsZero() {
			t.Error(blocks, err)
		}
		return nil
	})
	update(t, s, func(tx *Tx) {
		j, _ := tx.Job(job)
		w, _ := tx.Worker(id)
		tx.Unblock(j, w, "blender")
		if !can(tx, id) || !slices.Equal(tx.NewWork(), []Work{{Type: "blender"}}) {
			t.Error("the worker is still blocked; new work:", tx.NewWork())
		}
	})
	clean(t, s)
}

// Who holds a job, or cancels it, rewrites nothing and stops everything.
func TestIntent(t *testing.T) {
	s := newStore(t)
	job := addJob(t, s, frames(3, false))
	id := addWorker(t, s, "blender")
	for _, c := range []struct {
		intent farm.Intent
		runs   bool
		work   int
	}{{farm.IntentHold, false, 0}, {farm.IntentRun, true, 1}, {farm.IntentAbort, false, 0}, {farm.IntentHold, false, 0}, {farm.IntentRun, true, 1}} {
		update(t, s, func(tx *Tx) {
			j, _ := tx.Job(job)
			j.Intent = c.intent
			tx.SaveJob(j)
			w, _ := tx.Worker(id)
			if _, ok := tx.Pick(w); ok != c.runs || len(tx.NewWork()) != c.work {
				t.Errorf("intent %d: tasks are handed out: %v, new work: %v", c.intent, ok, tx.NewWork())
			}
		})
		clean(t, s)
	}
	update(t, s, func(tx *Tx) {
		j, _ := tx.Job(job)
		j.Deleting = tx.Now()
		tx.SaveJob(j)
		w, _ := tx.Worker(id)
		if _, ok := tx.Pick(w); ok {
			t.Error("a job that is being deleted still runs")
		}
	})
	clean(t, s)
}
