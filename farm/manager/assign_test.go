package manager_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/manager"
)

// long is a wait that no test lives to see the end of.
const long = time.Hour

func TestAssignmentOrder(t *testing.T) {
	f := newFarm(t)
	w := f.worker("w1")
	f.submit(frames(1), func(s *farm.Submission) { s.Priority, s.Name = 50, "old" })
	f.submit(frames(1), func(s *farm.Submission) { s.Priority, s.Name = 50, "young" })
	f.submit(frames(1), func(s *farm.Submission) { s.Priority, s.Name = 80, "urgent" })
	late := f.submit(frames(1), func(s *farm.Submission) { s.Priority, s.Name = 10, "raised" })
	f.must(f.SetJobPriority(late, 90))
	var order []string
	for task := f.take(w); task != ""; task = f.take(w) {
		got, _, err := f.Task(task)
		f.must(err)
		job, _, err := f.Job(got.Job)
		f.must(err)
		order = append(order, job.Name)
		f.report(w, task, farm.TaskCompleted)
	}
	if fmt.Sprint(order) != "[raised urgent old young]" {
		t.Errorf("order is %v", order)
	}
}

func TestTagsAndTaskTypes(t *testing.T) {
	f := newFarm(t)
	tag, err := f.CreateTag(farm.Tag{Name: "gpu"})
	f.must(err)
	plain, tagged, filmer := f.worker("plain"), f.worker("tagged"), f.worker("filmer", "ffmpeg")
	f.must(f.SetWorkerTags(tagged, []farm.TagID{tag.ID}))
	job := f.submit(frames(1), func(s *farm.Submission) { s.Tag = tag.ID })
	if task := f.take(filmer); task != "" {
		t.Error("a worker got a task of a type it does not take")
	}
	if task := f.take(plain); task != "" {
		t.Error("a worker without the tag got a task of a tagged job")
	}
	if task := f.take(tagged); task == "" {
		t.Error("the worker with the tag got nothing")
	}
	f.submit(frames(1))
	if names := f.work(plain); len(names) != 1 {
		t.Errorf("the worker without tags did %v", names)
	}
	f.must(f.DeleteTag(tag.ID))
	if j, _, _ := f.Job(job); j.Tag != "" {
		t.Error("the job still has the tag that was deleted")
	}
	if _, _, _, err := f.Submit(t.Context(), farm.Submission{Name: "x", Type: "frames", Tag: tag.ID}); farm.KindOf(err) != farm.UnknownTag {
		t.Errorf("submitting with an unknown tag: %v", err)
	}
}

func TestWorkerGetsTheTaskItHoldsAgain(t *testing.T) {
	f := newFarm(t)
	w := f.worker("w1")
	job := f.submit(frames(2))
	task := f.take(w)
	if again := f.take(w); again != task {
		t.Errorf("got %s, want %s again", again, task)
	}
	f.must(f.SetJobStatus(job, farm.JobPauseRequested, "lunch"))
	if again := f.take(w); again != "" {
		t.Errorf("got %s of a job that is held", again)
	}
	f.want(job, farm.JobPaused, "frame-1 paused", "frame-2 paused")
}

func TestOnlyAwakeWorkersGetTasks(t *testing.T) {
	f := newFarm(t)
	w := f.worker("w1")
	f.submit(frames(1))
	f.must(f.StateChanged(w, farm.WorkerAsleep))
	if _, err := f.Assign(t.Context(), w, long); farm.KindOf(err) != farm.Conflict {
		t.Errorf("asleep: %v, want Conflict", err)
	}
	f.must(f.StateChanged(w, farm.WorkerAwake))
	f.must(f.RequestStatus(w, farm.StatusRequest{Status: farm.WorkerAsleep, Lazy: true}))
	if a, err := f.Assign(t.Context(), w, long); err != nil || a.Requested != farm.WorkerAsleep {
		t.Errorf("got %+v, %v; want to be asked to sleep", a, err)
	}
	f.must(f.StateChanged(w, farm.WorkerAsleep))
	if wanted, err := f.RequestedStatus(t.Context(), w, 0); err != nil || wanted != farm.WorkerUnknown {
		t.Errorf("still asked to be %s, %v", wanted, err)
	}
}

// answer is what a waiting call returned.
type answer[T any] struct {
	value T
	err   error
}

// wait calls a method that waits, in the background.
func wait[T any](call func() (T, error)) <-chan answer[T] {
	done := make(chan answer[T], 1)
	go func() {
		value, err := call()
		done <- answer[T]{value, err}
	}()
	return done
}

