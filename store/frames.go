package store

import (
	"cmp"
	"encoding/binary"
	"errors"
	"math"
	mathbits "math/bits"
	"slices"
	"time"

	"renderfarm/farm"
)

// Bucket frame has the results of frames, those of framesPerPage neighbouring frames
// of a job in one record: a record of its own for each would cost more than what it
// says. A frame has several results if several tasks render parts of it.
//
//	seq | page                  page = (frame - least) / framesPerPage
//	ver | n x entry             sorted by frame and task
//
// An entry is about 15 bytes: what is known to a part in a thousand is kept so, and
// what is as in the entry before is left out.
//
//	frame in the page u8 | what follows u8 | task | saved | [worker] | [attempt | flags | device u8] | [source] |
//	wall | cpu | render | save in ms | memory in MiB | [load in ms] | [gpu memory in MiB] | [energy in J]
//
// task, saved and source, in seconds, are what is more than in the entry before. The
// first of these is the job's creation.

const (
	framesPerPage = 32
	leastFrame    = -farm.MaxFrame
	// maxPageEntries bounds how many parts of its frames a page keeps results of.
	maxPageEntries = 4096
)

// A frameEntry is a result as it is kept.
type frameEntry struct {
	task    uint32
	worker  uint32
	attempt int
	farm.FrameResult
}

func pageOf(frame int) uint32 { return uint32(frame-leastFrame) / framesPerPage }

func firstOf(page uint32) int { return int(page)*framesPerPage + leastFrame }

// AddFrames stores the results of frames of a task that its worker holds. A result
// replaces that of the same frame and task. What is more than the task can have, or
// the job, is left out: a worker could tell anything.
func (tx *Tx) AddFrames(t Task, results []farm.FrameResult) { tx.AddFramesBy(t, nil, results) }

// AddFramesBy is AddFrames of frames that another worker rendered than the one that holds
// the task; nil is that one.
func (tx *Tx) AddFramesBy(t Task, by *Worker, results []farm.FrameResult) {
	tx.check()
	x, j := tx.x, t.Job
	h := x.held[keyOf(t)]
	if h == nil {
		panic("store: results of frames for a task that nobody holds")
	}
	by = cmp.Or(by, h.worker)
	results = results[:max(0, min(len(results), 2*t.Steps()-h.results))] // a frame may be told of once more after a try that failed
	h.results += len(results)
	for len(results) > 0 {
		page := pageOf(results[0].Frame)
		n := slices.IndexFunc(results, func(r farm.FrameResult) bool { return pageOf(r.Frame) != page })
		if n < 0 {
			n = len(results)
		}
		tx.addToPage(t, by, h.state.Attempt, page, results[:n])
		results = results[n:]
	}
	x.changed(j, tx.now)
}

func (tx *Tx) addToPage(t Task, by *Worker, attempt int, page uint32, results []farm.FrameResult) {
	x, j := tx.x, t.Job
	key := key64(j.seq, page)
	var entries []frameEntry
	if value := x.get(frameBucket, key); value != nil {
		var err error
		if entries, err = openFrames(key, value, j.Created); err != nil {
			x.lostFrames(j, err)
		}
	}
	costs := tx.changeCosts(j)
	for _, r := range results {
		e := frameEntry{uint32(t.Index), by.seq, attempt, r}
		at, found := slices.BinarySearchFunc(entries, e, compareEntries)
		switch {
		case found:
			costs.Add(&r, by.ID, &entries[at].FrameResult)
			entries[at] = e
		case len(entries) < maxPageEntries && costs.Kept < j.StepsTotal:
			costs.Add(&r, by.ID, nil)
			entries = slices.Insert(entries, at, e)
		}
	}
	x.writes.put(frameBucket, key, frameBucket.seal(key, appendFrames([]byte{recordVersion}, page, entries, j.Created)))
}

func compareEntries(a, b frameEntry) int {
	return cmp.Or(cmp.Compare(a.Frame, b.Frame), cmp.Compare(a.task, b.task))
}

// What follows in an entry.
const (
	entryWorker = 1 << iota
	entryKind   // attempt, flags and device
	entrySource
	entryLoad
	entryGPU
	entryEnergy
)

// firstEntry is what the first entry of a page is compared with.
func firstEntry(created time.Time) frameEntry {
	return frameEntry{FrameResult: farm.FrameResult{Saved: wholeSeconds(created), Source: wholeSeconds(created)}}
}

