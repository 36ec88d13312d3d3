package worker

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// owned starts a worker whose owner is played by the test.
func owned(t *testing.T, m *fakeManager, giveBack time.Duration) (w *Worker, say func(inUse string)) {
	t.Helper()
	said := make(chan string, 10)
	w, err := New(Options{Client: m.client(), Name: "tester", NoChecks: true, Dir: t.TempDir(), Log: testLog(t), GiveBackAfter: giveBack,
		InUse: func(ctx context.Context, change func(string)) {
			for {
				select {
				case s := <-said:
					change(s)
				case <-ctx.Done():
					return
				}
			}
		}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() {
		defer close(over)
		if err := w.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() { cancel(); <-over })
	return w, func(s string) { said <- s }
}

// stateOfPID is the state of proc_pid_stat(5), "" if there is no such process.
func stateOfPID(pid int) string {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return ""
	}
	return string(stat[strings.LastIndexByte(string(stat), ')')+2:])[:1]
}

// ticks is the processor time of a process.
func ticks(t *testing.T, pid int) string {
	t.Helper()
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+2:]))[11:13], " ")
}

// A task stands still while its owner needs the computer, and goes on afterwards; one
// that stands for too long is given back, and no failure.
func TestOwnerComesAndGoes(t *testing.T) {
	t.Parallel()
	m := newFakeManager()
	_, say := owned(t, m, time.Hour)
	task := m.add(cmd("exec", "exe", "/bin/sh", "args", []any{"-c", `trap 'exit 0' USR1; echo $$; while :; do :; done`}))
	m.until(t, "the manager is told that it is in use", func() bool { return len(m.inUse) > 0 && m.inUse[0].InUse != "" })
	if len(m.given) > 0 {
		t.Error("a task was taken before the owner was seen away")
	}
	say("")
	pid := m.pidOf(t, task)
	told := len(m.inUse)
	say("in use by its owner")
	m.until(t, "the manager is told", func() bool { return len(m.inUse) > told })
	if last := m.inUse[len(m.inUse)-1]; last.InUse != "in use by its owner" || last.GiveBack {
		t.Errorf("told %+v", last)
	}
	stands := func() bool {
		before := ticks(t, pid)
		time.Sleep(100 * time.Millisecond)
		return ticks(t, pid) == before
	}
	for end := time.Now().Add(5 * time.Second); !stands() && time.Now().Before(end); {
	}
	if !stands() || m.finished(task, "failed")() {
		t.Errorf("it does not stand still (%s)", stateOfPID(pid))
	}
	say("")
	for end := time.Now().Add(5 * time.Second); stands() && time.Now().Before(end); {
	}
	p, _ := os.FindProcess(pid)
	p.Signal(syscall.SIGUSR1)
	m.until(t, "the task is completed", m.finished(task, "completed"))
}

func TestGivenBack(t *testing.T) {
	t.Parallel()
	m := newFakeManager()
	_, say := owned(t, m, 300*time.Millisecond)
	say("")
	task := m.add(cmd("exec", "exe", "/bin/sh", "args", []any{"-c", `trap '' TERM; echo $$; setsid sh -c 'while :; do :; done' & wait`}))
	pid := m.pidOf(t, task)
	say("in use by its owner")
	m.until(t, "it is given back", func() bool {
		n := len(m.inUse)
		return n > 0 && m.inUse[n-1].GiveBack && m.active == ""
	})
	gone(t, pid)
	next := m.add(echo("next"))
	say("")
	m.until(t, "the next task is completed", m.finished(next, "completed"))
	if m.finished(task, "failed")() || m.finished(task, "completed")() {
		t.Error("a task that was given back was reported as over")
	}
}

