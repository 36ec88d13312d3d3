//go:build !windows && !darwin

package idle

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// waylandSource is told by a Wayland compositor, through its protocol ext-idle-notify-v1,
// when nobody did anything for a second, and of the next input after that. KDE, Sway,
// Hyprland, labwc, COSMIC and others have it; GNOME has its own, see openGNOME.
// https://wayland.app/protocols/wayland, https://wayland.app/protocols/ext-idle-notify-v1
type waylandSource struct {
	conn net.Conn

	mu    sync.Mutex           // guards what follows
	quiet map[uint32]time.Time // by notification, of which each seat has one: since when nobody did anything; zero while somebody does
	moved chan struct{}        // closed, and made anew, when quiet changes or the connection has ended
	err   error                // why it has ended; nil while it has not
}

// quietAfter is how long nobody must have done anything to be told of.
const quietAfter = time.Second

// Objects of the connection that have fixed numbers. Those behind waylandFirst are made
// for what the compositor has.
const (
	waylandDisplay  = 1
	waylandRegistry = 2
	waylandSynced   = 3
	waylandFirst    = 4
)

// Requests and events of the protocol, by their place in their interface.
const (
	displaySync, displayRegistry      = 0, 1
	displayError                      = 0
	registryBind                      = 0
	registryGlobal                    = 0
	callbackDone                      = 0
	notifierWatch, notifierWatchInput = 1, 2 // the second, of version 2, counts input only and no playing films
	notificationIdled                 = 0
	notificationResumed               = 1
)

// maxSeats bounds how many seats are watched: each is a set of keyboard and mouse.
const maxSeats = 100

// openWayland connects to the compositor that $WAYLAND_DISPLAY names.
func openWayland(ctx context.Context) (source, error) {
	path := os.Getenv("WAYLAND_DISPLAY")
	if path == "" {
		return nil, errors.New("there is no Wayland")
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), path)
	}
	conn, err := (&net.Dialer{Timeout: askLimit}).DialContext(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	s := &waylandSource{conn: conn, quiet: map[uint32]time.Time{}, moved: make(chan struct{})}
	conn.SetDeadline(time.Now().Add(askLimit))
	in := bufio.NewReader(conn)
	if err := s.begin(in); err != nil {
		conn.Close()
		return nil, err
	}
	conn.SetDeadline(time.Time{})
	go s.listen(in)
	return s, nil
}

func (s *waylandSource) name() string { return "the Wayland compositor" }
func (s *waylandSource) close()       { s.conn.Close() }

// begin asks what the compositor has, and to be told of each seat.
func (s *waylandSource) begin(in io.Reader) error {
	if err := s.send(waylandDisplay, displayRegistry, u32(waylandRegistry)); err != nil {
		return err
	}
	if err := s.send(waylandDisplay, displaySync, u32(waylandSynced)); err != nil {
		return err
	}
	next, notifier, watch := uint32(waylandFirst), uint32(0), uint16(notifierWatch)
	bind := func(name uint32, kind string, version uint32) (uint32, error) {
		id := next
		next++
		return id, s.send(waylandRegistry, registryBind, slices.Concat(u32(name), waylandText(kind), u32(version), u32(id)))
	}
	var seats []uint32
	for {
		m, err := hearWayland(in)
		if err != nil {
			return err
		}
		if m.object == waylandSynced && m.what == callbackDone {
			break
		}
		name, kind, version, ok := m.global()
		switch {
		case ok && kind == "wl_seat" && len(seats) < maxSeats:
			var seat uint32
			seat, err = bind(name, kind, 1)
			seats = append(seats, seat)
		case ok && kind == "ext_idle_notifier_v1":
			version = min(version, 2)
			if version == 2 {
				watch = notifierWatchInput
			}
			notifier, err = bind(name, kind, version)
		}
		if err != nil {
			return err
		}
	}
	if notifier == 0 || len(seats) == 0 {
		return errors.New("the Wayland compositor does not have ext-idle-notify-v1")
	}
	for _, seat := range seats {
		s.quiet[next] = time.Time{}
		if err := s.send(notifier, watch, slices.Concat(u32(next), u32(uint32(quietAfter.Milliseconds())), u32(seat))); err != nil {
			return err
		}
		next++
	}
	return nil
}

