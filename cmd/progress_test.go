package cmd

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/submit"
)

func TestMeter(t *testing.T) {
	start := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	var m meter
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	if m.rate(start) != 0 {
		t.Error("a rate without progress")
	}
	for i := range 11 {
		m.add(at(2*i), i)
		m.add(at(2*i+1), i) // no progress
	}
	if got := m.rate(at(20)); got != 0.5 {
		t.Errorf("half a frame per second: %v", got)
	}
	if got := m.rate(at(21)); got != 0.5 {
		t.Errorf("a second of silence, which is usual: %v", got)
	}
	if got := m.rate(at(120)); got < 0.08 || got > 0.09 {
		t.Errorf("after standing still: %v", got)
	}
	m.add(at(130), 2)
	if got := m.rate(at(130)); got != 0 {
		t.Errorf("after a requeue: %v", got)
	}
	for i := range 1000 {
		m.add(at(200+i), 3+i)
	}
	if len(m.marks) != meterMarks {
		t.Errorf("%d marks", len(m.marks))
	}
}

func TestSpeedAndTime(t *testing.T) {
	for want, rate := range map[string]float64{"2.0/s": 2, "30.0/min": 0.4999, "6.0/min": 0.1, "6.0/h": 6. / 3600} {
		if got := speed(rate); got != want {
			t.Errorf("%v: %s, want %s", rate, got, want)
		}
	}
	for want, d := range map[string]time.Duration{
		"1s": 0, "45s": 45 * time.Second, "9m05s": 9*time.Minute + 5*time.Second, "1m00s": time.Minute, "12m": 12 * time.Minute, "3h20m": 3*time.Hour + 18*time.Minute, "2d4h": 52 * time.Hour,
	} {
		if got := roughly(d); got != want {
			t.Errorf("%s: %s, want %s", d, got, want)
		}
	}
}

// A barTest is a bar with a clock that the test turns.
type barTest struct {
	progressBar
	out bytes.Buffer
	at  time.Time
}

func newBarTest(live bool, width int) *barTest {
	b := &barTest{at: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	b.progressBar = progressBar{out: &b.out, live: live, now: func() time.Time { return b.at }, width: func() int { return width }}
	return b
}

func view(status string, done, total int) *jobView {
	return newJobView(api.Job{Status: status, StepsCompleted: done, StepsTotal: total, Settings: map[string]any{"frames": "1-10"}})
}

// leftFrom is a time left, as a manager says it.
func leftFrom(now time.Time, left time.Duration) *api.TimeLeft {
	return &api.TimeLeft{Earliest: now.Add(left - 5*time.Second), Likely: now.Add(left), Latest: now.Add(left + 10*time.Second)}
}

func TestBarOnTerminal(t *testing.T) {
	b := newBarTest(true, 80)
	b.show(view("queued", 0, 11))
	for done := range 6 {
		v := view("active", done, 11)
		v.job.TimeLeft = leftFrom(b.at, 10*time.Second)
		v.busy = "render-\x1b[31m on vm"
		b.show(v)
		b.at = b.at.Add(2 * time.Second)
	}
	b.at = b.at.Add(-2 * time.Second)
	b.show(view("active", 6, 11)) // too soon after the last
	v := view("active", 5, 11)
	v.failed[farm.TaskID("x")] = true
	b.show(v)
	b.show(view("completed", 11, 11))
	b.end()
	lines := strings.Split(b.out.String(), "\r")
	for i, want := range map[int]string{
		1: "░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  0/10 frames  waiting for a worker\x1b[K",
		7: "████░░░░░  5/10 frames  0.5/s  10s left (12:00:15–12:00:30)  render-?[31m on vm\x1b[K",
		9: "██████████████████████████████  10/10 frames  completed\x1b[K\n",
	} {
		if i >= len(lines) || !strings.Contains(lines[i], want) {
			t.Errorf("line %d: %q is not in %q", i, want, lines)
		}
	}
	if !strings.Contains(b.out.String(), "1 failed") || strings.Contains(b.out.String(), "\x1b[31m") {
		t.Errorf("%q", b.out.String())
	}
	for _, line := range lines {
		if n := visible(strings.TrimSuffix(strings.TrimRight(line, "\n"), "\x1b[K")); n >= 80 {
			t.Errorf("%d columns: %q", n, line)
		}
	}
}

func TestBarOnNarrowTerminal(t *testing.T) {
	b := newBarTest(true, 24)
	b.show(view("queued", 0, 11))
	if got := b.out.String(); got != "\r0/10 frames  waiting fo\x1b[K" {
		t.Errorf("%q", got)
	}
}

func TestBarInFile(t *testing.T) {
	b := newBarTest(false, 80)
	b.show(view("queued", 0, 11))
	for done := range 11 {
		v := view("active", done, 11)
		v.job.TimeLeft = leftFrom(b.at, time.Duration(10-done)*4*time.Second)
		b.show(v)
		b.show(v)
		b.at = b.at.Add(4 * time.Second)
	}
	b.show(view("completed", 11, 11))
	b.end()
	want := "0/10 frames  waiting for a worker\n0/10 frames  40s left (12:00:35–12:00:50)\n3/10 frames  15.0/min  28s left (12:00:35–12:00:50)\n6/10 frames  15.0/min  16s left (12:00:35–12:00:50)\n" +
		"9/10 frames  15.0/min  4s left (12:00:35–12:00:50)\n10/10 frames  completed\n"
	if b.out.String() != want {
		t.Errorf("got\n%swant\n%s", b.out.String(), want)
	}
}

func TestStepsWhereFramesMeanSomethingElse(t *testing.T) {
	v := newJobView(api.Job{StepsCompleted: 1, StepsTotal: 3, Settings: map[string]any{"frames": "1-100"}})
	if done, total, unit := submit.Steps(v.job, v.frames); done != 1 || total != 3 || unit != "steps" {
		t.Error(done, total, unit)
	}
	v.task(api.EventTaskUpdate{ID: "a", Status: "failed"})
	v.task(api.EventTaskUpdate{ID: "b", Status: "failed"})
	v.task(api.EventTaskUpdate{ID: "a", Status: "active", Name: "render-1", Worker: &api.EventTaskWorker{Name: "vm"}})
	v.task(api.EventTaskUpdate{ID: "b", Status: "queued"})
	if len(v.failed) != 0 || v.busy != "render-1 on vm" {
		t.Error(v.failed, v.busy)
	}
}
