package worker

import (
	"testing"
	"time"

	"renderfarm/farm"
)

// The computer is measured when that is told, every ten seconds at most; its memory at once,
// its processors when there was something to count.
func TestLoadMeter(t *testing.T) {
	clock, percent, counted := time.Now(), 10, 0
	m := &loadMeter{now: func() time.Time { return clock }, free: func() int64 { return 5 << 30 }, at: clock,
		cpu: func() (int, bool) { counted++; return percent, true }}
	if l := m.load(); l == nil || l.CPU != nil || l.MemoryFree != 5<<30 || counted != 0 {
		t.Errorf("at once: %+v", l)
	}
	clock = clock.Add(loadFirst)
	if l := m.load(); l.CPU == nil || *l.CPU != 10 {
		t.Errorf("soon: %+v", l)
	}
	percent = 90
	clock = clock.Add(loadAgain - time.Millisecond)
	if l := m.load(); *l.CPU != 10 || counted != 1 {
		t.Errorf("it was measured again after less than %s: %d %%", loadAgain, *l.CPU)
	}
	clock = clock.Add(time.Millisecond)
	if l := m.load(); *l.CPU != 90 {
		t.Errorf("after %s: %d %%", loadAgain, *l.CPU)
	}
	nothing := &loadMeter{now: func() time.Time { return clock }, free: func() int64 { return 0 }, cpu: func() (int, bool) { return 0, false }}
	if l := nothing.load(); l != nil {
		t.Errorf("nothing can be measured: %+v", l)
	}
}

// What the driver tells is read in the form that it documents.
func TestNvidiaMemory(t *testing.T) {
	got := readNvidiaMemory("NVIDIA GeForce RTX 3090, 24576, 20000\nNVIDIA A100-SXM4-40GB, [N/A], [N/A]\nno card\nTesla, T4, 15109, 1\n")
	want := farm.GPULoad{Name: "NVIDIA GeForce RTX 3090", Memory: 24576 << 20, MemoryFree: 20000 << 20}
	if len(got) != 1 || got[0] != want {
		t.Errorf("%+v", got)
	}
}