// listen takes what the compositor tells until the connection ends.
func (s *waylandSource) listen(in io.Reader) {
	for {
		m, err := hearWayland(in)
		if err != nil {
			s.change(func() { s.err = fmt.Errorf("the connection has ended: %w", err) })
			return
		}
		if m.what == notificationIdled || m.what == notificationResumed {
			s.change(func() {
				if _, watched := s.quiet[m.object]; watched {
					s.quiet[m.object] = time.Time{}
					if m.what == notificationIdled {
						s.quiet[m.object] = time.Now().Add(-quietAfter)
					}
				}
			})
		}
	}
}

func (s *waylandSource) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	close(s.moved)
	s.moved = make(chan struct{})
}

// now returns how long nobody did anything, zero while somebody does, and what is
// closed when there is news.
func (s *waylandSource) now() (quiet time.Duration, moved <-chan struct{}, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	quiet = 1<<63 - 1
	for _, since := range s.quiet {
		if since.IsZero() {
			quiet = 0
		} else {
			quiet = min(quiet, time.Since(since))
		}
	}
	return quiet, s.moved, s.err
}

func (s *waylandSource) since(context.Context) (time.Duration, error) {
	quiet, _, err := s.now()
	return quiet, err
}

func (s *waylandSource) wait(ctx context.Context, limit time.Duration) error {
	for {
		quiet, moved, err := s.now()
		if err != nil || quiet < limit {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-moved:
		}
	}
}

// send sends a request: who shall do it, its length with its number, and what it needs,
// all in the byte order of the computer.
func (s *waylandSource) send(object uint32, request uint16, body []byte) error {
	_, err := s.conn.Write(slices.Concat(u32(object), u32(uint32(8+len(body))<<16|uint32(request)), body))
	return err
}

// A waylandMessage is what a compositor tells.
type waylandMessage struct {
	object uint32
	what   uint16 // number of the event
	body   []byte
}

// hearWayland reads what the compositor tells. That it ends the connection is an error.
func hearWayland(in io.Reader) (m waylandMessage, err error) {
	m, err = readWayland(in)
	if err == nil && m.object == waylandDisplay && m.what == displayError {
		text, _, _ := waylandString(m.body[min(8, len(m.body)):])
		err = fmt.Errorf("it refuses: %s", text)
	}
	return m, err
}

// readWayland reads a message.
func readWayland(in io.Reader) (m waylandMessage, err error) {
	var head [8]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return m, err
	}
	size := binary.NativeEndian.Uint32(head[4:])
	m.object, m.what = binary.NativeEndian.Uint32(head[:]), uint16(size)
	if size >>= 16; size < 8 {
		return m, errors.New("it says what is no message")
	}
	m.body = make([]byte, size-8) // less than 64 KiB
	_, err = io.ReadFull(in, m.body)
	return m, err
}

// global reads what the registry tells of something that the compositor has; ok is
// false of other messages.
func (m *waylandMessage) global() (name uint32, kind string, version uint32, ok bool) {
	if m.object != waylandRegistry || m.what != registryGlobal || len(m.body) < 4 {
		return 0, "", 0, false
	}
	kind, rest, ok := waylandString(m.body[4:])
	if !ok || len(rest) < 4 {
		return 0, "", 0, false
	}
	return binary.NativeEndian.Uint32(m.body), kind, binary.NativeEndian.Uint32(rest), true
}

func u32(n uint32) []byte { return binary.NativeEndian.AppendUint32(nil, n) }

// waylandText writes a text: its length with the zero behind it, both filled to a
// multiple of four.
func waylandText(text string) []byte {
	b := append(u32(uint32(len(text)+1)), text...)
	return append(b, make([]byte, 4-len(text)%4)...)
}

// waylandString reads a text, and returns what is behind it.
func waylandString(b []byte) (text string, rest []byte, ok bool) {
	if len(b) < 4 {
		return "", nil, false
	}
	n := int(binary.NativeEndian.Uint32(b))
	if n < 1 || n > len(b)-4 {
		return "", nil, false
	}
	return strings.TrimRight(string(b[4:4+n]), "\x00"), b[min(len(b), 4+(n+3)&^3):], true
}
