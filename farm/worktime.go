package farm

import (
	"math"
	"time"
)

// WorkTime is how long a worker that ends at a certain time still works, and how long
// that was when it began.
type WorkTime struct{ Left, Whole time.Duration }

// What a worker that ends is expected to need besides what a task is expected to take.
const (
	spareTime   = 3 * time.Second // to be told of the task, and to report it
	sparePart   = 0.25            // of what was measured
	unknownPart = 2               // the part of Whole that has to be left for what nobody knows: a half
	longEnough  = 2 * time.Hour   // for a task of which nothing is known
)

// Fits says whether a worker would be done with a task before its end, as far as is
// known: how long the task is expected to take, or that nothing is known of its job, and
// for how long another worker tried it, whose end came first.
//
// What nobody knows is tried by workers that have at least half of their time left:
// such a job would else never be begun where all workers are short-lived.
func (w WorkTime) Fits(expected time.Duration, known bool, tried time.Duration) bool {
	switch {
	case w.Left <= 0:
		return false
	case tried > 0 && w.Left < tried+tried/4+spareTime:
		return false
	case known:
		return w.Left >= expected+time.Duration(sparePart*float64(expected))+spareTime
	}
	return w.Left >= min(w.Whole/unknownPart, longEnough)
}

// Work is how many seconds workers are expected to need for so many frames of those that
// are left; false if nothing was measured. It is for a worker as fast as the others are.
func (c *FrameCosts) Work(frames int) (seconds float64, ok bool) {
	if c == nil || c.Rendered == 0 || frames <= 0 || !c.best().seen() {
		return 0, false
	}
	return min(c.best().estimate(frames).work, maxTimeLeft*float64(frames)), true
}

// Longest is how many seconds the slowest frame took that was measured; false if none was.
func (c *FrameCosts) Longest() (seconds float64, ok bool) {
	if c == nil || len(c.Slowest) == 0 {
		return 0, false
	}
	return float64(c.Slowest[0].Wall) / 1000, true
}

// Around returns how long a worker may take for a frame that lies so far along the
// job's frames, from 0 to 1: as the frames there do or on the average, whichever is
// longer, with room for how far frames there differ.
func (t FrameTimes) Around(part float64, worker WorkerID) time.Duration {
	c := &t.costs.Curve
	at := c.First + int(part*float64(c.Last-c.First))
	likely := t.Of(at, worker)
	for _, near := range []int{at - (c.Last-c.First)/CostBins, at + (c.Last-c.First)/CostBins} {
		likely = max(likely, t.Of(near, worker))
	}
	likely = max(likely, time.Duration(min(t.trend.mean, maxTimeLeft)*float64(time.Second)))
	return time.Duration(float64(likely) * min(math.Exp(2*math.Sqrt(max(c.Residual, 0))), maxRoom))
}

// maxRoom bounds the room for how far frames differ.
const maxRoom = 3

// GuessedTask is how many seconds a task is taken to need of which nothing was measured:
// a minute for a frame, and less for what renders none.
func GuessedTask(taskType string, steps int) float64 {
	if taskType != TypeBlender {
		return 10
	}
	return 60 * float64(max(1, min(steps, 1000)))
}
