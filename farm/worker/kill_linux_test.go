package worker

import (
	"regexp"
	"strconv"
	"testing"
	"time"
)

// pidOf waits until the task's log tells a process id.
func (m *fakeManager) pidOf(t *testing.T, task string) int {
	t.Helper()
	said := regexp.MustCompile(`pid=[0-9]+ > ([0-9]+)\n`)
	var found []string
	m.until(t, "the process tells its id", func() bool {
		text := ""
		for _, s := range m.updates {
			if s.task == task {
				text += s.Log
			}
		}
		found = said.FindStringSubmatch(text)
		return found != nil
	})
	pid, err := strconv.Atoi(found[1])
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// The manager says no, the user stops the worker, or the worker's manager asks
// it to end: each ends the process and all it started, in real time.
func TestRealProcessIsEnded(t *testing.T) {
	run := cmd("exec", "exe", "/bin/sh", "args", []any{"-c", "sleep 100 & echo $!; wait"})
	t.Run("may not run", func(t *testing.T) {
		t.Parallel()
		m := newFakeManager()
		m.worker(t, t.TempDir())
		pid := m.pidOf(t, m.add(run))
		m.change(func() { m.stopped = "task is canceled" })
		gone(t, pid)
		m.change(func() { m.stopped = "" })
		next := m.add(echo("next"))
		m.until(t, "the next task is completed", m.finished(next, "completed"))
	})
	t.Run("stop", func(t *testing.T) {
		t.Parallel()
		m := newFakeManager()
		stop, _ := m.worker(t, t.TempDir())
		task := m.add(run)
		pid := m.pidOf(t, task)
		begun := time.Now()
		if err := stop(); err != nil {
			t.Error(err)
		}
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("stopping took %s", took)
		}
		gone(t, pid)
		if m.finished(task, "failed")() {
			t.Error("a stopped task was reported as failed")
		}
	})
}

// How long a task takes that does nothing, from its submission to its last
// report, with a durable outbox and without a network.
func BenchmarkTask(b *testing.B) {
	m := newFakeManager()
	w, err := New(Options{Client: m.client(), Name: "bench", Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		w.Run(b.Context())
	}()
	b.Cleanup(func() { <-over })
	for b.Loop() {
		task := m.add(echo("hello"))
		m.mu.Lock()
		for !m.finished(task, "completed")() {
			changed := m.changed
			m.mu.Unlock()
			<-changed
			m.mu.Lock()
		}
		m.mu.Unlock()
	}
}
