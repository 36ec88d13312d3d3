package store

import (
	"bytes"
	"slices"
	"time"

	"renderfarm/farm"
)

// StoredFrame is the result of a frame of a task as it is kept: times of files in
// whole seconds, other numbers to a part in a thousand.
type StoredFrame struct {
	Task    int // index
	Worker  farm.WorkerID
	Attempt int // of the task: an earlier one than the present says what was before
	farm.FrameResult
}

// Frames returns what was told of frames of a job, by frame and task. frames must be
// sorted. It reads as many records as there are groups of framesPerPage neighbours.
func (v *View) Frames(id farm.JobID, frames []int) (found []StoredFrame, err error) {
	seq, err := v.byID(id)
	if err != nil {
		return nil, err
	}
	j, err := v.job(seq)
	if err != nil {
		return nil, err
	}
	return storedFrames(v.tx.Bucket(frameBucket.name).Get, seq, j.Created, *v.s.x.names.Load(), frames)
}

// FramesOf is View.Frames of a task's own frames, for who changes the task.
func (tx *Tx) FramesOf(t Task, frames []int) (found []StoredFrame, err error) {
	tx.check()
	x, j := tx.x, t.Job
	get := func(key []byte) []byte { return x.get(frameBucket, key) }
	found, err = storedFrames(get, j.seq, j.Created, *x.names.Load(), frames)
	return slices.DeleteFunc(found, func(f StoredFrame) bool { return f.Task != t.Index }), err
}

// storedFrames reads what is kept of frames of a job, which must be sorted.
func storedFrames(get func(key []byte) []byte, seq uint32, created time.Time, names []farm.WorkerID, frames []int) (found []StoredFrame, err error) {
	for i := 0; i < len(frames); {
		first, page := i, pageOf(frames[i])
		for i < len(frames) && pageOf(frames[i]) == page {
			i++
		}
		key := key64(seq, page)
		value := get(key)
		if value == nil {
			continue
		}
		entries, err := openFrames(key, value, created)
		if IsDamage(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if _, wanted := slices.BinarySearch(frames[first:i], e.Frame); wanted {
				found = append(found, StoredFrame{int(e.task), nameOf(names, e.worker), e.attempt, e.FrameResult})
			}
		}
	}
	return found, nil
}

// FirstFrames returns what was told of the first frames of a job, by frame and task: as many
// whole records as have about most of them, none of which is damaged.
func (v *View) FirstFrames(id farm.JobID, most int) (found []StoredFrame, err error) {
	seq, err := v.byID(id)
	if err != nil {
		return nil, err
	}
	j, err := v.job(seq)
	if err != nil {
		return nil, err
	}
	names := *v.s.x.names.Load()
	prefix, c := key32(seq), v.tx.Bucket(frameBucket.name).Cursor()
	for key, value := c.Seek(prefix); bytes.HasPrefix(key, prefix) && len(found) < most; key, value = c.Next() {
		entries, err := openFrames(key, value, j.Created)
		if IsDamage(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			found = append(found, StoredFrame{int(e.task), nameOf(names, e.worker), e.attempt, e.FrameResult})
		}
	}
	return found, nil
}

// PlannedTasks is Tasks with Commands.
func (v *View) PlannedTasks(id farm.JobID, after, limit int) ([]farm.Task, error) {
	tasks, err := v.Tasks(id, after, limit)
	if err != nil || len(tasks) == 0 {
		return nil, err
	}
	seq, err := v.byID(id)
	if err != nil {
		return nil, err
	}
	var c *chunk
	for i := range tasks {
		t := &tasks[i]
		if c == nil || t.Index%chunkTasks == 0 {
			if c, err = v.chunk(seq, t.Index/chunkTasks); err != nil {
				return nil, err
			}
		}
		planned, err := c.task(t.Index % chunkTasks)
		if err != nil {
			return nil, defBucket.damaged(key64(seq, uint32(t.Index/chunkTasks)), err)
		}
		t.Commands = planned.Commands
	}
	return tasks, nil
}
