package manager

import (
	"context"
	"maps"
	"sync/atomic"
	"time"

	"renderfarm/farm"
	"renderfarm/store"
)

// Figures is the farm in numbers, for those who watch over it. All of them are counted
// as things happen: reading them costs the same for ten jobs and for a million.
type Figures struct {
	Jobs    map[farm.JobStatus]int
	Tasks   farm.Counts // as they are stored, see farm.ShownStatus
	Workers map[farm.WorkerStatus]int
	Store   store.Figures

	Assigned  uint64 // tasks that workers got since the start
	Completed uint64 // of them, those that were completed
	Returned  uint64 // and those that ended in another way

	Uploads, MaxUploads int       // files that are received at present
	LastBackup          time.Time // when the newest backup was made; zero if there is none
	DiskFree            []DiskFree
	StorageMissing      bool // the shared storage is not there, or does not answer
}

// DiskFree is how much room there is for something.
type DiskFree struct {
	Of    string // database, logs or storage
	Bytes int64
}

// Figures returns the figures of this moment.
func (m *Manager) Figures(ctx context.Context) Figures {
	f := Figures{Store: m.store.Figures(),
		Assigned: m.runs.assigned.Load(), Completed: m.runs.completed.Load(), Returned: m.runs.returned.Load()}
	f.Jobs, f.Tasks, f.Workers = m.tally.all()
	f.Uploads, f.MaxUploads = m.config.Load().blobs.Uploads()
	if at := m.backups.newest.Load(); at != 0 {
		f.LastBackup = time.Unix(at, 0)
	}
	logs, _ := m.files.Room()
	storage, err := m.lookAtStorage(ctx)
	f.StorageMissing = err != nil
	for _, d := range []DiskFree{{"database", m.store.DiskFree()}, {"logs", logs}, {"storage", storage}} {
		if d.Bytes >= 0 && !(d.Of == "storage" && f.StorageMissing) {
			f.DiskFree = append(f.DiskFree, d)
		}
	}
	return f
}

// all returns how many jobs, tasks and workers there are in each status.
func (t *tally) all() (map[farm.JobStatus]int, farm.Counts, map[farm.WorkerStatus]int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.jobs), t.tasks, maps.Clone(t.workers)
}

// runs counts what became of tasks that workers got.
type runs struct{ assigned, completed, returned atomic.Uint64 }

func (r *runs) count(assigned int, ended []endedTask) {
	r.assigned.Add(uint64(assigned))
	for _, e := range ended {
		if e.done {
			r.completed.Add(1)
		} else {
			r.returned.Add(1)
		}
	}
}
