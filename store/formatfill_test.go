package store

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"renderfarm/farm"
)

// A formatDatabase fills a new database with something of every kind: jobs and
// tasks in every status, workers in every status, tags, blocks, schedules and
// audits. Ids and times are the same each time, so that two programs that keep
// the same format write the same records.
type formatDatabase struct {
	t       *testing.T
	s       *Store
	clock   time.Time
	workers []farm.WorkerID
	jobs    int
}

// fillFormat makes the database in the file.
func fillFormat(t *testing.T, path string) {
	f := &formatDatabase{t: t, clock: testTime}
	s, err := Open(Options{Path: path, Clock: func() time.Time { return f.clock }})
	if err != nil {
		t.Fatal(err)
	}
	f.s = s
	f.tags()
	f.addWorkers()
	f.jobsOfEveryStatus()
	f.tasksOfEveryStatus()
	f.largeJob()
	f.frames()
	f.leaving()
	f.at(func(tx *Tx) {
		tx.AddNotice(farm.Notice{Event: farm.NoticeWorkerLost, Worker: "render-4", Time: f.clock})
	})
	clean(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// at runs an operation a minute after the one before.
func (f *formatDatabase) at(fn func(*Tx)) {
	f.t.Helper()
	f.clock = f.clock.Add(time.Minute + 7*time.Millisecond)
	update(f.t, f.s, fn)
}

func formatID(kind, n int) string { return fmt.Sprintf("%08x-%04x-4000-8000-00000000%04x", n, kind, n) }

const formatTag = farm.TagID("6ba7b810-9dad-41d1-80b4-00c04fd430c8")

func (f *formatDatabase) tags() {
	f.at(func(tx *Tx) {
		tx.PutTag(farm.Tag{ID: formatTag, Name: "GPU", Description: "Karten mit 24 GB, größer"})
		tx.PutTag(farm.Tag{ID: "7ba7b810-9dad-41d1-80b4-00c04fd430c8", Name: "gone"})
	})
	f.at(func(tx *Tx) { tx.RemoveTag("7ba7b810-9dad-41d1-80b4-00c04fd430c8") })
}

// addWorkers registers a worker in each status, with requests, schedules and audits.
func (f *formatDatabase) addWorkers() {
	morning, _ := farm.ParseTimeOfDay("08:30")
	evening, _ := farm.ParseTimeOfDay("19:00")
	for i, status := range []farm.WorkerStatus{farm.WorkerUnknown, farm.WorkerStarting, farm.WorkerAwake, farm.WorkerAsleep,
		farm.WorkerError, farm.WorkerTesting, farm.WorkerOffline, farm.WorkerAwake, farm.WorkerAwake} {
		id := farm.WorkerID(formatID(0xa, i+1))
		f.workers = append(f.workers, id)
		f.at(func(tx *Tx) {
			w := tx.AddWorker(farm.Worker{ID: id, Name: fmt.Sprintf("render-%d", i+1), Address: fmt.Sprintf("10.0.0.%d", i+1), Platform: "linux", Software: "0.1.0",
				TaskTypes: []string{"blender", "ffmpeg", "misc"}, Status: status, SecretHash: []byte{1, 2, 3, byte(i)}})
			if status != farm.WorkerUnknown {
				w.LastSeen = tx.Now().Add(-time.Second)
			}
			switch i {
			case 2:
				w.Tags, w.CanRestart = []farm.TagID{formatTag}, true
				eevee := false
				w.Facts = &farm.WorkerFacts{Arch: "amd64", CPUs: 16, Memory: 64 << 30, Blenders: []farm.WorkerBlender{{Version: "4.2.1 LTS", Path: "/opt/bläh/blender",
					Devices: []farm.RenderDevice{{Type: "OPTIX", Name: "RTX", ID: "x"}}, EEVEE: &eevee}}}
				w.Request = farm.StatusRequest{Status: farm.WorkerRestart, Lazy: true}
			case 3:
				w.TimeZone = "Europe/Berlin"
				w.Schedule = farm.Schedule{Active: true, Windows: []farm.Window{{From: morning, To: evening}, {From: evening}}}
				w.ScheduleAt = tx.Now().Add(time.Hour)
			case 4:
				w.Away = true
				w.Request = farm.StatusRequest{Status: farm.WorkerAsleep}
			case 8:
				w.Deleted = tx.Now()
			}
			tx.SaveWorker(w)
			tx.AuditWorker(w, farm.Actor{Name: "ana", Address: "10.0.0.9", Agent: "farm/0.1.0"}, "registered")
		})
	}
	for n := range farm.MaxAudit + 5 { // the oldest are dropped
		f.at(func(tx *Tx) {
			w, _ := tx.Worker(f.workers[7])
			tx.AuditWorker(w, farm.Actor{Address: "::1"}, fmt.Sprintf("renamed it to render-%d", n))
		})
	}
}

// add stores a job of a few frames, the last of which needs all others.
func (f *formatDatabase) add(name string, frames int) farm.JobID {
	f.t.Helper()
	f.jobs++
	f.clock = f.clock.Add(time.Minute)
	p := &farm.Plan{Submission: farm.Submission{Name: name, Type: "simple-blender-render", Priority: 40 + f.jobs, ID: farm.JobID(formatID(0xb, f.jobs)), Created: f.clock,
		Settings: map[string]any{"frames": fmt.Sprintf("1-%d", frames), "fps": 23.976, "add_path_components": 0.0, "blendfile": "/srv/Jöbs/shot #7.blend"},
		Metadata: map[string]string{"project": "Sprite"}, SubmitterPlatform: "linux"}}
	if f.jobs%3 == 0 {
		p.Blender = farm.BlenderNeed{Version: farm.BlenderVersion{Major: 4, Minor: 2}, Match: farm.BlenderMatch(f.jobs % 2), Storage: f.jobs%2 == 0}
	}
	if f.jobs%2 == 0 {
		p.Tag, p.ShamanCheckout = formatTag, "sprite/0001"
	}
	for i := range frames {
		p.Tasks = append(p.Tasks, farm.PlannedTask{Name: fmt.Sprintf("render-%d", i+1), Type: "blender", Priority: 50 - i%2,
			Commands: []farm.Command{{Name: "blender-render", Parameters: map[string]any{"exe": "{blender}", "frames": fmt.Sprint(i + 1)}, Steps: 1 + i%3}}})
	}
	last := farm.PlannedTask{Name: "preview-video", Type: "ffmpeg", Priority: 50, Commands: []farm.Command{
		{Name: "echo", Parameters: map[string]any{"message": "Grüße"}}, {Name: "frames-to-video", Parameters: map[string]any{"fps": 24.0, "args": []any{"-crf", "23"}}}}}
	for i := range frames {
		last.Needs = append(last.Needs, i)
	}
	p.Tasks = append(p.Tasks, last)
	n := prepare(f.t, p)
	f.at(func(tx *Tx) { tx.AddJob(n) })
	return n.ID()
}

// job runs an operation on a job and stores the job.
func (f *formatDatabase) job(id farm.JobID, fn func(tx *Tx, j *Job)) {
	f.t.Helper()
	f.at(func(tx *Tx) {
		j, err := tx.Job(id)
		if err != nil {
			f.t.Fatal(err)
		}
		fn(tx, j)
		tx.SaveJob(j)
	})
}

// set gives a task of a job a status.
func (f *formatDatabase) set(tx *Tx, j *Job, index int, status farm.TaskStatus) {
	s := j.Task(index).State()
	s.Status, s.Worker, s.Attempt, s.Touched = status, f.workers[index%len(f.workers)], s.Attempt+1, tx.Now().Add(-time.Second)
	s.Activity = "now " + status.String()
	if status == farm.TaskCompleted {
		s.StepsDone = j.Task(index).Steps()
	}
	tx.SetTask(j.Task(index), s)
}

// all gives every task of a job a status.
func (f *formatDatabase) all(tx *Tx, j *Job, status farm.TaskStatus) {
	for i := range j.Len() {
		f.set(tx, j, i, status)
	}
}

// jobsOfEveryStatus adds a job for each status that a job can have.
func (f *formatDatabase) jobsOfEveryStatus() {
	user := farm.Actor{Name: "bo", Address: "10.0.0.8", Agent: "farm/0.1.0"}
	for _, c := range []struct {
		status farm.JobStatus
		change func(tx *Tx, j *Job)
	}{
		{farm.JobUnderConstruction, func(tx *Tx, j *Job) { j.Planning = true }},
		{farm.JobQueued, func(tx *Tx, j *Job) {}},
		{farm.JobActive, func(tx *Tx, j *Job) { f.set(tx, j, 1, farm.TaskActive) }},
		{farm.JobPauseRequested, func(tx *Tx, j *Job) { f.set(tx, j, 2, farm.TaskActive); j.Intent = farm.IntentHold }},
		{farm.JobPaused, func(tx *Tx, j *Job) { j.Intent = farm.IntentHold }},
		{farm.JobCancelRequested, func(tx *Tx, j *Job) { f.set(tx, j, 1, farm.TaskActive); j.Intent = farm.IntentAbort }},
		{farm.JobCanceled, func(tx *Tx, j *Job) { j.Intent = farm.IntentAbort; tx.Audit(j, user, "Canceled") }},
		{farm.JobCompleted, func(tx *Tx, j *Job) { f.all(tx, j, farm.TaskCompleted) }},
		{farm.JobFailed, func(tx *Tx, j *Job) { f.set(tx, j, 0, farm.TaskFailed); j.Activity = "1 of 4 tasks failed" }},
		{farm.JobFailed, func(tx *Tx, j *Job) {
			j.NoWorkersLeft = true
			for _, id := range f.workers[1:3] {
				w, _ := tx.Worker(id)
				tx.Block(j, w, "blender")
			}
		}},
		{farm.JobFailed, func(tx *Tx, j *Job) { f.set(tx, j, 0, farm.TaskFailed); j.GivenUp = true }},
		{farm.JobPaused, func(tx *Tx, j *Job) { j.Intent, j.RetryAt = farm.IntentHold, tx.Now().Add(10*time.Minute) }},
		{farm.JobRequeueing, func(tx *Tx, j *Job) {
			f.all(tx, j, farm.TaskFailed)
			j.Pass = farm.Pass{Kind: farm.PassRevive, Root: 1, Step: 1, Next: 2, Repeat: true, Reason: "the texture is there now"}
		}},
		{farm.JobActive, func(tx *Tx, j *Job) {
			j.KeepGoing = true
			f.set(tx, j, 0, farm.TaskFailed)
			for n := range 3 {
				tx.Audit(j, user, fmt.Sprintf("Priority %d", n))
			}
		}},
	} {
		id := f.add(c.status.String(), 3)
		f.job(id, c.change)
		f.s.View(func(v *View) error {
			if j, err := v.Job(id); err != nil || j.Status() != c.status {
				f.t.Errorf("job %q is %v: %v", c.status, j.Status(), err)
			}
			return nil
		})
	}
}

// tasksOfEveryStatus adds a job whose tasks are in all the statuses that are
// stored, and with all there is to say of one.
func (f *formatDatabase) tasksOfEveryStatus() {
	id := f.add("every status of a task", farm.TaskStatuses+5)
	f.job(id, func(tx *Tx, j *Job) {
		for i := 1; i < farm.TaskStatuses; i++ {
			f.set(tx, j, i, farm.TaskStatus(i))
		}
		n := farm.TaskStatuses
		// Queued again after it was tried; failed by two workers, one of them twice;
		// active and half done; a status without anything that is said of it.
		tx.SetTask(j.Task(n), farm.TaskState{Attempt: 2, Worker: f.workers[2], Activity: "returned by render-3"})
		tx.SetTask(j.Task(n+1), farm.TaskState{Status: farm.TaskSoftFailed, Worker: f.workers[2], Attempt: 300, FailedBy: []farm.WorkerID{f.workers[2], f.workers[7]}, Failures: 3})
		tx.SetTask(j.Task(n+2), farm.TaskState{Status: farm.TaskActive, Worker: f.workers[7], Attempt: 1, StepsDone: 1, Touched: tx.Now()})
		tx.SetTask(j.Task(n+3), farm.TaskState{Status: farm.TaskCanceled})
		tx.SetTask(j.Task(n+4), farm.TaskState{Status: farm.TaskSoftFailed, Worker: f.workers[7], Attempt: 7, FailedBy: []farm.WorkerID{f.workers[2]}, Excused: 6,
			Cause: &farm.Cause{Class: "disk-full", Means: "The disk is full.", Next: "Make room on it.", Line: "OSError: [Errno 28] No space left on device: '/srv/Jöbs'"}})
	})
	f.at(func(tx *Tx) {
		w, _ := tx.Worker(f.workers[7])
		w.LastTask = farm.TaskID(formatID(0xc, 1))
		tx.SaveWorker(w)
		tx.SetLastRendered(id)
		for range 41 {
			tx.EventNumber()
		}
	})
}

// largeJob adds a job whose definitions need two chunks, and compression.
func (f *formatDatabase) largeJob() { f.add("two chunks", chunkTasks+20) }

// frames adds a job with results of frames, and a task that renders some again.
func (f *formatDatabase) frames() {
	id := f.add("frames", 70)
	for i := range 70 {
		f.job(id, func(tx *Tx, j *Job) {
			f.set(tx, j, i, farm.TaskActive)
			r := farm.FrameResult{Frame: i - 3, Wall: int64(1000 + i*977), CPU: int64(5000 * i), Load: int64(i % 7 * 300), Render: int64(900 + i*900), Save: int64(i),
				Memory: int64(i * 12345), GPUMemory: int64(i * 4567), Energy: int64(i * 11), Device: farm.Devices[i%len(farm.Devices)], Saved: f.clock, Flags: farm.FrameFlags(i % 32)}
			if i%3 > 0 {
				r.Source = testTime.Add(time.Duration(i%2) * time.Hour)
			}
			tx.AddFrames(j.Task(i), []farm.FrameResult{r})
			f.set(tx, j, i, farm.TaskCompleted)
		})
	}
	f.job(id, func(tx *Tx, j *Job) {
		tx.SetTask(j.Task(5), farm.TaskState{Attempt: 1, Worker: f.workers[2], Redo: farm.Redo{Frames: "2", Kept: "20261123-101112"}})
	})
}

// leaving has two jobs that are being deleted: one that was asked for, one whose
// records are going.
func (f *formatDatabase) leaving() {
	f.job(f.add("to be deleted", 2), func(tx *Tx, j *Job) { j.Deleting = tx.Now() })
	id := f.add("half deleted", 3)
	f.job(id, func(tx *Tx, j *Job) { f.all(tx, j, farm.TaskCompleted) })
	f.at(func(tx *Tx) {
		j, _ := tx.Job(id)
		if tx.RemoveJob(j, 2) {
			f.t.Error("the job is gone at once")
		}
	})
}

func formatDir(version int) string {
	return filepath.Join("..", "testdata", "db", fmt.Sprintf("v%d", version))
}
