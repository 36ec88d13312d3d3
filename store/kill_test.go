package store

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"renderfarm/farm"
)

// The test program starts itself again to be killed: with this variable set it
// works on the database that it names, and says on its output what was
// acknowledged to it.
const killEnv = "STORE_TEST_WORK_ON"

func TestMain(m *testing.M) {
	if path := os.Getenv(migrateEnv); path != "" {
		openAsNewer(path)
		return
	}
	if path := os.Getenv(killEnv); path != "" {
		workUntilKilled(path)
		return
	}
	os.Exit(m.Run())
}

// A speaker works on a store and says what was acknowledged to it.
type speaker struct {
	s  *Store
	mu sync.Mutex // keeps lines whole
}

func (p *speaker) say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Printf(format+"\n", args...)
}

func (p *speaker) do(fn func(*Tx)) {
	if err := p.s.Update(func(tx *Tx) error { fn(tx); return nil }); err != nil {
		p.say("error %v", err)
	}
}

// workUntilKilled runs workers that take tasks and complete or fail them, and
// one that adds and removes jobs. Each line is written after Update returned.
func workUntilKilled(path string) {
	s, err := Open(Options{Path: path})
	if err != nil {
		fmt.Println("error", err)
		return
	}
	p := &speaker{s: s}
	for range 8 {
		go p.work()
	}
	for {
		p.changeJobs()
	}
}

func (p *speaker) work() {
	id := farm.WorkerID(farm.NewUUID().String())
	p.do(func(tx *Tx) { tx.AddWorker(farm.Worker{ID: id, TaskTypes: []string{"blender", "ffmpeg"}}) })
	p.say("worker %s", id)
	for n := 0; ; n++ {
		var task farm.TaskID
		var attempt int
		var event uint64
		p.do(func(tx *Tx) {
			if t, ok := assign(tx, id); ok {
				task, attempt, event = t.ID(), t.State().Attempt, tx.EventNumber()
			}
		})
		if task == "" {
			continue
		}
		p.say("task %s %d %d", task, attempt, farm.TaskActive)
		p.say("event %d", event)
		to := []farm.TaskStatus{farm.TaskCompleted, farm.TaskSoftFailed, farm.TaskCompleted, farm.TaskQueued}[n%4]
		p.do(func(tx *Tx) {
			if t, err := tx.Task(task); err == nil && t.Status() == farm.TaskActive {
				finish(tx, t, to)
			}
		})
		p.say("task %s %d %d", task, attempt, to)
	}
}

// changeJobs adds a job and, when there are 20, removes the oldest.
func (p *speaker) changeJobs() {
	n, err := Prepare(frames(40, true))
	if err != nil {
		p.say("error %v", err)
	}
	p.do(func(tx *Tx) { tx.AddJob(n) })
	p.say("added %s", n.ID())
	var oldest farm.JobID
	p.s.View(func(v *View) error {
		if jobs, err := v.Jobs("", 20); err == nil && len(jobs) == 20 {
			oldest = jobs[0].ID
		}
		return nil
	})
	if oldest == "" {
		return
	}
	p.say("removing %s", oldest)
	for done := false; !done; {
		p.do(func(tx *Tx) {
			if j, err := tx.Job(oldest); err == nil {
				done = tx.RemoveJob(j, 30)
			}
		})
	}
	p.say("removed %s", oldest)
}

// An acked is what a killed program said last of a task.
type acked struct {
	attempt int
	status  farm.TaskStatus
}

// memory is all that was acknowledged, over all lives.
type memory struct {
	tasks    map[farm.TaskID]acked
	jobs     map[farm.JobID]string
	workers  []farm.WorkerID
	event    uint64
	lines    int
	problems []string
}

func (m *memory) read(line string) {
	m.lines++
	var id string
	var a, b int
	var event uint64
	switch {
	case scan(line, "task %s %d %d", &id, &a, &b):
		m.tasks[farm.TaskID(id)] = acked{a, farm.TaskStatus(b)}
	case scan(line, "worker %s", &id):
		m.workers = append(m.workers, farm.WorkerID(id))
	case scan(line, "added %s", &id):
		m.jobs[farm.JobID(id)] = "added"
	case scan(line, "removing %s", &id):
		m.jobs[farm.JobID(id)] = "removing"
	case scan(line, "removed %s", &id):
		m.jobs[farm.JobID(id)] = "removed"
	case scan(line, "event %d", &event):
		m.event = max(m.event, event)
	default:
		m.problems = append(m.problems, line)
	}
}

func scan(line, format string, into ...any) bool {
	n, err := fmt.Sscanf(line, format, into...)
	return err == nil && n == len(into)
}

// compare looks for acknowledged changes that are not in the database. A task
// may be further than what was said of it: the word may not have come out.
func (m *memory) compare(t *testing.T, s *Store) {
	update(t, s, func(tx *Tx) {
		for id, want := range m.tasks {
			task, err := tx.Task(id)
			if err != nil {
				if job := m.jobOf(id); m.jobs[job] == "added" {
					t.Errorf("task %s of job %s is lost: %v", id, job, err)
				}
				continue
			}
			got := task.State()
			if got.Attempt < want.attempt || got.Attempt == want.attempt && got.Status != want.status && want.status != farm.TaskActive {
				t.Errorf("task %s was %d %s, and is %d %s", id, want.attempt, want.status, got.Attempt, got.Status)
			}
		}
		for id, state := range m.jobs {
			if _, err := tx.Job(id); (state == "added" && err != nil) || (state == "removed" && err == nil) {
				t.Errorf("job %s was %s: %v", id, state, err)
			}
		}
		for _, id := range m.workers {
			if _, err := tx.Worker(id); err != nil {
				t.Errorf("worker %s is lost", id)
			}
		}
		if n := tx.EventNumber(); n <= m.event {
			t.Errorf("event number %d is used again, %d was", n, m.event)
		}
		// The next life begins with what the lost workers gave back.
		for _, id := range m.workers {
			w, _ := tx.Worker(id)
			for _, task := range tx.Active(w) {
				finish(tx, task, farm.TaskQueued)
				m.tasks[task.ID()] = acked{task.State().Attempt, farm.TaskQueued}
			}
		}
	})
}

func (m *memory) jobOf(task farm.TaskID) farm.JobID {
	for id := range m.jobs {
		if id[:18] == farm.JobID(task)[:18] {
			return id
		}
	}
	return ""
}

// Nothing that was acknowledged is lost, and nothing is damaged, however often
// the program is killed.
func TestKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "farm.db")
	m := &memory{tasks: map[farm.TaskID]acked{}, jobs: map[farm.JobID]string{}}
	for range 10 {
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), killEnv+"="+path)
		c.Stderr = os.Stderr
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		last := m.lines + 50 + rand.IntN(1000)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if m.read(lines.Text()); m.lines == last {
				c.Process.Kill() // what is in the pipe is still read
			}
		}
		c.Wait()
		for err := range Check(path) {
			t.Error("check:", err)
		}
		s, err := Open(Options{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		m.compare(t, s)
		clean(t, s)
		s.Close()
		if t.Failed() {
			break
		}
	}
	if len(m.problems) > 0 && !slices.Equal(m.problems, []string{""}) {
		t.Error(m.problems)
	}
	t.Logf("%d acknowledgements, %d tasks, %d jobs", m.lines, len(m.tasks), len(m.jobs))
}
