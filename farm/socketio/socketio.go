// Package socketio tells pages of compatible systems what changes: it is the endpoint
// /socket.io of the v3 protocol, Socket.IO 2 over Engine.IO 3, by WebSocket only.
//
// No library is kept that speaks these versions: those for Go are for Socket.IO 4, or
// given up. What is needed of it is a few frames of text:
//
//	server  0{"sid":…}          the connection is open
//	        40                  and with it the only namespace
//	        42["/jobs",{…}]     an event
//	client  2                   ping, answered with 3
//	        42["/subscription",{"op":"subscribe","type":"job","uuid":…}]
//	        427[…]              the same with an answer wanted, 437["ok"]
//	        41, 1               it leaves
package socketio

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"renderfarm/farm"
	"renderfarm/farm/events"
	"renderfarm/farm/v3events"
)

// Bounds of a connection.
const (
	pingInterval = 30 * time.Second // in which clients ping
	silence      = 60 * time.Second // after which one is dropped
	stuck        = 20 * time.Second // in which a client must take what is sent
	maxMessage   = 8 << 10          // bytes of what clients send
	maxRooms     = 100              // that one is in
	maxRequests  = 50               // that a client sends in a second, at most
)

// Source is where events come from, and what says them in the words of the protocol.
type Source struct {
	Events *events.Log
	v3events.Source
}

// A client is one connection.
type client struct {
	source Source
	conn   *websocket.Conn
	cancel context.CancelFunc

	mu    sync.Mutex        // guards what follows; the log of events is taken while it is held
	rooms map[string]func() // it is in, with what ends it; nil when it has left
}

// Serve answers a request for the endpoint, and tells the client what changes until it
// leaves or ctx ends. A request that is not for a WebSocket gets 503, as in the
// compatible system. A client that falls behind, takes nothing, or says nothing for a
// minute is dropped: it comes back, and fetches everything again.
func Serve(ctx context.Context, w http.ResponseWriter, r *http.Request, source Source) {
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		http.Error(w, "only WebSocket is possible here: use transport=websocket", http.StatusServiceUnavailable)
		return
	}
	if version := r.URL.Query().Get("EIO"); version != "3" {
		http.Error(w, "only version 3 of Engine.IO is possible here: use EIO=3, as socket.io-client 2 does", http.StatusBadRequest)
		return
	}
	// Pages of other sites are refused: Accept compares the origin with the host.
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		return // it has answered
	}
	defer conn.CloseNow()
	conn.SetReadLimit(maxMessage)
	// What ends ctx does not cut the last words off.
	alive, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	c := &client{source: source, conn: conn, cancel: cancel, rooms: map[string]func(){v3events.LifeCycle: nil, v3events.Status: nil}}
	defer c.leaveAll()
	hello := fmt.Sprintf(`0{"sid":%q,"upgrades":[],"pingInterval":%d,"pingTimeout":%d}`, rand.Text(), pingInterval.Milliseconds(), silence.Milliseconds())
	if c.send(alive, hello) != nil || c.send(alive, "40") != nil {
		return
	}
	reader := source.Events.Follow()
	go c.listen(alive)
	reading, stop := context.WithCancel(alive)
	defer context.AfterFunc(ctx, stop)()
	defer stop()
	if c.tell(reading, alive, reader) == nil && ctx.Err() != nil {
		c.send(alive, event(v3events.LifeCycle, map[string]string{"type": "manager-shutdown"}))
		conn.Close(websocket.StatusGoingAway, "the manager ends")
	}
}

// tell sends what changes until reading ends, which is no error.
func (c *client) tell(reading, alive context.Context, reader *events.Reader) error {
	for {
		list, err := reader.Next(reading)
		if reading.Err() != nil {
			return nil
		}
		if err != nil {
			return err // it fell behind
		}
		for _, e := range list {
			m, ok := c.source.Translate(e.Data)
			if !ok || lost(e.Data) {
				continue
			}
			for range c.in(m.Rooms) { // one in two of its rooms is told twice
				if err := c.send(alive, event(m.Event, m.Payload)); err != nil {
					return err
				}
			}
		}
	}
}

// lost reports whether an event tells of lines of a log that are not kept any more.
func lost(data any) bool {
	log, ok := data.(events.TaskLogged)
	return ok && log.Text == ""
}

// in returns in how many of the rooms the client is.
func (c *client) in(rooms []string) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, room := range rooms {
		if _, ok := c.rooms[room]; ok {
			n++
		}
	}
	return n
}

