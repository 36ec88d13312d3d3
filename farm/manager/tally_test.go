package manager_test

import (
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/events"
)

// TestFarmStatusIsTold follows a farm through a day: what it answers, and what it
// tells those who follow the events.
func TestFarmStatusIsTold(t *testing.T) {
	f := newFarm(t)
	follow := f.events.Follow()
	var told []farm.FarmStatus
	want := func(status farm.FarmStatus) {
		t.Helper()
		if got := f.FarmStatus(); got != status {
			t.Errorf("the farm is %s, want %s", got, status)
		}
		// What was answered is published: one reading has it all.
		got, err := follow.Next(t.Context())
		f.must(err)
		for _, e := range got {
			if s, ok := e.Data.(events.FarmChanged); ok {
				told = append(told, s.Status)
			}
		}
		if len(told) == 0 || told[len(told)-1] != status {
			t.Errorf("told of %v, want %s last", told, status)
		}
	}
	w := f.worker("w")
	want(farm.FarmIdle)
	job := f.submit(frames(2))
	want(farm.FarmWaiting)
	task := f.take(w)
	want(farm.FarmActive)
	f.report(w, task, farm.TaskCompleted)
	f.must(f.StateChanged(w, farm.WorkerAsleep))
	want(farm.FarmWaiting)
	f.must(f.SetJobStatus(job, farm.JobPauseRequested, ""))
	want(farm.FarmAsleep)
	f.must(f.SetJobStatus(job, farm.JobQueued, ""))
	want(farm.FarmWaiting)
	f.must(f.SignOff(w))
	want(farm.FarmInoperative)
	f.restart()
	if got := f.FarmStatus(); got != farm.FarmInoperative {
		t.Errorf("after a restart the farm is %s", got)
	}
	follow = f.events.Follow()
	told = nil
	f.must(f.RequestStatus(w, farm.StatusRequest{Status: farm.WorkerAwake}))
	f.wake(w, "w", "blender", "ffmpeg")
	f.work(w)
	want(farm.FarmIdle)
	f.must(f.StateChanged(w, farm.WorkerError))
	want(farm.FarmInoperative)
	for i := 1; i < len(told); i++ {
		if told[i] == told[i-1] {
			t.Errorf("told twice of %s: %v", told[i], told)
		}
	}
	f.must(f.StateChanged(w, farm.WorkerAwake))
	f.must(f.DeleteWorker(w))
	want(farm.FarmInoperative)
}

// A deleted worker is counted no more, whatever becomes of its tags.
func TestDeletedWorkerIsNotCountedAgain(t *testing.T) {
	f := newFarm(t)
	tag, err := f.CreateTag(farm.Tag{Name: "gpu"})
	f.must(err)
	f.worker("stays")
	gone := f.worker("gone")
	f.must(f.SetWorkerTags(gone, []farm.TagID{tag.ID}))
	f.must(f.DeleteWorker(gone))
	follow := f.events.Follow()
	f.must(f.DeleteTag(tag.ID))
	if got := f.FarmStatus(); got != farm.FarmIdle {
		t.Errorf("the farm is %s, and a worker is awake", got)
	}
	got, err := follow.Next(t.Context())
	f.must(err)
	for _, e := range got {
		if w, ok := e.Data.(events.WorkerChanged); ok {
			t.Errorf("readers are told of worker %s, which was deleted", w.Worker.Name)
		}
	}
}
