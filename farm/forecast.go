package farm

import (
	"math"
	"time"
)

// A Forecast is what was said at some moment of the work that was left of a job, to be
// compared with what it took. Work is what workers do, in seconds of one of them:
// that a job was held for a night, or got more workers, makes no forecast wrong.
type Forecast struct {
	Left float64 // work that was left, as was said
	Busy float64 // FrameCosts.Busy at that moment
}

const (
	// maxForecasts is how many are kept.
	maxForecasts = 16
	// noForecasts is how large a part of a job is rendered before the first: what is said
	// of the rest then is a guess, and known to be.
	noForecasts = 0.08
)

// forecast keeps what is said of the work that is left, each time that a part of the
// job is done.
func (c *FrameCosts) forecast(now time.Time) {
	planned, done := c.Curve.Planned(), 0
	for _, b := range c.Curve.Bins {
		done += b.Done
	}
	if planned == 0 || done >= planned || float64(done) < noForecasts*float64(planned) ||
		done*maxForecasts/planned == (done-1)*maxForecasts/planned {
		return
	}
	n := c.needs(planned-done, c.atWork(now), now)
	if len(c.Forecasts) == maxForecasts {
		c.Forecasts = append(c.Forecasts[:0], c.Forecasts[1:]...)
	}
	c.Forecasts = append(c.Forecasts, Forecast{min(n.likely, maxTimeLeft) * n.workers, c.Busy})
}

// atWork is how many workers saved a frame of late.
func (c *FrameCosts) atWork(now time.Time) (n int) {
	for i := range c.Workers {
		w := &c.Workers[i]
		if frame := time.Duration(float64(w.Wall)/float64(max(w.Rendered, 1))) * time.Millisecond; now.Sub(w.Last) < 3*frame+10*time.Second {
			n++
		}
	}
	return max(n, 1)
}

// missed says how far off, as a part, a forecast of the rest may be when left, in seconds
// of a worker, is said to be needed: how far off those before were. How much a forecast
// changes grows with the square root of the part of its work that was done since, as long
// as nobody knows in which direction it will.
func (c *FrameCosts) missed(left float64) float64 {
	squares, parts := 0.0, 0.0
	for _, f := range c.Forecasts {
		since := c.Busy - f.Busy
		if since <= 0 || f.Left <= 0 {
			continue
		}
		off, part := math.Log((since+left)/f.Left), since/(since+left)
		squares += off * off
		parts += part
	}
	if parts == 0 {
		return 0
	}
	return min(math.Sqrt(squares/parts), maxMissed)
}

// maxMissed bounds the doubt that earlier forecasts raise.
const maxMissed = 1.0
