package store

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"renderfarm/farm"
)

func view(t testing.TB, s *Store, fn func(*View) error) {
	t.Helper()
	if err := s.View(fn); err != nil {
		t.Error(err)
	}
}

func TestViewJobs(t *testing.T) {
	s := newStore(t)
	var ids []farm.JobID
	for range 5 {
		ids = append(ids, addJob(t, s, frames(1, false)))
	}
	update(t, s, func(tx *Tx) { j, _ := tx.Job(ids[2]); tx.RemoveJob(j, 1) })
	left := []farm.JobID{ids[0], ids[1], ids[3], ids[4]}
	view(t, s, func(v *View) error {
		for _, c := range []struct {
			after farm.JobID
			limit int
			want  []farm.JobID
		}{{"", 0, left}, {"", 2, left[:2]}, {ids[1], 1, left[2:3]}, {ids[2], 0, left[2:]}, {ids[4], 9, nil}} {
			jobs, err := v.Jobs(c.after, c.limit)
			var got []farm.JobID
			for _, j := range jobs {
				got = append(got, j.ID)
			}
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("after %q, %d: %v, want %v: %v", c.after, c.limit, got, c.want, err)
			}
		}
		for _, id := range []farm.JobID{"", "x", farm.JobID(farm.NewUUID().String()), ids[2]} {
			if _, err := v.Job(id); farm.KindOf(err) != farm.NotFound {
				t.Errorf("job %q: %v", id, err)
			}
			if _, err := v.JobDetail(id); farm.KindOf(err) != farm.NotFound {
				t.Errorf("detail of %q: %v", id, err)
			}
			if _, err := v.Tasks(id, -1, 0); farm.KindOf(err) != farm.NotFound {
				t.Errorf("tasks of %q: %v", id, err)
			}
			if _, err := v.Blocklist(id); farm.KindOf(err) != farm.NotFound {
				t.Errorf("blocklist of %q: %v", id, err)
			}
		}
		if got := v.JobsDeleting(); len(got) != 1 || got[0] != ids[2] {
			t.Errorf("deleting: %v", got)
		}
		return nil
	})
}

func TestViewOfAJob(t *testing.T) {
	s := newStore(t)
	p := frames(600, true)
	p.Settings["text"] = string(make([]byte, 2*packFrom))
	p.ShamanCheckout, p.Tag = "checkout", "gpu"
	id := addJob(t, s, p)
	w := addWorker(t, s, "blender")
	update(t, s, func(tx *Tx) {
		j, _ := tx.Job(id)
		tx.SetTask(j.Task(300), farm.TaskState{Status: farm.TaskActive, Worker: w, Attempt: 2, Activity: "busy", Touched: testTime, FailedBy: []farm.WorkerID{w}})
		if j.Seq() != 1 || j.Len() != 601 {
			t.Error(j.Seq(), j.Len())
		}
	})
	view(t, s, func(v *View) error {
		j, err := v.Job(id)
		if err != nil || j.Name != "scene" || j.Tag != "gpu" || j.Priority != 50 || !j.Created.Equal(testTime) || j.StepsTotal != 601 || j.Updated.IsZero() {
			t.Errorf("%+v %v", j, err)
		}
		d, err := v.JobDetail(id)
		if want := (farm.JobDetail{Settings: p.Settings, Metadata: p.Metadata, ShamanCheckout: "checkout", SubmitterPlatform: "linux"}); err != nil || !reflect.DeepEqual(d, want) {
			t.Errorf("%+v %v", d, err)
		}
		for _, c := range []struct{ after, limit, from, to int }{{-1, 0, 0, 601}, {-1, 3, 0, 3}, {254, 4, 255, 259}, {299, 1, 300, 301}, {599, 100, 600, 601}, {600, 0, 0, 0}, {9999, 1, 0, 0}, {-7, 1, 0, 1}} {
			tasks, err := v.Tasks(id, c.after, c.limit)
			if err != nil || len(tasks) != c.to-c.from {
				t.Fatalf("after %d, %d: %d tasks: %v", c.after, c.limit, len(tasks), err)
			}
			for i, task := range tasks {
				if want := p.Tasks[c.from+i]; task.Index != c.from+i || task.Name != want.Name || task.Type != want.Type || task.Job != id || task.StepsTotal != 1 || task.Commands != nil || !task.Created.Equal(testTime) {
					t.Fatalf("task %d is %+v", c.from+i, task)
				}
				if (task.Status == farm.TaskActive) != (task.Index == 300) {
					t.Errorf("task %d is %s", task.Index, task.Status)
				}
			}
		}
		tasks, _ := v.Tasks(id, 299, 1)
		task, err := v.Task(tasks[0].ID)
		want := tasks[0]
		want.Commands = p.Tasks[300].Commands
		if err != nil || !reflect.DeepEqual(task, want) || task.Worker != w || task.Attempt != 2 || task.Activity != "busy" || !task.Touched.Equal(testTime) {
			t.Errorf("%+v, want %+v: %v", task, want, err)
		}
		return nil
	})
}

