package farm

import (
	"slices"
	"time"
)

// Schedule says when a worker sleeps: exactly while the local time in its time
// zone is inside one of the windows. No rule beyond that is needed when daylight
// saving time begins or ends: a window inside a skipped hour does not occur, and
// an hour that occurs twice counts twice. Windows may overlap.
//
// The zero value means no schedule: the worker sleeps only on request.
type Schedule struct {
	Active  bool     `json:"active"` // false keeps the windows, and nothing follows from them
	Windows []Window `json:"windows,omitempty"`
}

// Window is a time of the day to sleep through, From included and To not. One
// whose From is after its To ends on the day after it began. If both are the
// same there is no window.
type Window struct {
	Days Days      `json:"days,omitzero"` // on which it begins; none means every day
	From TimeOfDay `json:"from,omitzero"` // none: the beginning of the day
	To   TimeOfDay `json:"to,omitzero"`   // none: the end of the day
}

// MaxWindows bounds the windows of a schedule.
const MaxWindows = 50

// Defined reports whether there is a schedule at all, active or not.
func (s Schedule) Defined() bool { return s.Active || len(s.Windows) > 0 }

// Equal reports whether two schedules are written the same.
func (s Schedule) Equal(o Schedule) bool {
	return s.Active == o.Active && slices.Equal(s.Windows, o.Windows)
}

// Check returns farm.Invalid if a window cannot begin when it says, or there are
// too many.
func (s Schedule) Check() error {
	if len(s.Windows) > MaxWindows {
		return Errorf(Invalid, "a schedule has at most %d windows, not %d: put some together", MaxWindows, len(s.Windows))
	}
	for _, w := range s.Windows {
		if w.From.start() == endOfDay {
			return Errorf(Invalid, "a window cannot begin at 24:00: let it begin at 00:00 of the next day")
		}
	}
	return nil
}

// Wants returns the status that the schedule wants at the time, whose location is
// the worker's time zone: asleep inside a window, else awake. A schedule that is
// not active wants the worker awake.
func (s Schedule) Wants(t time.Time) WorkerStatus {
	if s.Active && slices.ContainsFunc(s.Windows, func(w Window) bool { return w.has(t) }) {
		return WorkerAsleep
	}
	return WorkerAwake
}

// horizon is how far ahead Next looks. Weeks are alike, but one window of a
// week may fall into a skipped hour, or a skipped day.
const horizon = 22 * 24 * time.Hour

// Next returns when the schedule wants another status than at the time, as a
// time of the same location, or the zero time if it never will.
func (s Schedule) Next(t time.Time) time.Time {
	if !s.Active {
		return time.Time{}
	}
	now := s.Wants(t)
	for from := t; from.Sub(t) < horizon; {
		for _, edge := range s.edges(from) {
			if s.Wants(edge) != now {
				return edge
			}
			from = edge
		}
	}
	return time.Time{}
}

// edges returns, in order, the times after t at which a window may begin or end,
// up to the next change of the clock if it is within a week, and at least one.
func (s Schedule) edges(t time.Time) []time.Time {
	week := t.Add(7 * 24 * time.Hour)
	edges := []time.Time{week}
	if _, change := t.ZoneBounds(); !change.IsZero() && change.Before(week) {
		edges[0] = change // the offset is another from here on, so what follows is for the next call
	}
	last := edges[0]
	// The clock runs evenly up to there: what it shows is UTC and an offset.
	_, offset := t.Zone()
	midnight := startOfDay(t, offset)
	for day := range 9 {
		for _, w := range s.Windows {
			for _, minute := range []int{0, w.From.start(), w.To.end()} {
				edge := midnight.Add(time.Duration(day)*24*time.Hour + time.Duration(minute)*time.Minute)
				if edge.After(t) && edge.Before(last) {
					edges = append(edges, edge)
				}
			}
		}
	}
	slices.SortFunc(edges, func(a, b time.Time) int { return a.Compare(b) })
	return edges
}

// startOfDay returns when the clock would have shown midnight last if it had
// always run with the offset, in seconds.
func startOfDay(t time.Time, offset int) time.Time {
	shown := t.Unix() + int64(offset)
	into := (shown%86400 + 86400) % 86400
	return time.Unix(t.Unix()-into, 0).In(t.Location())
}

// has reports whether the clock shows a time inside the window.
func (w Window) has(t time.Time) bool {
	minute := t.Hour()*60 + t.Minute()
	from, to := w.From.start(), w.To.end()
	today, yesterday := w.Days.Has(t.Weekday()), w.Days.Has((t.Weekday()+6)%7)
	switch {
	case from < to:
		return today && from <= minute && minute < to
	case from > to:
		return today && from <= minute || yesterday && minute < to
	}
	return false
}

// AfterSchedule returns the request for a worker whose schedule wants a status:
// that status and at once, or none if the worker has it. A lost worker keeps its
// request, and so does one that somebody asked to go offline or to restart.
func AfterSchedule(status WorkerStatus, pending StatusRequest, wants WorkerStatus) StatusRequest {
	switch {
	case status == WorkerError, pending.Status == WorkerOffline, pending.Status == WorkerRestart:
		return pending
	case status == wants:
		return StatusRequest{}
	}
	return StatusRequest{Status: wants}
}
