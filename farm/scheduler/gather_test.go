package scheduler

import (
	"slices"
	"testing"

	"renderfarm/farm"
)

// TestGathers says which tasks read what many others made.
func TestGathers(t *testing.T) {
	task := func(kind string, needs ...int) farm.PlannedTask {
		return farm.PlannedTask{Type: kind, Priority: 50, Needs: needs}
	}
	p, err := NewPlan([]farm.PlannedTask{
		task("blender"), task("blender"), // two simulations
		task("blender", 0, 1), task("blender", 0, 1), // frames with both
		task("blender", 2, 3),                                    // a merge of these
		task("blender", 2),                                       // of one
		task("ffmpeg"), task("ffmpeg", 4), task("misc", 2, 3, 4), // videos, and a message
		task("file-management", 0, 1, 2),
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []int
	for i := range p.Tasks {
		if p.Run(i).gathers {
			got = append(got, i)
		}
	}
	if want := []int{4, 6, 7, 9}; !slices.Equal(got, want) {
		t.Errorf("tasks %v gather, and should be %v", got, want)
	}
}

// A worker with a mirror is told of a merge that is left to nobody any more: the one with
// the storage, whose Blender is newer than the file's, has to stand back for another.
func TestMergeIsLeftToNobody(t *testing.T) {
	w := newWorld()
	version, _ := farm.ParseBlenderVersion("4.2")
	tasks := frames(3, false)
	tasks[2].Needs = []int{0, 1}
	j := w.addJob(t, Terms{Open: true, Need: farm.BlenderNeed{Version: version}}, tasks)
	with := func(storage string, blenders ...string) func(*farm.Worker) {
		return func(is *farm.Worker) {
			is.Facts = &farm.WorkerFacts{Storage: storage}
			for _, v := range blenders {
				is.Facts.Blenders = append(is.Facts.Blenders, farm.WorkerBlender{Version: v, Path: "/" + v})
			}
		}
	}
	storing, mirror, sleeper := w.addWorker("blender"), w.addWorker("blender"), w.addWorker("blender")
	w.change(storing, with("", "5.2.0"))
	w.change(mirror, with(farm.StorageMirrored))
	w.change(sleeper, func(is *farm.Worker) { with("", "5.2.0")(is); is.Status = farm.WorkerAsleep })
	for i := range 2 {
		w.s.SetTask(j.Task(i), farm.TaskCompleted, nil)
	}
	if got := w.s.Obstacle(j.Task(2), mirror); got != farm.StorageFirst {
		t.Fatalf("the merge has obstacle %d to a worker with a mirror", got)
	}
	w.told = nil
	w.change(sleeper, with("", "4.2.0"))
	w.change(sleeper, func(is *farm.Worker) { is.Status = farm.WorkerAsleep })
	if _, ok := w.s.Pick(storing); ok {
		t.Error("a worker with a newer Blender gets it")
	}
	if _, ok := w.s.Pick(mirror); !ok || len(w.told) == 0 {
		t.Errorf("a worker with a mirror gets it: %v; new work is %v", ok, w.told)
	}
	w.clean(t)
}