// Whether the change comes before or after the call began to wait must make no
// difference, so each is tried many times and races with it.
func TestWaitingCallsAreWoken(t *testing.T) {
	f := newFarm(t)
	for range 50 {
		w := f.worker("w1")
		assigned := wait(func() (manager.Assignment, error) { return f.Assign(t.Context(), w, long) })
		job := f.submit(frames(1))
		a := <-assigned
		if a.err != nil || a.value.Task == nil {
			t.Fatalf("got %+v, want a task", a)
		}
		may := wait(func() (manager.Permission, error) { return f.MayRun(t.Context(), w, a.value.Task.ID, long) })
		f.must(f.SetJobStatus(job, farm.JobCancelRequested, "changed my mind"))
		if p := <-may; p.err != nil || p.value.MayRun {
			t.Fatalf("got %+v, want to be stopped", p)
		}
		requested := wait(func() (farm.WorkerStatus, error) { return f.RequestedStatus(t.Context(), w, long) })
		assigned = wait(func() (manager.Assignment, error) { return f.Assign(t.Context(), w, long) })
		f.must(f.RequestStatus(w, farm.StatusRequest{Status: farm.WorkerOffline}))
		if r := <-requested; r.err != nil || r.value != farm.WorkerOffline {
			t.Fatalf("got %+v, want to be asked to shut down", r)
		}
		if a := <-assigned; a.err != nil || a.value.Requested != farm.WorkerOffline {
			t.Fatalf("got %+v, want to be asked to shut down", a)
		}
		f.must(f.SignOff(w))
	}
}

func TestNewTagsWakeAWaitingWorker(t *testing.T) {
	f := newFarm(t)
	tag, err := f.CreateTag(farm.Tag{Name: "gpu"})
	f.must(err)
	for range 50 {
		w := f.worker("w1")
		assigned := wait(func() (manager.Assignment, error) { return f.Assign(t.Context(), w, long) })
		f.submit(frames(1), func(s *farm.Submission) { s.Tag = tag.ID })
		f.must(f.SetWorkerTags(w, []farm.TagID{tag.ID}))
		if a := <-assigned; a.err != nil || a.value.Task == nil {
			t.Fatalf("got %+v", a)
		}
		f.must(f.SignOff(w))
		f.must(f.DeleteWorker(w))
		w = f.worker("finisher")
		f.must(f.SetWorkerTags(w, []farm.TagID{tag.ID}))
		f.work(w)
		f.must(f.SignOff(w))
	}
}

func TestWaitingEndsWithTheRequest(t *testing.T) {
	f := newFarm(t)
	w := f.worker("w1")
	ctx, cancel := context.WithCancel(t.Context())
	assigned := wait(func() (manager.Assignment, error) { return f.Assign(ctx, w, long) })
	cancel()
	if a := <-assigned; a.err != nil || a.value.Task != nil {
		t.Errorf("got %+v", a)
	}
}

func TestEveryWaitingWorkerGetsATask(t *testing.T) {
	f := newFarm(t)
	const workers = 20
	var answers []<-chan answer[manager.Assignment]
	for n := range workers {
		w := f.worker(fmt.Sprint("w", n))
		answers = append(answers, wait(func() (manager.Assignment, error) { return f.Assign(t.Context(), w, long) }))
	}
	f.submit(frames(workers))
	got := map[farm.TaskID]bool{}
	for _, a := range answers {
		if a := <-a; a.err != nil || a.value.Task == nil || got[a.value.Task.ID] {
			t.Fatalf("got %+v", a)
		} else {
			got[a.value.Task.ID] = true
		}
	}
}

func TestAuthenticate(t *testing.T) {
	f := newFarm(t)
	w := f.worker("w1")
	for _, test := range []struct {
		name, id, secret string
		ok               bool
	}{
		{"right", string(w), "secret of w1", true},
		{"wrong secret", string(w), "secret of w2", false},
		{"no secret", string(w), "", false},
		{"unknown worker", farm.NewUUID().String(), "secret of w1", false},
		{"nothing", "", "", false},
	} {
		if id, err := f.Authenticate(test.id, test.secret); (err == nil) != test.ok || test.ok && id != w || !test.ok && farm.KindOf(err) != farm.Forbidden {
			t.Errorf("%s: %q, %v", test.name, id, err)
		}
	}
	f.must(f.DeleteWorker(w))
	if _, err := f.Authenticate(string(w), "secret of w1"); farm.KindOf(err) != farm.Forbidden {
		t.Errorf("a deleted worker: %v", err)
	}
}
