package worker

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"renderfarm/farm"
)

const (
	taskRoute  = "POST /api/v3/worker/task"
	stateRoute = "GET /api/v3/worker/state"
)

// An idle worker waits inside its request, so it has a task the moment there is one.
func TestIdleWorkerStartsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newFakeManager()
		stop, _ := m.worker(t, t.TempDir())
		time.Sleep(150 * time.Second)
		synctest.Wait()
		if n := len(m.times(taskRoute)); n != 3 {
			t.Errorf("an idle worker asked %d times in 150 s, want 3", n)
		}
		submitted := time.Now()
		task := m.add(echo("hello"))
		m.until(t, "the task is completed", m.finished(task, "completed"))
		if took := time.Since(submitted); took > 0 {
			t.Errorf("the task took %s of virtual time, want none", took)
		}
		if got := m.logOf(task); got != "echo: \"hello\"\n" {
			t.Errorf("log %q", got)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
		if n := len(m.times("POST /api/v3/worker/sign-off")); n != 1 {
			t.Errorf("signed off %d times", n)
		}
	})
}

// What the manager does not accept of a worker does not get better with time.
func TestRefusedWorkerEnds(t *testing.T) {
	for _, route := range []string{"/api/v3/worker/register-worker", "/api/v3/worker/sign-on"} {
		synctest.Test(t, func(t *testing.T) {
			m := newFakeManager()
			m.refuses = route
			stop, ended := m.worker(t, t.TempDir())
			select {
			case <-ended:
			case <-time.After(time.Hour): // virtual
				t.Errorf("%s: still running after an hour", route)
			}
			if err := stop(); farm.KindOf(err) != farm.Invalid || !strings.Contains(err.Error(), "not one like you") {
				t.Errorf("%s: ended with %v", route, err)
			}
			if n := len(m.times("POST " + route)); n != 1 {
				t.Errorf("%s: called %d times", route, n)
			}
		})
	}
}

func TestNoPauseBetweenTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newFakeManager()
		m.worker(t, t.TempDir())
		var last string
		for range 20 {
			last = m.add(napping(1))
		}
		begun := time.Now()
		m.until(t, "all tasks are completed", m.finished(last, "completed"))
		if took := time.Since(begun); took != 20*time.Second {
			t.Errorf("20 tasks of a second took %s", took)
		}
	})
}

// A stock manager ignores Prefer: the worker polls politely.
func TestPollsAManagerThatDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newFakeManager()
		m.impatient = true
		m.worker(t, t.TempDir())
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		times := m.times(taskRoute)
		if len(times) < 6 || len(times) > 9 {
			t.Fatalf("asked %d times in 2 minutes", len(times))
		}
		for i := 1; i < len(times); i++ {
			low, high := 18*time.Second, 22*time.Second
			if i == 1 {
				low, high = 2700*time.Millisecond, 3300*time.Millisecond
			}
			if d := times[i].Sub(times[i-1]); d < low || d > high {
				t.Errorf("pause %d is %s, want %s to %s", i, d, low, high)
			}
		}
		m.change(func() { m.request = "asleep" })
		m.until(t, "asleep", func() bool { return m.status == "asleep" })
		m.mu.Lock()
		m.calls = nil
		m.mu.Unlock()
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if n := len(m.times(stateRoute)); n < 9 || n > 12 {
			t.Errorf("asked for its state %d times in 30 s, want every 3 s", n)
		}
	})
}

// The manager is away for eleven minutes: what is done meanwhile arrives after
// that, in order, and nothing new is taken before.
func TestReportsAreKeptWhileTheManagerIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newFakeManager()
		m.worker(t, t.TempDir())
		first := m.add(echo("one"), napping(60), echo("two"))
		m.until(t, "started", m.finished(first, "active"))
		m.change(func() { m.away = true })
		second := m.add(echo("three"))
		time.Sleep(11 * time.Minute)
		synctest.Wait()
		if m.finished(first, "completed")() {
			t.Fatal("a report arrived at a manager that is away")
		}
		back := time.Now()
		m.change(func() { m.away = false })
		m.until(t, "both are completed", func() bool { return m.finished(first, "completed")() && m.finished(second, "completed")() })
		if took := time.Since(back); took > lastRetry {
			t.Errorf("the worker found the manager after %s", took)
		}
		names := map[string]string{first: "first", second: "second"}
		want := []string{"first active", "first completed", "second completed"}
		if got := m.statuses(names); !slices.Equal(got, want) {
			t.Errorf("reports %v, want %v", got, want)
		}
		if got, want := m.logOf(first), "echo: \"one\"\nslept 1m0s\necho: \"two\"\n"; got != want {
			t.Errorf("log %q, want %q", got, want)
		}
	})
}

func TestStepsAndLogArriveWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newFakeManager()
		m.worker(t, t.TempDir())
		var commands []farm.Command
		for range 5 {
			commands = append(commands, napping(0.4))
		}
		task := m.add(append(commands, napping(100))...)
		m.until(t, "completed", m.finished(task, "completed"))
		m.mu.Lock()
		defer m.mu.Unlock()
		var steps []int
		for _, s := range m.updates {
			if s.StepsCompleted != nil {
				steps = append(steps, *s.StepsCompleted)
			}
		}
		if want := []int{2, 5, 6}; !slices.Equal(steps, want) { // at 1 s, with "Started", at 2.2 s and the end
			t.Errorf("steps %v, want %v", steps, want)
		}
	})
}

func TestSleepAndWakeUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newFakeManager()
		m.worker(t, t.TempDir())
		m.until(t, "awake", func() bool { return m.status == "awake" })
		m.change(func() { m.request = "asleep" })
		m.until(t, "asleep", func() bool { return m.status == "asleep" })
		task := m.add(echo("later"))
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if m.finished(task, "active")() {
			t.Error("a sleeping worker took a task")
		}
		if n := len(m.times(stateRoute)); n > 12 {
			t.Errorf("a sleeping worker asked %d times in 10 minutes", n)
		}
		asked := time.Now()
		m.change(func() { m.request = "awake" })
		m.until(t, "completed", m.finished(task, "completed"))
		if took := time.Since(asked); took > 0 {
			t.Errorf("it took %s to wake up", took)
		}
	})
}

// The manager forgot the worker: it registers anew, keeps the new identity, and
// goes on. A manager that is merely broken gets no second worker.
func TestRegistersAnewOnlyWhenUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, dir := newFakeManager(), t.TempDir()
		m.worker(t, dir)
		m.until(t, "awake", func() bool { return m.status == "awake" })
		m.change(func() { m.away = true })
		time.Sleep(time.Hour)
		m.change(func() { m.away = false })
		task := m.add(echo("a"))
		m.until(t, "completed", m.finished(task, "completed"))
		if len(m.workers) != 1 {
			t.Fatalf("%d workers after the manager was away", len(m.workers))
		}
		m.change(func() { clear(m.workers); m.status = "" })
		m.until(t, "registered anew", func() bool { return len(m.workers) == 1 && m.status == "awake" })
		task = m.add(echo("b"))
		m.until(t, "completed", m.finished(task, "completed"))
		known, err := loadIdentity(dir, testLog(t))
		if err != nil || len(m.workers) != 1 || m.workers[string(known.ID)] != known.Secret {
			t.Errorf("the identity on disk is not that of the manager: %v", err)
		}
		if info, err := os.Stat(filepath.Join(dir, identityFile)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("identity file: %v %v", info.Mode(), err)
		}
	})
}

func TestIsTheSameWorkerAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, dir := newFakeManager(), t.TempDir()
		for range 3 {
			stop, _ := m.worker(t, dir)
			m.until(t, "awake", func() bool { return m.status == "awake" })
			if err := stop(); err != nil {
				t.Fatal(err)
			}
			m.change(func() { m.status = "" })
		}
		if len(m.workers) != 1 {
			t.Errorf("%d workers after three starts", len(m.workers))
		}
	})
}

func TestManagerLostSightOfTheWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newFakeManager()
		m.worker(t, t.TempDir())
		m.until(t, "awake", func() bool { return m.status == "awake" })
		m.change(func() { m.status = "error" })
		m.until(t, "awake again", func() bool { return m.status == "awake" })
		task := m.add(echo("a"))
		m.until(t, "completed", m.finished(task, "completed"))
	})
}

