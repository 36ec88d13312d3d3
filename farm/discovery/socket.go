package discovery

import (
	"errors"
	"net"
	"net/netip"
	"sync"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// A group is a multicast group of one kind of IP, with the port of its protocol.
type group struct {
	network string // udp4 or udp6
	to      *net.UDPAddr
	hops    int  // how many routers a datagram may pass, by the protocol's standard
	dns     bool // its protocol is that of DNS-SD, else SSDP
}

// mdnsPort is that of DNS by multicast.
const mdnsPort = 5353

var groups = []group{
	{"udp4", &net.UDPAddr{IP: net.IPv4(239, 255, 255, 250), Port: 1900}, 2, false},
	{"udp6", &net.UDPAddr{IP: net.ParseIP("ff02::c"), Port: 1900}, 2, false},
	{"udp4", &net.UDPAddr{IP: net.IPv4(224, 0, 0, 251), Port: mdnsPort}, 255, true},
	{"udp6", &net.UDPAddr{IP: net.ParseIP("ff02::fb"), Port: mdnsPort}, 255, true},
}

// question is what is sent to the group to find managers.
func (g group) question() []byte {
	if g.dns {
		return dnsQuestion()
	}
	return searchText(g.to.String())
}

// A socket sends to a group, and to those that it heard of.
type socket struct {
	net.PacketConn
	group group
	four  *ipv4.PacketConn // one of both is nil
	six   *ipv6.PacketConn

	mu sync.Mutex // held while one datagram is sent: through which adapter is set for the socket
}

// open returns a socket of the group: one that hears what is sent to the group
// (member), or one on a port of its own that only hears answers.
func (g group) open(member bool) (*socket, error) {
	address := ":0"
	if member {
		address = g.to.String() // Go makes a port of it that programs can share
	}
	c, err := net.ListenPacket(g.network, address)
	if err != nil {
		return nil, err
	}
	s := &socket{PacketConn: c, group: g}
	if g.network == "udp4" {
		s.four = ipv4.NewPacketConn(c)
		err = errors.Join(s.four.SetMulticastTTL(g.hops), s.four.SetMulticastLoopback(true))
	} else {
		s.six = ipv6.NewPacketConn(c)
		err = errors.Join(s.six.SetMulticastHopLimit(g.hops), s.six.SetMulticastLoopback(true))
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return s, nil
}

// join makes the socket hear what is sent to the group in a network.
func (s *socket) join(a adapter) error {
	group := &net.UDPAddr{IP: s.group.to.IP}
	if s.four != nil {
		return s.four.JoinGroup(&a.Interface, group)
	}
	return s.six.JoinGroup(&a.Interface, group)
}

// serves reports whether the network has addresses of the socket's kind.
func (s *socket) serves(a adapter) bool {
	if s.six != nil {
		return true // every adapter with IPv6 has an address for its cable
	}
	for _, p := range a.prefixes {
		if p.Addr().Is4() {
			return true
		}
	}
	return false
}

// tell sends a datagram to the group in a network.
func (s *socket) tell(a adapter, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	to := *s.group.to
	var err error
	if s.four != nil {
		err = s.four.SetMulticastInterface(&a.Interface)
	} else {
		to.Zone = a.Name
		err = s.six.SetMulticastInterface(&a.Interface)
	}
	if err == nil {
		_, err = s.WriteTo(data, &to)
	}
	return err
}

// maxDatagram is the longest datagram that is looked at.
const maxDatagram = 8 << 10

// maxFaults is how many errors follow each other before a socket is given up. One is
// no end: Windows reports here that an earlier answer met nobody.
const maxFaults = 100

// receive calls got for every datagram until the socket is closed. The data is valid during the call only.
func (s *socket) receive(got func(data []byte, from netip.AddrPort)) {
	buffer := make([]byte, maxDatagram)
	for faults := 0; faults < maxFaults; faults++ {
		n, from, err := s.ReadFrom(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if udp, ok := from.(*net.UDPAddr); err == nil && ok {
			faults = 0
			got(buffer[:n], udp.AddrPort())
		}
	}
}
