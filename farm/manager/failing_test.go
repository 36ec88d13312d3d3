package manager_test

import (
	"fmt"
	"strings"
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/manager"
)

// rules is a configuration of the failure policy.
func rules(tries, threshold int) func(*farm.Config) {
	return func(c *farm.Config) { c.TaskFailAfterSoftfailCount, c.BlocklistThreshold = tries, threshold }
}

// failNext takes the worker's next task, fails it and returns its name; "" if there is none.
func (f *testFarm) failNext(w farm.WorkerID) string {
	f.t.Helper()
	task := f.take(w)
	if task == "" {
		return ""
	}
	f.report(w, task, farm.TaskFailed)
	return f.TaskName(task)
}

func (f *testFarm) task(job farm.JobID, index int) farm.Task {
	f.t.Helper()
	tasks, _, err := f.Tasks(job, -1, 1000)
	f.must(err)
	return tasks[index]
}

func (f *testFarm) wantLog(task farm.TaskID, lines ...string) {
	f.t.Helper()
	log, _, err := f.TaskLogTail(task)
	f.must(err)
	for _, line := range lines {
		if !strings.Contains(log, line) {
			f.t.Errorf("the log lacks %q:\n%s", line, log)
		}
	}
}

// blocked returns who is blocked from what in a job, as "name:type", in order.
func (f *testFarm) blocked(job farm.JobID) string {
	f.t.Helper()
	list, err := f.Blocklist(job)
	f.must(err)
	var names []string
	for _, b := range list {
		name, _ := f.WorkerName(b.Worker)
		names = append(names, name+":"+b.TaskType)
	}
	return strings.Join(names, " ")
}

func TestATaskGetsItsTriesOnDifferentWorkers(t *testing.T) {
	f := newFarm(t)
	w1, w2, w3, w4 := f.worker("w1"), f.worker("w2"), f.worker("w3"), f.worker("w4")
	job := f.submit(frames(20))
	first := f.take(w1)
	f.report(w1, first, farm.TaskFailed)
	f.report(w1, first, farm.TaskFailed) // it did not hear the answer
	f.want(job, farm.JobActive)
	if got := f.task(job, 0); got.Status != farm.TaskSoftFailed || got.Failures != 1 || len(got.FailedBy) != 1 {
		t.Errorf("after one failure: %+v", got.TaskState)
	}
	f.wantLog(first, fmt.Sprintf("Task failed by worker w1 (%s), try 1 of 3", w1), "soft failure. 2 more failures", "task changed status active -> soft-failed")
	if task := f.take(w1); task == first {
		t.Error("w1 got the task again that it failed")
	}
	for _, w := range []farm.WorkerID{w2, w3} {
		if task := f.take(w); task != first {
			t.Fatalf("another worker got %s, want the failed task, which is the first", f.TaskName(task))
		}
		f.report(w, first, farm.TaskFailed)
	}
	f.wantLog(first, "try 3 of 3. Manager marks it as hard failure.", "task changed status active -> failed")
	if task := f.take(w4); task == first {
		t.Error("the task was given up and handed out again")
	}
	f.want(job, farm.JobActive) // one of twenty is five percent
	if got := f.task(job, 0); len(got.FailedBy) != 3 {
		t.Errorf("after three failures: %+v", got.TaskState)
	}
	f.must(f.SetTaskStatus(first, farm.TaskQueued, "fixed"))
	if got := f.task(job, 0); got.Failures != 0 || got.FailedBy != nil {
		t.Errorf("after requeueing: %+v", got.TaskState)
	}
}

func TestASmallFarmDoesNotFailAJobAtTheFirstFailure(t *testing.T) {
	for _, workers := range []int{1, 2} {
		t.Run(fmt.Sprint(workers), func(t *testing.T) {
			f := newFarm(t)
			var all []farm.WorkerID
			for n := range workers {
				all = append(all, f.worker(fmt.Sprint("w", n)))
			}
			job := f.submit(frames(1))
			for try := range 3 {
				f.want(job, map[bool]farm.JobStatus{true: farm.JobQueued, false: farm.JobActive}[try == 0])
				if name := f.failNext(all[try%workers]); name != "frame-1" {
					t.Fatalf("try %d: got %q", try, name)
				}
			}
			f.want(job, farm.JobFailed, "frame-1 failed")
			if j, _, _ := f.Job(job); j.Activity != `Changed to status "failed": 1 of 1 tasks failed` {
				t.Errorf("the job says %q", j.Activity)
			}
			f.must(f.SetJobStatus(job, farm.JobRequeueing, "again"))
			if names := f.work(all[0]); len(names) != 1 {
				t.Errorf("then did %v", names)
			}
		})
	}
}

