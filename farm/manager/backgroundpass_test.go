package manager_test

import (
	"strings"
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/events"
	"renderfarm/farm/manager"
)

// finish gives a pass its turns until the job is not being requeued any more.
func (f *testFarm) finish(job farm.JobID, turn func()) {
	f.t.Helper()
	follow := f.events.Follow()
	for f.jobStatus(job) == farm.JobRequeueing {
		turn()
		for changed := false; !changed; {
			got, err := follow.Next(f.t.Context())
			f.must(err)
			for _, e := range got {
				c, ok := e.Data.(events.JobChanged)
				changed = changed || ok && c.Job.ID == job
			}
		}
	}
}

func TestLargeJobsAreRequeuedInTheBackground(t *testing.T) {
	turn := manager.PassBatch(t, 2)
	f := newFarm(t)
	w := f.worker("w1")
	job := f.submit(frames(7))
	f.work(w)
	follow := f.events.Follow()
	f.must(f.SetJobStatus(job, farm.JobRequeueing, "another camera"))
	f.want(job, farm.JobRequeueing, "frame-1 queued", "frame-2 queued", "frame-3 completed", "frame-4 completed", "frame-5 completed", "frame-6 completed", "frame-7 completed")
	if task := f.take(w); task != "" {
		t.Error("a job that is being requeued hands out tasks")
	}
	f.must(f.SetJobStatus(job, farm.JobRequeueing, "once more"))
	turn()
	f.restart() // the rest follows after a crash
	if got := f.jobStatus(job); got != farm.JobRequeueing {
		t.Errorf("after the restart it is %s", got)
	}
	f.finish(job, turn)
	f.want(job, farm.JobQueued, "frame-1 queued", "frame-2 queued", "frame-3 queued", "frame-4 queued", "frame-5 queued", "frame-6 queued", "frame-7 queued")
	tasks, _, err := f.Tasks(job, -1, 10)
	f.must(err)
	if tasks[6].Activity != "Requeued: another camera" {
		t.Errorf("the last task's activity is %q", tasks[6].Activity)
	}
	if names := f.work(w); len(names) != 7 {
		t.Errorf("then did %v", names)
	}
	f.want(job, farm.JobCompleted)
	_ = follow
}

// TestReadersOfALargeRequeue checks what those hear who follow the events: how far it
// is, and at the end that they should fetch the tasks again.
func TestReadersOfALargeRequeue(t *testing.T) {
	turn := manager.PassBatch(t, 3)
	f := newFarm(t)
	w := f.worker("w1")
	job := f.submit(frames(7))
	f.work(w)
	follow := f.events.Follow()
	f.must(f.SetJobStatus(job, farm.JobRequeueing, "again"))
	f.finish(job, turn)
	got, err := follow.Next(t.Context())
	f.must(err)
	var told []string
	for _, e := range got {
		switch c := e.Data.(type) {
		case events.TaskChanged:
			t.Errorf("task %d tells for itself", c.Index)
		case events.JobChanged:
			line := c.Previous.String() + " > " + c.Status.String() + ": " + c.Job.Activity
			if c.RefreshTasks {
				line += " (refresh)"
			}
			told = append(told, line)
		}
	}
	want := []string{
		`completed > requeueing: Changed to status "requeueing": again (refresh)`,
		`requeueing > requeueing: Requeueing its tasks: at 6 of 7`,
		`requeueing > queued: Changed to status "queued": its tasks are requeued (refresh)`,
	}
	if strings.Join(told, "\n") != strings.Join(want, "\n") {
		t.Errorf("told\n%s\nwant\n%s", strings.Join(told, "\n"), strings.Join(want, "\n"))
	}
}

// TestWishesDuringAPass checks that what users want of a job that is being
// requeued counts from the end on, as if it had been requeued at once.
func TestWishesDuringAPass(t *testing.T) {
	for _, c := range []struct {
		wish farm.JobStatus
		then farm.JobStatus
	}{
		{farm.JobPauseRequested, farm.JobPaused},
		{farm.JobCancelRequested, farm.JobCanceled},
		{farm.JobQueued, farm.JobQueued},
		{farm.JobRequeueing, farm.JobQueued},
	} {
		t.Run(c.wish.String(), func(t *testing.T) {
			turn := manager.PassBatch(t, 1)
			f := newFarm(t)
			w := f.worker("w1")
			job := f.submit(frames(3))
			f.work(w)
			f.must(f.SetJobStatus(job, farm.JobRequeueing, "again"))
			f.must(f.SetJobStatus(job, c.wish, "and this"))
			f.must(f.SetJobPriority(job, 77))
			tasks, _, err := f.Tasks(job, -1, 10)
			f.must(err)
			for _, task := range tasks {
				if err := f.SetTaskStatus(task.ID, farm.TaskCanceled, "no"); farm.KindOf(err) != farm.Conflict && task.Status != farm.TaskCanceled {
					t.Errorf("canceling %s meanwhile: %v", task.Name, err)
				}
			}
			if err := f.RequeueFailed(job, "what failed"); farm.KindOf(err) != farm.Conflict {
				t.Errorf("requeueing what failed meanwhile: %v", err)
			}
			f.finish(job, turn)
			f.want(job, c.then)
			f.must(f.SetJobStatus(job, farm.JobRequeueing, "whatever it is"))
			f.finish(job, turn)
			if names := f.work(w); len(names) != 3 {
				t.Errorf("then did %v", names)
			}
		})
	}
}

