package farm_test

import (
	"testing"
	"time"

	"renderfarm/farm"
)

func TestRecommend(t *testing.T) {
	frames := func(tasks int, seconds float64) farm.ClassDemand {
		return farm.ClassDemand{Type: farm.TypeBlender, Tasks: tasks, Seconds: seconds}
	}
	for _, c := range []struct {
		name    string
		s       farm.Scaling
		there   farm.Presence
		classes []farm.ClassDemand
		want    int
	}{
		{"nothing to do", farm.Scaling{}, farm.Presence{}, nil, 0},
		{"a minute of work for each", farm.Scaling{}, farm.Presence{}, []farm.ClassDemand{frames(50, 1000)}, 17},
		{"no more than tasks", farm.Scaling{}, farm.Presence{}, []farm.ClassDemand{frames(4, 4000)}, 4},
		{"one for what takes a moment", farm.Scaling{}, farm.Presence{}, []farm.ClassDemand{frames(30, 3)}, 1},
		{"one for what takes no time at all", farm.Scaling{}, farm.Presence{}, []farm.ClassDemand{frames(1, 0)}, 1},
		{"each class has its own", farm.Scaling{}, farm.Presence{}, []farm.ClassDemand{frames(4, 4000), frames(2, 4000)}, 6},
		{"besides those that are busy", farm.Scaling{}, farm.Presence{Busy: 3}, []farm.ClassDemand{frames(4, 4000)}, 7},
		{"idle ones get what waits", farm.Scaling{}, farm.Presence{Busy: 3, Idle: 4}, []farm.ClassDemand{frames(4, 4000)}, 7},
		{"the most", farm.Scaling{Max: 3}, farm.Presence{}, []farm.ClassDemand{frames(50, 1000)}, 3},
		{"the most ends nobody who works", farm.Scaling{Max: 3}, farm.Presence{Busy: 5}, nil, 5},
		{"the least", farm.Scaling{Min: 2}, farm.Presence{}, nil, 2},
		{"the least counts the busy ones", farm.Scaling{Min: 2}, farm.Presence{Busy: 2}, nil, 2},
		{"scale-out", farm.Scaling{ScaleOut: 2}, farm.Presence{Busy: 1, Idle: 1}, []farm.ClassDemand{frames(50, 1000)}, 4},
		{"scale-out holds back the least, too", farm.Scaling{ScaleOut: 2, Min: 9}, farm.Presence{}, nil, 2},
		{"idle for a short time", farm.Scaling{}, farm.Presence{Idle: 5, Kept: 3}, nil, 3},
		{"idle for a short time, and work for some", farm.Scaling{}, farm.Presence{Idle: 5, Kept: 3}, []farm.ClassDemand{frames(2, 4000)}, 3},
		{"idle for long", farm.Scaling{}, farm.Presence{Idle: 5}, nil, 0},
		{"stand-by", farm.Scaling{StandBy: 2}, farm.Presence{Busy: 3}, []farm.ClassDemand{frames(1, 4000)}, 6},
		{"asleep are none", farm.Scaling{}, farm.Presence{Asleep: 5}, []farm.ClassDemand{frames(4, 4000)}, 4},
	} {
		if got := c.s.Recommend(c.there, c.classes...); got != c.want {
			t.Errorf("%s: %d workers, want %d", c.name, got, c.want)
		}
	}
}

func TestScalingCheck(t *testing.T) {
	for _, bad := range []farm.Scaling{{Min: -1}, {Max: -1}, {Min: 3, Max: 2}, {ScaleOut: farm.MaxScaling + 1}, {StandBy: -1}, {Idle: -1}} {
		if farm.KindOf(bad.Check()) != farm.Invalid {
			t.Errorf("%+v is accepted", bad)
		}
	}
	if err := (farm.Scaling{Min: 2, Max: 2, ScaleOut: 5, Idle: farm.DefaultIdle, StandBy: 1}).Check(); err != nil {
		t.Error(err)
	}
}

func TestFits(t *testing.T) {
	minute := time.Minute
	for _, c := range []struct {
		name     string
		w        farm.WorkTime
		expected time.Duration
		known    bool
		tried    time.Duration
		want     bool
	}{
		{"enough time", farm.WorkTime{Left: minute, Whole: 2 * minute}, 20 * time.Second, true, 0, true},
		{"as much time as it takes, and no room", farm.WorkTime{Left: 20 * time.Second, Whole: 2 * minute}, 20 * time.Second, true, 0, false},
		{"too late", farm.WorkTime{Left: 10 * time.Second, Whole: 2 * minute}, 20 * time.Second, true, 0, false},
		{"over", farm.WorkTime{Left: -time.Second, Whole: 2 * minute}, 0, true, 0, false},
		{"nothing measured, at the beginning", farm.WorkTime{Left: 110 * time.Second, Whole: 2 * minute}, 0, false, 0, true},
		{"nothing measured, in the second half", farm.WorkTime{Left: 50 * time.Second, Whole: 2 * minute}, 0, false, 0, false},
		{"nothing measured, hours left of a day", farm.WorkTime{Left: 5 * time.Hour, Whole: 24 * time.Hour}, 0, false, 0, true},
		{"was cut off after as long", farm.WorkTime{Left: 110 * time.Second, Whole: 2 * minute}, 0, false, 108 * time.Second, false},
		{"was cut off, and there is twice the time", farm.WorkTime{Left: 220 * time.Second, Whole: 4 * minute}, 0, false, 108 * time.Second, true},
		{"was cut off although it was expected to be done", farm.WorkTime{Left: 60 * time.Second, Whole: 2 * minute}, 20 * time.Second, true, 58 * time.Second, false},
	} {
		if got := c.w.Fits(c.expected, c.known, c.tried); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
