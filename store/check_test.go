package store

import (
	"path/filepath"
	"slices"
	"testing"

	bolt "go.etcd.io/bbolt"

	"renderfarm/farm"
	"renderfarm/farm/scheduler"
)

// breakages are ways to break a file that has one job of 300 frames and one
// worker, with good checksums: what one record says is wrong because of another.
func breakages() map[string]func(*bolt.Tx) error {
	put := func(b *bucket, key, payload []byte) func(*bolt.Tx) error {
		return func(tx *bolt.Tx) error {
			return tx.Bucket(b.name).Put(key, b.seal(key, append([]byte{recordVersion}, payload...)))
		}
	}
	drop := func(b *bucket, key []byte) func(*bolt.Tx) error {
		return func(tx *bolt.Tx) error { return tx.Bucket(b.name).Delete(key) }
	}
	short, _ := new(chunkWriter).encode(frames(7, false).Tasks)
	other, _ := scheduler.NewPlan(frames(9, false).Tasks)
	loop, _ := scheduler.NewPlan(frames(299, false).Tasks)
	loop.Tasks, loop.Lists = 300, [][]scheduler.Span{nil, {{From: 299, To: 300}}}
	loop.Runs = append(loop.Runs, scheduler.Run{First: 299, Steps: 1, Priority: 50, Needs: 1})
	none := farm.NewUUID()
	return map[string]func(*bolt.Tx) error{
		"bucket of nobody":      func(tx *bolt.Tx) error { _, err := tx.CreateBucket([]byte("mine")); return err },
		"key of nobody":         put(metaBucket, []byte("mine"), nil),
		"id of no job":          put(jobuuidBucket, none[:], key32(77)),
		"id of another job":     put(jobuuidBucket, none[:], key32(1)),
		"job without settings":  drop(jobdefBucket, key32(1)),
		"job without plan":      drop(planBucket, key32(1)),
		"job with another plan": put(planBucket, key32(1), encodePlan(other)[1:]),
		"plan with a cycle":     put(planBucket, key32(1), encodePlan(loop)[1:]),
		"job without a chunk":   drop(defBucket, key64(1, 1)),
		"chunk that is short":   put(defBucket, key64(1, 1), short[1:]),
		"chunk too many":        put(defBucket, key64(1, 2), short[1:]),
		"task too many":         put(taskBucket, key64(1, 300), (&taskRecord{touched: noTime}).appendTo(nil, 0)[1:]),
		"task that is counted otherwise": put(taskBucket, key64(1, 9),
			(&taskRecord{status: farm.TaskFailed, touched: noTime}).appendTo(nil, 0)[1:]),
		"task of an unknown worker": put(taskBucket, key64(1, 0), (&taskRecord{status: farm.TaskActive, worker: 9, touched: noTime}).appendTo(nil, 0)[1:]),
		"active task of nobody":     put(taskBucket, key64(1, 0), (&taskRecord{status: farm.TaskActive, touched: noTime}).appendTo(nil, 0)[1:]),
		"task of no job":            put(taskBucket, key64(5, 0), (&taskRecord{touched: noTime}).appendTo(nil, 0)[1:]),
		"plan of no job":            put(planBucket, key32(5), encodePlan(other)[1:]),
		"block of no job":           put(blockBucket, append(key64(5, 1), 'x'), []byte{2}),
		"block of an unknown worker": put(blockBucket, append(key64(1, 8), 'x'),
			[]byte{2}),
		"row of no job":               put(inRowBucket, append(key64(5, 1), 'x'), []byte{1}),
		"row of more than was failed": put(inRowBucket, append(key64(1, 1), "blender"...), []byte{1}),
		"frame of no job":             put(frameBucket, key64(5, pageOf(1)), nil),
		"frame of an unknown worker":  put(frameBucket, key64(1, pageOf(1)), appendFrames(nil, pageOf(1), []frameEntry{{worker: 9, FrameResult: farm.FrameResult{Frame: 1}}}, testTime)),
		"frame of no task":            put(frameBucket, key64(1, pageOf(1)), appendFrames(nil, pageOf(1), []frameEntry{{worker: 1, task: 300, FrameResult: farm.FrameResult{Frame: 1}}}, testTime)),
		"frames without order":        put(frameBucket, key64(1, pageOf(1)), slices.Repeat(appendFrames(nil, pageOf(1), []frameEntry{{worker: 1, FrameResult: farm.FrameResult{Frame: 1}}}, testTime), 2)),
		"costs that end too early":    put(costBucket, key32(1), []byte{1, 2, 3}),
		"worker without state":        drop(seenBucket, key32(1)),
		"worker without id": func(tx *bolt.Tx) error {
			b := tx.Bucket(uuidBucket.name)
			k, _ := b.Cursor().First()
			return b.Delete(k)
		},
		"worker that is gone":    drop(workerBucket, key32(1)),
		"tag under another name": put(tagBucket, []byte("x"), []byte(`{"id":"y"}`)),
		"tag that is no JSON":    put(tagBucket, []byte("x"), []byte(`{`)),
		"job beyond the counter": put(metaBucket, countersKey, []byte{1, 1, 0, 1}),
		"more workers counted":   put(metaBucket, countersKey, []byte{1, 1, 1, 2}),
	}
}

