package farm_test

import (
	"math"
	"testing"
	"time"

	"renderfarm/farm"
)

// Frames are counted by the day, and forgotten after MaxFrameDays of them.
func TestFrameDays(t *testing.T) {
	var d farm.FrameDays
	day := farm.DayOf(time.Date(2026, 11, 30, 23, 59, 0, 0, time.FixedZone("", 3600)))
	d = d.Add(day, 2, 3600_000)
	d = d.Add(day, 1, 1800_000)
	d = d.Add(day-1, 1, 1800_000) // the clock was turned back
	if len(d) != 1 || d[0] != (farm.FrameDay{Day: day, Frames: 4, Busy: 7200_000}) || d[0].FramesPerHour() != 2 || d[0].Date() != "2026-11-30" {
		t.Errorf("%+v, %v an hour, %s", d, d[0].FramesPerHour(), d[0].Date())
	}
	for i := range 200 {
		d = d.Add(day+i, 1, math.MaxInt64)
	}
	if len(d) != farm.MaxFrameDays || d[0].Day != day+200-farm.MaxFrameDays || d[len(d)-1].Day != day+199 || d[0].Busy != math.MaxInt64 {
		t.Errorf("after 200 days there are %d, from %d on", len(d), d[0].Day-day)
	}
	d = d.Add(day+199, 1, math.MaxInt64)
	if last := d[len(d)-1]; last.Busy != math.MaxInt64 || last.Frames != 2 {
		t.Errorf("more than there can be: %+v", last)
	}
	if got := d.Add(day+1000, 1, 1); len(got) != 1 {
		t.Errorf("three years later there are %d", len(got))
	}
}

// What a worker tells of its load is bounded, and nothing is not a load.
func TestCleanLoad(t *testing.T) {
	if l := farm.CleanLoad(farm.WorkerLoad{MemoryFree: -5}); l != nil {
		t.Errorf("nothing is told: %+v", l)
	}
	cards := make([]farm.GPULoad, 1000)
	cards[0] = farm.GPULoad{Name: "RTX\nA4000", Memory: 100, MemoryFree: 200}
	l := farm.CleanLoad(farm.WorkerLoad{CPU: new(1 << 40), MemoryFree: math.MaxInt64, GPUs: cards})
	if *l.CPU != 100 || l.MemoryFree != 0 || len(l.GPUs) != 16 || l.GPUs[0] != (farm.GPULoad{Name: "RTX A4000", Memory: 100, MemoryFree: 100}) {
		t.Errorf("%+v", l)
	}
	if got := farm.CleanLoad(farm.WorkerLoad{CPU: new(-1)}); *got.CPU != 0 {
		t.Errorf("below nothing: %d", *got.CPU)
	}
}