func TestPlanned(t *testing.T) {
	s := newStore(t)
	p := frames(300, true)
	id := addJob(t, s, p)
	u, _ := farm.ParseUUID(string(id))
	for range 2 { // from the file, then from memory
		for _, i := range []int{0, 255, 256, 300} {
			got, err := s.Planned(farm.TaskID(taskUUID(u, uint32(i)).String()))
			want := p.Tasks[i]
			want.Needs = nil
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("task %d is %+v: %v", i, got, err)
			}
			for k := range got.Commands {
				got.Commands[k].Parameters["exe"] = "changed by the caller"
			}
		}
	}
	wrong := taskUUID(u, 5)
	wrong[9]++
	for _, bad := range []string{"", "x", farm.NewUUID().String(), taskUUID(u, 301).String(), wrong.String(), string(id)} {
		if _, err := s.Planned(farm.TaskID(bad)); farm.KindOf(err) != farm.NotFound {
			t.Errorf("planned %q: %v", bad, err)
		}
		view(t, s, func(v *View) error {
			if _, err := v.Task(farm.TaskID(bad)); farm.KindOf(err) != farm.NotFound {
				t.Errorf("view of %q: %v", bad, err)
			}
			return nil
		})
		update(t, s, func(tx *Tx) {
			if _, err := tx.Task(farm.TaskID(bad)); farm.KindOf(err) != farm.NotFound {
				t.Errorf("task %q: %v", bad, err)
			}
		})
	}
	update(t, s, func(tx *Tx) { j, _ := tx.Job(id); tx.RemoveJob(j, 1) })
	if _, err := s.Planned(farm.TaskID(taskUUID(u, 0).String())); farm.KindOf(err) != farm.NotFound {
		t.Errorf("a task of a removed job: %v", err)
	}
}

func TestChunkCacheIsBounded(t *testing.T) {
	c := newChunkCache()
	big := &chunk{commands: make([]byte, maxCached/4)}
	for i := range 10 {
		c.put(chunkKey{1, i}, big, farm.UUID{})
		c.put(chunkKey{1, i}, big, farm.UUID{})
	}
	if len(c.chunks) != len(c.order) || len(c.order) != 4 || c.size > maxCached {
		t.Errorf("%d chunks, %d bytes", len(c.chunks), c.size)
	}
	c.put(chunkKey{2, 0}, &chunk{}, farm.UUID{})
	c.drop(1)
	if got, _ := c.get(chunkKey{2, 0}); got == nil || len(c.chunks) != 1 || len(c.order) != 1 || c.size != 0 {
		t.Errorf("%d chunks, %d bytes", len(c.chunks), c.size)
	}
}

func TestBackup(t *testing.T) {
	s := newStore(t)
	id := addJob(t, s, frames(10, true))
	dir := t.TempDir()
	path := filepath.Join(dir, "backup.db")
	os.WriteFile(path, []byte("an older one"), 0o600)
	if err := s.Backup(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	for err := range Check(path) {
		t.Error("check:", err)
	}
	b := open(t, path)
	view(t, b, func(v *View) error { _, err := v.Job(id); return err })
	clean(t, b)
	if err := s.Backup(t.Context(), filepath.Join(dir, "no", "such", "folder")); err == nil || farm.KindOf(err) != farm.Internal {
		t.Error(err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Error(files)
	}
	s.Close()
	if err := s.Backup(t.Context(), path); farm.KindOf(err) != farm.NotDurable {
		t.Error(err)
	}
}
