package farm

import (
	"slices"
	"time"
)

// A FrameDay is what a worker rendered on one day, by the manager's calendar.
type FrameDay struct {
	Day    int   // days from 1970-01-01 to the date
	Frames int   // that it rendered; those that were there already do not count
	Busy   int64 // milliseconds that it took for them
}

// FrameDays is what a worker rendered on the last days on which it did, the oldest first.
type FrameDays []FrameDay

// MaxFrameDays is how many days are kept of a worker, today included.
const MaxFrameDays = 90

// Add counts frames of a day, and forgets what is too old by then. A day before the newest
// one, as of a clock that was turned back, counts for the newest.
func (d FrameDays) Add(day, frames int, busy int64) FrameDays {
	if n := len(d); n > 0 && d[n-1].Day >= day {
		d[n-1].Frames += frames
		d[n-1].Busy = sum(d[n-1].Busy, busy)
		return d
	}
	d = append(d, FrameDay{day, frames, busy})
	return slices.DeleteFunc(d, func(old FrameDay) bool { return old.Day <= day-MaxFrameDays })
}

// FramesPerHour is how fast the worker was that day while it rendered, 0 if that is not known.
func (d FrameDay) FramesPerHour() float64 {
	c := WorkerCosts{Rendered: d.Frames, Wall: d.Busy}
	return c.FramesPerHour()
}

// DayOf returns the number of the day that it is at a time, in the time's zone.
func DayOf(t time.Time) int {
	y, m, d := t.Date()
	return int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60))
}

// Date returns the date as people write it: "2026-11-30".
func (d FrameDay) Date() string {
	return time.Unix(int64(d.Day)*24*60*60, 0).UTC().Format(time.DateOnly)
}
