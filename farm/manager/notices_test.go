package manager_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
)

// notifying is a configuration that could tell somebody.
func notifying(c *farm.Config) {
	c.Notifications.Ways = []farm.Way{{Name: "desk", Kind: farm.WayDesktop}}
}

// notices returns the events of the stored notices, with the job's number among ids or the worker.
func (f *testFarm) notices(ids ...farm.JobID) (events []string) {
	f.t.Helper()
	list, err := f.Notices(100)
	f.must(err)
	for _, n := range list {
		about := n.Worker
		if i := slices.Index(ids, n.Job); i >= 0 {
			about = string(rune('a' + i))
		}
		events = append(events, n.Event+" "+about)
	}
	return events
}

// TestNoticesOutliveACrash stores what is to be told with what makes it true.
func TestNoticesOutliveACrash(t *testing.T) {
	f := newFarm(t)
	w := f.worker("w1")
	silent := f.submit(frames(1))
	f.work(w)
	f.want(silent, farm.JobCompleted, "frame-1 completed")
	if got := f.notices(); len(got) != 0 {
		t.Errorf("without anybody to tell: %q", got)
	}
	f.configure(notifying)
	f.configure(rules(3, 0))
	done, broken, canceled := f.submit(frames(1)), farm.JobID(""), farm.JobID("")
	f.work(w)
	canceled = f.submit(frames(1))
	f.must(f.SetJobStatus(canceled, farm.JobCancelRequested, ""))
	broken = f.submit(frames(1))
	for f.failNext(w) != "" {
	}
	want := []string{"job-completed a", "job-canceled c", "first-failure b", "job-failed b"}
	if got := f.notices(done, broken, canceled); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	f.restart()
	if got := f.notices(done, broken, canceled); !slices.Equal(got, want) {
		t.Errorf("after a crash: got %q, want %q", got, want)
	}
	list, err := f.Notices(100)
	f.must(err)
	r, err := f.JobReport(broken, list[2].Task)
	if err != nil || r.Failed != 1 || len(r.Failures) != 1 || r.Failures[0].Worker != "w1" || r.Failures[0].Name != "frame-1" {
		t.Errorf("%+v, %v", r, err)
	}
	f.must(f.NoticesTold(list[:3]))
	if got := f.notices(done, broken, canceled); !slices.Equal(got, want[3:]) {
		t.Errorf("got %q", got)
	}
}

// TestFirstFailureHasItsTask though the task is tried again by the time it is told of.
func TestFirstFailureHasItsTask(t *testing.T) {
	f := newFarm(t)
	f.configure(notifying)
	f.configure(rules(3, 0))
	w := f.worker("w1")
	job := f.submit(frames(2))
	f.failNext(w)
	f.take(w)
	list, err := f.Notices(100)
	f.must(err)
	if len(list) != 1 || list[0].Task == "" {
		t.Fatalf("%+v", list)
	}
	if r, err := f.JobReport(job, list[0].Task); err != nil || len(r.Failures) != 1 || r.Failures[0].Task != list[0].Task {
		t.Errorf("%+v, %v", r.Failures, err)
	}
}

func TestLostWorkerIsTold(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		f.configure(notifying)
		f.configure(timeouts(0, time.Minute))
		f.worker("w1")
		pass(time.Minute + late)
		if got := f.notices(); !slices.Equal(got, []string{"worker-lost w1"}) {
			t.Errorf("got %q", got)
		}
	})
}

func TestStuck(t *testing.T) {
	f := newFarm(t)
	job := f.submit(frames(1))
	stuck := func(want bool, says string) {
		t.Helper()
		got, why, err := f.IsStuck(job)
		if err != nil || got != want || !strings.Contains(why.Reason, says) {
			t.Errorf("stuck %v, %q, %v", got, why.Reason, err)
		}
	}
	stuck(true, "no workers")
	w := f.worker("w1")
	stuck(false, "nothing is in the way")
	f.take(w)
	stuck(false, "worked on")
}