// Each broken invariant is reported, with the place.
func TestCheckFinds(t *testing.T) {
	for name, change := range breakages() {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "farm.db")
			s := open(t, path)
			p := frames(300, false)
			addJob(t, s, p)
			w := addWorker(t, s, "blender")
			update(t, s, func(tx *Tx) { assign(tx, w) })
			s.Close()
			for err := range Check(path) {
				t.Fatal("check of a good file:", err)
			}
			boltUpdate(t, path, change)
			found := 0
			for err := range Check(path) {
				t.Log(err)
				found++
			}
			if found == 0 {
				t.Error("nothing was found")
			}
		})
	}
	for err := range Check(filepath.Join(t.TempDir(), "none")) {
		if farm.KindOf(err) != farm.NotFound {
			t.Error(err)
		}
	}
}

// Store.Check compares the running index with the file: a counter that was not
// kept must show.
func TestCheckFindsAWrongIndex(t *testing.T) {
	for name, spoil := range map[string]func(*index, *Job){
		"scheduler's status": func(x *index, j *Job) {
			x.sched.SetTask(scheduler.Task{Job: j.sched, Index: 2}, farm.TaskFailed, nil)
		},
		"scheduler's failures": func(x *index, j *Job) {
			x.sched.SetTask(scheduler.Task{Job: j.sched, Index: 1}, farm.TaskQueued, []uint32{1})
		},
		"scheduler's row":    func(x *index, j *Job) { j.sched.SetInRow(1, "blender", 1) },
		"scheduler's done":   func(x *index, j *Job) { j.sched.CountDone(1, "blender", 1) },
		"scheduler's terms":  func(x *index, j *Job) { x.sched.SetTerms(j.sched, scheduler.Terms{Open: true, Priority: 1}) },
		"scheduler's block":  func(x *index, j *Job) { x.sched.Block(j.sched, x.sched.Worker(1), "x", testTime) },
		"scheduler's worker": func(x *index, j *Job) { x.sched.SetWorker(x.sched.Worker(1), &farm.Worker{TaskTypes: []string{"x"}}) },
		"worker too many":    func(x *index, j *Job) { x.sched.AddWorker(&farm.Worker{}) },
		"job too many": func(x *index, j *Job) {
			more := scheduler.NewJob(j.sched.Plan())
			more.Derive()
			x.sched.Add(more, 9, nil)
			x.sched.SetTerms(more, scheduler.Terms{Open: true})
		},
		"another's handle": func(x *index, j *Job) { j.sched.Handle = &Job{} },
		"record":           func(x *index, j *Job) { j.recorded.set(2, true) },
		"count":            func(x *index, j *Job) { j.Counts[farm.TaskQueued]++ },
		"lost job":         func(x *index, j *Job) { delete(x.jobs, prefixOf(j.uuid)) },
		"active":           func(x *index, j *Job) { clear(x.held) },
		"worker":           func(x *index, j *Job) { x.workers[(*x.names.Load())[1]].Name = "other" },
		"worker's task":    func(x *index, j *Job) { x.workers[(*x.names.Load())[1]].active = nil },
		"workers of a job": func(x *index, j *Job) { j.holders++ },
		"steps":            func(x *index, j *Job) { j.setSteps(2, 1) },
		"tag":              func(x *index, j *Job) { x.tags["t"] = farm.Tag{} },
		"counter":          func(x *index, j *Job) { x.numbers.event++; x.saved.event++ },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			addJob(t, s, frames(3, true))
			w := addWorker(t, s, "blender")
			update(t, s, func(tx *Tx) { assign(tx, w) })
			clean(t, s)
			update(t, s, func(tx *Tx) {
				for _, j := range tx.x.jobs {
					spoil(tx.x, j)
				}
			})
			if found := s.Check(); len(found) == 0 {
				t.Error("nothing was found")
			}
		})
	}
}
