package store

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"renderfarm/farm"
)

// maxWorkers bounds the number of workers that ever registered.
const maxWorkers = 1 << 24

// A worker is two records, because what it does changes with every task and
// what it is hardly ever: JSON of the whole in bucket worker, and a few dozen
// bytes in bucket seen, where hundreds of workers share a page.

// appendSeen appends the changing part of a worker, without checksum.
//
//	ver | status u8 | requested u8 | lazy u8 | updated | last seen, or 0 | last task 16, or nothing
func appendSeen(b []byte, w *farm.Worker) []byte {
	lazy := byte(0)
	if w.Request.Lazy {
		lazy = 1
	}
	b = append(b, recordVersion, byte(w.Status), byte(w.Request.Status), lazy)
	b = binary.AppendVarint(b, w.Updated.UnixMilli())
	seen := int64(0)
	if !w.LastSeen.IsZero() {
		seen = w.LastSeen.UnixMilli()
	}
	b = binary.AppendVarint(b, seen)
	if task, ok := farm.ParseUUID(string(w.LastTask)); ok {
		b = append(b, task[:]...)
	}
	return b
}

// decodeSeen reads what appendSeen wrote into w.
func decodeSeen(payload []byte, w *farm.Worker) error {
	r := &reader{rest: payload}
	w.Status = farm.WorkerStatus(r.byte())
	w.Request.Status = farm.WorkerStatus(r.byte())
	w.Request.Lazy = r.byte() != 0
	w.Updated = timeOf(r.int())
	w.LastSeen = time.Time{}
	if ms := r.int(); ms != 0 {
		w.LastSeen = timeOf(ms)
	}
	w.LastTask = ""
	switch {
	case r.err != nil:
		return r.err
	case len(r.rest) == 16:
		w.LastTask = farm.TaskID(farm.UUID(r.rest).String())
	case len(r.rest) != 0:
		return fmt.Errorf("its last task has %d bytes", len(r.rest))
	}
	return nil
}

// constantPart returns the worker without its changing part.
func constantPart(w farm.Worker) farm.Worker {
	w.Status, w.Request, w.LastTask = 0, farm.StatusRequest{}, ""
	w.Updated, w.LastSeen = time.Time{}, time.Time{}
	return w
}

// sameConstantPart reports whether the constant parts of two workers are equal.
func sameConstantPart(a, b *farm.Worker) bool {
	return a.ID == b.ID && a.Name == b.Name && a.Address == b.Address && a.Platform == b.Platform && a.Software == b.Software &&
		slices.Equal(a.TaskTypes, b.TaskTypes) && slices.Equal(a.Tags, b.Tags) && farm.SameUnable(a.Unable, b.Unable) && a.Facts.Equal(b.Facts) && a.Away == b.Away && a.InUse == b.InUse && a.Unapproved == b.Unapproved && a.CanRestart == b.CanRestart &&
		slices.Equal(a.SecretHash, b.SecretHash) && a.Created.Equal(b.Created) && a.Deleted.Equal(b.Deleted) &&
		a.TimeZone == b.TimeZone && a.Schedule.Equal(b.Schedule) && a.ScheduleAt.Equal(b.ScheduleAt)
}

// encodeJSON returns the value, without checksum, of a record that is JSON.
func encodeJSON(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("store: a %T cannot be JSON: %v", v, err)) // they hold strings, numbers and times only
	}
	return append([]byte{recordVersion}, raw...)
}

// decodeWorker joins the two records of a worker.
func decodeWorker(payload, seen []byte) (farm.Worker, error) {
	var w farm.Worker
	if err := json.Unmarshal(payload, &w); err != nil {
		return w, err
	}
	return w, decodeSeen(seen, &w)
}
