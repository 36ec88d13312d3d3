package store

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"

	"renderfarm/farm"
)

// maxDetail bounds a job's settings and metadata, decompressed.
const maxDetail = 64 << 20

// A jobRecord is what lists show of a job and what its scheduling needs. It is
// written at most once per commit, however many of its tasks change.
type jobRecord struct {
	farm.Job
	uuid     farm.UUID
	removing bool // RemoveJob has begun: no list shows the job any more
}

// maxVersionPart bounds both numbers of the version of a Blender.
const maxVersionPart = 999

// Bits beside the match of a Blender.
const (
	needsGPU     = 1 << 7
	needsStorage = 1 << 6
)

// maxStatuses bounds the statuses that a job counts tasks of.
const maxStatuses = 100

const (
	jobPlanning      = 1 << iota // flag
	jobRemoving                  // flag
	jobKeepGoing                 // flag
	jobPass                      // flag: a pass follows the times
	jobNoWorkersLeft             // flag
	jobGivenUp                   // flag
	jobRetryAt                   // flag: the time of the next try follows the pass
	jobBlender                   // flag: which Blender it wants follows that
)

// appendTo appends the record, without checksum.
//
//	ver | uuid 16 | flags u8 | intent u8 | name | type | tag | priority | n, counts… | steps done, total |
//	created | updated - created | deleting - created, or 0 | [pass kind u8 | root | step | next | again u8 | reason] |
//	[retry at - created] | [blender major | minor | match u8] | activity
func (j *jobRecord) appendTo(b []byte) []byte {
	b = append(b, recordVersion)
	b = append(b, j.uuid[:]...)
	b = append(b, j.flags(), byte(j.Intent))
	b = appendString(b, j.Name)
	b = appendString(b, j.Type)
	b = appendString(b, j.Tag)
	b = binary.AppendVarint(b, int64(j.Priority))
	b = binary.AppendUvarint(b, uint64(len(j.Counts)))
	for _, n := range j.Counts {
		b = binary.AppendUvarint(b, uint64(n))
	}
	b = binary.AppendUvarint(b, uint64(j.StepsDone))
	b = binary.AppendUvarint(b, uint64(j.StepsTotal))
	created := j.Created.UnixMilli()
	b = binary.AppendVarint(b, created)
	b = binary.AppendVarint(b, j.Updated.UnixMilli()-created)
	deleting := int64(0)
	if !j.Deleting.IsZero() {
		// One more than the difference, because 0 is a job nobody deletes.
		deleting = max(j.Deleting.UnixMilli()-created, 0) + 1
	}
	b = binary.AppendUvarint(b, uint64(deleting))
	if j.Pass.InProgress() {
		b = appendPass(b, &j.Pass)
	}
	if !j.RetryAt.IsZero() {
		b = binary.AppendVarint(b, j.RetryAt.UnixMilli()-created)
	}
	if need := j.Blender; !need.IsZero() {
		b = binary.AppendUvarint(b, uint64(need.Version.Major))
		b = binary.AppendUvarint(b, uint64(need.Version.Minor))
		match := byte(need.Match)
		if need.GPU {
			match |= needsGPU
		}
		if need.Storage {
			match |= needsStorage
		}
		b = append(b, match)
	}
	return append(b, clip(j.Activity)...)
}

// flags says what of a job is set, and which of the parts that may be missing follow.
func (j *jobRecord) flags() byte {
	flags := byte(0)
	if j.Planning {
		flags |= jobPlanning
	}
	if j.removing {
		flags |= jobRemoving
	}
	if j.KeepGoing {
		flags |= jobKeepGoing
	}
	if j.Pass.InProgress() {
		flags |= jobPass
	}
	if j.NoWorkersLeft {
		flags |= jobNoWorkersLeft
	}
	if j.GivenUp {
		flags |= jobGivenUp
	}
	if !j.RetryAt.IsZero() {
		flags |= jobRetryAt
	}
	if !j.Blender.IsZero() {
		flags |= jobBlender
	}
	return flags
}

