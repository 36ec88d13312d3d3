package store

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"renderfarm/farm"
)

// agree checks, after every action of a random history, that the list of
// conditions and Pick say the same of every task and worker, and so do the
// summaries of them.
func (m *machine) agree(t *rapid.T, tx *Tx) {
	var demands []Demand
	for _, j := range m.jobs {
		if !j.removing {
			demands = append(demands, m.demands(t, tx, m.live(tx, j))...)
		}
	}
	for w := range tx.Workers() {
		picked, some := tx.Pick(w)
		if some && tx.Obstacle(picked, w) != farm.NoObstacle {
			t.Errorf("task %d was picked despite obstacle %d", picked.Index, tx.Obstacle(picked, w))
		}
		for _, j := range m.jobs {
			for i := range j.tasks {
				if j.removing || some {
					break
				}
				if task := m.live(tx, j).Task(i); tx.Obstacle(task, w) == farm.NoObstacle {
					t.Errorf("nothing is in the way of task %d, and none is picked", i)
				}
			}
		}
		met, out := false, tx.Mismatch(w)
		for _, d := range demands {
			task, o := tx.Match(d, w)
			switch met = met || o == farm.NoObstacle; o {
			case farm.NoObstacle:
				if tx.Obstacle(task, w) != farm.NoObstacle {
					t.Errorf("a worker meets a demand by task %d, which has obstacle %d", task.Index, tx.Obstacle(task, w))
				}
			case farm.TypeNotTaken, farm.TagNotCarried, farm.WorkerBlocked, farm.FailedBefore:
			default:
				t.Errorf("obstacle %d to a task that waits for nothing but a worker", o)
			}
		}
		if met != some {
			t.Errorf("demands are met: %v; a task is picked: %v", met, some)
		}
		if named := len(out.Types) + len(out.Tags) + len(out.Blocked) + len(out.Failed); !some && (named > 0) != (len(demands) > 0) {
			t.Errorf("a worker gets nothing of %d demands, because of %+v", len(demands), out)
		}
	}
}

// demands compares the demands of a job with a look at each of its tasks.
func (m *machine) demands(t *rapid.T, tx *Tx, j *Job) []Demand {
	want := map[string]int{}
	for i := range j.Len() {
		task := j.Task(i)
		missing, needed := task.Missing()
		done := 0
		for n := range task.Needs() {
			needed--
			if n.Status() == farm.TaskCompleted {
				done++
			} else {
				missing--
			}
		}
		if missing != 0 || needed != 0 {
			t.Errorf("task %d misses %d more than it does, of %d more than it needs", i, missing, needed)
		}
		if j.terms().Open && task.Status().Waiting() && task.Ready() {
			want[task.Type()]++
		}
	}
	demands := tx.Demands(j)
	for _, d := range demands {
		if d.Tasks != want[d.Type] || d.First.Type() != d.Type {
			t.Errorf("a demand of %d %s tasks, and there are %d", d.Tasks, d.Type, want[d.Type])
		}
		delete(want, d.Type)
	}
	if len(want) > 0 {
		t.Errorf("no demand of %v", want)
	}
	return demands
}

// TestObstacles has each condition fail alone, for a task that is picked otherwise.
func TestObstacles(t *testing.T) {
	s := newStore(t)
	job := addJob(t, s, frames(2, true)) // 0 and 1, and 2 that needs both
	id, other := addWorker(t, s, "blender", "ffmpeg"), addWorker(t, s, "blender", "ffmpeg")
	update(t, s, func(tx *Tx) {
		j, _ := tx.Job(job)
		w, _ := tx.Worker(id)
		second, _ := tx.Worker(other)
		for _, awake := range []*Worker{w, second} {
			awake.Status = farm.WorkerAwake
			tx.SaveWorker(awake)
		}
		want := func(i int, o farm.Obstacle) {
			t.Helper()
			tx.SaveJob(j)
			tx.SaveWorker(w)
			if got := tx.Obstacle(j.Task(i), w); got != o {
				t.Errorf("task %d has obstacle %d, want %d", i, got, o)
			}
		}
		want(0, farm.NoObstacle)
		want(2, farm.NeedsMissing)
		j.Intent = farm.IntentHold
		want(0, farm.JobStopped)
		j.Intent = farm.IntentRun
		w.TaskTypes = []string{"ffmpeg"}
		want(0, farm.TypeNotTaken)
		w.TaskTypes = []string{"blender", "ffmpeg"}
		j.Tag = "gpu"
		want(0, farm.TagNotCarried)
		w.Tags = []farm.TagID{"gpu"}
		want(0, farm.NoObstacle)
		j.Tag = ""
		tx.Block(j, w, "blender")
		want(0, farm.WorkerBlocked)
		tx.Unblock(j, w, "blender")
		tx.SetTask(j.Task(0), farm.TaskState{Status: farm.TaskSoftFailed, FailedBy: []farm.WorkerID{id}, Failures: 1})
		want(0, farm.FailedBefore)
		want(1, farm.NoObstacle)
		second.Status = farm.WorkerAsleep
		tx.SaveWorker(second)
		want(0, farm.NoObstacle) // nobody else is awake
		tx.SetTask(j.Task(1), farm.TaskState{Status: farm.TaskCompleted})
		want(1, farm.TaskNotWaiting)
	})
}

func TestAhead(t *testing.T) {
	s := newStore(t)
	add := func(priority int, tag farm.TagID, tasks int) farm.JobID {
		p := frames(tasks, false)
		p.Priority, p.Tag = priority, tag
		return addJob(t, s, p)
	}
	jobs := []farm.JobID{add(50, "", 2), add(50, "gpu", 1), add(60, "", 1), add(50, "", 1), add(40, "", 1)}
	for range 100 + 20 {
		add(30, "", 1)
	}
	last := add(20, "gpu", 1)
	update(t, s, func(tx *Tx) {
		for i, want := range []string{"1 0", "1 1", "0 0", "1 1", "3 0"} {
			j, err := tx.Job(jobs[i])
			if err != nil {
				t.Fatal(err)
			}
			higher, others := tx.JobsAhead(tx.Demands(j)[0])
			if got := fmt.Sprint(higher, others); got != want {
				t.Errorf("job %d: %s are ahead, want %s", i, got, want)
			}
		}
		j, _ := tx.Job(last)
		if higher, others := tx.JobsAhead(tx.Demands(j)[0]); higher != 100 || others != 0 {
			t.Errorf("%d and %d are ahead", higher, others)
		}
	})
}

func TestHeld(t *testing.T) {
	s := newStore(t)
	job := addJob(t, s, frames(40, true)) // and a video that needs them all
	w := addWorker(t, s, "blender")
	update(t, s, func(tx *Tx) {
		for range 12 {
			task, _ := assign(tx, w)
			state := task.State()
			state.Status = farm.TaskCompleted
			tx.SetTask(task, state)
		}
		j, _ := tx.Job(job)
		held, ok := tx.FirstUnready(j)
		missing, needed := held.Missing()
		if !ok || held.Index != 40 || missing != 28 || needed != 40 {
			t.Errorf("held: %d %v, waits for %d of %d", held.Index, ok, missing, needed)
		}
		if missing, needed := j.Task(0).Missing(); missing != 0 || needed != 0 {
			t.Errorf("a frame waits for %d of %d", missing, needed)
		}
	})
}
