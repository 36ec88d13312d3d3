package cmd

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
)

// A movable listener can go on at another address while a server accepts from it.
type movable struct {
	mu    sync.Mutex // guards what follows
	at    net.Listener
	conns map[net.Conn]struct{} // that were accepted and not closed
	here  bool                  // only connections of this computer are let in, whoever is at the door already
	ended bool
}

func newMovable(l net.Listener) *movable {
	return &movable{at: l, conns: map[net.Conn]struct{}{}}
}

// Accept waits for the next connection at whatever the address is by then.
func (m *movable) Accept() (net.Conn, error) {
	for {
		m.mu.Lock()
		at := m.at
		m.mu.Unlock()
		c, err := at.Accept()
		m.mu.Lock()
		moved := m.at != at && !m.ended
		stranger := err == nil && m.here && !isNear(c)
		if err == nil && !stranger {
			c = &movableConn{Conn: c, of: m}
			m.conns[c] = struct{}{}
		}
		m.mu.Unlock()
		switch {
		case stranger: // it came just before the move
			c.Close()
		case err == nil || !moved:
			return c, err
		}
	}
}

// Close ends it for good.
func (m *movable) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ended = true
	return m.at.Close()
}

// Addr returns the present address.
func (m *movable) Addr() net.Addr {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.at.Addr()
}

// move goes on at another address with the same port, for which the present one has to be
// left first. If the other cannot be had, everything is as before. Connections stay, but
// those of other computers end if the new address is for this one only.
func (m *movable) move(ctx context.Context, address string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ended {
		return net.ErrClosed
	}
	old := m.at
	before := old.Addr().String()
	old.Close()
	next, err := listen(ctx, address)
	if err != nil {
		var again error
		if next, again = listen(ctx, before); again != nil {
			m.ended = true // Accept fails, and with it the server
			return errors.Join(err, again)
		}
	}
	m.at = next
	m.here = isLocal(next.Addr())
	if m.here {
		for c := range m.conns {
			if !isNear(c) {
				go c.Close() // which takes the lock
			}
		}
	}
	return err
}

// isNear reports whether a connection comes from this computer.
func isNear(c net.Conn) bool { return isLocal(c.RemoteAddr()) }

// isLocal reports whether an address is this computer's for itself.
func isLocal(a net.Addr) bool {
	at, err := netip.ParseAddrPort(a.String())
	return err == nil && at.Addr().Unmap().IsLoopback()
}

// A movableConn is a connection that its listener knows until it is closed.
type movableConn struct {
	net.Conn
	of *movable
}

// Close closes the connection and forgets it.
func (c *movableConn) Close() error {
	c.of.mu.Lock()
	delete(c.of.conns, c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}