// decodeJob reads a payload. The result does not refer to it.
func decodeJob(payload []byte) (jobRecord, error) {
	r := &reader{rest: payload}
	var j jobRecord
	for i := range j.uuid {
		j.uuid[i] = r.byte()
	}
	j.ID = farm.JobID(j.uuid.String())
	flags := r.byte()
	j.Planning, j.removing, j.KeepGoing = flags&jobPlanning != 0, flags&jobRemoving != 0, flags&jobKeepGoing != 0
	j.NoWorkersLeft, j.GivenUp = flags&jobNoWorkersLeft != 0, flags&jobGivenUp != 0
	j.Intent = farm.Intent(r.byte())
	j.Name, j.Type, j.Tag = r.string(), r.string(), farm.TagID(r.string())
	j.Priority = r.small()
	r.counts(&j.Counts)
	j.StepsDone, j.StepsTotal = r.count(math.MaxInt), r.count(math.MaxInt)
	created := r.int()
	j.Created, j.Updated = timeOf(created), timeOf(created+r.int())
	if d := r.uint(); d > 0 {
		j.Deleting = timeOf(created + int64(d) - 1)
	}
	if flags&jobPass != 0 {
		j.Pass = r.pass()
	}
	if flags&jobRetryAt != 0 {
		j.RetryAt = timeOf(created + r.int())
	}
	if flags&jobBlender != 0 {
		j.Blender = farm.BlenderNeed{Version: farm.BlenderVersion{Major: r.count(maxVersionPart), Minor: r.count(maxVersionPart)}}
		match := r.byte()
		j.Blender.Match, j.Blender.GPU = farm.BlenderMatch(match&^(needsGPU|needsStorage)), match&needsGPU != 0
		j.Blender.Storage = match&needsStorage != 0
	}
	j.Activity = string(r.rest)
	if j.Intent > farm.IntentAbort {
		r.fail(fmt.Errorf("%d is not a valid intent", j.Intent))
	}
	return j, r.err
}

// counts reads how many tasks are in each status. Statuses that the program does
// not know have no tasks; those that came later have none either.
func (r *reader) counts(c *farm.Counts) {
	for i := range r.count(maxStatuses) {
		switch n := r.count(maxTasks); {
		case i < len(c):
			c[i] = n
		case n > 0:
			r.fail(fmt.Errorf("it counts %d tasks in status %d, which this version of Farm does not know", n, i))
		}
	}
}

func appendPass(b []byte, p *farm.Pass) []byte {
	b = append(b, byte(p.Kind))
	for _, n := range []int{p.Root, p.Step, p.Next} {
		b = binary.AppendUvarint(b, uint64(n))
	}
	again := byte(0)
	if p.Repeat {
		again = 1
	}
	return appendString(append(b, again), p.Reason)
}

func (r *reader) pass() farm.Pass {
	p := farm.Pass{Kind: farm.PassKind(r.byte()), Root: r.count(maxTasks), Step: r.count(maxTasks), Next: r.count(maxTasks)}
	p.Repeat = r.byte() != 0
	p.Reason = r.string()
	if r.err == nil && !p.Valid() {
		r.fail(fmt.Errorf("its pass %d has no step %d", p.Kind, p.Step))
	}
	return p
}

// encodeDetail returns the constant part of a job, JSON that is packed.
func encodeDetail(d *farm.JobDetail) ([]byte, error) {
	raw, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	if len(raw) > maxDetail {
		return nil, fmt.Errorf("they are larger than %d MB", maxDetail>>20)
	}
	return appendPacked([]byte{recordVersion}, raw), nil
}

func decodeDetail(payload []byte) (farm.JobDetail, error) {
	var d farm.JobDetail
	raw, err := unpack(payload, maxDetail)
	if err != nil {
		return d, err
	}
	return d, json.Unmarshal(raw, &d)
}
