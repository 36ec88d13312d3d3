package manager_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/manager"
)

// recorded returns what a Blender printed, as workers write it into a task's log.
func recorded(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "testdata", "blender", "4.3", name+".log"))
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	for line := range strings.Lines(string(data)) {
		log.WriteString("pid=123 > " + line)
	}
	return log.String()
}

const diskFull = "OSError: [Errno 28] No space left on device"

// failsWith takes the worker's next task and fails it with a log, as a worker does
// that knows no more than how the program ended. It returns the task's name.
func (f *testFarm) failsWith(w farm.WorkerID, log string) string {
	f.t.Helper()
	task := f.take(w)
	if task == "" {
		return ""
	}
	f.must(f.Report(w, task, manager.Report{Log: log}))
	status := farm.TaskFailed
	f.must(f.Report(w, task, manager.Report{Status: &status, Activity: "Failed: command exited abnormally with code 1", Log: "Failed: command exited abnormally with code 1\n"}))
	return f.TaskName(task)
}

func (f *testFarm) wantCause(job farm.JobID, index int, class string) farm.Task {
	f.t.Helper()
	task := f.task(job, index)
	got := ""
	if task.Cause != nil {
		got = task.Cause.Class
	}
	if got != class {
		f.t.Errorf("task %d: class %q, want %q", index+1, got, class)
	}
	return task
}

func TestWhatNobodyCouldDoFailsTheJobAtOnce(t *testing.T) {
	f := newFarm(t)
	w1, w2 := f.worker("w1"), f.worker("w2")
	job := f.submit(framesAndVideo(50))
	f.take(w2)
	f.failsWith(w1, recorded(t, "no-camera"))
	f.want(job, farm.JobFailed)
	task := f.wantCause(job, 1, "no-camera")
	if task.Status != farm.TaskFailed || task.Activity != "The scene has no camera." || task.Cause.Line != "Error: Cannot render, no camera" {
		t.Errorf("%+v, %+v", task.TaskState, task.Cause)
	}
	if j, _, _ := f.Job(job); j.Activity != `Changed to status "failed": The scene has no camera.` || j.Counts[farm.TaskActive] != 0 {
		t.Errorf("the job says %q, counts %v", j.Activity, j.Counts)
	}
	why, err := f.WhyJob(job)
	f.must(err)
	if why.Reason != "1 of its 51 tasks failed: The scene has no camera" || !strings.HasPrefix(why.Next(), "Add one in Blender") || fmt.Sprint(why.Details) != "[task 2 (no-camera): Error: Cannot render, no camera]" {
		t.Errorf("why: %+v", why)
	}
	if why, err = f.WhyTask(task.ID, ""); err != nil || why.Cause == nil || why.Reason != "it failed: The scene has no camera" {
		t.Errorf("why the task: %+v, %v", why, err)
	}
	f.wantLog(task.ID, "Cause: The scene has no camera. (no-camera)", "no worker could do better. Manager fails the entire job.")

	f.restart()
	f.want(job, farm.JobFailed)
	f.wantCause(job, 1, "no-camera")
	f.must(f.SetJobStatus(job, farm.JobRequeueing, "there is one now"))
	f.wantCause(job, 1, "")
	if names := f.work(w1); len(names) != 51 {
		t.Errorf("then did %d tasks", len(names))
	}
	f.want(job, farm.JobCompleted)
}

// One task of a job that was given up can be requeued, and fails it again.
func TestATaskOfAJobThatWasGivenUp(t *testing.T) {
	f := newFarm(t)
	w := f.worker("w")
	job := f.submit(frames(3))
	f.failsWith(w, recorded(t, "no-camera"))
	for range 2 {
		f.want(job, farm.JobFailed, "frame-1 failed", "frame-2 canceled", "frame-3 canceled")
		f.must(f.SetTaskStatus(f.task(job, 0).ID, farm.TaskQueued, "again"))
		f.failsWith(w, recorded(t, "no-camera"))
	}
	f.must(f.SetTaskStatus(f.task(job, 0).ID, farm.TaskQueued, "again"))
	f.work(w)
	if task := f.wantCause(job, 0, ""); task.Status != farm.TaskCompleted {
		t.Errorf("%+v", task.TaskState)
	}
}

