package discovery

import (
	"net/netip"
	"net/url"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// DNS-SD names a kind of service, its instances and their computers in the domain "local",
// whose records programs ask each other for by multicast (RFC 6763, RFC 6762).
const (
	dnsService = "_farm._tcp.local."
	dnsKinds   = "_services._dns-sd._udp.local." // all kinds of services there are
)

// How long records are good, in seconds: those of names of computers less long (RFC 6762, section 10).
const (
	dnsTTL     = 4500
	dnsHostTTL = 120
)

// cacheFlush marks a record of which there is only one (RFC 6762, section 10.2). In a question
// the same bit asks for an answer to the sender alone (section 5.4).
const cacheFlush = 1 << 15

// instance is the name of a manager among those of its kind. The id makes it the only one,
// so that no two managers ever quarrel about a name.
func (s Service) instance() string { return "Farm " + s.ID[:min(8, len(s.ID))] + "." + dnsService }

// computer is the name of the manager's computer, for this service only.
func (s Service) computer() string { return "farm-" + s.ID[:min(8, len(s.ID))] + ".local." }

// dnsQuestion asks for managers.
func dnsQuestion() []byte {
	m := dnsmessage.Message{Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName(dnsService), Type: dnsmessage.TypePTR, Class: dnsmessage.ClassINET | cacheFlush}}}
	text, _ := m.Pack() // it is always the same
	return text
}

// A dnsQuery is a question that was heard, as far as a manager answers it.
type dnsQuery struct {
	id        uint16
	questions []dnsmessage.Question
	kinds     bool // for the kinds of services, and not for managers
	unicast   bool // the answer is for the sender alone
}

// parseDNS reads a datagram; ok is false if it is no question that the service answers. One that does not come
// from the port of mDNS is answered like by an ordinary name server (RFC 6762, section 6.7).
func (s Service) parseDNS(data []byte, from netip.AddrPort) (q dnsQuery, ok bool) {
	var p dnsmessage.Parser
	h, err := p.Start(data)
	if err != nil || h.Response || h.OpCode != 0 {
		return q, false
	}
	for range 20 { // nobody asks for more at a time
		one, err := p.Question()
		if err != nil {
			break
		}
		name := strings.ToLower(one.Name.String())
		switch {
		case name == dnsKinds, name == dnsService, name == strings.ToLower(s.instance()), name == s.computer():
			q.kinds = q.kinds || name == dnsKinds
			q.unicast = q.unicast || one.Class&cacheFlush != 0
			one.Class &^= cacheFlush
			q.questions = append(q.questions, one)
		}
	}
	if from.Port() != mdnsPort {
		q.id, q.unicast = h.ID, true
	}
	return q, len(q.questions) > 0
}

// dnsAnswer is the answer to a question from an adapter's network: all records of the service,
// of which few are ever of no use. A TTL of 0 says goodbye.
func (s Service) dnsAnswer(q dnsQuery, on adapter, legacy, goodbye bool) ([]byte, error) {
	service, err := dnsmessage.NewName(dnsService)
	if err != nil {
		return nil, err
	}
	instance, err := dnsmessage.NewName(s.instance())
	if err != nil {
		return nil, err
	}
	computer, err := dnsmessage.NewName(s.computer())
	if err != nil {
		return nil, err
	}
	unique, ttl, hostTTL := dnsmessage.ClassINET|cacheFlush, uint32(dnsTTL), uint32(dnsHostTTL)
	m := dnsmessage.Message{Header: dnsmessage.Header{Response: true, Authoritative: true}}
	if legacy { // which keeps no cache that could be flushed, and wants its question back
		m.ID, m.Questions, unique, ttl, hostTTL = q.id, q.questions, dnsmessage.ClassINET, 10, 10
	}
	if goodbye {
		ttl, hostTTL = 0, 0
	}
	head := func(name dnsmessage.Name, class dnsmessage.Class, ttl uint32) dnsmessage.ResourceHeader {
		return dnsmessage.ResourceHeader{Name: name, Class: class, TTL: ttl}
	}
	if q.kinds {
		m.Answers = append(m.Answers, dnsmessage.Resource{Header: head(dnsmessage.MustNewName(dnsKinds), dnsmessage.ClassINET, ttl), Body: &dnsmessage.PTRResource{PTR: service}})
	}
	m.Answers = append(m.Answers,
		dnsmessage.Resource{Header: head(service, dnsmessage.ClassINET, ttl), Body: &dnsmessage.PTRResource{PTR: instance}},
		dnsmessage.Resource{Header: head(instance, unique, hostTTL), Body: &dnsmessage.SRVResource{Target: computer, Port: uint16(s.Port)}},
		dnsmessage.Resource{Header: head(instance, unique, ttl), Body: &dnsmessage.TXTResource{TXT: s.dnsText()}})
	for _, p := range on.prefixes {
		if s.Host != "" && s.Host != p.Addr().String() {
			continue
		}
		var body dnsmessage.ResourceBody = &dnsmessage.AAAAResource{AAAA: p.Addr().As16()}
		if p.Addr().Is4() {
			body = &dnsmessage.AResource{A: p.Addr().As4()}
		}
		m.Answers = append(m.Answers, dnsmessage.Resource{Header: head(computer, unique, hostTTL), Body: body})
	}
	return m.Pack()
}

// dnsText says what the other records do not. A text has at most 255 bytes.
func (s Service) dnsText() []string {
	text := []string{"txtvers=1", "scheme=" + s.scheme(), "id=" + s.ID, "name=" + clean(s.Name)}
	if s.Fingerprint != "" {
		text = append(text, "fingerprint="+s.Fingerprint)
	}
	return text
}

// parseDNSAnswer reads a datagram; it returns a lead for each address of the manager in it.
func parseDNSAnswer(data []byte) (leads []lead) {
	var p dnsmessage.Parser
	h, err := p.Start(data)
	if err != nil || !h.Response || h.RCode != dnsmessage.RCodeSuccess || p.SkipAllQuestions() != nil {
		return nil
	}
	var ips []netip.Addr
	port, scheme, l := 0, "", lead{}
	for range 100 { // records of other programs may be among them
		record, err := p.Answer()
		if err == dnsmessage.ErrSectionDone {
			break
		}
		if err != nil {
			return nil
		}
		ours := strings.HasSuffix(strings.ToLower(record.Header.Name.String()), "."+dnsService)
		switch body := record.Body.(type) {
		case *dnsmessage.AResource:
			ips = append(ips, netip.AddrFrom4(body.A))
		case *dnsmessage.AAAAResource:
			ips = append(ips, netip.AddrFrom16(body.AAAA))
		case *dnsmessage.SRVResource:
			if ours {
				port = int(body.Port)
			}
		case *dnsmessage.TXTResource:
			if ours {
				scheme = l.readText(body.TXT)
			}
		}
	}
	if port == 0 || l.id == "" || scheme != "http" && scheme != "https" {
		return nil
	}
	for _, ip := range ips {
		l.base = (&url.URL{Scheme: scheme, Host: netip.AddrPortFrom(ip, uint16(port)).String()}).String()
		leads = append(leads, l)
	}
	return leads
}

// readText takes over what a manager says of itself, and returns by which scheme it answers.
func (l *lead) readText(texts []string) (scheme string) {
	for _, text := range texts {
		switch key, value, _ := strings.Cut(text, "="); key {
		case "scheme":
			scheme = value
		case "id":
			l.id = clean(value)
		case "name":
			l.name = clean(value)
		case "fingerprint":
			l.fingerprint = clean(value)
		}
	}
	return scheme
}
