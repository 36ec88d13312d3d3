package discovery

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	"renderfarm/farm/slots"
)

// When a manager announces itself unasked, and how often it looks for networks
// that came, which no system reports in a way that all have.
const (
	lookEvery  = 30 * time.Second
	aliveEvery = maxAge / 2
)

// Bounds on answers, of which one costs a few datagrams. Who asks does so once a second.
const (
	answersEach  = 60
	answersInAll = 600
	answersPer   = 10 * time.Second
)

// An Announcer answers workers that look for a manager, until it is closed.
type Announcer struct {
	service Service
	log     *slog.Logger
	limit   *slots.Rate
	end     context.CancelFunc
	running sync.WaitGroup
	sockets []*socket
}

// Announce begins to answer. An error means that nobody can find the manager by one of the
// ways, and says why; the Announcer serves the others.
func Announce(service Service, log *slog.Logger) (*Announcer, error) {
	ctx, end := context.WithCancel(context.Background())
	a := &Announcer{service: service, log: log, end: end, limit: slots.NewRate(answersInAll, answersEach, answersPer)}
	var errs []error
	for _, g := range groups {
		s, err := g.open(true)
		if err != nil {
			if g.network == "udp4" { // there are computers without IPv6
				errs = append(errs, err)
			}
			continue
		}
		a.sockets = append(a.sockets, s)
		a.running.Go(func() { s.receive(func(data []byte, from netip.AddrPort) { a.heard(ctx, s, data, from) }) })
		a.running.Go(func() { a.keepAlive(ctx, s) })
	}
	return a, errors.Join(errs...)
}

// Close says that the manager ends, and ends the answering.
func (a *Announcer) Close() error {
	a.end()
	var errs []error
	for _, s := range a.sockets {
		for _, on := range adapters() {
			if s.serves(on) && len(a.service.addresses(on)) > 0 {
				s.tell(on, a.gone(s, on)) // it would be missed soon anyway
			}
		}
		errs = append(errs, s.Close())
	}
	a.running.Wait()
	return errors.Join(errs...)
}

// gone says that the service ends.
func (a *Announcer) gone(s *socket, on adapter) []byte {
	if !s.group.dns {
		return goneText(s.group.to.String())
	}
	text, _ := a.service.dnsAnswer(dnsQuery{}, on, false, true) // an empty datagram does no harm
	return text
}

// heard answers a question for managers. Only computers in a network of this one get an
// answer: others could only have forged a sender, to have somebody flooded.
func (a *Announcer) heard(ctx context.Context, s *socket, data []byte, from netip.AddrPort) {
	if s.group.dns {
		a.heardDNS(ctx, s, data, from)
		return
	}
	asked, ok := parseSearch(data)
	if !ok {
		return
	}
	on, ok := adapterOf(from, adapters())
	if !ok || !a.limit.Take(from.Addr().String()) {
		return
	}
	a.running.Go(func() {
		if asked.within > 0 && !pause(ctx, rand.N(asked.within)) {
			return
		}
		for _, address := range a.service.addresses(on) {
			text := a.service.answerText(asked.target, a.service.location(address), time.Now())
			if _, err := s.WriteTo(text, net.UDPAddrFromAddrPort(from)); err != nil && ctx.Err() == nil {
				a.log.Debug("a computer that looks for managers cannot be answered", "address", from, "error", err)
				return
			}
		}
	})
}

// heardDNS is heard for DNS-SD.
func (a *Announcer) heardDNS(ctx context.Context, s *socket, data []byte, from netip.AddrPort) {
	asked, ok := a.service.parseDNS(data, from)
	if !ok {
		return
	}
	on, ok := adapterOf(from, adapters())
	if !ok || len(a.service.addresses(on)) == 0 || !a.limit.Take(from.Addr().String()) {
		return
	}
	text, err := a.service.dnsAnswer(asked, on, from.Port() != mdnsPort, false)
	if err == nil && asked.unicast {
		_, err = s.WriteTo(text, net.UDPAddrFromAddrPort(from))
	} else if err == nil {
		err = s.tell(on, text)
	}
	if err != nil && ctx.Err() == nil {
		a.log.Debug("a computer that looks for managers cannot be answered", "address", from, "error", err)
	}
}

func (s Service) location(address string) string {
	return s.scheme() + "://" + address + DescriptionPath
}

// keepAlive makes the socket a member of the group in all networks, also those that come
// later, and announces the service there: twice, as datagrams get lost, and then now and again.
func (a *Announcer) keepAlive(ctx context.Context, s *socket) {
	told := map[int]int{} // announcements so far, by the number of the adapter
	for wait, since := time.Second, time.Duration(0); ; since += wait {
		seen := map[int]int{}
		for _, on := range adapters() {
			if !s.serves(on) {
				continue
			}
			n, known := told[on.Index]
			if !known {
				if err := s.join(on); err != nil {
					a.log.Debug("a network cannot be served", "adapter", on.Name, "error", err)
				}
			}
			if n < 2 || since >= aliveEvery {
				a.alive(s, on)
				n++
			}
			seen[on.Index] = n
		}
		if told = seen; since >= aliveEvery {
			since = 0
		}
		if !pause(ctx, wait) {
			return
		}
		if wait *= 2; wait > lookEvery {
			wait = lookEvery
		}
	}
}

// alive announces the service in one network.
func (a *Announcer) alive(s *socket, on adapter) {
	if s.group.dns {
		text, err := a.service.dnsAnswer(dnsQuery{}, on, false, false)
		if err == nil && len(a.service.addresses(on)) > 0 {
			err = s.tell(on, text)
		}
		if err != nil {
			a.log.Debug("the manager cannot be announced", "adapter", on.Name, "error", err)
		}
		return
	}
	for _, address := range a.service.addresses(on) {
		if err := s.tell(on, a.service.aliveText(s.group.to.String(), a.service.location(address))); err != nil {
			a.log.Debug("the manager cannot be announced", "adapter", on.Name, "error", err)
			return
		}
	}
}

// pause waits, and reports false if ctx ended before.
func pause(ctx context.Context, long time.Duration) bool {
	t := time.NewTimer(long)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
