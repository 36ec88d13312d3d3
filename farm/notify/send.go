package notify

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"renderfarm/farm"
)

// How messages are sent.
const (
	sendTime   = 20 * time.Second // for one attempt
	maxSending = 8                // receivers at a time
	firstPause = 5 * time.Second  // after the first attempt; doubled with each
	maxPause   = time.Hour
	// maxRefused is how often a message is sent that the receiver understands and
	// does not want: somebody may correct the configuration meanwhile.
	maxRefused = 8
)

// errRefused says that a receiver understands the message, and will not take it.
var errRefused = errors.New("it refuses the message")

// pause is how long to wait after so many attempts.
func pause(attempts int) time.Duration {
	if attempts > 10 {
		return maxPause
	}
	return min(maxPause, firstPause<<max(attempts-1, 0))
}

// send sends what is in the queue until the context ends.
func (n *Notifier) send(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	for free := make(chan struct{}, maxSending); ; {
		due, next := n.queue.take(time.Now(), maxSending-len(free))
		for _, d := range due {
			free <- struct{}{}
			all.Go(func() {
				n.attempt(ctx, d)
				<-free
				n.wakeSender()
			})
		}
		timer := time.NewTimer(next)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		case <-n.wake:
			timer.Stop()
		}
	}
}

// attempt sends one message, and says in the queue what became of it.
func (n *Notifier) attempt(ctx context.Context, d *Delivery) {
	w, err := n.receiver(d)
	if err == nil {
		err = n.deliver(ctx, w, &d.Message)
	}
	switch {
	case err == nil:
		n.state.remember(d, sent, nil)
		n.queue.done(d)
	case ctx.Err() != nil: // the manager ends: it is sent after the start
	case time.Since(d.Created) > maxAge, errors.Is(err, errRefused) && d.Attempts+1 >= maxRefused, errors.Is(err, errGone):
		n.Log.Error("a message could not be sent, and is dropped", "title", d.Message.Title, "way", d.To.Name, "attempts", d.Attempts+1, "error", err)
		n.state.remember(d, dropped, err)
		n.queue.done(d)
	default:
		next := time.Now().Add(pause(d.Attempts + 1)).UTC()
		n.Log.Warn("a message could not be sent, and is tried again", "title", d.Message.Title, "way", d.To.Name, "next", next.Local().Format(time.TimeOnly), "error", err)
		n.queue.again(d, next, err)
	}
}

// errGone says that the configuration does not have the receiver any more.
var errGone = errors.New("the configuration does not have this way any more")

// receiver returns where a message goes, as the configuration has it now. What a job
// named must be allowed still.
func (n *Notifier) receiver(d *Delivery) (farm.Way, error) {
	c := n.Manager.Config().Notifications
	if w, ok := c.Way(d.To.Name); ok {
		return w, nil
	}
	if ways, err := c.Receivers(d.To.Name); err == nil && len(ways) == 1 {
		return ways[0], nil
	}
	return farm.Way{}, errGone
}

// deliver sends a message a way, within sendTime. It returns nil when the receiver has it.
func (n *Notifier) deliver(ctx context.Context, w farm.Way, m *Message) error {
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	switch w.Kind {
	case farm.WayWebhook:
		return n.webhook(ctx, w, m)
	case farm.WayMail:
		return n.mail(ctx, w, m)
	case farm.WayDiscord:
		return n.discord(ctx, w, m)
	case farm.WaySlack:
		return n.slack(ctx, w, m)
	case farm.WayMatrix:
		return n.matrix(ctx, w, m)
	case farm.WayNtfy:
		return n.ntfy(ctx, w, m)
	case farm.WayTelegram:
		return n.telegram(ctx, w, m)
	case farm.WayDesktop:
		return desktop(ctx, m)
	case farm.WayProgram:
		return program(ctx, w, m)
	}
	return fmt.Errorf("%w: this version of Farm knows no way of kind %q", errRefused, w.Kind)
}

// A Result is what a test of a way came to.
type Result struct {
	Way   string
	Error error // nil: the message was taken
}

// Test sends a message some ways at once, past the queue; all ways if none is named.
func (n *Notifier) Test(ctx context.Context, name string) ([]Result, error) {
	c := n.Manager.Config()
	ways := c.Notifications.Ways
	if name != "" {
		w, err := c.Notifications.Receivers(name)
		if own, ok := c.Notifications.Way(name); ok {
			w, err = []farm.Way{own}, nil
		}
		if err != nil {
			return nil, err
		}
		ways = w
	}
	if len(ways) == 0 {
		return nil, farm.Errorf(farm.Invalid, "there are no ways to notify: name some in notifications.ways of farm.yaml, see /docs/notifications.html")
	}
	m := compose(c.ManagerName, n.link(&c.Notifications), &farm.Notice{Event: farm.NoticeTest, Time: time.Now()}, nil)
	results := make([]Result, len(ways))
	var all sync.WaitGroup
	for i, w := range ways {
		all.Go(func() { results[i] = Result{w.Name, n.deliver(ctx, w, &m)} })
	}
	all.Wait()
	return results, nil
}
