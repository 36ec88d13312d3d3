package store

import (
	"encoding/binary"
	"slices"
	"time"

	"renderfarm/farm"
)

// Block is one entry of a job's blocklist: the worker gets no more tasks of the
// type from the job.
type Block struct {
	Worker   farm.WorkerID
	TaskType string
	Created  time.Time
}

// Blocklist returns who is blocked in the job, by worker, or farm.NotFound.
func (v *View) Blocklist(id farm.JobID) ([]Block, error) {
	seq, err := v.byID(id)
	if err != nil {
		return nil, err
	}
	if _, err := v.wholeJob(seq); err != nil {
		return nil, err
	}
	names := *v.s.x.names.Load() // at least those that this View can see
	var blocks []Block
	err = records(v.tx, blockBucket, key32(seq), func(key, payload []byte) error {
		worker, taskType, since, err := decodeBlock(key, payload)
		blocks = append(blocks, Block{nameOf(names, worker), taskType, since})
		return err
	})
	return blocks, err
}

// JobBlock is an entry of some job's blocklist.
type JobBlock struct {
	Job farm.JobID
	Block
}

// Blocks returns the blocklists of all jobs, the oldest block first.
func (v *View) Blocks() ([]JobBlock, error) {
	var blocks []JobBlock
	names := *v.s.x.names.Load()
	var last uint32
	var id farm.JobID
	err := wholeRecords(v.tx, blockBucket, func(key, payload []byte) error {
		worker, taskType, since, err := decodeBlock(key, payload)
		if err != nil {
			return err
		}
		if seq := binary.BigEndian.Uint32(key); seq != last {
			j, err := v.job(seq)
			if err != nil && farm.KindOf(err) != farm.NotFound {
				return err
			}
			if last, id = seq, j.ID; err != nil {
				id = "" // it is being removed
			}
		}
		if id != "" {
			blocks = append(blocks, JobBlock{id, Block{nameOf(names, worker), taskType, since}})
		}
		return nil
	})
	slices.SortStableFunc(blocks, func(a, b JobBlock) int { return a.Created.Compare(b.Created) })
	return blocks, err
}

// Tasks returns tasks of a job in index order, without Commands and Needs:
// those with a greater index than after, -1 for all, at most limit, 0 for all.
func (v *View) Tasks(id farm.JobID, after, limit int) ([]farm.Task, error) {
	seq, err := v.byID(id)
	if err != nil {
		return nil, err
	}
	j, err := v.wholeJob(seq)
	if err != nil {
		return nil, err
	}
	from, end := max(after+1, 0), j.Counts.Total()
	if limit > 0 {
		end = min(end, from+limit)
	}
	if from >= end {
		return nil, nil
	}
	// First the definitions, by chunk, then the states that differ from
	// "queued and never touched".
	tasks := make([]farm.Task, end-from)
	for c := from / chunkTasks; c*chunkTasks < end; c++ {
		heads, err := v.heads(seq, c)
		if err != nil {
			return nil, err
		}
		for i := range heads {
			index := c*chunkTasks + i
			if index >= from && index < end {
				h := &heads[i]
				tasks[index-from] = newTask(&j, index, h.steps, farm.PlannedTask{Name: h.name, Type: h.kind, Priority: h.priority})
			}
		}
	}
	return tasks, v.fillStates(tasks, seq, &j)
}

// newTask joins what is known of a task without its state.
func newTask(j *jobRecord, index, steps int, t farm.PlannedTask) farm.Task {
	return farm.Task{ID: farm.TaskID(taskUUID(j.uuid, uint32(index)).String()), Job: j.ID, Index: index, Created: j.Created, PlannedTask: t, StepsTotal: steps}
}

// heads returns the definitions of a chunk, as many as the chunk must have.
func (v *View) heads(seq uint32, c int) ([]head, error) {
	key := key64(seq, uint32(c))
	payload, err := v.record(defBucket, key)
	if err != nil {
		return nil, err
	}
	heads, _, err := decodeHeads(payload)
	if err != nil {
		return nil, defBucket.damaged(key, err)
	}
	return heads, nil
}

// fillStates sets the states of neighbouring tasks from their records.
func (v *View) fillStates(tasks []farm.Task, seq uint32, j *jobRecord) error {
	names := *v.s.x.names.Load()
	created := j.Created.UnixMilli()
	first := tasks[0].Index
	c := v.tx.Bucket(taskBucket.name).Cursor()
	for key, value := c.Seek(key64(seq, uint32(first))); len(key) == 8 && binary.BigEndian.Uint32(key) == seq; key, value = c.Next() {
		at := int(binary.BigEndian.Uint32(key[4:])) - first
		if at >= len(tasks) {
			break // only tasks that were touched have a record, so this may come soon
		}
		payload, err := taskBucket.open(key, value)
		if err != nil {
			return err
		}
		r, err := decodeTask(payload, created)
		if err != nil {
			return taskBucket.damaged(key, err)
		}
		tasks[at].TaskState = r.state(names)
	}
	return nil
}

// Task returns the task with the id, with Commands but without Needs, or
// farm.NotFound.
func (v *View) Task(id farm.TaskID) (farm.Task, error) {
	j, seq, index, err := v.task(id)
	if err != nil {
		return farm.Task{}, err
	}
	c, err := v.chunk(seq, index/chunkTasks)
	if err != nil {
		return farm.Task{}, err
	}
	at := index % chunkTasks
	if at >= len(c.heads) {
		return farm.Task{}, errNoTask
	}
	planned, err := c.task(at)
	if err != nil {
		return farm.Task{}, defBucket.damaged(key64(seq, uint32(index/chunkTasks)), err)
	}
	tasks := []farm.Task{newTask(&j, index, c.heads[at].steps, planned)}
	err = v.fillStates(tasks, seq, &j)
	return tasks[0], err
}

// task resolves a task's id to its job, the job's number, and its index.
func (v *View) task(id farm.TaskID) (j jobRecord, seq uint32, index int, err error) {
	u, ok := farm.ParseUUID(string(id))
	if !ok {
		return j, 0, 0, errNoTask
	}
	// The prefix leads to one job at most; the tag in the id tells whether it
	// is really one of its tasks.
	seq, job, err := v.find(prefixOf(u))
	if err != nil || seq == 0 {
		return j, 0, 0, orNotFound(err, errNoTask)
	}
	i, ok := indexIn(job, u)
	if !ok {
		return j, 0, 0, errNoTask
	}
	if j, err = v.wholeJob(seq); err != nil {
		return j, 0, 0, err
	}
	if int(i) >= j.Counts.Total() {
		return j, 0, 0, errNoTask
	}
	return j, seq, int(i), nil
}

// chunk returns a chunk of definitions with their commands.
func (v *View) chunk(seq uint32, c int) (*chunk, error) {
	if known := v.chunks[chunkPlace{seq, c}]; known != nil {
		return known, nil
	}
	key := key64(seq, uint32(c))
	payload, err := v.record(defBucket, key)
	if err != nil {
		return nil, err
	}
	decoded, err := decodeChunk(payload)
	if err != nil {
		return nil, defBucket.damaged(key, err)
	}
	if v.chunks == nil || len(v.chunks) == maxChunks {
		v.chunks = map[chunkPlace]*chunk{}
	}
	v.chunks[chunkPlace{seq, c}] = decoded
	return decoded, nil
}
