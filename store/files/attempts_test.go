package files

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"renderfarm/farm"
)

// TestAttempts keeps the last attempts of a task, in order, and as they were told.
func TestAttempts(t *testing.T) {
	f := open(t)
	if err := f.AddAttempt(job, task, farm.Attempt{Number: 1}); err != nil {
		t.Errorf("of a job that has no folder: %v", err)
	}
	if list, err := f.Attempts(job, task); err != nil || len(list) > 0 {
		t.Errorf("of a job that has no folder: %v, %v", list, err)
	}
	appendLog(t, f, job, task, "a line")
	at := time.Date(2026, 11, 30, 10, 0, 0, 0, time.UTC)
	a := farm.Attempt{Worker: "w", Name: "render\n07", Began: at, Ended: at.Add(time.Second), Status: "failed", Reason: "\u202e<b>"}
	for n := range farm.MaxAttempts + 5 {
		a.Number = n + 1
		if err := f.AddAttempt(job, task, a); err != nil {
			t.Fatal(err)
		}
	}
	list, err := f.Attempts(job, task)
	if err != nil || len(list) != farm.MaxAttempts || list[0].Number != 6 || list[farm.MaxAttempts-1].Number != farm.MaxAttempts+5 {
		t.Fatalf("%d attempts, %v", len(list), err)
	}
	if a.Number = 6; list[0] != a {
		t.Errorf("the first is %+v, want %+v", list[0], a)
	}
	name := filepath.Join(f.root.Name(), attemptsOf(job, task))
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, text[:len(text)-20], 0o600); err != nil { // a crash of the machine
		t.Fatal(err)
	}
	if list, err := f.Attempts(job, task); err != nil || len(list) != farm.MaxAttempts-1 {
		t.Errorf("of a file that was cut off: %d, %v", len(list), err)
	}
	if err := f.RemoveJob(job); err != nil {
		t.Fatal(err)
	}
	if list, err := f.Attempts(job, task); err != nil || len(list) > 0 {
		t.Errorf("of a job that is gone: %v, %v", list, err)
	}
}

// TestAttemptsAtOnce adds attempts of several tasks at once.
func TestAttemptsAtOnce(t *testing.T) {
	f := open(t)
	appendLog(t, f, job, task, "a line")
	var all sync.WaitGroup
	for n := range 20 {
		all.Go(func() {
			if err := f.AddAttempt(job, task, farm.Attempt{Number: n}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if list, err := f.Attempts(job, task); err != nil || len(list) != 20 {
		t.Errorf("%d attempts, %v", len(list), err)
	}
}

// TestTimeOf finds the manager's own lines, and takes none that only looks like one.
func TestTimeOf(t *testing.T) {
	f := open(t)
	if at := f.TimeOf(job, task, "Task assigned"); !at.IsZero() {
		t.Errorf("without a log: %s", at)
	}
	appendLog(t, f, job, task, "Task assigned to nobody\n2026-11-30T10:00:00+01:00 Task assigned to w\n2026-11-30T10:00:05+01:00 Task assigned to v\n")
	for range 100 {
		appendLog(t, f, job, task, "2026-11-30T10:00:07+01:00 a frame")
	}
	appendLog(t, f, job, task, "2026-11-30T10:01:00+01:00 done\n2026-11-30T10:02:00+01:00 done\nlater: done")
	for _, test := range []struct {
		got  time.Time
		want string
	}{{f.TimeOf(job, task, "Task assigned"), "09:00:00"}, {f.LastTimeOf(job, task, "done"), "09:02:00"}, {f.TimeOf(job, task, "nothing"), "00:00:00"}} {
		if got := test.got.Format(time.TimeOnly); got != test.want {
			t.Errorf("%s, want %s", got, test.want)
		}
	}
}
