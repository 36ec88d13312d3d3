package scheduler

import (
	"fmt"
	"testing"

	"renderfarm/farm"
)

// TestObstacles has each condition fail alone, for a task that is picked otherwise.
func TestObstacles(t *testing.T) {
	w := newWorld()
	open := Terms{Open: true}
	j := w.addJob(t, open, frames(2, true)) // 0 and 1, and 2 that needs both
	worker, other := w.addWorker("blender", "ffmpeg"), w.addWorker("blender", "ffmpeg")
	want := func(i int, o farm.Obstacle) {
		t.Helper()
		if got := w.s.Obstacle(j.Task(i), worker); got != o {
			t.Errorf("task %d has obstacle %d, want %d", i, got, o)
		}
		w.clean(t)
	}
	want(0, farm.NoObstacle)
	want(2, farm.NeedsUnmet)
	w.s.SetTerms(j, Terms{})
	want(0, farm.JobStopped)
	w.s.SetTerms(j, open)
	w.change(worker, func(is *farm.Worker) { is.TaskTypes = []string{"ffmpeg"} })
	want(0, farm.TypeUnsupported)
	w.change(worker, func(is *farm.Worker) { is.TaskTypes = []string{"blender", "ffmpeg"} })
	w.s.SetTerms(j, Terms{Open: true, Tag: "gpu"})
	want(0, farm.TagMissing)
	w.change(worker, func(is *farm.Worker) { is.Tags = []farm.TagID{"gpu"} })
	want(0, farm.NoObstacle)
	w.s.SetTerms(j, open)
	w.s.Block(j, worker, "blender", testTime)
	want(0, farm.WorkerBlocked)
	w.s.Unblock(j, worker, "blender")
	w.fail(j.Task(0), worker)
	want(0, farm.FailedBefore)
	want(1, farm.NoObstacle)
	w.change(other, func(is *farm.Worker) { is.Status = farm.WorkerAsleep })
	want(0, farm.NoObstacle) // nobody else is awake
	w.s.SetTask(j.Task(1), farm.TaskCompleted, nil)
	want(1, farm.TaskNotWaiting)
}

func TestJobsAhead(t *testing.T) {
	w := newWorld()
	add := func(priority int, tag farm.TagID, tasks int) *Job {
		return w.addJob(t, Terms{Open: true, Priority: priority, Tag: tag}, frames(tasks, false))
	}
	jobs := []*Job{add(50, "", 2), add(50, "gpu", 1), add(60, "", 1), add(50, "", 1), add(40, "", 1)}
	for range maxCounted + 20 {
		add(30, "", 1)
	}
	last := add(20, "gpu", 1)
	for i, want := range []string{"1 0", "1 1", "0 0", "1 1", "3 0"} {
		higher, others := w.s.JobsAhead(w.s.Demands(jobs[i])[0])
		if got := fmt.Sprint(higher, others); got != want {
			t.Errorf("job %d: %s are ahead, want %s", i, got, want)
		}
	}
	if higher, others := w.s.JobsAhead(w.s.Demands(last)[0]); higher != maxCounted || others != 0 {
		t.Errorf("%d and %d are ahead", higher, others)
	}
}

// However many jobs wait that a worker could do, only the first ones are looked at; one that
// gets nothing is told of 100.
func TestMismatchIsBounded(t *testing.T) {
	w := newWorld()
	worker, other := w.addWorker("blender"), w.addWorker("blender")
	var jobs []*Job
	for n := range 2 * maxCounted {
		jobs = append(jobs, w.addJob(t, Terms{Open: true, Priority: 2*maxCounted - n}, frames(1, false)))
		w.s.Block(jobs[n], other, "blender", testTime)
	}
	if m := w.s.Mismatch(other); len(m.Blocked) != maxCounted || m.Blocked[0] != jobs[0] {
		t.Errorf("the worker is blocked from %d jobs", len(m.Blocked))
	}
	w.s.Block(jobs[maxCounted-1], worker, "blender", testTime)
	w.s.Block(jobs[maxCounted], worker, "blender", testTime)
	if m := w.s.Mismatch(worker); len(m.Blocked) != 1 || m.Blocked[0] != jobs[maxCounted-1] {
		t.Errorf("%d jobs were looked at, of which the worker is blocked from %d", maxCounted, len(m.Blocked))
	}
}

func TestFirstUnready(t *testing.T) {
	w := newWorld()
	j := w.addJob(t, Terms{Open: true}, frames(40, true)) // and a video that needs them all
	worker := w.addWorker("blender")
	for range 12 {
		task, _ := w.assign(worker)
		w.s.SetTask(task, farm.TaskCompleted, nil)
	}
	first, ok := j.FirstUnready()
	missing, needed := first.Missing()
	if !ok || first.Index != 40 || missing != 28 || needed != 40 {
		t.Errorf("the first is %d %v, and waits for %d of %d", first.Index, ok, missing, needed)
	}
	if missing, needed := j.Task(0).Missing(); missing != 0 || needed != 0 {
		t.Errorf("a frame waits for %d of %d", missing, needed)
	}
	for task, ok := w.assign(worker); ok; task, ok = w.assign(worker) {
		w.s.SetTask(task, farm.TaskCompleted, nil)
	}
	if first, ok := j.FirstUnready(); ok {
		t.Errorf("task %d waits for nothing but a worker", first.Index)
	}
}
