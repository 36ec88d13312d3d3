package notify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/events"
)

// What no transaction makes true is found by watching: jobs that nobody takes, disks
// that fill up, and that it is morning. The jobs are known from the timeline; disks and
// clocks tell nothing by themselves, and are looked at once a minute.

const (
	lookEvery = time.Minute
	mostAsked = 20 // jobs that are looked into at a time
)

// A watcher is what is known of the time since the start.
type watcher struct {
	*Notifier
	waits map[farm.JobID]*wait // jobs that run and that no worker is at
	low   map[string]bool      // disks that were told of
}

// wait is how long a job has waited.
type wait struct {
	since time.Time
	ask   time.Time // when to look why
	told  bool
}

// watch watches until the context ends.
func (n *Notifier) watch(ctx context.Context) {
	w := &watcher{Notifier: n, low: map[string]bool{}}
	reader := w.restart()
	batches := make(chan []events.Event)
	go func() {
		for {
			got, err := reader.Next(ctx)
			if errors.Is(err, events.ErrBehind) {
				reader, got = n.Events.Follow(), nil
			} else if err != nil {
				return
			}
			select {
			case batches <- got:
			case <-ctx.Done():
				return
			}
		}
	}()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case got := <-batches:
			if got == nil { // some were missed
				w.restart()
			}
			for _, e := range got {
				w.see(e.Data)
			}
		case now := <-tick.C:
			w.look(ctx, now)
		}
	}
}

// restart finds the jobs that wait, and returns a reader of what happens from then on.
func (w *watcher) restart() *events.Reader {
	reader := w.Events.Follow()
	jobs, err := w.Manager.WaitingJobs()
	if err != nil {
		w.Log.Error("cannot look for jobs that are stuck", "error", err)
	}
	before := w.waits
	w.waits = map[farm.JobID]*wait{}
	for _, id := range jobs {
		if known := before[id]; known != nil {
			w.waits[id] = known
			continue
		}
		w.waits[id] = &wait{since: time.Now()}
	}
	return reader
}

// see notes what an event says of a job.
func (w *watcher) see(data any) {
	switch e := data.(type) {
	case events.JobDeleted:
		delete(w.waits, e.Job)
	case events.JobChanged:
		waits := e.Status.Runs() && e.Job.Counts[farm.TaskActive] == 0
		if known := w.waits[e.Job.ID]; waits && known == nil {
			w.waits[e.Job.ID] = &wait{since: time.Now()}
		} else if !waits {
			delete(w.waits, e.Job.ID)
		}
	}
}

// look tells of what there is to tell at this time.
func (w *watcher) look(ctx context.Context, now time.Time) {
	c := w.Manager.Config()
	if !c.Notifications.On() {
		return
	}
	w.lookAtJobs(&c.Notifications, now)
	w.lookAtDisks(ctx, &c.Notifications, now)
	w.lookAtClock(&c, now)
}

// lookAtJobs tells of jobs that have been stuck for long enough.
func (w *watcher) lookAtJobs(c *farm.Notifications, now time.Time) {
	after := time.Duration(cmp.Or(c.StuckAfter, farm.DefaultStuckAfter))
	asked := 0
	for id, job := range w.waits {
		if job.told || now.Sub(job.since) < after || now.Before(job.ask) || asked == mostAsked {
			continue
		}
		asked++
		stuck, why, err := w.Manager.IsStuck(id)
		if err != nil || !stuck {
			job.ask = now.Add(after / 3) // something else is in the way, and may not be for long
			continue
		}
		job.told = true
		text := why.Reason
		if why.Next() != "" {
			text += ". Next: " + why.Next()
		}
		w.tellNow(&farm.Notice{Event: farm.NoticeStuck, Time: job.since, Job: id, Text: text})
	}
}

// lookAtDisks tells of each disk once, until there is room again.
func (w *watcher) lookAtDisks(ctx context.Context, c *farm.Notifications, now time.Time) {
	least := int64(cmp.Or(c.DiskFree, farm.DefaultDiskFree))
	for _, d := range w.Manager.Figures(ctx).DiskFree {
		switch {
		case d.Bytes < least && !w.low[d.Of]:
			w.low[d.Of] = true
			w.tellNow(&farm.Notice{Event: farm.NoticeDisk, Time: now, Text: fmt.Sprintf(
				"The disk with the farm's %s is filling up: %s free\nThat is less than %s (notifications.disk_free). Remove what is not needed: old jobs, backups, frames.", d.Of, farm.Size(d.Bytes), farm.Size(least))})
		case d.Bytes > least+least/10:
			delete(w.low, d.Of)
		}
	}
}

// lookAtClock makes the digest of the day. One that was missed is made after the start.
func (w *watcher) lookAtClock(c *farm.Config, now time.Time) {
	if len(c.Notifications.WaysFor(farm.NoticeDigest, "")) == 0 {
		return
	}
	last := w.state.lastDigest()
	if last.IsZero() { // the first is made of a whole day
		w.state.setDigest(now)
		return
	}
	due := lastTime(cmp.Or(c.Notifications.DigestAt, farm.DefaultDigestAt), now)
	if !last.Before(due) {
		return
	}
	since := last
	if day := now.Add(-24 * time.Hour); since.Before(day) {
		since = day
	}
	report, err := w.Manager.DayReport(since)
	if err != nil {
		w.Log.Error("cannot make the digest of the day", "error", err)
		return
	}
	m := digest(c.ManagerName, w.link(&c.Notifications), due, &report)
	if err := w.enqueue(c.Notifications.WaysFor(farm.NoticeDigest, ""), m); err != nil {
		w.Log.Error("cannot store the digest of the day; trying again soon", "error", err)
		return
	}
	w.state.setDigest(now)
}

// lastTime returns when it was that time of the day last.
func lastTime(clock string, now time.Time) time.Time {
	at, err := time.Parse("15:04", clock)
	if err != nil { // the configuration was checked
		return time.Time{}
	}
	now = now.Local()
	due := time.Date(now.Year(), now.Month(), now.Day(), at.Hour(), at.Minute(), 0, 0, time.Local)
	if due.After(now) {
		due = due.AddDate(0, 0, -1)
	}
	return due
}

// tellNow tells of a notice that is not stored.
func (w *watcher) tellNow(n *farm.Notice) {
	if err := w.tell(n); err != nil {
		w.Log.Error("cannot prepare a message", "event", n.Event, "error", err)
	}
}

// enqueue puts a message for each of the ways into the queue.
func (n *Notifier) enqueue(ways []farm.Way, m Message) error {
	var list []*Delivery
	for _, w := range ways {
		list = append(list, newDelivery(w, m))
	}
	err := n.queue.put(list)
	n.wakeSender()
	return err
}
