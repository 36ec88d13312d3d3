package discovery

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"renderfarm/farm"
)

var dnsTestService = Service{ID: "0badcafe-0000", Name: "Größe = 1", Version: "1.2", Port: 8089, TLS: true, Fingerprint: "ab"}

func dnsTestAdapter() adapter {
	return adapter{net.Interface{Name: "eth0"}, []netip.Prefix{netip.MustParsePrefix("192.168.0.2/24"), netip.MustParsePrefix("fd00::2/64")}}
}

// TestDNSAnswer is read back, as its own program does and as an ordinary resolver wants it.
func TestDNSAnswer(t *testing.T) {
	for _, from := range []string{"192.168.0.7:5353", "192.168.0.7:40000"} {
		q, ok := dnsTestService.parseDNS(dnsQuestion(), netip.MustParseAddrPort(from))
		if !ok || !q.unicast || len(q.questions) != 1 {
			t.Fatalf("the question from %s: %+v, %v", from, q, ok)
		}
		text, err := dnsTestService.dnsAnswer(q, dnsTestAdapter(), from != "192.168.0.7:5353", false)
		if err != nil {
			t.Fatal(err)
		}
		want := lead{id: dnsTestService.ID, name: dnsTestService.Name, fingerprint: "ab"}
		four, six := want, want
		four.base, six.base = "https://192.168.0.2:8089", "https://[fd00::2]:8089"
		if got := parseDNSAnswer(text); !slices.Equal(got, []lead{four, six}) {
			t.Errorf("from %s: %+v", from, got)
		}
		var m dnsmessage.Message
		if err := m.Unpack(text); err != nil || !m.Response || !m.Authoritative || len(m.Answers) != 5 {
			t.Errorf("from %s: %+v, %v", from, m, err)
		}
		if legacy := from != "192.168.0.7:5353"; (len(m.Questions) == 1) != legacy || (m.Answers[1].Header.Class == dnsmessage.ClassINET) != legacy {
			t.Errorf("from %s: %+v", from, m)
		}
	}
	for what, bad := range map[string][]byte{"a question": dnsQuestion(), "nothing": nil, "half": dnsQuestion()[:9]} {
		if got := parseDNSAnswer(bad); got != nil {
			t.Errorf("%s is taken for %+v", what, got)
		}
	}
}

// TestFindByDNS asks by DNS-SD only, from a port of its own as one-shot programs do.
func TestFindByDNS(t *testing.T) {
	needMulticast(t)
	id := farm.NewUUID().String()
	port := aManager(t, "open", id, http.StatusOK)
	a, err := Announce(Service{ID: id, Name: "open", Version: "1.2.3", Port: port}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	s, err := groups[2].open(false)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	heard := make(chan lead, 100)
	go s.receive(func(data []byte, _ netip.AddrPort) {
		for _, l := range parseDNSAnswer(data) {
			if l.id == id {
				heard <- l
			}
		}
	})
	ask := time.NewTicker(time.Second)
	defer ask.Stop()
	for limit := time.After(time.Minute); ; {
		select {
		case l := <-heard:
			m, err := l.probe(t.Context(), "")
			if err == nil && m.Name == "open" && m.ID == id && netip.MustParseAddrPort(l.base[len("http://"):]).Port() == uint16(port) {
				return
			}
			t.Logf("%+v: %v %s", l, err, strconv.Itoa(port))
		case <-ask.C:
			for _, on := range adapters() {
				if s.serves(on) {
					s.tell(on, s.group.question())
				}
			}
		case <-limit:
			t.Fatal("nobody answers")
		}
	}
}