// A worker that is alone with a task it failed, because the other one left, is
// told so while it waits.
func TestWaitingWorkerIsToldThatItIsAlone(t *testing.T) {
	leave := map[string]func(f *testFarm, w farm.WorkerID){
		"sleeps":      func(f *testFarm, w farm.WorkerID) { f.must(f.StateChanged(w, farm.WorkerAsleep)) },
		"signs off":   func(f *testFarm, w farm.WorkerID) { f.must(f.SignOff(w)) },
		"is deleted":  func(f *testFarm, w farm.WorkerID) { f.must(f.DeleteWorker(w)) },
		"other types": func(f *testFarm, w farm.WorkerID) { f.wake(w, "w2", "misc") },
	}
	for name, left := range leave {
		t.Run(name, func(t *testing.T) {
			f := newFarm(t)
			w1, w2 := f.worker("w1"), f.worker("w2")
			f.submit(frames(1))
			f.failNext(w1)
			assigned := wait(func() (manager.Assignment, error) { return f.Assign(t.Context(), w1, long) })
			left(f, w2)
			if a := <-assigned; a.err != nil || a.value.Task == nil {
				t.Fatalf("got %+v", a)
			}
		})
	}
}

func TestBlocklistThreeMeansThree(t *testing.T) {
	f := newFarm(t)
	f.configure(rules(3, 3))
	bad, good := f.worker("bad"), f.worker("good")
	job := f.submit(framesAndVideo(40))
	other := f.submit(frames(1), priority(1))
	for n := 1; n <= 3; n++ {
		if got := f.blocked(job); got != "" {
			t.Errorf("blocked after %d failures: %s", n-1, got)
		}
		f.failNext(bad)
	}
	if got := f.blocked(job); got != "bad:blender" {
		t.Errorf("blocked: %q", got)
	}
	f.wantLog(f.task(job, 2).ID, "which failed 3 tasks of type \"blender\" in this job and gets no more of them from it")
	if names := f.work(bad); fmt.Sprint(names) != "[frame-1]" || f.jobStatus(other) != farm.JobCompleted {
		t.Errorf("a worker blocked in one job did %v of the other", names)
	}
	if names := f.work(good); len(names) != 41 {
		t.Errorf("the other worker did %d tasks, want all", len(names))
	}
	f.want(job, farm.JobCompleted)
}

// A worker that cannot do the tasks of a job at all is no try of any: it is
// blocked at once, and the others have all the tries there are.
func TestTheWrongWorkerIsNoTry(t *testing.T) {
	f := newFarm(t)
	w1, w2 := f.worker("w1"), f.worker("w2")
	job := f.submit(frames(3))
	failed := farm.TaskFailed
	task := f.take(w1)
	f.must(f.Report(w1, task, manager.Report{Status: &failed, WrongWorker: true}))
	if got := f.task(job, 0); got.Status != farm.TaskSoftFailed || got.Failures != 0 {
		t.Errorf("the task: %+v", got.TaskState)
	}
	f.wantLog(task, `which cannot do tasks of type "blender" of this job`, "another worker will try")
	if got := f.blocked(job); got != "w1:blender" {
		t.Errorf("blocked: %q", got)
	}
	if next := f.take(w1); next != "" {
		t.Errorf("it got %s", f.TaskName(next))
	}
	if next := f.take(w2); next != task {
		t.Errorf("the other got %s", f.TaskName(next))
	}
	f.must(f.Report(w2, task, manager.Report{Status: &failed, WrongWorker: true}))
	f.want(job, farm.JobFailed)
}

func TestNeverBlocked(t *testing.T) {
	f := newFarm(t)
	f.configure(rules(1, 0))
	w := f.worker("w1")
	job := f.submit(frames(100))
	for range 9 {
		f.failNext(w)
	}
	if got := f.blocked(job); got != "" {
		t.Errorf("blocked: %q", got)
	}
	f.want(job, farm.JobActive)
	f.failNext(w)
	f.want(job, farm.JobFailed)
}

// What a worker made fail for good, others may try once it is blocked; what they
// all tried stays failed.
func TestBlockingGivesHardFailuresBack(t *testing.T) {
	f := newFarm(t)
	f.configure(rules(1, 2))
	bad := f.worker("bad", "blender")
	job := f.submit(framesAndVideo(40))
	f.failNext(bad)
	f.want(job, farm.JobActive)
	if got := f.task(job, 40).Status; got != farm.TaskCanceled {
		t.Errorf("the video is %s", got)
	}
	good := f.worker("good")
	f.failNext(bad)
	for _, i := range []int{0, 1} {
		got := f.task(job, i)
		if !got.Status.Waiting() || len(got.FailedBy) != 1 || got.Failures != 0 {
			t.Errorf("task %d: %+v", i, got.TaskState)
		}
	}
	f.wantLog(f.task(job, 0).ID, fmt.Sprintf("Task was queued by Manager because worker bad (%s) was blocked from tasks of type \"blender\"", bad))
	if names := f.work(good); len(names) != 41 {
		t.Errorf("the good worker did %v", names)
	}
	f.want(job, farm.JobCompleted)

	job = f.submit(frames(40))
	f.failNext(good)
	if f.failNext(bad) != "frame-2" || f.failNext(bad) != "frame-3" {
		t.Error("the order of frames is not as this test thinks")
	}
	if got := f.task(job, 0).Status; got != farm.TaskFailed {
		t.Errorf("what another worker failed is %s", got)
	}
}