// TestWorkersDuringAPass checks that workers go on with what they have of a job
// that is being requeued, and that what they report counts.
func TestWorkersDuringAPass(t *testing.T) {
	turn := manager.PassBatch(t, 1)
	f := newFarm(t)
	w1, w2, w3 := f.worker("w1"), f.worker("w2"), f.worker("w3")
	job := f.submit(framesAndVideo(40))
	var tasks []farm.TaskID
	for range 4 {
		tasks = append(tasks, f.take(w1))
		f.report(w1, tasks[len(tasks)-1], farm.TaskCanceled)
	}
	done, fails := f.take(w2), f.take(w3)
	f.must(f.SetJobStatus(job, farm.JobRequeueing, "again"))
	if p, err := f.MayRun(t.Context(), w2, done, 0); err != nil || !p.MayRun {
		t.Errorf("may not go on: %+v, %v", p, err)
	}
	f.report(w2, done, farm.TaskCompleted)
	f.report(w3, fails, farm.TaskFailed) // it comes after those that were canceled, and before the video
	f.finish(job, turn)
	got := f.tasks(job)
	for _, want := range []string{"frame-1 queued", "frame-4 queued", "frame-5 completed", "frame-7 queued"} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("want %s, tasks are\n%s", want, got)
		}
	}
	f.must(f.SetJobStatus(job, farm.JobRequeueing, "whatever is left"))
	f.finish(job, turn)
	f.work(w1)
	f.want(job, farm.JobCompleted)
}

func TestDeletingAJobThatIsBeingRequeued(t *testing.T) {
	manager.PassBatch(t, 1)
	f := newFarm(t)
	w := f.worker("w1")
	job := f.submit(frames(5))
	f.work(w)
	follow := f.events.Follow()
	f.must(f.SetJobStatus(job, farm.JobRequeueing, "again"))
	f.must(f.DeleteJob(job))
	awaitDeletion(t, follow, job)
}

func TestRequeueOnlyWhatFailed(t *testing.T) {
	for name, atOnce := range map[string]int{"at once": 100, "in the background": 1} {
		t.Run(name, func(t *testing.T) {
			turn := manager.PassBatch(t, atOnce)
			f := newFarm(t)
			f.configure(firstFailureIsFinal)
			w := f.worker("w1")
			job := f.submit(framesAndVideo(20))
			if err := f.RequeueFailed(job, "too early"); farm.KindOf(err) != farm.Conflict {
				t.Errorf("nothing failed: %v", err)
			}
			tasks, _, err := f.Tasks(job, -1, 30)
			f.must(err)
			f.must(f.SetTaskStatus(tasks[2].ID, farm.TaskCanceled, "not this one"))
			f.failForGood(w, f.take(w))
			f.must(f.SetTaskStatus(tasks[2].ID, farm.TaskQueued, "it is needed after all"))
			f.must(f.SetJobStatus(job, farm.JobPauseRequested, "to look at it"))
			f.must(f.RequeueFailed(job, "the texture is there"))
			f.finish(job, turn)
			if got := f.tasks(job); strings.Count(got, "paused") != 21 {
				t.Errorf("tasks are\n%s", got)
			}
			f.want(job, farm.JobPaused)
			f.must(f.SetJobStatus(job, farm.JobQueued, "go"))
			if names := f.work(w); len(names) != 21 {
				t.Errorf("then did %v", names)
			}
			f.want(job, farm.JobCompleted)
		})
	}
}

// failForGood has a worker fail a task, and its job go on.
func (f *testFarm) failForGood(w farm.WorkerID, task farm.TaskID) {
	f.t.Helper()
	f.report(w, task, farm.TaskFailed)
	t, _, err := f.Task(task)
	f.must(err)
	if t.Status != farm.TaskFailed {
		f.t.Fatalf("the task is %s", t.Status)
	}
}

func TestRequeueWhatFailedOfACanceledJob(t *testing.T) {
	turn := manager.PassBatch(t, 1)
	f := newFarm(t)
	f.configure(firstFailureIsFinal)
	w := f.worker("w1")
	job := f.submit(frames(12))
	f.failForGood(w, f.take(w))
	f.report(w, f.take(w), farm.TaskCompleted)
	f.must(f.SetJobStatus(job, farm.JobCancelRequested, "enough"))
	f.must(f.RequeueFailed(job, "but this one"))
	f.finish(job, turn)
	got := f.tasks(job)
	if !strings.HasPrefix(got, "frame-1 queued\nframe-2 completed\nframe-3 canceled") || strings.Count(got, "canceled") != 10 {
		t.Errorf("tasks are\n%s", got)
	}
	if names := f.work(w); len(names) != 1 {
		t.Errorf("then did %v", names)
	}
	f.want(job, farm.JobCanceled)
}

// TestRequeueOneTaskWithManyThatNeedIt does in the background what
// TestRequeueOneTaskOfACanceledJob and its neighbours do at once.
func TestRequeueOneTaskWithManyThatNeedIt(t *testing.T) {
	turn := manager.PassBatch(t, 1)
	f := newFarm(t)
	w := f.worker("w1")
	job := f.submit(chain(5))
	f.work(w)
	tasks, _, err := f.Tasks(job, -1, 10)
	f.must(err)
	f.must(f.SetTaskStatus(tasks[1].ID, farm.TaskQueued, "flicker"))
	f.want(job, farm.JobRequeueing)
	f.restart()
	f.finish(job, turn)
	f.want(job, farm.JobActive, "frame-1 completed", "frame-2 queued", "frame-3 queued", "frame-4 queued", "frame-5 queued")
	f.must(f.SetJobStatus(job, farm.JobCancelRequested, "stop"))
	f.must(f.SetTaskStatus(tasks[2].ID, farm.TaskQueued, "up to here"))
	f.finish(job, turn)
	f.want(job, farm.JobActive, "frame-1 completed", "frame-2 queued", "frame-3 queued", "frame-4 queued", "frame-5 queued")
	if names := f.work(w); len(names) != 4 {
		t.Errorf("then did %v", names)
	}
}
