package store

import (
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
	m.classes(t, tx, demands)
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
			case farm.TypeUnsupported, farm.TagMissing, farm.WorkerBlocked, farm.FailedBefore:
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

// classes compares what is counted of each kind of work with the demands of all jobs.
func (m *machine) classes(t *rapid.T, tx *Tx, demands []Demand) {
	want := map[Work]int{}
	for _, d := range demands {
		terms := d.First.Job.terms()
		want[Work{Tag: terms.Tag, Type: d.Type, Need: terms.Need.For(d.Type)}] += d.Tasks
	}
	for _, c := range tx.Classes() {
		tasks := 0
		for d := range c.Jobs() {
			tasks += d.Tasks
		}
		if c.Tasks != want[c.Work] || tasks != c.Tasks {
			t.Errorf("%+v has %d tasks, its jobs have %d, and there are %d", c.Work, c.Tasks, tasks, want[c.Work])
		}
		delete(want, c.Work)
	}
	if len(want) > 0 {
		t.Errorf("no class of %v", want)
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
