package store

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"iter"
	"maps"
	"slices"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/scheduler"
)

// Worker is what callers hold of a worker during one Update. It belongs to the
// writer goroutine. Workers are never removed: a deleted one stays, with Deleted set,
// so that tasks it worked on can name it.
type Worker struct {
	farm.Worker

	sched   *scheduler.Worker // what decides which tasks it gets
	seq     uint32            // its number in the file, and in the scheduler
	stored  farm.Worker       // the constant part as it is in the file
	dirty   bool              // its records changed since the last commit
	active  []Task
	changes uint32 // number of the last change in its audit; 0: look it up
}

// Worker returns the worker with the id, deleted or not, or farm.NotFound.
func (tx *Tx) Worker(id farm.WorkerID) (*Worker, error) {
	tx.check()
	if w := tx.x.workers[id]; w != nil {
		return w, nil
	}
	return nil, errNoWorker
}

// Workers yields all workers, deleted ones included, in the order in which they
// registered.
func (tx *Tx) Workers() iter.Seq[*Worker] {
	tx.check()
	return func(yield func(*Worker) bool) {
		for _, id := range (*tx.x.names.Load())[1:] {
			if !yield(tx.x.workers[id]) {
				return
			}
		}
	}
}

// AddWorker stores a new worker. Its ID must be a new UUID. Created and Updated
// are set to Now if they are zero.
func (tx *Tx) AddWorker(w farm.Worker) *Worker {
	tx.check()
	x := tx.x
	u, ok := farm.ParseUUID(string(w.ID))
	if !ok || u.String() != string(w.ID) || x.workers[w.ID] != nil || x.numbers.worker == maxWorkers {
		panic("store: AddWorker with an id that is taken or no UUID: " + string(w.ID))
	}
	if w.Created.IsZero() {
		w.Created = tx.now
	}
	x.numbers.worker++
	live := &Worker{Worker: w, sched: x.sched.AddWorker(&w), seq: x.numbers.worker}
	x.workers[w.ID] = live
	names := append(slices.Clone(*x.names.Load()), w.ID)
	x.names.Store(&names)
	x.putWorkerID(live)
	tx.SaveWorker(live)
	return live
}

// putWorkerID writes the record that leads from a worker's id to its number.
func (x *index) putWorkerID(w *Worker) {
	u, _ := farm.ParseUUID(string(w.ID))
	x.writes.put(uuidBucket, u[:], uuidBucket.seal(u[:], append([]byte{recordVersion}, key32(w.seq)...)))
}

// SaveWorker stores a worker after its fields were changed and sets Updated to
// Now. Status, Request, LastSeen and LastTask are kept in a small record of
// their own: saving those is cheap enough for every assignment.
func (tx *Tx) SaveWorker(w *Worker) {
	tx.check()
	w.Updated = tx.now
	w.Created, w.LastSeen, w.Deleted, w.ScheduleAt = whole(w.Created), whole(w.LastSeen), whole(w.Deleted), whole(w.ScheduleAt)
	tx.x.sched.SetWorker(w.sched, &w.Worker)
	if !w.dirty {
		w.dirty = true
		tx.x.dirtyWorkers = append(tx.x.dirtyWorkers, w)
	}
}

func (x *index) putWorker(w *Worker) {
	key := key32(w.seq)
	if !sameConstantPart(&w.Worker, &w.stored) {
		w.stored = constantPart(w.Worker)
		w.stored.TaskTypes, w.stored.Tags = slices.Clone(w.TaskTypes), slices.Clone(w.Tags)
		w.stored.Schedule.Windows = slices.Clone(w.Schedule.Windows)
		w.stored.SecretHash = slices.Clone(w.SecretHash)
		w.stored.Unable = slices.Clone(w.Unable) // whose entries are replaced, never changed
		x.writes.put(workerBucket, key, workerBucket.seal(key, encodeJSON(&w.stored)))
	}
	x.writes.put(seenBucket, key, seenBucket.seal(key, appendSeen(make([]byte, 0, 48), &w.Worker)))
}

// A key of bucket block is job u32 | worker u32 | type; its value is when, in ms.

