package discovery

import (
	"encoding/xml"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// stockSearch is what Flamenco's worker sends.
const stockSearch = "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nST: urn:flamenco:manager:0\r\nMAN: \"ssdp:discover\"\r\nMX: 3\r\n\r\n"

// stockAnswer is what Flamenco's manager answers.
const stockAnswer = "HTTP/1.1 200 OK\r\nST: urn:flamenco:manager:0\r\nUSN: uuid:aa80bc5f-d0af-46b8-8630-23bd7e80ec4d::urn:flamenco:manager:0\r\n" +
	"LOCATION: http://192.168.0.2:8080/upnp/description.xml\r\nCACHE-CONTROL: max-age=3600\r\nDATE: Mon, 30 Nov 2026 17:00:00 GMT\r\nSERVER: linux/0.0 UPnP/1.0 gossdp/0.1\r\nEXT:\r\n\r\n"

// TestSearchesThatAreAnswered has questions of others, and what is none for a manager.
func TestSearchesThatAreAnswered(t *testing.T) {
	for _, c := range []struct {
		text   string
		answer bool
		within time.Duration
	}{
		{stockSearch, true, maxWithin},
		{string(searchText("239.255.255.250:1900")), true, maxWithin},
		{strings.Replace(stockSearch, serviceType, "ssdp:all", 1), true, maxWithin},
		{strings.Replace(stockSearch, serviceType, device, 1), true, maxWithin},
		{strings.Replace(stockSearch, "MX: 3", "MX: 9999999999999999999", 1), true, 0},
		{strings.Replace(stockSearch, "MX: 3", "MX: -1", 1), true, 0},
		{strings.Replace(stockSearch, serviceType, "upnp:rootdevice", 1), false, 0},
		{strings.Replace(stockSearch, "ssdp:discover", "ssdp:other", 1), false, 0},
		{strings.Replace(stockSearch, "M-SEARCH", "NOTIFY", 1), false, 0},
		{stockSearch[:40], false, 0},
		{"", false, 0},
	} {
		got, ok := parseSearch([]byte(c.text))
		if ok != c.answer || ok && got.within != c.within {
			t.Errorf("%q: %+v %v, want %v within %s", c.text, got, ok, c.answer, c.within)
		}
	}
}

// TestAnswer has every line that Flamenco's worker wants, and reads its own and others'.
func TestAnswer(t *testing.T) {
	s := Service{ID: "id", Name: "Größe\r\nX: y", Version: "1.2", Port: 8080, Fingerprint: "ab"}
	text := string(s.answerText("ssdp:all", s.location("192.168.0.2:8080"), time.Unix(0, 0)))
	for _, line := range strings.Split(strings.TrimSpace(stockAnswer), "\r\n") {
		name, _, _ := strings.Cut(line, ":")
		if name != "DATE" && name != "SERVER" && !strings.Contains(text, line+"\r\n") {
			t.Errorf("the line %q is not in\n%s", line, text)
		}
	}
	if got, ok := parseAnswer([]byte(text)); !ok || got != (lead{id: "id", name: s.Name, fingerprint: "ab", base: "http://192.168.0.2:8080"}) {
		t.Errorf("read back: %+v, %v", got, ok)
	}
	if got, ok := parseAnswer([]byte(stockAnswer)); !ok || got != (lead{base: "http://192.168.0.2:8080"}) {
		t.Errorf("of a stock manager: %+v, %v", got, ok)
	}
	for what, bad := range map[string]string{
		"another device":   strings.Replace(stockAnswer, "aa80bc5f", "bb80bc5f", 1),
		"no location":      strings.Replace(stockAnswer, "LOCATION", "X", 1),
		"another scheme":   strings.Replace(stockAnswer, "http:", "file:", 1),
		"an error":         strings.Replace(stockAnswer, "200 OK", "404 Gone", 1),
		"another protocol": "x" + stockAnswer,
	} {
		if got, ok := parseAnswer([]byte(bad)); ok {
			t.Errorf("%s: taken for %+v", what, got)
		}
	}
}

// TestDescription is read as XML, whatever the farm is called.
func TestDescription(t *testing.T) {
	var root struct {
		Device struct {
			Type string `xml:"deviceType"`
			Name string `xml:"friendlyName"`
			UDN  string
		} `xml:"device"`
	}
	if err := xml.Unmarshal(Service{Name: "A <b> & c", Version: "1"}.Description(), &root); err != nil {
		t.Fatal(err)
	}
	if d := root.Device; d.Type != serviceType || d.UDN != device || d.Name != "A <b> & c" {
		t.Errorf("it says %+v", d)
	}
}

// TestVirtualAdapters tells networks of other computers from those of virtual machines,
// containers and VPNs by the names that their programs give them.
func TestVirtualAdapters(t *testing.T) {
	for name, want := range map[string]bool{
		"eth0": false, "enp3s0": false, "wlan0": false, "br0": false, "vmbr0": false, "bond0": false, "en0": false, "Ethernet": false, "WLAN": false,
		"vEthernet (External Switch)": false, "veth-m": false, "wlp2s0": false,
		"docker0": true, "br-0123456789ab": true, "virbr0": true, "vmnet8": true, "vboxnet0": true, "tun0": true, "wg0": true, "tailscale0": true, "utun3": true, "awdl0": true,
		"vEthernet (Default Switch)": true, "vEthernet (WSL (Hyper-V firewall))": true, "VirtualBox Host-Only Network": true, "VMware Network Adapter VMnet8": true, "ztabcdefgh": true,
	} {
		if virtual.MatchString(name) != want {
			t.Errorf("%s: virtual %v, want %v", name, !want, want)
		}
	}
}

// TestUsableAddresses has IPv4 first, and addresses of a cable only without others.
func TestUsableAddresses(t *testing.T) {
	parse := func(texts ...string) (all []net.Addr) {
		for _, text := range texts {
			ip, n, err := net.ParseCIDR(text)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, &net.IPNet{IP: ip, Mask: n.Mask})
		}
		return all
	}
	for _, c := range []struct{ given, want string }{
		{"fd00::2/64 192.168.0.2/24 fe80::1/64 169.254.3.4/16", "192.168.0.2/24 fd00::2/64"},
		{"169.254.3.4/16 fe80::1/64", "169.254.3.4/16"},
		{"fe80::1/64", ""},
	} {
		var got []string
		for _, p := range usable(parse(strings.Fields(c.given)...)) {
			got = append(got, p.String())
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("of %s: %v, want %s", c.given, got, c.want)
		}
	}
	all := []adapter{{net.Interface{Name: "a", Index: 1}, usable(parse("192.168.0.2/24"))}, {net.Interface{Name: "b", Index: 2}, usable(parse("10.0.0.2/8", "fd00::2/64"))}}
	for from, want := range map[string]string{"192.168.0.77:1": "a", "10.2.3.4:1": "b", "[fe80::9%a]:1": "a", "[fe80::9%2]:1": "b", "[fd00::7]:1": "b", "8.8.8.8:1": ""} {
		if got, _ := adapterOf(netip.MustParseAddrPort(from), all); got.Name != want {
			t.Errorf("%s is in %q, want %q", from, got.Name, want)
		}
	}
}