func TestAWorkersFaultCostsNoTryWhileOthersCan(t *testing.T) {
	f := newFarm(t)
	f.configure(rules(1, 0))
	var workers []farm.WorkerID
	for n := range 3 {
		workers = append(workers, f.worker(fmt.Sprint("w", n)))
	}
	job := f.submit(frames(1))
	for n, w := range workers {
		if f.want(job, map[bool]farm.JobStatus{true: farm.JobQueued, false: farm.JobActive}[n == 0]); f.failsWith(w, recorded(t, "no-device")) == "" {
			t.Fatalf("worker %d got nothing", n)
		}
		if n == 0 {
			f.wantLog(f.task(job, 0).ID, "Task failed by worker w0", "which does not count as a try: another worker will get it")
		}
	}
	f.want(job, farm.JobFailed) // the last one had no other to hope for: that was the one try
	task := f.wantCause(job, 0, "gpu-missing")
	if task.Failures != 1 || task.Excused != 2 || len(task.FailedBy) != 3 {
		t.Errorf("%+v", task.TaskState)
	}
	f.wantLog(task.ID, "try 1 of 1. Manager marks it as hard failure.")
}

// A worker that is alone awake gets its task again, though others are there that
// might do it: that is no reason to go on for ever.
func TestAWorkersFaultIsExcusedOnce(t *testing.T) {
	f := newFarm(t)
	f.configure(rules(2, 0))
	w := f.worker("w")
	f.must(f.SignOff(f.worker("away")))
	job := f.submit(frames(1))
	tries := 0
	for f.failsWith(w, recorded(t, "no-device")) != "" {
		tries++
	}
	f.want(job, farm.JobFailed)
	if tries != 3 {
		t.Errorf("it was tried %d times, want once excused and two tries", tries)
	}
}

// A worker that fails task after task is blocked, whatever its logs say of it; and
// what it was excused for is no try of anybody else's.
func TestAWorkersFaultsBlockIt(t *testing.T) {
	f := newFarm(t)
	f.configure(rules(2, 2))
	bad, good := f.worker("bad"), f.worker("good")
	job := f.submit(frames(30))
	f.failsWith(bad, recorded(t, "no-device"))
	f.failsWith(bad, recorded(t, "no-device"))
	if got := f.blocked(job); got != "bad:blender" {
		t.Errorf("blocked: %s", got)
	}
	for i := range 2 {
		if task := f.task(job, i); task.Failures != 0 || task.Status != farm.TaskSoftFailed {
			t.Errorf("%+v", task.TaskState)
		}
	}
	f.failNext(good)
	if task := f.task(job, 0); task.Failures != 1 || task.Status != farm.TaskSoftFailed || task.Cause != nil {
		t.Errorf("a failure of another kind: %+v, %+v", task.TaskState, task.Cause)
	}
	f.work(good)
	f.want(job, farm.JobCompleted)
}

func TestATransientFailureIsTriedAgainAFewTimes(t *testing.T) {
	f := newFarm(t)
	f.configure(rules(1, 1))
	f.must(os.WriteFile(filepath.Join(f.home, "errors.yaml"), []byte("rules:\n  - {class: our-network, match: 'connection reset', consequence: transient, means: The network stumbled.}\n"), 0o600))
	w := f.worker("w")
	job := f.submit(frames(1))
	tries := 0
	for f.failsWith(w, "connection reset by peer") != "" {
		tries++
		if task := f.wantCause(job, 0, "our-network"); tries <= farm.MaxExcused && len(task.FailedBy) != 0 {
			t.Errorf("try %d: somebody is blamed: %+v", tries, task.TaskState)
		}
	}
	if tries != farm.MaxExcused+1 {
		t.Errorf("it was tried %d times", tries)
	}
	f.want(job, farm.JobFailed)
}