// event is an event as it is sent.
func event(name string, payload any) string {
	text, err := json.Marshal([]any{name, payload})
	if err != nil {
		panic(err) // types of our own
	}
	return "42" + string(text)
}

func (c *client) send(ctx context.Context, text string) error {
	ctx, cancel := context.WithTimeout(ctx, stuck)
	defer cancel()
	return c.conn.Write(ctx, websocket.MessageText, []byte(text))
}

// listen does what the client asks for until it leaves, or has been silent for too long.
func (c *client) listen(ctx context.Context) {
	defer c.cancel()
	began, asked := time.Now(), 0
	for {
		text, err := c.receive(ctx)
		if err != nil {
			return
		}
		if now := time.Now(); now.Sub(began) > time.Second {
			began, asked = now, 0
		}
		if asked++; asked > maxRequests {
			return
		}
		switch {
		case strings.HasPrefix(text, "2"): // the word behind it comes back
			err = c.send(ctx, "3"+text[1:])
		case text == "1" || text == "41":
			return
		case strings.HasPrefix(text, "42"):
			err = c.request(ctx, text[len("42"):])
		}
		if err != nil {
			return
		}
	}
}

func (c *client) receive(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	_, text, err := c.conn.Read(ctx)
	return string(text), err
}

// subscription is what clients ask for.
type subscription struct {
	Op   string `json:"op"`
	Type string `json:"type"`
	UUID string `json:"uuid"`
}

// request does what an event of the client asks for. Events that are not known are ignored.
func (c *client) request(ctx context.Context, text string) error {
	digits := strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' })
	if digits < 0 {
		return nil
	}
	number, text := text[:digits], text[digits:]
	var parts []json.RawMessage
	var name string
	if json.Unmarshal([]byte(text), &parts) != nil || len(parts) < 2 || json.Unmarshal(parts[0], &name) != nil || name != "/subscription" {
		return nil
	}
	answer := "ok"
	var wanted subscription
	err := json.Unmarshal(parts[1], &wanted)
	if err == nil {
		err = c.subscribe(wanted)
	}
	if err != nil {
		answer = err.Error()
	}
	if number == "" {
		return nil
	}
	quoted, _ := json.Marshal([]string{answer})
	return c.send(ctx, "43"+number+string(quoted))
}

// roomsOf are the rooms of a type of subscription, those of a job or task by its UUID.
var roomsOf = map[string]func(uuid string) []string{
	"allJobs":         func(string) []string { return []string{v3events.Jobs} },
	"allWorkers":      func(string) []string { return []string{v3events.Workers} },
	"allWorkerTags":   func(string) []string { return []string{v3events.WorkerTags} },
	"allLastRendered": func(string) []string { return []string{v3events.LastRendered} },
	"job": func(uuid string) []string {
		room := v3events.OfJob(farm.JobID(uuid))
		return []string{room, room + v3events.LastRendered}
	},
	"tasklog": func(uuid string) []string { return []string{v3events.OfTaskLog(farm.TaskID(uuid))} },
}

var uuids = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// subscribe puts the client into rooms, or takes it out of them. The words of the errors
// are those of the compatible system.
func (c *client) subscribe(s subscription) error {
	rooms := roomsOf[s.Type]
	if rooms == nil {
		return errors.New("unknown subscription type, ignoring request")
	}
	needs := map[string]string{"job": "job", "tasklog": "task"}[s.Type]
	if needs != "" && s.UUID == "" {
		return fmt.Errorf("operation on %s requires a UUID", needs)
	}
	if s.UUID != "" && !uuids.MatchString(s.UUID) {
		return errors.New("invalid UUID, ignoring request")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rooms == nil { // what it sent last is still being read
		return errors.New("the connection has ended")
	}
	for _, room := range rooms(s.UUID) {
		end, is := c.rooms[room]
		switch {
		case s.Op == "unsubscribe" && is:
			if delete(c.rooms, room); end != nil {
				end()
			}
		case s.Op == "unsubscribe" || is:
		case s.Op != "subscribe":
			return fmt.Errorf("unable to perform subscription operation: %q is none", farm.CutText(s.Op, 20))
		case len(c.rooms) >= maxRooms:
			return fmt.Errorf("unable to perform subscription operation: a client follows %d things at most", maxRooms)
		case s.Type == "tasklog":
			c.rooms[room] = c.source.Events.WatchLog(farm.TaskID(s.UUID))
		default:
			c.rooms[room] = nil
		}
	}
	return nil
}

func (c *client) leaveAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, end := range c.rooms {
		if end != nil {
			end()
		}
	}
	c.rooms = nil
}
