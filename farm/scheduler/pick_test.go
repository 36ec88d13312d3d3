package scheduler

import (
	"fmt"
	"testing"

	"renderfarm/farm"
)

func TestPickOrder(t *testing.T) {
	type job struct {
		name     string
		priority int
		tag      farm.TagID
		tasks    []string // types
		task     int      // priority of its tasks
	}
	for _, c := range []struct {
		name   string
		jobs   []job
		types  []string
		tags   []farm.TagID
		expect string
	}{
		{"older job first", []job{{name: "a", tasks: []string{"x"}}, {name: "b", tasks: []string{"x"}}}, []string{"x"}, nil, "a0 b0"},
		{"job priority before age", []job{{name: "a", tasks: []string{"x"}}, {name: "b", priority: 1, tasks: []string{"x"}}}, []string{"x"}, nil, "b0 a0"},
		{"task priority before age", []job{{name: "a", tasks: []string{"x"}}, {name: "b", task: 1, tasks: []string{"x", "x"}}}, []string{"x"}, nil, "b0 b1 a0"},
		{"job priority before task priority", []job{{name: "a", task: 99, tasks: []string{"x"}}, {name: "b", priority: 1, tasks: []string{"x"}}}, []string{"x"}, nil, "b0 a0"},
		{"types of one job by index", []job{{name: "a", tasks: []string{"x", "y", "x"}}}, []string{"y", "x"}, nil, "a0 a1 a2"},
		{"only the worker's types", []job{{name: "a", tasks: []string{"x", "y", "z"}}}, []string{"y"}, nil, "a1"},
		{"no tag, tag, other tag", []job{{name: "a", tasks: []string{"x"}}, {name: "b", tag: "gpu", tasks: []string{"x"}}, {name: "c", tag: "cpu", tasks: []string{"x"}}}, []string{"x"}, []farm.TagID{"gpu"}, "a0 b0"},
		{"a tag is no reason to come first", []job{{name: "a", priority: 1, tag: "gpu", tasks: []string{"x"}}, {name: "b", priority: 2, tasks: []string{"x"}}}, []string{"x"}, []farm.TagID{"gpu"}, "b0 a0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			names := map[*Job]string{}
			for _, j := range c.jobs {
				var tasks []farm.PlannedTask
				for _, kind := range j.tasks {
					tasks = append(tasks, farm.PlannedTask{Name: "t", Type: kind, Priority: j.task})
				}
				names[w.addJob(t, Terms{Open: true, Priority: j.priority, Tag: j.tag}, tasks)] = j.name
			}
			worker := w.addWorker(c.types...)
			w.change(worker, func(is *farm.Worker) { is.Tags = c.tags })
			var got []string
			for task, ok := w.assign(worker); ok; task, ok = w.assign(worker) {
				got = append(got, fmt.Sprint(names[task.Job], task.Index))
			}
			if fmt.Sprint(got) != "["+c.expect+"]" {
				t.Errorf("got %v, want %s", got, c.expect)
			}
			w.clean(t)
		})
	}
}

// A worker that failed a job's best task is compared by the best it may have.
func TestPickSkipsWhatTheWorkerFailed(t *testing.T) {
	w := newWorld()
	a := w.addJob(t, Terms{Open: true}, []farm.PlannedTask{{Type: "x", Priority: 9}, {Type: "x", Priority: 1}})
	b := w.addJob(t, Terms{Open: true}, []farm.PlannedTask{{Type: "x", Priority: 5}})
	bad, good := w.addWorker("x"), w.addWorker("x")
	task, _ := w.assign(bad)
	w.fail(task, bad)
	for _, want := range []struct {
		worker *Worker
		task   Task
	}{{good, a.Task(0)}, {bad, b.Task(0)}} {
		if got, ok := w.s.Pick(want.worker); !ok || got != want.task {
			t.Errorf("got %v %v, want %v", got, ok, want)
		}
	}
	for range 3 {
		w.assign(good)
	}
	if got, ok := w.s.Pick(bad); ok {
		t.Errorf("nothing is left, and got %v", got)
	}
	w.clean(t)
}