func TestAFaultOfTheFarmHoldsTheJobForAWhile(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		f.configure(rules(1, 1))
		w1, w2 := f.worker("w1"), f.worker("w2")
		job := f.submit(frames(3))
		second := f.take(w2)
		f.failsWith(w1, diskFull)
		f.want(job, farm.JobPauseRequested)
		j, _, _ := f.Job(job)
		at := j.RetryAt
		if d := time.Until(at); d < 10*time.Minute-time.Second || d > 10*time.Minute || !strings.Contains(j.Activity, "tried again at "+at.Local().Format("15:04")+": The disk that Blender writes to is full.") {
			t.Errorf("tried again in %s, the job says %q", d, j.Activity)
		}
		if why, err := f.WhyJob(job); err != nil || !why.Running || !strings.Contains(why.Reason, "held by the manager until "+at.Local().Format("15:04")+", when it is tried again: The disk that Blender writes to is full") {
			t.Errorf("why: %+v, %v", why, err)
		}
		f.must(f.Report(w2, second, manager.Report{Log: diskFull, Status: new(farm.TaskFailed)}))
		f.want(job, farm.JobPaused)
		got := wait(func() (manager.Assignment, error) { return f.Assign(t.Context(), w2, 1000*time.Hour) })
		pass(10*time.Minute - 2*time.Second)
		f.want(job, farm.JobPaused)
		pass(2*time.Second + late)
		f.want(job, farm.JobActive)
		if a := <-got; a.err != nil || a.value.Task == nil {
			t.Errorf("who waits is not told: %+v", a)
		}
		for i := range 2 {
			if task := f.task(job, i); len(task.FailedBy) != 0 || task.Failures != 0 || task.Excused != 1 {
				t.Errorf("somebody is blamed: %+v", task.TaskState)
			}
		}
		f.failsWith(w1, diskFull)
		f.must(f.SetJobStatus(job, farm.JobQueued, "there is room")) // nobody has to wait for it
		f.want(job, farm.JobActive)
		f.work(w2)
		f.work(w1)
		f.want(job, farm.JobCompleted)
	})
}

func TestAHoldOfTheManagerOutlivesIt(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		w := f.worker("w")
		job := f.submit(frames(3))
		f.failsWith(w, diskFull)
		pass(9 * time.Minute)
		f.restart()
		f.want(job, farm.JobPaused)
		pass(time.Minute + late)
		f.want(job, farm.JobActive)
		f.failsWith(w, diskFull)
		f.stop()
		pass(time.Hour)
		f.start()
		pass(late)
		f.want(job, farm.JobActive)
	})
}

// A user's hold does not end by itself, whether it came before or after the manager's.
func TestAUsersHoldStays(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		w := f.worker("w")
		for name, hold := range map[string]func(farm.JobID){
			"before": func(job farm.JobID) {
				task := f.take(w)
				f.must(f.SetJobStatus(job, farm.JobPauseRequested, "mine"))
				f.must(f.Report(w, task, manager.Report{Log: diskFull, Status: new(farm.TaskFailed)}))
			},
			"after": func(job farm.JobID) {
				f.failsWith(w, diskFull)
				f.must(f.SetJobStatus(job, farm.JobPauseRequested, "mine"))
			},
			"after, by the name of the status": func(job farm.JobID) {
				f.failsWith(w, diskFull)
				f.must(f.SetJobStatus(job, farm.JobPaused, "mine"))
			},
		} {
			job := f.submit(frames(3))
			hold(job)
			f.want(job, farm.JobPaused)
			if why, _ := f.WhyJob(job); !strings.Contains(why.Reason, "(mine)") {
				t.Errorf("%s: why: %+v", name, why)
			}
			pass(24 * time.Hour)
			if f.jobStatus(job) != farm.JobPaused {
				t.Errorf("%s: a user's hold was ended", name)
			}
			f.must(f.SetJobStatus(job, farm.JobCanceled, "done"))
		}
	})
}

// A disk that is full for ever fails the job in the end.
func TestAFaultOfTheFarmDoesNotGoOnForEver(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		f.configure(rules(2, 0))
		w := f.worker("w")
		job := f.submit(frames(1))
		tries := 0
		for ; !f.jobStatus(job).Over() && tries < 1000; tries++ {
			f.failsWith(w, diskFull)
			pass(10*time.Minute + late)
		}
		if tries != farm.MaxFarmFaults+2 || f.jobStatus(job) != farm.JobFailed {
			t.Errorf("%s after %d tries", f.jobStatus(job), tries)
		}
	})
}

