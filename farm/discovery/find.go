package discovery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"renderfarm/farm/api"
)

// How long a search takes. Answers come within a second; the question is repeated as
// datagrams get lost, and a manager that was found may have neighbors.
const (
	askEvery    = time.Second
	searchLimit = 6 * time.Second
	afterFirst  = 2 * time.Second
	probeLimit  = 3 * time.Second
)

// maxLeads bounds what is taken of answers.
const maxLeads = 64

// A Finding is what a search brought.
type Finding struct {
	Managers []Manager // by name
	Obstacle string    // why there may be others, for people; "" if nothing is known
}

// Find looks for managers in the networks of this computer. key is the farm key that is
// sent to those that were found, "" for none.
func Find(ctx context.Context, key string) Finding {
	ctx, end := context.WithTimeout(ctx, searchLimit)
	defer end()
	f := &finder{key: key, end: end, seen: map[lead]bool{}, found: map[string]Manager{}}
	networks := adapters()
	var reading sync.WaitGroup
	var sockets []*socket
	for _, g := range groups {
		s, err := g.open(false)
		if err != nil {
			f.blocked(g, err)
			continue
		}
		sockets = append(sockets, s)
		reading.Go(func() { s.receive(func(data []byte, from netip.AddrPort) { f.heard(ctx, data, from) }) })
	}
	for asking := true; asking; asking = pause(ctx, askEvery) {
		for _, s := range sockets {
			f.ask(s, networks, s.group.question())
		}
	}
	for _, s := range sockets {
		s.Close()
	}
	reading.Wait()
	f.probing.Wait()
	return f.result(networks)
}

// A finder collects answers. Each address is asked whether a manager answers there: an
// answer to a search is a datagram that anybody can send.
type finder struct {
	key     string
	end     context.CancelFunc // ends the search
	probing sync.WaitGroup

	mu    sync.Mutex // guards what follows; held for moments only
	seen  map[lead]bool
	found map[string]Manager // by what they have in common
	sent  bool               // a question left this computer
	fault error              // the last one of sending
	dead  string             // an address that was named and does not answer
	timer *time.Timer        // ends the search after the first
}

// ask sends the question into all networks.
func (f *finder) ask(s *socket, networks []adapter, text []byte) {
	for _, on := range networks {
		if !s.serves(on) {
			continue
		}
		err := s.tell(on, text)
		if on.Flags&net.FlagLoopback != 0 {
			continue // that nothing leaves through it says nothing
		}
		f.mu.Lock()
		if err == nil {
			f.sent = true
		} else if s.four != nil {
			f.fault = err
		}
		f.mu.Unlock()
	}
}

func (f *finder) blocked(g group, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if g.network == "udp4" {
		f.fault = err
	}
}

// heard takes an answer. Its group is the farm, or the computer that it came from: a
// manager answers once for each of its addresses.
func (f *finder) heard(ctx context.Context, data []byte, from netip.AddrPort) {
	leads := parseDNSAnswer(data)
	if l, ok := parseAnswer(data); ok {
		leads = append(leads, l)
	}
	for _, l := range leads {
		f.follow(ctx, l, cmp.Or(l.id, from.Addr().String()))
	}
}

// follow finds out whether there is a manager where a lead leads.
func (f *finder) follow(ctx context.Context, l lead, group string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.seen[l] || len(f.seen) >= maxLeads {
		return
	}
	f.seen[l] = true
	f.probing.Go(func() {
		m, err := l.probe(context.WithoutCancel(ctx), f.key)
		f.mu.Lock()
		defer f.mu.Unlock()
		if err != nil {
			f.dead = l.base
			return
		}
		if _, known := f.found[group]; !known { // the first address is the best one
			f.found[group] = m
		}
		if f.timer == nil {
			f.timer = time.AfterFunc(afterFirst, f.end)
		}
	})
}

// probe asks the manager who it is. One that wants the farm's key is one, too.
func (l lead) probe(ctx context.Context, key string) (Manager, error) {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	fingerprint := ""
	if strings.HasPrefix(l.base, "https://") {
		fingerprint = l.fingerprint
	}
	return Probe(ctx, l.base, fingerprint, key, Manager{ID: l.id, Name: l.name})
}

// Probe asks the manager at an address who it is; known is what is known of it already,
// which it tells nobody without the key of the farm.
func Probe(ctx context.Context, address, fingerprint, key string, known Manager) (Manager, error) {
	client, err := api.NewPinned(address, fingerprint)
	if err != nil {
		return Manager{}, err
	}
	defer client.HTTP.CloseIdleConnections()
	client.Key = key
	v, err := client.GetVersion(ctx)
	m := Manager{ID: cmp.Or(v.FarmID, known.ID), Name: cmp.Or(clean(v.Name), known.Name), Version: clean(v.Version), URL: client.Base, Fingerprint: fingerprint}
	if api.StatusOf(err) == http.StatusUnauthorized {
		m.NeedsKey, err = true, nil
	}
	if err == nil && v.Version == "" && !m.NeedsKey {
		err = fmt.Errorf("what answers at %s is no manager", client.Base)
	}
	return m, err
}

// result is for when the search is over.
func (f *finder) result(networks []adapter) Finding {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.timer != nil {
		f.timer.Stop()
	}
	var r Finding
	for _, m := range f.found {
		r.Managers = append(r.Managers, m)
	}
	slices.SortFunc(r.Managers, func(a, b Manager) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.URL, b.URL))
	})
	real := slices.ContainsFunc(networks, func(a adapter) bool { return a.Flags&net.FlagLoopback == 0 })
	switch {
	case len(r.Managers) > 0:
	case !real:
		r.Obstacle = "no network adapter of this computer can search (those of VPNs, containers and virtual machines are left out, and some carry no multicast)"
	case f.dead != "":
		r.Obstacle = fmt.Sprintf("a manager says that it is at %s, and does not answer there: a firewall on its computer, or between, blocks that", f.dead)
	case !f.sent && f.fault != nil:
		var op *net.OpError
		if errors.As(f.fault, &op) {
			f.fault = op.Err // without its addresses
		}
		r.Obstacle = fmt.Sprintf("the search cannot leave this computer (%v): a firewall here, or a network without multicast, blocks it", f.fault)
	default:
		r.Obstacle = "the search crosses no VPN and no router, and firewalls that block the UDP ports 1900 and 5353 stop it"
	}
	return r
}