// A worker that ends while its task stands still ends that, too.
func TestStoppedWhileFrozen(t *testing.T) {
	t.Parallel()
	m := newFakeManager()
	w, say := owned(t, m, time.Hour)
	say("")
	pid := m.pidOf(t, m.add(cmd("exec", "exe", "/bin/sh", "args", []any{"-c", `trap '' TERM; echo $$; while :; do :; done`})))
	if err := w.Pause(time.Time{}); err != nil {
		t.Fatal(err)
	}
	m.change(func() { m.request, m.now = "offline", true })
	gone(t, pid)
}

// No limit counts the time that a task stands still, and a pause ends by itself.
func TestFrozenTimeDoesNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.worker.options.MaxTime = time.Minute
		b.worker.options.GiveBackAfter = 24 * time.Hour
		b.worker.owner = newOwner(b.worker)
		begun := time.Now()
		time.AfterFunc(10*time.Second, func() {
			if err := b.worker.Pause(time.Now().Add(time.Hour)); err != nil {
				t.Error(err)
			}
		})
		b.task.Commands = append(b.task.Commands[:0], napping(2*3600))
		err := b.commands(t.Context())
		if took := time.Since(begun); err == nil || took != time.Hour+time.Minute {
			t.Errorf("ended after %s: %v", took, err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		var g gate
		s, begun := newStall(10*time.Minute), time.Now()
		time.AfterFunc(time.Minute, func() { g.set(true) })
		time.AfterFunc(5*time.Hour, func() { g.set(false) })
		err := s.watch(t.Context(), g.now, func() (time.Duration, bool) { return 0, true })
		if took := time.Since(begun); err == nil || took < 5*time.Hour+9*time.Minute || took > 5*time.Hour+15*time.Minute {
			t.Errorf("ended after %s: %v", took, err)
		}
	})
}

// A stock manager, which cannot be told, sees a worker that sleeps while its owner is there.
func TestOwnerOfStockManager(t *testing.T) {
	m := newFakeManager()
	m.impatient = true
	_, say := owned(t, m, time.Hour)
	m.until(t, "it sleeps", func() bool { return m.status == "asleep" })
	say("")
	task := m.add(echo("x"))
	m.until(t, "it works", m.finished(task, "completed"))
}

// A pause with an end is over then, even if its file cannot be removed; and not because
// another one before it would have ended.
func TestPauseEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		w, err := New(Options{Manager: "farm.local", Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		check := func(want string) {
			t.Helper()
			synctest.Wait()
			if s := w.State(); s.InUse != want {
				t.Errorf("it is %q, want %q", s.InUse, want)
			}
		}
		for _, long := range []time.Duration{time.Hour, 2 * time.Hour} {
			if err := w.Pause(time.Now().Add(long)); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Hour)
		w.owner.pauseOver() // what the first one's timer does if it ran out just before
		check(pausedBy)
		path := filepath.Join(dir, pauseFile)
		if err := errors.Join(os.Remove(path), os.MkdirAll(filepath.Join(path, "in the way"), 0o755)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		check("")
	})
}

// A pause outlives the worker, until it is over.
func TestPauseIsKept(t *testing.T) {
	dir := t.TempDir()
	worker := func() *Worker {
		w, err := New(Options{Manager: "farm.local", Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		w.owner.loadPause()
		t.Cleanup(func() { w.owner.change(func() { w.owner.paused = false }) })
		return w
	}
	if s := worker().State(); s.InUse != "" {
		t.Errorf("at first: %+v", s)
	}
	until := time.Now().Add(time.Hour).Truncate(time.Second)
	if err := worker().Pause(until); err != nil {
		t.Fatal(err)
	}
	if s := worker().State(); s.InUse != pausedBy || !s.Until.Equal(until) {
		t.Errorf("paused: %+v", s)
	}
	if err := worker().Resume(); err != nil {
		t.Fatal(err)
	}
	if s := worker().State(); s.InUse != "" {
		t.Errorf("resumed: %+v", s)
	}
	write(t, dir+"/"+pauseFile, time.Now().Add(-time.Minute).Format(time.RFC3339))
	if s := worker().State(); s.InUse != "" {
		t.Errorf("over: %+v", s)
	}
}