func TestEndsWhenTheManagerWants(t *testing.T) {
	for request, want := range map[string]error{"offline": ErrShutdown, "restart": ErrRestart} {
		synctest.Test(t, func(t *testing.T) {
			m := newFakeManager()
			stop, ended := m.worker(t, t.TempDir())
			m.until(t, "awake", func() bool { return m.status == "awake" })
			m.change(func() { m.request = request })
			<-ended
			if err := stop(); err != want {
				t.Errorf("%s: Run returned %v", request, err)
			}
			if n := len(m.times("POST /api/v3/worker/sign-off")); n != 1 {
				t.Errorf("%s: signed off %d times", request, n)
			}
		})
	}
}

// An immediate request stops the task, of which nothing more is reported.
func TestStopsWhenItMayNotGoOn(t *testing.T) {
	for _, impatient := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			m := newFakeManager()
			m.impatient = impatient
			m.worker(t, t.TempDir())
			task := m.add(echo("before"), napping(3600), echo("after"))
			m.until(t, "started", m.finished(task, "active"))
			time.Sleep(30 * time.Second)
			m.change(func() { m.request, m.now = "asleep", true })
			asked := time.Now()
			m.until(t, "asleep", func() bool { return m.status == "asleep" })
			if took := time.Since(asked); !impatient && took > 0 || took > 12*time.Second {
				t.Errorf("impatient %v: stopped after %s", impatient, took)
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			if got := m.statuses(map[string]string{task: "it"}); !slices.Equal(got, []string{"it active"}) {
				t.Errorf("reports of a stopped task: %v", got)
			}
			if log := m.logOf(task); !strings.Contains(log, "before") || strings.Contains(log, "after") {
				t.Errorf("log %q", log)
			}
		})
	}
}

// A task taken away while the manager was out of reach: its late reports are
// refused, and the worker stops and goes on with the next task.
func TestTaskWasReassigned(t *testing.T) {
	for _, status := range []int{404, 409} {
		synctest.Test(t, func(t *testing.T) {
			m := newFakeManager()
			m.worker(t, t.TempDir())
			task := m.add(napping(2), napping(3600))
			m.until(t, "started", m.finished(task, "active"))
			m.change(func() { m.answer = status })
			begun := time.Now()
			next := m.add(echo("next"))
			m.until(t, "the next task is handed out", func() bool { return m.active == next })
			if took := time.Since(begun); took > 4*time.Second {
				t.Errorf("%d: the task was stopped after %s", status, took)
			}
			m.change(func() { m.answer = 0 })
		})
	}
}

func TestFailingCommandEndsTheTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newFakeManager()
		m.worker(t, t.TempDir())
		task := m.add(echo("one"), cmd("dance"), echo("two"))
		m.until(t, "failed", m.finished(task, "failed"))
		log := m.logOf(task)
		if !strings.Contains(log, "\nFailed: unknown command: \"dance\"") || strings.Contains(log, "two") {
			t.Errorf("log %q", log)
		}
		empty := m.add()
		m.until(t, "a task without commands is completed", m.finished(empty, "completed"))
	})
}

// Stopped while the manager is away: the end is not held up for long, and what
// was not delivered is at the next start.
func TestStopAndStartWithReportsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, dir := newFakeManager(), t.TempDir()
		stop, _ := m.worker(t, dir)
		task := m.add(napping(10))
		m.until(t, "started", m.finished(task, "active"))
		m.change(func() { m.away = true })
		time.Sleep(time.Minute)
		begun := time.Now()
		if err := stop(); err != nil {
			t.Error(err)
		}
		if took := time.Since(begun); took > 8*time.Second {
			t.Errorf("stopping took %s", took)
		}
		m.change(func() { m.away = false })
		m.worker(t, dir)
		m.until(t, "the report of the run before arrives", m.finished(task, "completed"))
	})
}

func TestStopsAtOnceWhileLookingForTheManager(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newFakeManager()
		m.away = true
		stop, _ := m.worker(t, t.TempDir())
		time.Sleep(time.Minute)
		begun := time.Now()
		if err := stop(); err != nil || time.Since(begun) > 0 {
			t.Errorf("stopped after %s with %v", time.Since(begun), err)
		}
	})
}
