// Package slots bounds how many things are under way at a time, in all and of each
// client, so that one client cannot keep all others waiting.
package slots

import (
	"context"
	"sync"
)

// Slots is a number of slots that clients share. Its methods may be called from
// any goroutine.
type Slots struct {
	all  chan struct{} // a token for each slot that is taken
	each int           // how many a client may have

	mu      sync.Mutex // guards clients; nothing is taken while it is held
	clients map[string]*client
}

// A client is one that has slots, or waits for some.
type client struct {
	own  chan struct{} // a token for each of its slots, and while it is next in line for one
	uses int           // how many takings have this struct
}

// New returns slots: all in all, of which each client may have so many.
func New(all, each int) *Slots {
	return &Slots{all: make(chan struct{}, all), each: each, clients: map[string]*client{}}
}

// Take waits for a slot for the client of that name. The function gives it back.
// The error is that of ctx.
func (s *Slots) Take(ctx context.Context, name string) (giveBack func(), err error) {
	c := s.enter(name)
	select {
	case c.own <- struct{}{}:
	case <-ctx.Done():
		s.leave(name, c)
		return nil, context.Cause(ctx)
	}
	select {
	case s.all <- struct{}{}:
	case <-ctx.Done():
		<-c.own
		s.leave(name, c)
		return nil, context.Cause(ctx)
	}
	return func() { s.giveBack(name, c) }, nil
}

// TryTake is Take without waiting; ok is false if no slot is free for the client.
func (s *Slots) TryTake(name string) (giveBack func(), ok bool) {
	c := s.enter(name)
	select {
	case c.own <- struct{}{}:
	default:
		s.leave(name, c)
		return nil, false
	}
	select {
	case s.all <- struct{}{}:
	default:
		<-c.own
		s.leave(name, c)
		return nil, false
	}
	return func() { s.giveBack(name, c) }, true
}

// Taken returns how many slots are taken.
func (s *Slots) Taken() int { return len(s.all) }

func (s *Slots) enter(name string) *client {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.clients[name]
	if c == nil {
		c = &client{own: make(chan struct{}, s.each)}
		s.clients[name] = c
	}
	c.uses++
	return c
}

func (s *Slots) leave(name string, c *client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.uses--; c.uses == 0 {
		delete(s.clients, name)
	}
}

func (s *Slots) giveBack(name string, c *client) {
	<-s.all
	<-c.own
	s.leave(name, c)
}
