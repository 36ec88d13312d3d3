package store

import (
	"encoding/binary"
	"errors"
	"math"
	"time"

	"renderfarm/farm"
)

// Bucket framecost has what the frames of a job cost as a whole, if there is any
// result. It is written at most once per commit.
//
// Records about frames that are damaged count as none, as nothing depends on them but
// what people are told: the job goes on, and its next result writes them anew. Check
// finds those that are left.

// Costs returns what the job's frames cost so far, nil if no result was told. The
// result belongs to the store: it must not be changed, nor kept.
func (tx *Tx) Costs(j *Job) *farm.FrameCosts {
	tx.check()
	if j.costs == nil && !j.removing && !j.costsLost {
		key := key32(j.seq)
		if value := tx.x.get(costBucket, key); value != nil {
			costs, err := openCosts(key, value, *tx.x.names.Load())
			if err != nil {
				j.costsLost = true
				tx.x.lostFrames(j, err)
			}
			j.costs = costs
		}
	}
	return j.costs
}

// lostFrames tells of a damaged record about frames.
func (x *index) lostFrames(j *Job, why error) {
	x.log.Error("what is known of frames of a job is damaged in the database, and is not used; the job goes on. Check the disk the database is on", "job", j.ID, "name", j.Name, "error", why)
}

// changeCosts returns the job's costs to be changed in this commit.
func (tx *Tx) changeCosts(j *Job) *farm.FrameCosts {
	if tx.Costs(j) == nil {
		j.costs = farm.NewFrameCosts(tx.x.framesOf(j))
	}
	if !j.costly {
		j.costly = true
		tx.x.dirtyCosts = append(tx.x.dirtyCosts, j)
	}
	return j.costs
}

// framesOf returns the frames that the job renders, nil if its settings do not tell.
func (x *index) framesOf(j *Job) []int {
	key := key32(j.seq)
	var d farm.JobDetail
	payload, err := jobdefBucket.open(key, x.get(jobdefBucket, key))
	if err == nil {
		d, err = decodeDetail(payload)
	}
	if err != nil {
		x.lostFrames(j, err)
		return nil
	}
	text, _ := d.Settings["frames"].(string)
	frames, err := farm.ParseFrames(text)
	if err != nil {
		return nil // a script of somebody's own may mean something else by it
	}
	return frames
}

func (x *index) putCosts(j *Job) {
	key := key32(j.seq)
	x.writes.put(costBucket, key, costBucket.seal(key, appendCosts([]byte{recordVersion}, j.costs, x.number)))
}

// appendCosts appends the payload of a record. Workers are numbers.
//
//	kept | rendered | wall | cpu | load | save | energy | memory | gpu memory | warned | source |
//	n, n x (frame | wall) | n, n x (worker | rendered | wall | energy | last | speed f32 | load) |
//	first | last | residual f32 | bins x (planned | done | seen | [mean f32]) |
//	n, n x flat frame | n, n x (device u8 | cpu speed f32 | pace f32), of the first n workers | missed f32 | busy f32 |
//	cpu residual f32 | cpu missed f32 | bins x (cpu seen | [cpu mean f32]) | n, n x (forecast f32 | busy then f32)
func appendCosts(b []byte, c *farm.FrameCosts, number func(farm.WorkerID) uint32) []byte {
	for _, n := range []int64{int64(c.Kept), int64(c.Rendered), c.Wall, c.CPU, c.Load, c.Save, c.Energy, c.Memory, c.GPUMemory, int64(c.Warned)} {
		b = binary.AppendUvarint(b, uint64(n))
	}
	b = binary.AppendVarint(b, millis(c.Source))
	b = binary.AppendUvarint(b, uint64(len(c.Slowest)))
	for _, s := range c.Slowest {
		b = binary.AppendVarint(b, int64(s.Frame))
		b = binary.AppendUvarint(b, uint64(s.Wall))
	}
	b = binary.AppendUvarint(b, uint64(len(c.Workers)))
	for _, w := range c.Workers {
		for _, n := range []int64{int64(number(w.Worker)), int64(w.Rendered), w.Wall, w.Energy} {
			b = binary.AppendUvarint(b, uint64(n))
		}
		b = binary.AppendVarint(b, millis(w.Last))
		b = appendFloat(b, w.Speed)
		b = binary.AppendUvarint(b, uint64(w.Load))
	}
	b = binary.AppendVarint(binary.AppendVarint(b, int64(c.Curve.First)), int64(c.Curve.Last))
	b = appendFloat(b, c.Curve.Residual)
	for _, bin := range c.Curve.Bins {
		for _, n := range []int{bin.Planned, bin.Done, bin.Seen} {
			b = binary.AppendUvarint(b, uint64(n))
		}
		if bin.Seen > 0 {
			b = appendFloat(b, bin.Mean)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(c.Flat)))
	for _, frame := range c.Flat {
		b = binary.AppendVarint(b, int64(frame))
	}
	b = binary.AppendUvarint(b, uint64(len(c.Workers)))
	for _, w := range c.Workers {
		b = appendFloat(appendFloat(append(b, byte(w.Device.Number())), w.CPUSpeed), w.Pace)
	}
	return appendForecasts(b, c)
}

