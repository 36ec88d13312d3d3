package manager_test

import (
	"fmt"
	"strings"
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/manager"
)

func TestFailingTaskFailsTheJobAndStopsTheOthers(t *testing.T) {
	f := newFarm(t)
	f.configure(firstFailureIsFinal)
	w1, w2 := f.worker("w1"), f.worker("w2")
	job := f.submit(framesAndVideo(4))
	t1, t2 := f.take(w1), f.take(w2)
	may := wait(func() (manager.Permission, error) { return f.MayRun(t.Context(), w2, t2, long) })
	f.report(w1, t1, farm.TaskFailed) // one of five is more than ten percent
	f.want(job, farm.JobFailed, "frame-1 failed", "frame-2 canceled", "frame-3 canceled", "frame-4 canceled", "video canceled")
	if p := <-may; p.err != nil || p.value.MayRun {
		t.Errorf("the other worker got %+v", p)
	}
	if task := f.take(w2); task != "" {
		t.Error("a failed job still hands out tasks")
	}
	status := farm.TaskCompleted
	if err := f.Report(w2, t2, manager.Report{Status: &status}); farm.KindOf(err) != farm.Conflict {
		t.Errorf("reporting a task that was taken back: %v", err)
	}

	f.must(f.SetJobStatus(job, farm.JobRequeueing, "try again"))
	f.want(job, farm.JobQueued, "frame-1 queued", "frame-2 queued", "frame-3 queued", "frame-4 queued", "video queued")
	if names := f.work(w1); len(names) != 5 {
		t.Errorf("then did %v", names)
	}
	f.want(job, farm.JobCompleted)
}

func TestFewFailuresLeaveTheRestRunning(t *testing.T) {
	f := newFarm(t)
	f.configure(firstFailureIsFinal)
	w := f.worker("w1")
	job := f.submit(framesAndVideo(20))
	failed := f.take(w)
	f.report(w, failed, farm.TaskFailed)
	f.want(job, farm.JobActive)
	if names := f.work(w); len(names) != 19 {
		t.Errorf("did %d more, want 19 frames and no video", len(names))
	}
	f.want(job, farm.JobFailed)
	if !strings.Contains(f.tasks(job), "video canceled") {
		t.Errorf("the video can never run and is not canceled:\n%s", f.tasks(job))
	}
	f.must(f.SetTaskStatus(failed, farm.TaskQueued, "fixed the texture"))
	if names := f.work(w); fmt.Sprint(names) != "[frame-1 video]" {
		t.Errorf("after requeueing the frame did %v", names)
	}
	f.want(job, farm.JobCompleted)
}

func TestPauseAndResume(t *testing.T) {
	f := newFarm(t)
	w := f.worker("w1")
	job := f.submit(frames(2))
	task := f.take(w)
	f.must(f.SetJobStatus(job, farm.JobPauseRequested, "lunch"))
	f.want(job, farm.JobPauseRequested, "frame-1 active", "frame-2 paused")
	f.report(w, task, farm.TaskCompleted)
	f.want(job, farm.JobPaused, "frame-1 completed", "frame-2 paused")
	if task := f.take(w); task != "" {
		t.Error("a paused job hands out tasks")
	}
	assigned := wait(func() (manager.Assignment, error) { return f.Assign(t.Context(), w, long) })
	f.must(f.SetJobStatus(job, farm.JobQueued, "back"))
	a := <-assigned
	if a.err != nil || a.value.Task == nil {
		t.Fatalf("resuming did not wake the worker: %+v", a)
	}
	f.report(w, a.value.Task.ID, farm.TaskCompleted)
	f.want(job, farm.JobCompleted)
}

func TestSubmittedAsPaused(t *testing.T) {
	f := newFarm(t)
	w := f.worker("w1")
	job := f.submit(frames(1), func(s *farm.Submission) { s.Intent = farm.IntentHold })
	f.want(job, farm.JobPaused, "frame-1 paused")
	if task := f.take(w); task != "" {
		t.Error("it hands out tasks")
	}
	f.must(f.SetJobStatus(job, farm.JobRequeueing, "start"))
	if names := f.work(w); len(names) != 1 {
		t.Errorf("then did %v", names)
	}
}