// wholeSeconds cuts a time to what is kept of it.
func wholeSeconds(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

func appendFrames(b []byte, page uint32, entries []frameEntry, created time.Time) []byte {
	last := firstEntry(created)
	for i := range entries {
		e := entries[i]
		e.Saved, e.Source = nearTo(created, e.Saved), nearTo(created, e.Source)
		has := byte(0)
		for _, part := range []struct {
			bit  byte
			here bool
		}{{entryWorker, e.worker != last.worker}, {entryKind, e.attempt != last.attempt || e.Flags != last.Flags || e.Device.Number() != last.Device.Number()},
			{entrySource, !e.Source.Equal(last.Source)}, {entryLoad, e.Load > 0}, {entryGPU, e.GPUMemory > 0}, {entryEnergy, e.Energy > 0}} {
			if part.here {
				has |= part.bit
			}
		}
		b = append(b, byte(e.Frame-firstOf(page)), has)
		b = binary.AppendVarint(b, int64(e.task)-int64(last.task))
		b = binary.AppendVarint(b, seconds(e.Saved)-seconds(last.Saved))
		if has&entryWorker != 0 {
			b = binary.AppendUvarint(b, uint64(e.worker))
		}
		if has&entryKind != 0 {
			b = binary.AppendUvarint(b, uint64(e.attempt))
			b = append(binary.AppendUvarint(b, uint64(e.Flags)), byte(e.Device.Number()))
		}
		if has&entrySource != 0 {
			b = binary.AppendVarint(b, seconds(e.Source)-seconds(last.Source))
		}
		for _, n := range []int64{e.Wall, e.CPU, e.Render, e.Save, e.Memory >> 10} {
			b = appendRough(b, n)
		}
		for _, n := range []int64{e.Load, e.GPUMemory >> 10, e.Energy} {
			if has&entryLoad != 0 {
				b = appendRough(b, n)
			}
			has >>= 1
		}
		last = e
	}
	return b
}

// nearTo keeps a time within maxFrameAge of the job's creation, in whole seconds; no
// time stays none. Whatever a worker tells, it takes few bytes.
func nearTo(created, t time.Time) time.Time {
	switch {
	case t.IsZero():
		return time.Time{}
	case t.Before(created.Add(-maxFrameAge)):
		t = created.Add(-maxFrameAge)
	case t.After(created.Add(maxFrameAge)):
		t = created.Add(maxFrameAge)
	}
	return wholeSeconds(t)
}

// seconds is a time as a number; that of the zero time is one, too.
func seconds(t time.Time) int64 { return t.Unix() }

func timeAt(seconds int64) time.Time {
	if seconds == (time.Time{}).Unix() {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

// Numbers are kept to roughBits bits and how often to double them.
const roughBits = 10

// appendRough appends a number that is not below zero, in at most two bytes up to 2^25.
func appendRough(b []byte, n int64) []byte {
	double := max(0, mathbits.Len64(uint64(n))-roughBits-1)
	return binary.AppendUvarint(b, uint64(double)<<roughBits+uint64(n)>>double)
}

func (r *reader) rough() int64 {
	v := r.uint()
	double := max(v>>roughBits, 1) - 1 // numbers below 2^(roughBits+1) are themselves
	if double > 63-roughBits-1 {
		r.fail(errors.New("a number is too large"))
		return 0
	}
	return int64((v - double<<roughBits) << double)
}

func openFrames(key, value []byte, created time.Time) ([]frameEntry, error) {
	payload, err := frameBucket.open(key, value)
	if err != nil {
		return nil, err
	}
	if len(key) != 8 {
		return nil, frameBucket.damaged(key, errShort)
	}
	entries, err := decodeFrames(payload, binary.BigEndian.Uint32(key[4:]), created)
	if err != nil {
		return nil, frameBucket.damaged(key, err)
	}
	return entries, nil
}

func decodeFrames(payload []byte, page uint32, created time.Time) (entries []frameEntry, err error) {
	r := &reader{rest: payload}
	last := firstEntry(created)
	for len(r.rest) > 0 {
		e := frameEntry{worker: last.worker, attempt: last.attempt}
		e.Flags, e.Device = last.Flags, last.Device
		e.Frame = firstOf(page) + int(r.byte())
		has := r.byte()
		task := int64(last.task) + r.int()
		e.task = uint32(task)
		e.Saved = timeAt(seconds(last.Saved) + r.int())
		if has&entryWorker != 0 {
			e.worker = uint32(r.count(maxWorkers))
		}
		device := e.Device.Number()
		if has&entryKind != 0 {
			e.attempt, e.Flags, device = r.count(maxAttempts), farm.FrameFlags(r.count(math.MaxUint16)), int(r.byte())
		}
		if e.Source = last.Source; has&entrySource != 0 {
			e.Source = timeAt(seconds(last.Source) + r.int())
		}
		for _, p := range []*int64{&e.Wall, &e.CPU, &e.Render, &e.Save, &e.Memory} {
			*p = r.rough()
		}
		for i, p := range []*int64{&e.Load, &e.GPUMemory, &e.Energy} {
			if has&(entryLoad<<i) != 0 {
				*p = r.rough()
			}
		}
		e.Memory, e.GPUMemory = e.Memory<<10, e.GPUMemory<<10
		switch {
		case r.err != nil:
			return nil, r.err
		case pageOf(e.Frame) != page || device >= len(farm.Devices) || task < 0 || task > maxTasks:
			return nil, errors.New("a frame in it cannot be")
		case len(entries) > 0 && compareEntries(entries[len(entries)-1], e) >= 0:
			return nil, errors.New("its frames are not in order")
		}
		e.Device = farm.Devices[device]
		entries = append(entries, e)
		last = e
	}
	return entries, nil
}