// aManager answers like one, on all addresses of the computer, and returns its port.
func aManager(t *testing.T, name, id string, status int) int {
	t.Helper()
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		api.SetFarmID(w.Header(), id)
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"version":"1.2.3","shortversion":"3.9","name":%q,"git":"x"}`, name)
	}))
	s.Listener.Close()
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	return l.Addr().(*net.TCPAddr).Port
}

// needMulticast skips a test where datagrams to a group reach nobody, as in some containers.
func needMulticast(t *testing.T) {
	t.Helper()
	g := group{"udp4", &net.UDPAddr{IP: net.IPv4(239, 255, 255, 250), Port: 19001}, 2, false} // nobody else has it
	hears, err := g.open(true)
	if err != nil {
		t.Skip("no multicast here: ", err)
	}
	defer hears.Close()
	says, err := g.open(false)
	if err != nil {
		t.Skip("no multicast here: ", err)
	}
	defer says.Close()
	for _, a := range adapters() {
		if says.serves(a) && hears.join(a) == nil {
			says.tell(a, []byte("x"))
		}
	}
	hears.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, _, err := hears.ReadFrom(make([]byte, 9)); err != nil {
		t.Skip("no multicast here: ", err)
	}
}

// TestFind announces farms, and finds them: one that answers, one that wants a key, and none
// where nothing answers. Others in the network are left aside.
func TestFind(t *testing.T) {
	needMulticast(t)
	ids := []string{farm.NewUUID().String(), farm.NewUUID().String(), farm.NewUUID().String()}
	ports := []int{aManager(t, "open", ids[0], http.StatusOK), aManager(t, "", ids[1], http.StatusUnauthorized), 9}
	for i, name := range []string{"open", "shut", "dead"} {
		a, err := Announce(Service{ID: ids[i], Name: name, Version: "1.2.3", Port: ports[i]}, slog.New(slog.NewTextHandler(t.Output(), nil)))
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
	}
	found := map[string]Manager{}
	for _, m := range Find(t.Context(), "").Managers {
		if _, twice := found[m.ID]; twice {
			t.Errorf("%s is found twice", m.Name)
		}
		found[m.ID] = m
	}
	if m := found[ids[0]]; m.Name != "open" || m.Version != "1.2.3" || m.NeedsKey || !strings.HasSuffix(m.URL, ":"+strconv.Itoa(ports[0])) {
		t.Errorf("the open farm: %+v", m)
	}
	if m := found[ids[1]]; m.Name != "shut" || !m.NeedsKey {
		t.Errorf("the farm with a key: %+v", m)
	}
	if m, ok := found[ids[2]]; ok {
		t.Errorf("nothing answers at %+v", m)
	}
}

// TestStockWorkerFinds asks as Flamenco's worker does, from a port of its own: it gets an
// answer for each address, and takes the URL in it.
func TestStockWorkerFinds(t *testing.T) {
	needMulticast(t)
	id := farm.NewUUID().String()
	port := aManager(t, "open", id, http.StatusOK)
	a, err := Announce(Service{ID: id, Name: "open", Version: "1.2.3", Port: port}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	s, err := groups[0].open(false)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var want, got []string
	for _, on := range adapters() {
		if s.serves(on) && (on.Flags&net.FlagLoopback == 0 || len(want) == 0) { // the system may choose another network than its own for what it sends to itself
			want = append(want, a.service.addresses(on)...)
		}
	}
	heard := make(chan string, 100)
	go s.receive(func(data []byte, _ netip.AddrPort) {
		if l, ok := parseAnswer(data); ok && l.id == id {
			heard <- strings.TrimPrefix(l.base, "http://")
		}
	})
	ask := time.NewTicker(time.Second)
	defer ask.Stop()
	for limit := time.After(time.Minute); len(want) > 0; {
		select {
		case address := <-heard:
			got = append(got, address)
			want = slices.DeleteFunc(want, func(w string) bool { return w == address })
		case <-ask.C:
			for _, on := range adapters() {
				if s.serves(on) {
					s.tell(on, []byte(stockSearch))
				}
			}
		case <-limit:
			t.Fatalf("answered were %q, and not %q", got, want)
		}
	}
}

// FuzzDatagrams has what anybody in the network can send.
func FuzzDatagrams(f *testing.F) {
	f.Add([]byte(stockSearch))
	f.Add([]byte(stockAnswer))
	f.Add(dnsQuestion())
	f.Fuzz(func(t *testing.T, data []byte) {
		parseSearch(data)
		Service{ID: "0123456789"}.parseDNS(data, netip.MustParseAddrPort("192.168.0.7:5353"))
		for _, l := range parseDNSAnswer(data) {
			if _, err := api.New(l.base); err != nil {
				t.Errorf("%q: %v", l.base, err)
			}
		}
		if l, ok := parseAnswer(data); ok {
			if _, err := api.New(l.base); err != nil && strings.ContainsAny(l.base, "\r\n") {
				t.Errorf("%q", l.base)
			}
		}
	})
}
