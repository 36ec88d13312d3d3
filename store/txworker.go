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
)

// Worker is a live worker, owned by the writer goroutine and valid during one
// Update only. Workers are never removed: a deleted one stays, with Deleted set,
// so that tasks it worked on can name it.
type Worker struct {
	farm.Worker

	seq     uint32
	stored  farm.Worker // the constant part as it is in the file
	dirty   bool
	active  []Task
	changes uint32   // number of the last change in its audit; 0: look it up
	post    post     // where the crews count it
	queues  []*queue // of its tags and types; nil: look them up
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
	live := &Worker{Worker: w, seq: x.numbers.worker}
	x.workers[w.ID] = live
	names := append(slices.Clone(*x.names.Load()), w.ID)
	x.names.Store(&names)
	x.writes.put(uuidBucket, u[:], uuidBucket.seal(u[:], append([]byte{recordVersion}, key32(live.seq)...)))
	tx.SaveWorker(live)
	return live
}

// SaveWorker stores a worker after its fields were changed and sets Updated to
// Now. Status, Request, LastSeen and LastTask are kept in a small record of
// their own: saving those is cheap enough for every assignment.
func (tx *Tx) SaveWorker(w *Worker) {
	tx.check()
	w.Updated = tx.now
	w.Created, w.LastSeen, w.Deleted, w.ScheduleAt = whole(w.Created), whole(w.LastSeen), whole(w.Deleted), whole(w.ScheduleAt)
	tx.x.muster(w)
	if !w.dirty {
		w.dirty = true
		tx.x.staff = append(tx.x.staff, w)
	}
}

func (x *index) putWorker(w *Worker) {
	key := key32(w.seq)
	if !sameStill(&w.Worker, &w.stored) {
		w.stored = still(w.Worker)
		w.stored.TaskTypes, w.stored.Tags = slices.Clone(w.TaskTypes), slices.Clone(w.Tags)
		w.stored.Schedule.Windows = slices.Clone(w.Schedule.Windows)
		w.stored.SecretHash = slices.Clone(w.SecretHash)
		x.writes.put(workerBucket, key, workerBucket.seal(key, encodeJSON(&w.stored)))
	}
	x.writes.put(seenBucket, key, seenBucket.seal(key, appendSeen(make([]byte, 0, 48), &w.Worker)))
}

// A key of bucket block is job u32 | worker u32 | type; its value is when, in ms.

func blockKeyBytes(j *Job, k blockKey) []byte { return append(key64(j.seq, k.worker), k.kind...) }

// Block keeps the worker from getting tasks of the type from the job. Blocking
// again keeps the first time.
func (tx *Tx) Block(j *Job, w *Worker, taskType string) {
	k := blockKey{w.seq, taskType}
	if tx.Blocked(j, w, taskType) || j.removing {
		return
	}
	if j.blocked == nil {
		j.blocked = map[blockKey]int64{}
	}
	j.blocked[k] = tx.now.UnixMilli()
	key := blockKeyBytes(j, k)
	tx.x.writes.put(blockBucket, key, blockBucket.seal(key, binary.AppendVarint([]byte{recordVersion}, tx.now.UnixMilli())))
	if len(j.failedBy) > 0 {
		tx.noteRunnable(j, taskType) // others may be alone now with what they failed
	}
}

// UnblockAll lifts the job's blocks from tasks of the type, "" for all types.
func (tx *Tx) UnblockAll(j *Job, taskType string) {
	tx.check()
	for k := range j.blocked { // deleting meanwhile is allowed
		if taskType == "" || taskType == k.kind {
			tx.Unblock(j, tx.x.bySeq(k.worker), k.kind)
		}
	}
}

// noteRunnable tells of the job's tasks of the type as of new work, if there are any.
func (tx *Tx) noteRunnable(j *Job, taskType string) {
	if kind := slices.Index(j.shape.types, taskType); kind >= 0 && j.on && j.count[kind] > 0 {
		tx.noteWork(Work{j.Tag, taskType})
	}
}

// Unblock lets the worker have tasks of the type from the job again.
func (tx *Tx) Unblock(j *Job, w *Worker, taskType string) {
	if !tx.Blocked(j, w, taskType) {
		return
	}
	k := blockKey{w.seq, taskType}
	delete(j.blocked, k)
	tx.x.writes.put(blockBucket, blockKeyBytes(j, k), nil)
	tx.noteRunnable(j, taskType)
}

// Blocked reports whether the worker is kept from tasks of the type in the job.
func (tx *Tx) Blocked(j *Job, w *Worker, taskType string) bool {
	tx.check()
	return j.blockedFrom(w.seq, taskType)
}

// BlockedSince returns when the worker was blocked from tasks of the type in
// the job; zero if it is not.
func (tx *Tx) BlockedSince(j *Job, w *Worker, taskType string) time.Time {
	tx.check()
	if at, blocked := j.blocked[blockKey{w.seq, taskType}]; blocked {
		return timeOf(at)
	}
	return time.Time{}
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
