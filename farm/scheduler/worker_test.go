package scheduler

import (
	"slices"
	"testing"

	"renderfarm/farm"
)

// A worker gets a task again that it failed only while nobody else is awake who
// could do it, and is told when that becomes so.
func TestAloneWithAFailedTask(t *testing.T) {
	w := newWorld()
	j := w.addJob(t, Terms{Open: true}, frames(1, false))
	bad, good := w.addWorker("blender"), w.addWorker("blender")
	w.addWorker("ffmpeg")
	other := func(f func(is *farm.Worker)) func() { return func() { w.change(good, f) } }
	for _, c := range []struct {
		name       string
		f          func()
		gets, told bool
	}{
		{"failed", func() { w.fail(j.Task(0), bad) }, false, false},
		{"the other falls asleep", other(func(is *farm.Worker) { is.Status = farm.WorkerAsleep }), true, true},
		{"the other wakes up", other(func(is *farm.Worker) { is.Status = farm.WorkerAwake }), false, false},
		{"the other takes other tasks", other(func(is *farm.Worker) { is.TaskTypes = []string{"misc"} }), true, true},
		{"the other takes these again", other(func(is *farm.Worker) { is.TaskTypes = []string{"misc", "blender"} }), false, false},
		{"the other is lost", other(func(is *farm.Worker) { is.Status = farm.WorkerError }), true, true},
		{"the other is back", other(func(is *farm.Worker) { is.Status = farm.WorkerAwake }), false, false},
		{"the other is blocked", func() { w.s.Block(j, good, "blender", testTime) }, true, true},
		{"the other is blocked no more", func() { w.s.Unblock(j, good, "blender") }, false, true},
		{"the other fails it too", func() { w.fail(j.Task(0), good) }, true, false},
		{"this one is blocked", func() { w.s.Block(j, bad, "blender", testTime) }, false, true},
		{"this one is blocked no more", func() { w.s.Unblock(j, bad, "blender") }, true, true},
		{"the other is deleted", other(func(is *farm.Worker) { is.Deleted = testTime }), true, true},
		{"the job gets a tag", func() { w.s.SetTerms(j, Terms{Open: true, Tag: "gpu"}) }, false, false},
		{"this one gets the tag", func() { w.change(bad, func(is *farm.Worker) { is.Tags = []farm.TagID{"gpu"} }) }, true, false},
		{"forgiven", func() { w.s.SetTask(j.Task(0), farm.TaskSoftFailed, nil) }, true, true},
	} {
		w.told = nil
		c.f()
		_, gets := w.s.Pick(bad)
		if told := slices.ContainsFunc(w.told, func(work Work) bool { return work.Type == "blender" }); gets != c.gets || c.told && !told {
			t.Errorf("%s: it gets the task: %v, want %v; told: %v", c.name, gets, c.gets, told)
		}
		w.clean(t)
	}
}

func TestTypesWithoutWorkers(t *testing.T) {
	w := newWorld()
	j := w.addJob(t, Terms{Open: true}, frames(1, false))
	one, two := w.addWorker("blender", "misc"), w.addWorker("blender")
	for _, c := range []struct {
		name string
		f    func()
		want []string
	}{
		{"nobody is blocked", func() {}, nil},
		{"one is blocked from both", func() { w.s.Block(j, one, "misc", testTime); w.s.Block(j, one, "blender", testTime) }, []string{"misc"}},
		{"the other is deleted", func() { w.change(two, func(is *farm.Worker) { is.Deleted = testTime }) }, []string{"blender", "misc"}},
		{"one is unblocked", func() { w.s.Unblock(j, one, "misc") }, []string{"blender"}},
	} {
		c.f()
		if got := w.s.TypesWithoutWorkers(j); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	if since := j.BlockedSince(one, "blender"); !since.Equal(testTime) || !j.BlockedSince(one, "misc").IsZero() {
		t.Errorf("blocked since %v, and from misc since %v", since, j.BlockedSince(one, "misc"))
	}
}
