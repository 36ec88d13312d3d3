package idle

import (
	"encoding/binary"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

// A compositor stands for one of Wayland: it has seats, and tells of their use.
type compositor struct {
	t       *testing.T
	has     map[uint32]string // what it has, by name
	version uint32            // of its notifier; 0: it has none
	bound   map[uint32]string // what was bound, by object
	conn    net.Conn
	watched chan watched
}

// A watched is a notification that was asked for.
type watched struct {
	id, timeout, seat uint32
	request           uint16
}

// serve waits for one client, which it answers until that is gone.
func (c *compositor) serve() {
	c.t.Helper()
	dir := c.t.TempDir()
	c.t.Setenv("XDG_RUNTIME_DIR", dir)
	c.t.Setenv("WAYLAND_DISPLAY", "wayland-0")
	l, err := net.Listen("unix", dir+"/wayland-0")
	if err != nil {
		c.t.Fatal(err)
	}
	c.bound, c.watched = map[uint32]string{}, make(chan watched, 10)
	over := make(chan struct{})
	accepted := make(chan struct{})
	go func() {
		defer close(over)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		c.conn = conn
		close(accepted)
		for {
			m, err := readWayland(conn)
			if err != nil {
				return
			}
			c.answer(m)
		}
	}()
	c.t.Cleanup(func() {
		l.Close()
		select {
		case <-accepted:
			c.conn.Close()
		default:
		}
		<-over
	})
}

func (c *compositor) tell(object uint32, event uint16, body []byte) {
	(&waylandSource{conn: c.conn}).send(object, event, body) // requests and events have one form
}

func (c *compositor) answer(m waylandMessage) {
	number := func(at int) uint32 { return binary.NativeEndian.Uint32(m.body[at:]) }
	switch {
	case m.object == waylandDisplay && m.what == displayRegistry:
		for name, kind := range c.has {
			version := uint32(9)
			if kind == "ext_idle_notifier_v1" {
				version = c.version
			}
			c.tell(number(0), registryGlobal, slices.Concat(u32(name), waylandText(kind), u32(version)))
		}
	case m.object == waylandDisplay && m.what == displaySync:
		c.tell(number(0), callbackDone, u32(7))
		c.tell(waylandDisplay, 1, u32(number(0))) // the callback's number is free
	case m.object == waylandRegistry && m.what == registryBind:
		kind, rest, ok := waylandString(m.body[4:])
		if !ok || kind != c.has[number(0)] {
			c.tell(waylandDisplay, displayError, slices.Concat(u32(m.object), u32(0), waylandText("there is no such thing")))
			return
		}
		id := binary.NativeEndian.Uint32(rest[4:])
		c.bound[id] = kind
		if kind == "wl_seat" {
			c.tell(id, 0, u32(3)) // it has a pointer and a keyboard
		}
	case c.bound[m.object] == "ext_idle_notifier_v1":
		c.watched <- watched{number(0), number(4), number(8), m.what}
	}
}

// The next input is told by an event, of whichever seat.
func TestWayland(t *testing.T) {
	c := &compositor{t: t, version: 2, has: map[uint32]string{3: "wl_compositor", 5: "wl_seat", 8: "ext_idle_notifier_v1", 9: "wl_seat"}}
	c.serve()
	said := watching(t, Options{After: 2 * time.Second})
	expect(t, said, ByOwner)
	one, two := <-c.watched, <-c.watched
	for _, w := range []watched{one, two} {
		if c.bound[w.seat] != "wl_seat" || w.timeout != 1000 || w.request != notifierWatchInput {
			t.Errorf("it asked for %+v", w)
		}
	}
	if one.seat == two.seat || one.id == two.id {
		t.Errorf("two seats are watched by %+v and %+v", one, two)
	}
	c.tell(one.id, notificationIdled, nil)
	c.tell(two.id, notificationIdled, nil)
	expect(t, said, "")
	for _, w := range []watched{two, one} {
		c.tell(w.id, notificationResumed, nil)
		expect(t, said, ByOwner)
		select {
		case s := <-said:
			t.Fatalf("one of two seats is used, and it says %q", s)
		case <-time.After(100 * time.Millisecond):
		}
		c.tell(w.id, notificationIdled, nil)
		expect(t, said, "")
	}
	c.conn.Close()
	expect(t, said, Unknown)
}

// Compositors have the first version, without the request for input only, or nothing of
// the kind; and what is no message does no harm.
func TestWaylandVersions(t *testing.T) {
	c := &compositor{t: t, version: 1, has: map[uint32]string{1: "ext_idle_notifier_v1", 2: "wl_seat"}}
	c.serve()
	s, err := openWayland(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if w := <-c.watched; w.request != notifierWatch {
		t.Errorf("it asked for %+v", w)
	}
	c = &compositor{t: t, has: map[uint32]string{2: "wl_seat"}}
	c.serve()
	if _, err := openWayland(t.Context()); err == nil || !strings.Contains(err.Error(), "does not have ext-idle-notify-v1") {
		t.Errorf("without it: %v", err)
	}
	for _, text := range []string{"", "\x01\x00", "\x01\x00\x00\x00\x00\x00\x04\x00", "\x01\x00\x00\x00\x00\x00\x20\x00", "\x01\x00\x00\x00\x00\x00\x0c\x00\xff\xff\xff\xff"} {
		if _, err := hearWayland(strings.NewReader(text)); err == nil {
			t.Errorf("%q is taken for a message", text)
		}
	}
	for _, body := range []string{"", "\x01\x00\x00\x00", "\x01\x00\x00\x00\xff\xff\xff\x7fwl", "\x01\x00\x00\x00\x03\x00\x00\x00wl\x00\x00"} {
		if _, _, _, ok := (&waylandMessage{object: waylandRegistry, body: []byte(body)}).global(); ok {
			t.Errorf("%q is taken for something that the compositor has", body)
		}
	}
}
