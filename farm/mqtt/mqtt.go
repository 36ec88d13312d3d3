// Package mqtt publishes the farm's events at a message broker, under the topics
// and with the payloads of the v3 protocol.
//
// It follows the timeline (farm/events). While the broker is away, the timeline
// keeps what is to be published, as far as it reaches; what is lost is counted
// and said. The status of the farm and the life cycle of the manager are
// retained, and the broker tells of the manager's end if it comes unannounced.
package mqtt

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/url"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/events"
	"renderfarm/farm/v3events"
)

// Times of the protocol.
const (
	keepAlive  = 30 * time.Second
	retryEvery = 10 * time.Second // between two attempts to reach the broker
	patience   = 10 * time.Second // for one answer of the broker
	grace      = 500 * time.Millisecond
)

// Options configures Run. All fields are required.
type Options struct {
	Config farm.MQTTClient
	Events *events.Log
	Source v3events.Source
	Status func() farm.FarmStatus // the farm's status now
	Log    *slog.Logger
}

// A link is a connection to a broker. Its methods are for one goroutine.
type link interface {
	// publish returns when the broker has the message.
	publish(ctx context.Context, m message) error
	// lost is closed when the connection is.
	lost() <-chan struct{}
	// close says goodbye, so that the broker does not publish the will.
	close()
}

// A message is what a broker gets.
type message struct {
	topic   string
	payload []byte
	retain  bool
}

// Check says what of the configuration cannot work.
func Check(c farm.MQTTClient) error {
	if !c.Enabled || c.Broker == "" {
		return nil
	}
	u, err := url.Parse(c.Broker)
	if err != nil || u.Host == "" {
		return farm.Errorf(farm.Invalid, "mqtt.client.broker is %q: write it like tcp://broker.local:1883", c.Broker)
	}
	if _, known := ports[u.Scheme]; !known {
		return farm.Errorf(farm.Invalid, "mqtt.client.broker begins with %q: use tcp, mqtt, ssl, tls, mqtts, ws or wss", u.Scheme)
	}
	return nil
}

// Run publishes until the context ends, and then tells that the manager ends.
func Run(ctx context.Context, o Options) {
	r := runner{Options: o, reader: o.Events.Follow()}
	for version, told := 5, ""; ctx.Err() == nil; {
		l, err := connect(ctx, o.Config, r.will(), version)
		if err == nil {
			told = ""
			o.Log.Info("connected to the message broker", "broker", o.Config.Broker, "mqtt", versionName(version))
			err = r.serve(ctx, l)
			l.close()
		} else if errors.Is(err, errVersion) {
			// Not known beforehand: some refuse with a word, and some just hang up.
			version = otherVersion(version)
			if version == 4 {
				continue
			}
		}
		if ctx.Err() != nil {
			return
		}
		if err.Error() != told {
			told = err.Error()
			o.Log.Warn("the message broker cannot be reached; trying again every "+retryEvery.String(), "broker", o.Config.Broker, "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(retryEvery):
		}
	}
}

// versionName is what people call a version of the protocol.
func versionName(version int) string {
	if version == 4 {
		return "3.1.1"
	}
	return "5"
}

// otherVersion returns the version to try after the one that a broker did not take.
func otherVersion(version int) int { return 9 - version }

// A runner is what outlives one connection.
type runner struct {
	Options
	reader  *events.Reader
	waiting []message // read from the timeline, and not published yet
}

// message makes a message for a room of the protocol.
func (r *runner) message(room string, payload any) (message, error) {
	text, err := json.Marshal(payload)
	return message{topic: r.Config.TopicPrefix + room, payload: text, retain: room == v3events.Status || room == v3events.LifeCycle}, err
}

// lifeCycle is the message that the manager starts or ends.
func (r *runner) lifeCycle(what string) message {
	m, _ := r.message(v3events.LifeCycle, api.EventLifeCycle{Type: what}) // a text is always encoded
	return m
}

// will is what the broker publishes if the manager goes without a word.
func (r *runner) will() message { return r.lifeCycle(api.LifeCycleShutdown) }

// serve publishes until the connection or the context ends.
func (r *runner) serve(ctx context.Context, l link) error {
	status, err := r.message(v3events.Status, api.EventFarmStatus{Status: r.Status()})
	if err != nil {
		return err
	}
	for _, m := range []message{r.lifeCycle(api.LifeCycleStartup), status} {
		if err := publish(ctx, l, m); err != nil {
			return r.ended(ctx, l, err)
		}
	}
	live, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-l.lost():
			cancel(errors.New("the connection to the broker was lost"))
		case <-live.Done():
		}
	}()
	for {
		for len(r.waiting) > 0 {
			if err := publish(live, l, r.waiting[0]); err != nil {
				return r.ended(ctx, l, err)
			}
			r.waiting = r.waiting[1:]
		}
		if err := r.read(live); err != nil {
			return r.ended(ctx, l, err)
		}
	}
}

// ended says goodbye if it is the manager that ends.
func (r *runner) ended(ctx context.Context, l link, err error) error {
	if ctx.Err() == nil {
		return err
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	return l.publish(last, r.will())
}

// publish is link.publish with a bound on its time.
func publish(ctx context.Context, l link, m message) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return l.publish(ctx, m)
}

// read waits for events, and makes messages of them.
func (r *runner) read(ctx context.Context) error {
	got, err := r.reader.Next(ctx)
	if errors.Is(err, events.ErrBehind) {
		r.Log.Warn("the message broker was away, or is slow: it does not get all events; those from now on are published again")
		r.reader = r.Events.Follow()
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range got {
		if _, log := e.Data.(events.TaskLogged); log {
			continue // the protocol does not send logs to brokers
		}
		m, ok := r.Source.Translate(e.Data)
		if !ok {
			continue
		}
		for _, room := range m.Rooms {
			made, err := r.message(room, m.Payload)
			if err != nil {
				return err
			}
			r.waiting = append(r.waiting, made)
		}
	}
	return nil
}