func TestCancelAndRequeue(t *testing.T) {
	f := newFarm(t)
	w := f.worker("w1")
	job := f.submit(framesAndVideo(3))
	done := f.take(w)
	f.report(w, done, farm.TaskCompleted)
	running := f.take(w)
	f.must(f.SetJobStatus(job, farm.JobCancelRequested, "wrong camera"))
	f.want(job, farm.JobCanceled, "frame-1 completed", "frame-2 canceled", "frame-3 canceled", "video canceled")
	if p, err := f.MayRun(t.Context(), w, running, 0); err != nil || p.MayRun {
		t.Errorf("the worker may go on: %+v, %v", p, err)
	}
	f.restart()
	f.want(job, farm.JobCanceled, "frame-1 completed", "frame-2 canceled", "frame-3 canceled", "video canceled")
	f.must(f.SetJobStatus(job, farm.JobRequeueing, "right camera"))
	f.want(job, farm.JobActive, "frame-1 completed", "frame-2 queued", "frame-3 queued", "video queued")
	if names := f.work(w); fmt.Sprint(names) != "[frame-2 frame-3 video]" {
		t.Errorf("then did %v", names)
	}
	f.want(job, farm.JobCompleted)
	f.must(f.SetJobStatus(job, farm.JobRequeueing, "all of it"))
	f.want(job, farm.JobQueued, "frame-1 queued", "frame-2 queued", "frame-3 queued", "video queued")
}

func TestRequeueOneTaskOfACompletedJob(t *testing.T) {
	f := newFarm(t)
	w := f.worker("w1")
	job := f.submit(chain(4))
	f.work(w)
	f.want(job, farm.JobCompleted)
	tasks, _, err := f.Tasks(job, -1, 10)
	f.must(err)
	f.must(f.SetTaskStatus(tasks[2].ID, farm.TaskQueued, "flicker"))
	f.want(job, farm.JobActive, "frame-1 completed", "frame-2 completed", "frame-3 queued", "frame-4 queued")
	if names := f.work(w); fmt.Sprint(names) != "[frame-3 frame-4]" {
		t.Errorf("then did %v", names)
	}
	log, _, err := f.TaskLogTail(tasks[2].ID)
	if err != nil || strings.Count(log, "Task assigned") != 1 {
		t.Errorf("the log of the new run is not its own: %v\n%s", err, log)
	}
}

func TestCancelOneTask(t *testing.T) {
	f := newFarm(t)
	w := f.worker("w1")
	job := f.submit(chain(3))
	tasks, _, err := f.Tasks(job, -1, 10)
	f.must(err)
	f.must(f.SetTaskStatus(tasks[1].ID, farm.TaskCanceled, "not needed"))
	f.want(job, farm.JobQueued, "frame-1 queued", "frame-2 canceled", "frame-3 canceled")
	f.work(w)
	f.want(job, farm.JobCanceled, "frame-1 completed", "frame-2 canceled", "frame-3 canceled")
	if err := f.SetTaskStatus(tasks[2].ID, farm.TaskQueued, "please"); farm.KindOf(err) != farm.Conflict {
		t.Errorf("requeueing what needs a canceled task: %v", err)
	}
	for _, status := range []farm.TaskStatus{farm.TaskSoftFailed, farm.TaskFailed, farm.TaskActive} {
		if err := f.SetTaskStatus(tasks[0].ID, status, "magic"); farm.KindOf(err) != farm.Invalid {
			t.Errorf("making a task %s: %v", status, err)
		}
	}
}