func TestWithoutATimeToRetryAUserHasToResume(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		f.configure(func(c *farm.Config) { c.RetryAfterFarmFault = 0 })
		w := f.worker("w")
		job := f.submit(frames(1))
		f.failsWith(w, diskFull)
		pass(1000 * time.Hour)
		f.want(job, farm.JobPaused)
		if why, _ := f.WhyJob(job); !strings.Contains(why.Reason, "The disk that Blender writes to is full") || !strings.HasPrefix(why.Next(), "resume it") {
			t.Errorf("why: %+v", why)
		}
	})
}

// Users' rules are read again when their file changed; one with a mistake is left out.
func TestErrorsFileIsReadAgain(t *testing.T) {
	f := newFarm(t)
	f.configure(rules(9, 0))
	w := f.worker("w")
	job := f.submit(frames(1))
	path := filepath.Join(f.home, "errors.yaml")
	for n, c := range []struct{ text, class string }{
		{"", "unknown"},
		{"rules:\n  - {class: one, match: 'XYZ-1', means: One.}\n", "one"},
		{"rules:\n  - {class: bad, match: '(', means: x}\n  - {class: two, match: 'XYZ-[0-9]', means: Number two.}\n", "two"},
		{"rules: [", "unknown"},
	} {
		if c.text != "" {
			f.must(os.WriteFile(path, []byte(c.text), 0o600))
		}
		f.failsWith(w, "XYZ-1")
		if task := f.wantCause(job, 0, c.class); task.Failures != n+1 {
			t.Errorf("%+v", task.TaskState)
		}
	}
}

// What a worker found out by itself about a failure stays its activity.
func TestAWorkersOwnReasonIsKept(t *testing.T) {
	f := newFarm(t)
	w := f.worker("w")
	job := f.submit(frames(1))
	const told = "Failed: /frames/000001.png is not a whole image"
	f.must(f.Report(w, f.take(w), manager.Report{Log: "Traceback (most recent call last):\n", Status: new(farm.TaskFailed), Activity: told}))
	if task := f.wantCause(job, 0, "python"); task.Activity != told {
		t.Errorf("%q", task.Activity)
	}
}

// What a preflight found stops the job before anything is rendered, with the list;
// once others rendered the job's tasks, it is up to the worker.
func TestPreflightStopsTheJob(t *testing.T) {
	const missing = "Preflight missing: image /p/wood.png is missing (image wood.png)\nPreflight unused: image /p/old.png is missing (image old.png)\n" +
		"Preflight missing: font /p/a.ttf is missing (vectorfont A)\nPreflight done: 3 found in 0.01 s\n"
	const says = "the preflight misses files: image /p/wood.png is missing (image wood.png); font /p/a.ttf is missing (vectorfont A)"
	fails := func(f *testFarm, w farm.WorkerID) {
		task, status := f.take(w), farm.TaskFailed
		f.must(f.Report(w, task, manager.Report{Status: &status, Activity: "Failed: " + says, Log: missing + "Failed: " + says + "\n"}))
	}
	f := newFarm(t)
	w1, w2 := f.worker("w1"), f.worker("w2")
	job := f.submit(framesAndVideo(50))
	fails(f, w1)
	f.want(job, farm.JobFailed)
	why, err := f.WhyJob(job)
	f.must(err)
	if !strings.Contains(why.Reason, "What the frames need is not there: image /p/wood.png") || !strings.HasPrefix(why.Next(), "Put it back") ||
		!strings.Contains(fmt.Sprint(why.Details), "missing: font /p/a.ttf is missing (vectorfont A)") || !strings.Contains(fmt.Sprint(why.Details), "unused: image /p/old.png") {
		t.Errorf("why: %+v", why)
	}

	other := f.submit(framesAndVideo(50))
	f.report(w2, f.take(w2), farm.TaskCompleted)
	fails(f, w1)
	f.want(other, farm.JobActive)
	if task := f.wantCause(other, 1, "preflight-files"); task.Status != farm.TaskSoftFailed || task.Failures != 0 || task.Excused != 1 {
		t.Errorf("%+v", task.TaskState)
	}
}