func blockKey(j *Job, worker uint32, taskType string) []byte {
	return append(key64(j.seq, worker), taskType...)
}

// Block keeps the worker from getting tasks of the type from the job. Blocking
// again keeps the first time.
func (tx *Tx) Block(j *Job, w *Worker, taskType string) {
	if tx.Blocked(j, w, taskType) || j.removing {
		return
	}
	tx.x.sched.Block(j.sched, w.sched, taskType, tx.now)
	key := blockKey(j, w.seq, taskType)
	tx.x.writes.put(blockBucket, key, blockBucket.seal(key, binary.AppendVarint([]byte{recordVersion}, tx.now.UnixMilli())))
}

// UnblockAll lifts the job's blocks from tasks of the type, "" for all types.
func (tx *Tx) UnblockAll(j *Job, taskType string) {
	tx.check()
	for worker, blockedType := range j.sched.Blocks() {
		if taskType == "" || taskType == blockedType {
			tx.unblock(j, tx.x.sched.Worker(worker), blockedType)
		}
	}
}

// Unblock lets the worker have tasks of the type from the job again.
func (tx *Tx) Unblock(j *Job, w *Worker, taskType string) {
	if tx.Blocked(j, w, taskType) {
		tx.unblock(j, w.sched, taskType)
	}
}

func (tx *Tx) unblock(j *Job, w *scheduler.Worker, taskType string) {
	tx.x.sched.Unblock(j.sched, w, taskType)
	tx.x.writes.put(blockBucket, blockKey(j, w.Number(), taskType), nil)
}

// Blocked reports whether the worker is kept from tasks of the type in the job.
func (tx *Tx) Blocked(j *Job, w *Worker, taskType string) bool {
	tx.check()
	return j.sched.Blocked(w.sched, taskType)
}

// BlockedSince returns when the worker was blocked from tasks of the type in
// the job; zero if it is not.
func (tx *Tx) BlockedSince(j *Job, w *Worker, taskType string) time.Time {
	tx.check()
	return j.sched.BlockedSince(w.sched, taskType)
}

// Tag returns the worker tag with the id, or farm.NotFound.
func (tx *Tx) Tag(id farm.TagID) (farm.Tag, error) {
	tx.check()
	t, ok := tx.x.tags[id]
	if !ok {
		return t, errNoTag
	}
	return t, nil
}

// Tags returns all tags by name.
func (tx *Tx) Tags() []farm.Tag {
	tx.check()
	return sortTags(slices.Collect(maps.Values(tx.x.tags)))
}

func sortTags(tags []farm.Tag) []farm.Tag {
	slices.SortFunc(tags, func(a, b farm.Tag) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return tags
}

// PutTag stores a tag, new or changed. Its ID must not be empty.
func (tx *Tx) PutTag(t farm.Tag) {
	tx.check()
	if t.ID == "" {
		panic("store: a tag needs an id")
	}
	tx.x.tags[t.ID] = t
	key := []byte(t.ID)
	tx.x.writes.put(tagBucket, key, tagBucket.seal(key, encodeJSON(&t)))
}

// RemoveTag removes a tag. Jobs and workers that name it are the caller's
// business; a job with a tag that no worker carries waits.
func (tx *Tx) RemoveTag(id farm.TagID) {
	tx.check()
	if _, ok := tx.x.tags[id]; ok {
		delete(tx.x.tags, id)
		tx.x.writes.put(tagBucket, []byte(id), nil)
	}
}

func decodeTag(payload []byte) (t farm.Tag, err error) {
	return t, json.Unmarshal(payload, &t)
}

var shownKey = []byte("last-rendered")

// SetLastRendered says which job has the newest preview.
func (tx *Tx) SetLastRendered(id farm.JobID) {
	tx.check()
	if value := lastRendered(id); !bytes.Equal(value, tx.x.get(metaBucket, shownKey)) {
		tx.x.writes.put(metaBucket, shownKey, value)
	}
}

func lastRendered(id farm.JobID) []byte {
	return metaBucket.seal(shownKey, append([]byte{recordVersion}, id...))
}