func TestRequeueOneTaskOfACanceledJob(t *testing.T) {
	f := newFarm(t)
	w := f.worker("w1")
	job := f.submit(frames(3))
	tasks, _, err := f.Tasks(job, -1, 10)
	f.must(err)
	f.must(f.SetJobStatus(job, farm.JobCancelRequested, "stop"))
	f.must(f.SetTaskStatus(tasks[1].ID, farm.TaskCanceled, "as it shows already"))
	f.want(job, farm.JobCanceled)
	f.must(f.SetTaskStatus(tasks[1].ID, farm.TaskQueued, "only this one"))
	f.want(job, farm.JobQueued, "frame-1 canceled", "frame-2 queued", "frame-3 canceled")
	if names := f.work(w); fmt.Sprint(names) != "[frame-2]" {
		t.Errorf("then did %v", names)
	}
	f.want(job, farm.JobCanceled)
}

func TestRequeueingATaskOfACanceledJobBringsWhatItNeeds(t *testing.T) {
	f := newFarm(t)
	w := f.worker("w1")
	job := f.submit(framesAndVideo(2))
	tasks, _, err := f.Tasks(job, -1, 10)
	f.must(err)
	f.must(f.SetTaskStatus(tasks[2].ID, farm.TaskCanceled, "no video"))
	f.must(f.SetJobStatus(job, farm.JobCancelRequested, "nothing at all"))
	f.must(f.SetTaskStatus(tasks[2].ID, farm.TaskQueued, "a video after all"))
	if names := f.work(w); fmt.Sprint(names) != "[frame-1 frame-2 video]" {
		t.Errorf("then did %v", names)
	}
	f.want(job, farm.JobCompleted)
}

func TestCompletedJobsCanOnlyBeRequeued(t *testing.T) {
	f := newFarm(t)
	w := f.worker("w1")
	job := f.submit(frames(2))
	f.work(w)
	for _, wanted := range []farm.JobStatus{farm.JobCancelRequested, farm.JobPauseRequested, farm.JobQueued} {
		f.must(f.SetJobStatus(job, wanted, "too late"))
		f.want(job, farm.JobCompleted)
	}
	tasks, _, err := f.Tasks(job, -1, 10)
	f.must(err)
	f.must(f.SetTaskStatus(tasks[0].ID, farm.TaskQueued, "flicker"))
	if names := f.work(w); fmt.Sprint(names) != "[frame-1]" {
		t.Errorf("then did %v", names)
	}
	f.want(job, farm.JobCompleted)
}

func TestPausingAJobThatGoesOnDespiteFailures(t *testing.T) {
	f := newFarm(t)
	f.configure(firstFailureIsFinal)
	w := f.worker("w1")
	job := f.submit(frames(4))
	first := f.take(w)
	f.report(w, first, farm.TaskFailed)
	tasks, _, err := f.Tasks(job, -1, 10)
	f.must(err)
	f.must(f.SetTaskStatus(tasks[2].ID, farm.TaskQueued, "only this one"))
	f.want(job, farm.JobActive, "frame-1 failed", "frame-2 canceled", "frame-3 queued", "frame-4 canceled")
	f.must(f.SetJobStatus(job, farm.JobPauseRequested, "lunch"))
	f.want(job, farm.JobPaused, "frame-1 failed", "frame-2 canceled", "frame-3 paused", "frame-4 canceled")
	f.must(f.SetJobStatus(job, farm.JobQueued, "back"))
	if names := f.work(w); fmt.Sprint(names) != "[frame-3]" {
		t.Errorf("then did %v", names)
	}
	f.want(job, farm.JobFailed)
}

func TestWorkerThatComesBackToSleepReturnsItsTask(t *testing.T) {
	f := newFarm(t)
	w := f.worker("w1")
	job := f.submit(frames(1))
	f.take(w)
	f.must(f.RequestStatus(w, farm.StatusRequest{Status: farm.WorkerAsleep, Lazy: true}))
	if wanted, err := f.SignOn(w, manager.SignOn{Name: "after a power cut", TaskTypes: []string{"blender"}}); err != nil || wanted != farm.WorkerAsleep {
		t.Fatalf("asked to be %s, %v", wanted, err)
	}
	f.want(job, farm.JobActive, "frame-1 active")
	f.must(f.StateChanged(w, farm.WorkerAsleep))
	f.want(job, farm.JobQueued, "frame-1 queued")
}

