package store

import (
	"encoding/binary"
	"encoding/json"
	"time"

	bolt "go.etcd.io/bbolt"

	"renderfarm/farm"
)

// An exporter says in words what records are. What it says is of no use to an import.
type exporter struct {
	tx    *bolt.Tx
	names []farm.WorkerID // by number

	job     uint32    // whose tasks and frames are being written
	created time.Time // when it was
}

// value returns what a record says as something that json.Marshal knows, nil if there
// is nothing more to say of it.
func (x *exporter) value(b *bucket, key, payload []byte) (any, error) {
	switch b {
	case metaBucket:
		return metaValue(key, payload)
	case jobBucket:
		j, err := decodeJob(payload)
		return map[string]any{"job": j.Job, "status": j.Status().String(), "being_removed": j.removing}, err
	case jobuuidBucket, uuidBucket:
		return map[string]any{"id": farm.UUID(key).String(), "number": binary.BigEndian.Uint32(payload)}, nil
	case planBucket:
		p, err := decodePlan(payload)
		if err != nil {
			return nil, err
		}
		return map[string]any{"tasks": p.Tasks, "steps": p.Steps(), "types": p.Types}, nil
	case defBucket:
		return chunkValue(payload)
	case taskBucket:
		t, err := decodeTask(payload, x.createdOf(key).UnixMilli())
		return map[string]any{"index": binary.BigEndian.Uint32(key[4:]), "status": t.status.String(), "state": t.state(x.names)}, err
	case seenBucket:
		var w farm.Worker
		err := decodeSeen(payload, &w)
		return map[string]any{"status": w.Status.String(), "requested": w.Request.Status.String(), "lazy": w.Request.Lazy,
			"updated": w.Updated, "last_seen": w.LastSeen, "last_task": w.LastTask}, err
	case blockBucket:
		worker, taskType, since, err := decodeBlock(key, payload)
		return map[string]any{"worker": nameOf(x.names, worker), "task_type": taskType, "since": since}, err
	case inRowBucket:
		r := reader{rest: payload}
		return map[string]any{"worker": nameOf(x.names, binary.BigEndian.Uint32(key[4:])), "task_type": string(key[8:]), "failed_in_a_row": r.uint()}, r.end()
	case frameBucket:
		return x.framesValue(key, payload)
	case costBucket:
		return decodeCosts(payload, x.names)
	}
	return nil, nil
}

func metaValue(key, payload []byte) (any, error) {
	switch string(key) {
	case string(countersKey):
		c, err := decodeCounters(payload)
		return map[string]any{"commits": c.commit, "events": c.event, "jobs": c.job, "workers": c.worker}, err
	case string(uuidKey):
		if len(payload) != len(farm.UUID{}) {
			return nil, errShort
		}
		return map[string]any{"id_of_the_database": farm.UUID(payload).String()}, nil
	}
	if isNotice(key) {
		return decodeNotice(key, payload)
	}
	return map[string]any{string(key): string(payload)}, nil
}

// chunkValue returns the definitions of tasks.
func chunkValue(payload []byte) (any, error) {
	c, err := decodeChunk(payload)
	if err != nil {
		return nil, err
	}
	type definition struct {
		Name     string          `json:"name"`
		Type     string          `json:"type"`
		Priority int             `json:"priority"`
		Steps    int             `json:"steps"`
		Commands json.RawMessage `json:"commands"`
	}
	tasks := make([]definition, len(c.heads))
	for i, h := range c.heads {
		tasks[i] = definition{h.name, h.kind, h.priority, h.steps, c.commands[c.offsets[i]:c.offsets[i+1]]}
	}
	return tasks, nil
}

func (x *exporter) framesValue(key, payload []byte) (any, error) {
	entries, err := decodeFrames(payload, binary.BigEndian.Uint32(key[4:]), x.createdOf(key))
	frames := make([]StoredFrame, len(entries))
	for i, e := range entries {
		frames[i] = StoredFrame{int(e.task), nameOf(x.names, e.worker), e.attempt, e.FrameResult}
	}
	return frames, err
}

// createdOf returns when the job of a record was created.
func (x *exporter) createdOf(key []byte) time.Time {
	if seq := binary.BigEndian.Uint32(key); seq != x.job {
		x.job, x.created = seq, time.Time{}
		if r, err := openJob(key[:4], x.tx.Bucket(jobBucket.name).Get(key[:4])); err == nil {
			x.created = r.Created
		}
	}
	return x.created
}
