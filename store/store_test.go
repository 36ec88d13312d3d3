package store

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"renderfarm/farm"
)

// testTime is the time of tests that do not care.
var testTime = time.Date(2026, 11, 23, 10, 11, 12, 345e6, time.UTC)

// open opens the database and ends the test if the store fails.
func open(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func newStore(t testing.TB) *Store { return open(t, filepath.Join(t.TempDir(), "farm.db")) }

// memoryDir is where thousands of syncs cost nothing, if there is such a place.
func memoryDir() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return ""
}

// inMemory returns a path for a database there.
func inMemory(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp(memoryDir(), "store")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "farm.db")
}

// update runs an operation that must succeed.
func update(t testing.TB, s *Store, fn func(*Tx)) {
	t.Helper()
	if err := s.Update(func(tx *Tx) error { fn(tx); return nil }); err != nil {
		t.Fatal(err)
	}
}

// clean reports what Check finds.
func clean(t testing.TB, s *Store) {
	t.Helper()
	for _, err := range s.Check() {
		t.Error("check:", err)
	}
}

func command(frame int) farm.Command {
	return farm.Command{Name: "blender-render", Parameters: map[string]any{"exe": "{blender}", "frame": float64(frame),
		"args": []any{"--render-output", "/mnt/storage/render/scene/######", "--render-frame", fmt.Sprint(frame)}}}
}

// frames returns a plan of n frames and, if video, a task that needs them all.
func frames(n int, video bool) *farm.Plan {
	p := &farm.Plan{Submission: farm.Submission{Name: "scene", Type: "simple-blender-render", Priority: 50, ID: farm.JobID(farm.NewUUID().String()),
		Created: testTime, Settings: map[string]any{"frames": fmt.Sprintf("1-%d", n)}, Metadata: map[string]string{"project": "Sprite"}, SubmitterPlatform: "linux"}}
	for i := range n {
		p.Tasks = append(p.Tasks, farm.PlannedTask{Name: fmt.Sprintf("render-%d", i+1), Type: "blender", Priority: 50, Commands: []farm.Command{command(i + 1)}})
	}
	if video {
		last := farm.PlannedTask{Name: "preview-video", Type: "ffmpeg", Priority: 50, Commands: []farm.Command{{Name: "frames-to-video", Parameters: map[string]any{}}}}
		for i := range n {
			last.Needs = append(last.Needs, i)
		}
		p.Tasks = append(p.Tasks, last)
	}
	return p
}

func prepare(t testing.TB, p *farm.Plan) *NewJob {
	t.Helper()
	n, err := Prepare(p)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func addJob(t testing.TB, s *Store, p *farm.Plan) farm.JobID {
	t.Helper()
	n := prepare(t, p)
	update(t, s, func(tx *Tx) { tx.AddJob(n) })
	return n.ID()
}

func addWorker(t testing.TB, s *Store, types ...string) farm.WorkerID {
	t.Helper()
	id := farm.WorkerID(farm.NewUUID().String())
	update(t, s, func(tx *Tx) { tx.AddWorker(farm.Worker{ID: id, Name: "w", TaskTypes: types, Status: farm.WorkerAwake}) })
	return id
}

// assign gives the worker its next task, if there is one.
func assign(tx *Tx, id farm.WorkerID) (Task, bool) {
	w, err := tx.Worker(id)
	if err != nil {
		panic(err)
	}
	t, ok := tx.Pick(w)
	if ok {
		s := t.State()
		s.Status, s.Worker, s.StepsDone, s.Touched = farm.TaskActive, id, 0, tx.Now()
		s.Attempt++
		tx.SetTask(t, s)
	}
	return t, ok
}

func finish(tx *Tx, t Task, to farm.TaskStatus) {
	s := t.State()
	s.Status = to
	if to == farm.TaskCompleted {
		s.StepsDone = t.Steps()
	}
	tx.SetTask(t, s)
}

func TestLifeOfAJob(t *testing.T) {
	s := newStore(t)
	w := addWorker(t, s, "blender", "ffmpeg")
	id := addJob(t, s, frames(3, true))
	var order []string
	for range 4 {
		var task farm.TaskID
		update(t, s, func(tx *Tx) {
			picked, ok := assign(tx, w)
			if !ok {
				t.Fatal("nothing to do")
			}
			task = picked.ID()
		})
		planned, err := s.Planned(task)
		if err != nil {
			t.Fatal(err)
		}
		order = append(order, planned.Name)
		update(t, s, func(tx *Tx) {
			picked, err := tx.Task(task)
			if err != nil {
				t.Fatal(err)
			}
			finish(tx, picked, farm.TaskCompleted)
		})
		clean(t, s)
	}
	if got := fmt.Sprint(order); got != "[render-1 render-2 render-3 preview-video]" {
		t.Error("order", got)
	}
	s.View(func(v *View) error {
		j, err := v.Job(id)
		if err != nil || j.Status() != farm.JobCompleted || j.StepsDone != 4 || j.StepsTotal != 4 {
			t.Error(j, err)
		}
		return nil
	})
}
