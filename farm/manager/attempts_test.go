package manager_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/manager"
)

// attempts are those of a task, a line each: how it ended, by whom, for how long, and
// whether its log is kept.
func (f *testFarm) attempts(id farm.TaskID) string {
	f.t.Helper()
	list, err := f.Attempts(id)
	f.must(err)
	var lines []string
	for _, a := range list {
		took := "?"
		if !a.Began.IsZero() && !a.Ended.IsZero() {
			took = a.Ended.Sub(a.Began).Round(time.Second).String()
		}
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%d %s by %s for %s, log %v %s", a.Number, a.Status, a.Name, took, a.Log != "", a.Reason)))
	}
	return strings.Join(lines, "\n")
}

func (f *testFarm) wantAttempts(id farm.TaskID, want ...string) {
	f.t.Helper()
	if got := f.attempts(id); got != strings.Join(want, "\n") {
		f.t.Errorf("the attempts are\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

// TestAttempts follows a task that is failed, taken back, completed and done again: who had it, when
// and how that ended, with the logs of two runs, also after a restart and by a worker that is gone.
func TestAttempts(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		w1, w2 := f.worker("w1"), f.worker("w2")
		job := f.submit(frames(1))
		id := f.task(job, 0).ID
		f.wantAttempts(id)
		f.take(w1)
		f.wantAttempts(id, "1 active by w1 for ?, log true")
		pass(5 * time.Second)
		failed := farm.TaskFailed
		f.must(f.Report(w1, id, manager.Report{Status: &failed, Log: "Error: Cannot render, no camera\n"}))
		f.wantAttempts(id, "1 "+f.task(job, 0).Status.String()+" by w1 for 5s, log true The scene has no camera.")

		f.must(f.SetTaskStatus(id, farm.TaskQueued, "there is one now", farm.Actor{}))
		f.take(w2)
		pass(3 * time.Second)
		f.must(f.SignOff(w2))
		f.take(w1)
		pass(7 * time.Second)
		f.report(w1, id, farm.TaskCompleted)
		third := "3 completed by w1 for 7s, log true"
		before := []string{"1 failed by w1 for 5s, log false The scene has no camera.", "2 queued by w2 for 3s, log true Task was queued by Manager because worker signed off"}
		f.wantAttempts(id, append(before, third)...)
		f.restart()
		f.wantAttempts(id, append(before, third)...)
	})
}

// TestAttemptsOfCompletedTask writes nothing about a task that is completed at its first
// attempt, as almost all are, until it is done again.
func TestAttemptsOfCompletedTask(t *testing.T) {
	virtually(t, func(t *testing.T, f *testFarm) {
		w := f.worker("w")
		job := f.submit(frames(1))
		id := f.take(w)
		pass(4 * time.Second)
		f.report(w, id, farm.TaskCompleted)
		f.wantAttempts(id, "1 completed by w for 4s, log true")
		if kept, err := f.files.Attempts(job, id); err != nil || len(kept) > 0 {
			t.Errorf("kept: %v, %v", kept, err)
		}
		pass(time.Hour)
		f.must(f.SetTaskStatus(id, farm.TaskQueued, "again", farm.Actor{}))
		f.wantAttempts(id, "1 completed by w for 4s, log true")
		f.take(w)
		pass(6 * time.Second)
		f.report(w, id, farm.TaskCompleted)
		f.wantAttempts(id, "1 completed by w for 4s, log true", "2 completed by w for 6s, log true")
	})
}
