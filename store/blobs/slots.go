package blobs

import (
	"context"
	"sync"
)

const (
	maxUploads     = 64 // at a time; each takes one and a half mebibytes of memory, others wait
	maxFromAClient = 16 // of them, so that one client with slow uploads does not keep all others waiting
)

// slots bounds how many uploads are under way, in all and of each client.
type slots struct {
	all chan struct{} // a token for each upload under way

	mu      sync.Mutex // guards clients; nothing is taken while it is held
	clients map[string]*client
}

// A client is one that has uploads under way, or waiting.
type client struct {
	own  chan struct{} // a token for each of its uploads that is under way, or next in line
	uses int           // how many uploads have this struct
}

func newSlots() *slots {
	return &slots{all: make(chan struct{}, maxUploads), clients: map[string]*client{}}
}

// take waits for a slot. The function gives it back.
func (s *slots) take(ctx context.Context, name string) (giveBack func(), err error) {
	s.mu.Lock()
	c := s.clients[name]
	if c == nil {
		c = &client{own: make(chan struct{}, maxFromAClient)}
		s.clients[name] = c
	}
	c.uses++
	s.mu.Unlock()
	leave := func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if c.uses--; c.uses == 0 {
			delete(s.clients, name)
		}
	}
	select {
	case c.own <- struct{}{}:
	case <-ctx.Done():
		leave()
		return nil, context.Cause(ctx)
	}
	select {
	case s.all <- struct{}{}:
	case <-ctx.Done():
		<-c.own
		leave()
		return nil, context.Cause(ctx)
	}
	return func() {
		<-s.all
		<-c.own
		leave()
	}, nil
}
