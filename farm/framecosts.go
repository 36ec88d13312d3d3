package farm

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// FrameCosts is what is kept of the frames of a job as a whole: sums of what they
// cost, the slowest, what each worker did, and how the cost changes along the frames,
// from which the time left follows. Its size does not grow with the job.
//
// Sums are of all that was done, also of frames that were rendered again since.
type FrameCosts struct {
	Kept                  int // results in the database: those of frames that were rendered again count once
	Rendered              int // frames the sums are of; those that were there already do not count
	Wall, CPU, Load, Save int64
	Energy                int64 // joules
	Memory, GPUMemory     int64 // the most of any frame, KiB
	Warned                int   // results with a flag that warns
	Source                time.Time
	Slowest               []SlowFrame   // the slowest first, at most maxSlowest
	Workers               []WorkerCosts // who rendered, at most maxCostWorkers
	Flat                  []int         // frames of one colour, in order, at most maxFlat: the first that were told

	Curve     CostCurve  // of the time that frames take
	CPUCurve  CostCurve  // of their processor time; which frames there are, and are done, only Curve has
	Busy      float64    // seconds that workers were busy, as far as the curves have them
	Forecasts []Forecast // the oldest first, at most maxForecasts
}

// A SlowFrame is one of the slowest frames of a job.
type SlowFrame struct {
	Frame int
	Wall  int64 // milliseconds
}

const (
	maxSlowest     = 10
	maxCostWorkers = 256
	maxFlat        = 256
)

// WorkerCosts is what one worker did in a job.
type WorkerCosts struct {
	Worker   WorkerID
	Rendered int
	Wall     int64     // milliseconds
	Energy   int64     // joules
	Last     time.Time // when it saved its last frame
	Load     int64     // milliseconds spent on loading, without the first time
	Device   Device    // that rendered its last frame; "" if that is not known

	// Logarithms of how much longer than others it takes for a frame, of how much more
	// processor time, and of how long it took of late for a second of that.
	Speed, CPUSpeed, Pace float64
}

// NewFrameCosts returns the costs of a job that renders the frames, of which none is
// done. nil if it is not known which they are.
func NewFrameCosts(frames []int) *FrameCosts {
	c := &FrameCosts{}
	c.Curve.plan(frames)
	return c
}

// Add takes in a result. before is the one it replaces, nil for none.
func (c *FrameCosts) Add(r *FrameResult, worker WorkerID, before *FrameResult) {
	if before == nil {
		c.Kept++
	} else if before.Flags.Warns() {
		c.Warned--
	}
	if r.Flags.Warns() {
		c.Warned++
	}
	if r.Source.After(c.Source) {
		c.Source = r.Source
	}
	c.noteFlat(r)
	c.Slowest = slices.DeleteFunc(c.Slowest, func(s SlowFrame) bool { return s.Frame == r.Frame })
	if r.Flags&FrameWasThere != 0 {
		c.Curve.there(r.Frame, before == nil)
		return
	}
	c.Rendered++
	c.Wall, c.CPU, c.Load, c.Save, c.Energy = sum(c.Wall, r.Wall), sum(c.CPU, r.CPU), sum(c.Load, r.Load), sum(c.Save, r.Save), sum(c.Energy, r.Energy)
	c.Memory, c.GPUMemory = max(c.Memory, r.Memory), max(c.GPUMemory, r.GPUMemory)
	c.Slowest = append(c.Slowest, SlowFrame{r.Frame, r.Wall})
	slices.SortStableFunc(c.Slowest, func(a, b SlowFrame) int { return cmp.Compare(b.Wall, a.Wall) })
	c.Slowest = c.Slowest[:min(len(c.Slowest), maxSlowest)]
	if w := c.worker(worker); w != nil {
		c.learn(r, w, before == nil)
		w.add(r)
		c.forecast(r.Saved)
	}
}

// worker returns what is kept of a worker; nil if there are too many already.
func (c *FrameCosts) worker(id WorkerID) *WorkerCosts {
	i := slices.IndexFunc(c.Workers, func(w WorkerCosts) bool { return w.Worker == id })
	if i < 0 && len(c.Workers) == maxCostWorkers {
		return nil
	}
	if i < 0 {
		i = len(c.Workers)
		c.Workers = append(c.Workers, WorkerCosts{Worker: id})
	}
	return &c.Workers[i]
}

func (w *WorkerCosts) add(r *FrameResult) {
	if w.Rendered > 0 {
		w.Load = sum(w.Load, r.Load)
	}
	w.Rendered++
	w.Wall, w.Energy = sum(w.Wall, r.Wall), sum(w.Energy, r.Energy)
	w.Last, w.Device = r.Saved, r.Device
}

// noteFlat keeps Flat right.
func (c *FrameCosts) noteFlat(r *FrameResult) {
	i, found := slices.BinarySearch(c.Flat, r.Frame)
	switch flat := r.Flags&FrameFlat != 0; {
	case found && !flat:
		c.Flat = slices.Delete(c.Flat, i, i+1)
	case !found && flat && len(c.Flat) < maxFlat:
		c.Flat = slices.Insert(c.Flat, i, r.Frame)
	}
}