func TestDeletedWorkerThatWaitsGetsNothing(t *testing.T) {
	f := newFarm(t)
	w := f.worker("w1")
	assigned := wait(func() (manager.Assignment, error) { return f.Assign(t.Context(), w, long) })
	f.must(f.DeleteWorker(w))
	job := f.submit(frames(1))
	if a := <-assigned; farm.KindOf(a.err) != farm.Forbidden || a.value.Task != nil {
		t.Errorf("got %+v", a)
	}
	f.want(job, farm.JobQueued, "frame-1 queued")
	for name, err := range map[string]error{"sign-off": f.SignOff(w), "state": f.StateChanged(w, farm.WorkerAwake)} {
		if farm.KindOf(err) != farm.Forbidden {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSignOffReturnsTasksAndIsRemembered(t *testing.T) {
	f := newFarm(t)
	w1, w2 := f.worker("w1"), f.worker("w2")
	job := f.submit(frames(1))
	task := f.take(w1)
	f.must(f.SignOff(w1))
	f.want(job, farm.JobQueued, "frame-1 queued")
	if got := f.take(w2); got != task {
		t.Errorf("the other worker got %q", got)
	}
	status := farm.TaskCompleted
	if err := f.Report(w1, task, manager.Report{Status: &status}); farm.KindOf(err) != farm.Conflict {
		t.Errorf("the first worker's late report: %v", err)
	}
	f.wake(w1, "w1")
	f.must(f.StateChanged(w1, farm.WorkerAsleep))
	f.must(f.SignOff(w1))
	if wanted, err := f.SignOn(w1, manager.SignOn{Name: "w1"}); err != nil || wanted != farm.WorkerAsleep {
		t.Errorf("asked to be %s, %v; want asleep as before", wanted, err)
	}
	f.must(f.DeleteWorker(w2))
	f.want(job, farm.JobQueued, "frame-1 queued")
}

func TestReports(t *testing.T) {
	f := newFarm(t)
	w1, w2 := f.worker("w1"), f.worker("w2")
	f.submit(frames(1))
	task := f.take(w1)
	completed, soft, active := farm.TaskCompleted, farm.TaskSoftFailed, farm.TaskActive
	many := 99
	tests := []struct {
		name   string
		worker farm.WorkerID
		task   farm.TaskID
		report manager.Report
		want   error
	}{
		{"another worker's", w2, task, manager.Report{Status: &completed}, kind(farm.Conflict)},
		{"unknown task", w1, farm.TaskID(farm.NewUUID().String()), manager.Report{Status: &completed}, kind(farm.NotFound)},
		{"not for workers", w1, task, manager.Report{Status: &soft}, kind(farm.Invalid)},
		{"nothing", w1, task, manager.Report{}, nil},
		{"started", w1, task, manager.Report{Status: &active, Activity: "Started"}, nil},
		{"too many steps", w1, task, manager.Report{Steps: &many}, nil},
		{"completed", w1, task, manager.Report{Status: &completed}, nil},
		{"completed, told twice", w1, task, manager.Report{Status: &completed}, nil},
		{"late log", w1, task, manager.Report{Log: "bye"}, nil},
		{"active after the end", w1, task, manager.Report{Status: &active}, kind(farm.Conflict)},
	}
	for _, test := range tests {
		err := f.Report(test.worker, test.task, test.report)
		if (err == nil) != (test.want == nil) || err != nil && farm.KindOf(err) != farm.KindOf(test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	if got, _, _ := f.Task(task); got.StepsDone != got.StepsTotal || got.Status != farm.TaskCompleted || got.Attempt != 1 {
		t.Errorf("in the end the task is %+v", got.TaskState)
	}
}

func kind(k farm.Kind) error { return farm.Errorf(k, "wanted") }
