package manager_test

import (
	"errors"
	"io/fs"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/events"
	"renderfarm/store/files"
)

func TestDelete(t *testing.T) {
	f := newFarm(t)
	w := f.worker("w1")
	keep, gone := f.submit(frames(2)), f.submit(framesAndVideo(300), priority(60))
	task := f.take(w)
	follow := f.events.Follow()
	f.must(f.DeleteJob(gone))
	if p, err := f.MayRun(t.Context(), w, task, 0); err != nil || p.MayRun {
		t.Errorf("its worker may go on: %+v, %v", p, err)
	}
	awaitDeletion(t, follow, gone)
	if _, _, err := f.Job(gone); farm.KindOf(err) != farm.NotFound {
		t.Errorf("the job: %v", err)
	}
	if _, _, err := f.Task(task); farm.KindOf(err) != farm.NotFound {
		t.Errorf("its task: %v", err)
	}
	if _, err := fs.Stat(f.Files(), files.Dir(gone)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("its files: %v", err)
	}
	if names := f.work(w); len(names) != 2 {
		t.Errorf("of the other job did %v", names)
	}
	f.want(keep, farm.JobCompleted)
	if err := f.DeleteJob(gone); farm.KindOf(err) != farm.NotFound {
		t.Errorf("deleting it again: %v", err)
	}
}

func awaitDeletion(t testing.TB, r *events.Reader, id farm.JobID) {
	t.Helper()
	for {
		got, err := r.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range got {
			if d, ok := e.Data.(events.JobDeleted); ok && d.Job == id {
				return
			}
		}
	}
}

func TestMassDelete(t *testing.T) {
	f := newFarm(t)
	old := f.submit(frames(1))
	follow := f.events.Follow()
	if err := f.DeleteJobs(time.Now().Add(-time.Hour)); farm.KindOf(err) != farm.NothingDone {
		t.Errorf("with nothing that old: %v", err)
	}
	j, _, err := f.Job(old)
	f.must(err)
	f.must(f.DeleteJobs(j.Updated))
	awaitDeletion(t, follow, old)
}

func TestFarmStatus(t *testing.T) {
	f := newFarm(t)
	want := func(status farm.FarmStatus) {
		t.Helper()
		if got := f.FarmStatus(); got != status {
			t.Errorf("the farm is %s, want %s", got, status)
		}
	}
	want(farm.FarmInoperative)
	w := f.worker("w1")
	want(farm.FarmIdle)
	job := f.submit(frames(1))
	want(farm.FarmWaiting)
	task := f.take(w)
	want(farm.FarmActive)
	f.restart()
	want(farm.FarmActive)
	f.report(w, task, farm.TaskCompleted)
	want(farm.FarmIdle)
	f.must(f.StateChanged(w, farm.WorkerAsleep))
	want(farm.FarmAsleep)
	f.must(f.SetJobStatus(job, farm.JobRequeueing, "again"))
	want(farm.FarmWaiting)
	f.must(f.SignOff(w))
	want(farm.FarmInoperative)
}
