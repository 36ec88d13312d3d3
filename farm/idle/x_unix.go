//go:build !windows && !darwin

package idle

import (
	"context"
	"errors"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/screensaver"
	"github.com/jezek/xgb/xproto"
)

// xSource asks an X server: how long nobody did anything, of MIT-SCREEN-SAVER; and
// to be told when somebody does, of SYNC, which has a counter for that.
// https://www.x.org/releases/current/doc/xextproto/sync.html
type xSource struct {
	conn    *xgb.Conn
	root    xproto.Drawable
	sync    byte   // major opcode; 0 if there is no such counter
	counter uint32 // IDLETIME, in milliseconds
	events  chan xgb.Event
}

// Requests and events of SYNC.
const (
	syncInitialize   = 0
	syncListCounters = 1
	syncCreateAlarm  = 8
	syncDestroyAlarm = 11
	syncAlarmNotify  = 1
)

func openX() (source, error) {
	xgb.Logger.SetOutput(nothing{}) // it would write to the standard error
	conn, err := xgb.NewConn()
	if err != nil {
		return nil, err
	}
	if err := screensaver.Init(conn); err != nil {
		conn.Close()
		return nil, err
	}
	s := &xSource{conn: conn, root: xproto.Drawable(xproto.Setup(conn).DefaultScreen(conn).Root), events: make(chan xgb.Event, 16)}
	s.findCounter()
	go func() {
		defer close(s.events)
		for {
			event, err := conn.WaitForEvent()
			if event == nil && err == nil {
				return // the connection has ended
			}
			if event != nil {
				select {
				case s.events <- event:
				default:
				}
			}
		}
	}()
	return s, nil
}

type nothing struct{}

// Write takes everything.
func (nothing) Write(p []byte) (int, error) { return len(p), nil }

// findCounter asks for the counter, which a server may not have.
func (s *xSource) findCounter() {
	reply, err := xproto.QueryExtension(s.conn, uint16(len("SYNC")), "SYNC").Reply()
	if err != nil || !reply.Present {
		return
	}
	xgb.NewEventFuncs[int(reply.FirstEvent)+syncAlarmNotify] = func(b []byte) xgb.Event {
		return alarm{id: xgb.Get32(b[4:]), destroyed: b[28] == 2}
	}
	if _, err := s.request(reply.MajorOpcode, syncInitialize, []byte{3, 1, 0, 0}, true); err != nil {
		return
	}
	list, err := s.request(reply.MajorOpcode, syncListCounters, nil, true)
	if err != nil || len(list) < 32 {
		return
	}
	// Each is counter u32, resolution i64, length of its name u16, name, padded to 4.
	rest := list[32:]
	for range xgb.Get32(list[8:]) {
		if len(rest) < 14 {
			return
		}
		n := int(xgb.Get16(rest[12:]))
		if len(rest) < 14+n {
			return
		}
		if string(rest[14:14+n]) == "IDLETIME" {
			s.sync, s.counter = reply.MajorOpcode, xgb.Get32(rest)
			return
		}
		rest = rest[min(len(rest), (14+n+3)&^3):]
	}
}

// request sends a request that the library does not know.
func (s *xSource) request(major byte, minor byte, body []byte, answered bool) ([]byte, error) {
	buf := append([]byte{major, minor, 0, 0}, body...)
	xgb.Put16(buf[2:], uint16(len(buf)/4))
	cookie := s.conn.NewCookie(true, answered)
	s.conn.NewRequest(buf, cookie)
	if answered {
		return cookie.Reply()
	}
	return nil, cookie.Check()
}

// alarm is the event AlarmNotify. There is one for the end of each alarm, too.
type alarm struct {
	id        uint32
	destroyed bool
}

// Bytes is never asked for: nobody sends it.
func (alarm) Bytes() []byte { return nil }

// String names the event.
func (alarm) String() string { return "AlarmNotify" }

func (s *xSource) name() string { return "the X server" }
func (s *xSource) close()       { s.conn.Close() }

func (s *xSource) since(context.Context) (time.Duration, error) {
	info, err := screensaver.QueryInfo(s.conn, s.root).Reply()
	if err != nil {
		return 0, err
	}
	return time.Duration(info.MsSinceUserInput) * time.Millisecond, nil
}

func (s *xSource) wait(ctx context.Context, limit time.Duration) error {
	if s.sync == 0 {
		return (&polled{who: s.name(), ask: s.since}).wait(ctx, limit)
	}
	id, err := s.conn.NewId()
	if err != nil {
		return err
	}
	// An alarm for when the counter falls to near 0.
	const all = 1 | 2 | 4 | 8 | 16 | 32
	body := make([]byte, 40)
	xgb.Put32(body[0:], id)
	xgb.Put32(body[4:], all)
	xgb.Put32(body[8:], s.counter)
	xgb.Put32(body[20:], 100) // milliseconds; in front of it are the kind "absolute", and the upper half
	xgb.Put32(body[24:], 1)   // when it falls to that
	xgb.Put32(body[36:], 1)   // by an event; in front of it is the step 0: once
	if _, err := s.request(s.sync, syncCreateAlarm, body, false); err != nil {
		return err
	}
	defer func() {
		which := make([]byte, 4)
		xgb.Put32(which, id)
		s.request(s.sync, syncDestroyAlarm, which, false)
	}()
	if quiet, err := s.since(ctx); err != nil || quiet < limit { // it was meanwhile
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case event, open := <-s.events:
			if !open {
				return errors.New("its connection has ended")
			}
			if a, ok := event.(alarm); ok && a.id == id && !a.destroyed {
				return nil
			}
		}
	}
}