// sum adds what cannot be below zero, and ends at the largest number: a worker may
// tell of so much, and so often, that it would become negative, which is not kept.
func sum(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// FramesPerHour is how fast the worker is while it renders, 0 if that is not known.
func (w *WorkerCosts) FramesPerHour() float64 {
	if w.Wall <= 0 {
		return 0
	}
	return float64(w.Rendered) * float64(time.Hour/time.Millisecond) / float64(w.Wall)
}

// Old reports whether a frame was made from an older .blend than others of the job.
func (c *FrameCosts) Old(r *FrameResult) bool { return r.IsOlder(c.Source) }

// CostBins is in how many parts of equal length the frames of a job are divided.
const CostBins = 64

// A CostCurve is how long frames take along the job, as far as they were rendered.
// Times are for a worker of Speed 0.
type CostCurve struct {
	First, Last int // of the job's frames
	Bins        [CostBins]CostBin
	Residual    float64 // mean square of how far the logarithm of a time was from what its neighbours said
	Missed      float64 // likewise of how long a worker took from what the curve said before
}

// A CostBin is one part of the frames.
type CostBin struct {
	Planned int     // frames that the job has there
	Done    int     // of those
	Seen    int     // times that Mean is of
	Mean    float64 // mean of the logarithm of the seconds that a frame takes
}

func (c *CostCurve) plan(frames []int) {
	if len(frames) == 0 {
		return
	}
	c.First, c.Last = slices.Min(frames), slices.Max(frames)
	for _, f := range frames {
		c.bin(f).Planned++
	}
}

func (c *CostCurve) index(frame int) int {
	i := (frame - c.First) * CostBins / (c.Last - c.First + 1)
	return max(0, min(i, CostBins-1))
}

func (c *CostCurve) bin(frame int) *CostBin { return &c.Bins[c.index(frame)] }

// there counts a frame that took no time.
func (c *CostCurve) there(frame int, isNew bool) {
	if isNew {
		c.bin(frame).Done++
	}
}

const (
	// maxSeen bounds the weight of times that were seen before.
	maxSeen = 32
	// maxPause is the longest pause between two frames of a worker that belongs to
	// the work, such as asking for the next task.
	maxPause = 5 * time.Second
)

// learn takes in the time of a frame, before it is counted for the worker.
func (c *FrameCosts) learn(r *FrameResult, w *WorkerCosts, isNew bool) {
	taken := time.Duration(r.Wall-r.Load) * time.Millisecond
	if pause := r.Saved.Sub(w.Last) - time.Duration(r.Wall)*time.Millisecond; w.Rendered > 0 && pause > 0 && pause < maxPause {
		taken += pause
	}
	c.Busy += taken.Seconds()
	c.Curve.there(r.Frame, isNew)
	alone, i, log := len(c.Workers) == 1, c.Curve.index(r.Frame), math.Log(max(taken.Seconds(), 0.001))
	c.Curve.add(i, log, &w.Speed, w.Rendered, alone, log)
	if r.CPU > 0 && !r.Device.GPU() {
		cpu := math.Log(float64(r.CPU) / 1000)
		c.CPUCurve.add(i, cpu, &w.CPUSpeed, w.Rendered, alone, log-w.Pace)
		w.Pace += (log - cpu - w.Pace) * max(1/float64(w.Rendered+1), paceWeight)
	}
}

// paceWeight is the weight of the newest frame for how fast a computer is of late: that
// of the one ten frames before is a third of it.
const paceWeight = 0.1

// add takes in the logarithm of what a frame of a bin took of a worker that rendered so
// many before. One that is alone is as fast as all are: that its frames change is the film's,
// or the computer's being busy, and not the worker's speed. By told, what was foreseen
// is judged.
func (c *CostCurve) add(i int, log float64, speed *float64, rendered int, alone bool, told float64) {
	if expected, ok := c.near(i); ok {
		off := log - expected
		if rendered > 0 {
			away := told - expected - *speed
			c.Missed += (away*away - c.Missed) * max(1/float64(rendered), 0.1)
		}
		switch {
		case alone:
		case rendered == 0:
			*speed = off
		default:
			*speed += (off - *speed) * max(1/float64(rendered+1), 0.1)
		}
		if rendered > 0 {
			// Half of how far two neighbours differ is the other's.
			away := (off - *speed) * (off - *speed) / 2
			c.Residual += (away - c.Residual) * max(1/float64(rendered), 0.1)
		}
	}
	b := &c.Bins[i]
	b.Seen = min(b.Seen+1, maxSeen)
	b.Mean += (log - *speed - b.Mean) / float64(b.Seen)
}

// near returns what the bin, or the nearest with a time, says.
func (c *CostCurve) near(i int) (float64, bool) {
	for d := range CostBins {
		sum, n := 0.0, 0
		for _, at := range []int{i - d, i + d} {
			if at >= 0 && at < CostBins && c.Bins[at].Seen > 0 {
				sum += c.Bins[at].Mean
				n++
			}
		}
		if n > 0 {
			return sum / float64(n), true
		}
	}
	return 0, false
}

// Planned is how many frames the job has, 0 if that is not known.
func (c *CostCurve) Planned() (n int) {
	for _, b := range c.Bins {
		n += b.Planned
	}
	return n
}

// Clone returns a copy that shares nothing, nil of nil.
func (c *FrameCosts) Clone() *FrameCosts {
	if c == nil {
		return nil
	}
	copied := *c
	copied.Slowest, copied.Workers = slices.Clone(c.Slowest), slices.Clone(c.Workers)
	copied.Flat, copied.Forecasts = slices.Clone(c.Flat), slices.Clone(c.Forecasts)
	return &copied
}