// appendForecasts appends what only forecasts need.
func appendForecasts(b []byte, c *farm.FrameCosts) []byte {
	b = appendFloat(appendFloat(b, c.Curve.Missed), c.Busy)
	b = appendFloat(appendFloat(b, c.CPUCurve.Residual), c.CPUCurve.Missed)
	for _, bin := range c.CPUCurve.Bins {
		if b = binary.AppendUvarint(b, uint64(bin.Seen)); bin.Seen > 0 {
			b = appendFloat(b, bin.Mean)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(c.Forecasts)))
	for _, f := range c.Forecasts {
		b = appendFloat(appendFloat(b, f.Left), f.Busy)
	}
	return b
}

// openCosts reads a record.
func openCosts(key, value []byte, names []farm.WorkerID) (*farm.FrameCosts, error) {
	payload, err := costBucket.open(key, value)
	if err != nil {
		return nil, err
	}
	c, err := decodeCosts(payload, names)
	if err != nil {
		return nil, costBucket.damaged(key, err)
	}
	return c, nil
}

func decodeCosts(payload []byte, names []farm.WorkerID) (*farm.FrameCosts, error) {
	r := &reader{rest: payload}
	c := &farm.FrameCosts{Kept: r.count(math.MaxInt), Rendered: r.count(math.MaxInt)}
	for _, p := range []*int64{&c.Wall, &c.CPU, &c.Load, &c.Save, &c.Energy, &c.Memory, &c.GPUMemory} {
		*p = r.sum()
	}
	c.Warned = r.count(math.MaxInt)
	c.Source = timeOf(r.int())
	for range r.count(len(r.rest)) {
		c.Slowest = append(c.Slowest, farm.SlowFrame{Frame: r.small(), Wall: r.sum()})
	}
	for range r.count(len(r.rest)) {
		number := r.count(maxWorkers)
		if r.err == nil && (number == 0 || number >= len(names)) {
			return nil, errors.New("it names a worker that is not in the file")
		}
		c.Workers = append(c.Workers, farm.WorkerCosts{Worker: nameOf(names, uint32(number)), Rendered: r.count(math.MaxInt), Wall: r.sum(),
			Energy: r.sum(), Last: timeOf(r.int()), Speed: r.float(), Load: r.sum()})
	}
	c.Curve.First, c.Curve.Last, c.Curve.Residual = r.small(), r.small(), r.float()
	for i := range c.Curve.Bins {
		bin := &c.Curve.Bins[i]
		if bin.Planned, bin.Done, bin.Seen = r.count(math.MaxInt), r.count(math.MaxInt), r.count(math.MaxInt); bin.Seen > 0 {
			bin.Mean = r.float()
		}
	}
	if r.err == nil && c.Curve.Last < c.Curve.First {
		return nil, errors.New("its last frame is before the first")
	}
	for range r.count(len(r.rest)) {
		c.Flat = append(c.Flat, r.small())
	}
	for i := range r.count(len(c.Workers)) {
		w, device := &c.Workers[i], int(r.byte())
		if device >= len(farm.Devices) {
			return nil, errors.New("it names a device that this version of Farm does not know")
		}
		w.Device, w.CPUSpeed, w.Pace = farm.Devices[device], r.float(), r.float()
	}
	decodeForecasts(r, c)
	return c, r.end()
}

func decodeForecasts(r *reader, c *farm.FrameCosts) {
	c.Curve.Missed, c.Busy = r.float(), r.float()
	cpu := &c.CPUCurve
	cpu.Residual, cpu.Missed = r.float(), r.float()
	for i := range cpu.Bins {
		bin := &cpu.Bins[i]
		if bin.Seen = r.count(math.MaxInt); bin.Seen > 0 {
			bin.Mean = r.float()
		}
	}
	for range r.count(len(r.rest)) {
		c.Forecasts = append(c.Forecasts, farm.Forecast{Left: r.float(), Busy: r.float()})
	}
}

func appendFloat(b []byte, f float64) []byte {
	return binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(f)))
}

// float reads a number that is finite.
func (r *reader) float() float64 {
	if len(r.rest) < 4 {
		r.fail(errShort)
		return 0
	}
	f := float64(math.Float32frombits(binary.LittleEndian.Uint32(r.rest)))
	if r.rest = r.rest[4:]; math.IsNaN(f) || math.IsInf(f, 0) {
		r.fail(errors.New("a number is not finite"))
		return 0
	}
	return f
}

// sum reads a sum of what cannot be below zero.
func (r *reader) sum() int64 { return int64(r.count(math.MaxInt)) }

// Costs returns what the job's frames cost so far, nil if no result was told.
func (v *View) Costs(id farm.JobID) (*farm.FrameCosts, error) {
	seq, err := v.byID(id)
	if err != nil {
		return nil, err
	}
	key := key32(seq)
	value := v.tx.Bucket(costBucket.name).Get(key)
	if value == nil {
		return nil, nil
	}
	costs, err := openCosts(key, value, *v.s.x.names.Load())
	if IsDamage(err) {
		return nil, nil
	}
	return costs, err
}

// maxFrameAge bounds how far a frame's times may be from the job's creation, either way.
const maxFrameAge = 50 * 365 * 24 * time.Hour

// Ahead returns jobs that workers get tasks of before they get one of this: those
// that run and have a higher priority, or the same and are older. At most limit.
func (tx *Tx) Ahead(j *Job, limit int) (jobs []*Job) {
	tx.check()
	for _, other := range tx.x.jobs {
		if other != j && other.terms().Open && (other.Priority > j.Priority || other.Priority == j.Priority && other.seq < j.seq) {
			if jobs = append(jobs, other); len(jobs) == limit {
				break
			}
		}
	}
	return jobs
}
