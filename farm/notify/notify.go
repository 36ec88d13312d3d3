// Package notify tells people what happens on the farm, in the ways that the
// configuration names and in no other.
//
// What there is to tell is stored by the manager in the transaction that makes it
// true (farm.Notice), or found by watching (watch.go). For each receiver a message
// is put into a queue on the disk (queue.go), and only then is the notice removed.
// So a crash at any moment repeats a message at most, with the same id.
// Messages are sent until they arrive, with growing pauses (send.go), in the forms
// that receivers document (webhook.go, chats.go, mail.go, program.go).
package notify

import (
	"context"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/events"
	"renderfarm/farm/manager"
)

// Options configures Open. All fields are required.
type Options struct {
	Manager *manager.Manager
	Events  *events.Log
	Home    string // holds the folder notifications, which Open makes
	Web     string // address of the pages, unless the configuration has another
	Agent   string // what the program calls itself to servers
	Log     *slog.Logger
}

// A Notifier tells of notices. Its methods may be called from any goroutine.
type Notifier struct {
	Options
	queue *queue
	state *state
	http  *http.Client
	wake  chan struct{} // has a token when there may be something to send
	begun time.Time
}

// Folder is where notifications are kept in the home folder.
const Folder = "notifications"

// Open reads what an earlier run left to be sent. Run sends it.
func Open(o Options) (*Notifier, error) {
	dir := filepath.Join(o.Home, Folder)
	q, err := openQueue(filepath.Join(dir, "queue"), o.Log)
	if err != nil {
		return nil, farm.Errorf(farm.Invalid, "the messages that wait cannot be read: %w. Make %s readable and writable", err, dir)
	}
	s, err := openState(filepath.Join(dir, "state.json"), o.Log)
	if err != nil {
		return nil, err
	}
	n := &Notifier{Options: o, queue: q, state: s, wake: make(chan struct{}, 1), begun: time.Now()}
	n.http = &http.Client{Timeout: sendTime, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return n, nil
}

// Run tells and sends until the context ends.
func (n *Notifier) Run(ctx context.Context) {
	var all sync.WaitGroup
	all.Go(func() { n.send(ctx) })
	all.Go(func() { n.watch(ctx) })
	all.Go(func() { n.tellAll(ctx) })
	all.Wait()
	n.http.CloseIdleConnections()
}

const (
	// tellBatch is how many notices are told before they are removed.
	tellBatch = 50
	// tellRetry is the pause after notices that could not be read or put into the queue.
	tellRetry = 30 * time.Second
)

// tellAll tells of all notices, and of those that come.
func (n *Notifier) tellAll(ctx context.Context) {
	for {
		more, err := n.tellSome(ctx)
		var again <-chan time.Time
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			n.Log.Error("cannot prepare messages; trying again soon", "error", err)
			again = time.After(tellRetry)
		case more:
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-again:
		case <-n.Manager.NoticesWake():
		}
	}
}

// tellSome tells of the oldest notices, and reports whether there may be more.
func (n *Notifier) tellSome(ctx context.Context) (more bool, err error) {
	list, err := n.Manager.Notices(tellBatch)
	if err != nil || len(list) == 0 {
		return false, err
	}
	for i := range list {
		if ctx.Err() != nil {
			return false, nil
		}
		if err := n.tell(&list[i]); err != nil {
			return false, err
		}
	}
	return true, n.Manager.NoticesTold(list)
}

// tell puts a message for each receiver of a notice into the queue.
func (n *Notifier) tell(what *farm.Notice) error {
	c := n.Manager.Config()
	var report *farm.JobReport
	name := ""
	if what.Job != "" {
		r, err := n.Manager.JobReport(what.Job, failedTask(what))
		if err != nil && farm.KindOf(err) != farm.NotFound {
			return err
		}
		if err != nil {
			return nil // it was deleted, and so nobody waits for it
		}
		report, name = &r, r.Name
	}
	first := what.Event == farm.NoticeFirstFailure
	if first && n.state.knowsFirst(what.Job) {
		return nil
	}
	ways := n.waysFor(&c.Notifications, what, name, report)
	if len(ways) == 0 {
		return nil
	}
	err := n.enqueue(ways, compose(c.ManagerName, n.link(&c.Notifications), what, report))
	if first && err == nil {
		n.state.toldFirst(what.Job)
	}
	return err
}

// failedTask is the task whose failure a notice is about, "" if it is about none.
func failedTask(what *farm.Notice) farm.TaskID {
	if what.Event == farm.NoticeFirstFailure {
		return what.Task
	}
	return ""
}

// waysFor returns who is to be told of a notice.
func (n *Notifier) waysFor(c *farm.Notifications, what *farm.Notice, name string, report *farm.JobReport) []farm.Way {
	ways := c.WaysFor(what.Event, name)
	if report == nil || !slices.Contains(farm.OfJobs(), what.Event) {
		return ways
	}
	own, err := c.Receivers(report.Detail.Metadata[farm.MetadataNotify])
	if err != nil { // the configuration changed, or the job type's script did
		n.Log.Warn("somebody whom a job names is not told", "job", report.ID, "error", err)
	}
	for _, w := range own {
		if !slices.ContainsFunc(ways, func(o farm.Way) bool { return o.Name == w.Name }) {
			ways = append(ways, w)
		}
	}
	return ways
}

// link is where receivers find the pages.
func (n *Notifier) link(c *farm.Notifications) string {
	if c.Link != "" {
		return c.Link
	}
	return n.Web
}

func (n *Notifier) wakeSender() {
	select {
	case n.wake <- struct{}{}:
	default: // it is about to look
	}
}
