package notify

import (
	"slices"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/events"
)

// watching returns a watcher whose every event goes to one webhook.
func watching(t *testing.T, more func(c *farm.Notifications)) *watcher {
	c := farm.Notifications{Ways: []farm.Way{{Name: "page", Kind: farm.WayWebhook, URL: "http://127.0.0.1:1/"}}, Rules: []farm.NoticeRule{{Ways: []string{"page"}}}}
	for _, k := range farm.NoticeKinds() {
		c.Rules[0].Events = append(c.Rules[0].Events, k.Name)
	}
	if more != nil {
		more(&c)
	}
	w := &watcher{Notifier: newNotifier(t, c), low: map[string]bool{}}
	w.restart()
	return w
}

// told returns the titles of what waits, and takes it out.
func (w *watcher) told() (titles []string) {
	due, _ := w.queue.take(time.Now(), 100)
	for _, d := range due {
		titles = append(titles, d.Message.Title)
		w.queue.done(d)
	}
	return titles
}

func TestStuckJob(t *testing.T) {
	w := watching(t, nil)
	job, _, _, err := w.Manager.Submit(t.Context(), farm.Submission{Name: "shot", Type: "echo-sleep-test", SubmitterPlatform: "linux",
		Settings: map[string]any{"message": "x", "sleep_duration_seconds": 1}})
	if err != nil {
		t.Fatal(err)
	}
	w.see(events.JobChanged{Job: job, Status: job.Status()})
	now := time.Now()
	look := func(after time.Duration) {
		w.lookAtJobs(&farm.Notifications{}, now.Add(after))
	}
	look(14 * time.Minute)
	if got := w.told(); len(got) != 0 {
		t.Errorf("told too early: %q", got)
	}
	look(16 * time.Minute)
	if got := w.told(); len(got) != 1 || !strings.Contains(got[0], "shot is stuck: the farm has no workers") {
		t.Errorf("got %q", got)
	}
	look(time.Hour)
	if got := w.told(); len(got) != 0 {
		t.Errorf("told again: %q", got)
	}
	// A worker is at it, and then it waits again.
	active := job
	active.Counts[farm.TaskActive]++
	w.see(events.JobChanged{Job: active, Status: farm.JobActive})
	if len(w.waits) != 0 {
		t.Error("a job that a worker is at waits")
	}
	w.see(events.JobChanged{Job: job, Status: farm.JobActive})
	look(16 * time.Minute)
	if got := w.told(); len(got) != 1 {
		t.Errorf("got %q", got)
	}
	// After a restart, or missed events, it is known that it waits.
	w.waits = nil
	w.restart()
	if w.waits[job.ID] == nil {
		t.Error("a job that waits is not known after a start")
	}
	w.see(events.JobDeleted{Job: job.ID})
	if len(w.waits) != 0 {
		t.Error("a deleted job waits")
	}
}

func TestDiskFilling(t *testing.T) {
	w := watching(t, nil)
	much := farm.Notifications{DiskFree: 1 << 60}
	w.lookAtDisks(t.Context(), &much, time.Now())
	first := w.told()
	for w.queue.take(time.Now(), 0); len(w.queue.list()) > 0; { // one of a receiver at a time
		first = append(first, w.told()...)
	}
	if len(first) == 0 || !strings.Contains(first[0], "filling up") || !slices.ContainsFunc(first, func(s string) bool { return strings.Contains(s, "database") }) {
		t.Errorf("got %q", first)
	}
	w.lookAtDisks(t.Context(), &much, time.Now())
	if got := w.told(); len(got) != 0 {
		t.Errorf("told again: %q", got)
	}
	w.lookAtDisks(t.Context(), &farm.Notifications{DiskFree: 1}, time.Now()) // there is room now
	w.lookAtDisks(t.Context(), &much, time.Now())
	if got := w.told(); len(got) == 0 {
		t.Error("a disk that fills up again is not told of")
	}
}

func TestDigest(t *testing.T) {
	w := watching(t, nil)
	c := w.Manager.Config()
	at := func(day, hour int) time.Time { return time.Date(2030, 5, day, hour, 0, 0, 0, time.Local) }
	for _, test := range []struct {
		day, hour int
		told      bool
	}{{1, 7, false}, {1, 9, true}, {1, 10, false}, {2, 7, false}, {2, 8, true}, {5, 20, true}, {5, 21, false}} {
		w.lookAtClock(&c, at(test.day, test.hour))
		got := w.told()
		if (len(got) == 1) != test.told || test.told && !strings.Contains(got[0], "0 jobs completed, 0 failed") {
			t.Errorf("day %d, %d o'clock: %q", test.day, test.hour, got)
		}
	}
	// What was told outlives the program.
	again, err := Open(w.Options)
	if err != nil || !again.state.lastDigest().Equal(at(5, 20)) {
		t.Errorf("%v, %v", again.state.lastDigest(), err)
	}
}

func TestFirstFailureOnce(t *testing.T) {
	w := watching(t, nil)
	job, _, _, err := w.Manager.Submit(t.Context(), farm.Submission{Name: "shot", Type: "echo-sleep-test", SubmitterPlatform: "linux",
		Settings: map[string]any{"message": "x", "sleep_duration_seconds": 1}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 { // two notices: its task was tried again meanwhile
		if err := w.tell(&farm.Notice{Number: uint64(i + 1), Event: farm.NoticeFirstFailure, Job: job.ID, Time: time.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	if list := w.queue.list(); len(list) != 1 || !strings.Contains(list[0].Message.Title, "shot: first failure") {
		t.Errorf("%+v", list)
	}
}