func TestPauseOutlivesAFailure(t *testing.T) {
	f := newFarm(t)
	w := f.worker("w1")
	job := f.submit(frames(2))
	task := f.take(w)
	f.must(f.SetJobStatus(job, farm.JobPauseRequested, "lunch"))
	f.report(w, task, farm.TaskFailed)
	f.want(job, farm.JobPaused, "frame-1 paused", "frame-2 paused")
	if task := f.take(w); task != "" {
		t.Error("the failure lifted the pause")
	}
}

// While a job is requeued its failures are being forgiven: nobody is blocked for
// one that comes in between, and the job goes on.
func TestNobodyIsBlockedWhileAJobIsRequeued(t *testing.T) {
	turn := manager.PassBatch(t, 1)
	f := newFarm(t)
	f.configure(rules(3, 1))
	w := f.worker("w1")
	job := f.submit(frames(4))
	task := f.take(w)
	for i := 1; i < 4; i++ {
		f.must(f.SetTaskStatus(f.task(job, i).ID, farm.TaskCanceled, "not these"))
	}
	f.must(f.SetJobStatus(job, farm.JobRequeueing, "these too"))
	f.report(w, task, farm.TaskFailed)
	f.want(job, farm.JobRequeueing)
	f.finish(job, turn)
	if got := f.blocked(job); got != "" {
		t.Errorf("blocked: %q", got)
	}
	if names := f.work(w); len(names) != 4 {
		t.Errorf("then did %v of a job that is %s", names, f.jobStatus(job))
	}
	f.want(job, farm.JobCompleted)
}

// Whoever asks for a task of a job that failed because nobody was left wants what
// needs it as well, of whatever type: it must not wait for ever.
func TestRequeuedTaskDoesNotLeadToOneThatNobodyMayDo(t *testing.T) {
	f := newFarm(t)
	f.configure(rules(1, 1))
	w := f.worker("w1")
	job := f.submit(framesAndVideo(2))
	f.report(w, f.take(w), farm.TaskCompleted)
	f.report(w, f.take(w), farm.TaskCompleted)
	f.failNext(w)
	f.want(job, farm.JobFailed, "frame-1 completed", "frame-2 completed", "video failed")
	f.must(f.SetTaskStatus(f.task(job, 0).ID, farm.TaskQueued, "a glitch in it"))
	if names := f.work(w); fmt.Sprint(names) != "[frame-1 video]" {
		t.Errorf("did %v; blocked: %q", names, f.blocked(job))
	}
	f.want(job, farm.JobCompleted)
}

// Lifting a block brings a job back only if somebody is left for everything.
func TestLiftingAnotherBlockLeavesAJobThatNobodyCanFinish(t *testing.T) {
	f := newFarm(t)
	f.configure(rules(1, 1))
	w1, w2 := f.worker("w1"), f.worker("w2", "blender")
	job := f.submit(framesAndVideo(1))
	f.failNext(w2)
	f.report(w1, f.take(w1), farm.TaskCompleted)
	f.failNext(w1)
	if got := f.blocked(job); got != "w1:ffmpeg w2:blender" {
		t.Fatalf("blocked: %q", got)
	}
	f.must(f.Unblock(job, []manager.Block{{Worker: w2, TaskType: "blender"}}))
	f.want(job, farm.JobFailed, "frame-1 completed", "video failed")
	f.must(f.Unblock(job, []manager.Block{{Worker: w1, TaskType: "ffmpeg"}}))
	if names := f.work(w1); fmt.Sprint(names) != "[video]" {
		t.Errorf("did %v", names)
	}
	f.want(job, farm.JobCompleted)
}

// What failed before a job was requeued counts for nobody any more, even if the
// task was completed since.
func TestRequeuedJobForgetsWhatWasCompletedLater(t *testing.T) {
	f := newFarm(t)
	f.configure(rules(3, 2))
	w := f.worker("w1")
	job := f.submit(frames(3))
	f.failNext(w)
	f.report(w, f.take(w), farm.TaskCompleted)
	f.must(f.SetTaskStatus(f.task(job, 2).ID, farm.TaskCanceled, "not now"))
	f.must(f.SetJobStatus(job, farm.JobRequeueing, "again"))
	if got := f.task(job, 0); got.Status != farm.TaskCompleted || got.Failures != 0 || got.FailedBy != nil {
		t.Errorf("the completed task is %+v", got.TaskState)
	}
	f.failNext(w)
	if got := f.blocked(job); got != "" {
		t.Errorf("blocked after one failure: %q", got)
	}
}
