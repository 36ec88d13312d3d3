package crash

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"
)

// A network has the manager in a namespace behind a router in another, so that packets are
// lost on the way, and nobody is told.
type network struct {
	t       *testing.T
	router  string
	manager string // namespace
}

// Addresses of test networks (RFC 2544): of this program, the router to both sides, and the manager.
const (
	ourAddress     = "198.18.77.1"
	routerOutside  = "198.18.77.2"
	routerInside   = "198.18.78.1"
	managerAddress = "198.18.78.2"
)

// networks counts those that were made.
var networks int

func newNetwork(t *testing.T) *network {
	t.Helper()
	networks++ // the links of one before may not be gone yet
	link := fmt.Sprintf("farmcrash%d", networks)
	n := &network{t, fmt.Sprintf("farm-crash-%d-r%d", os.Getpid(), networks), fmt.Sprintf("farm-crash-%d-m%d", os.Getpid(), networks)}
	t.Cleanup(func() { // all other links and routes go with the namespaces
		exec.Command("ip", "link", "del", link).Run()
		exec.Command("ip", "netns", "del", n.manager).Run()
		exec.Command("ip", "netns", "del", n.router).Run()
	})
	for _, line := range [][]string{
		{"netns", "add", n.router},
		{"netns", "add", n.manager},
		{"link", "add", link, "type", "veth", "peer", "name", "out", "netns", n.router},
		{"-n", n.router, "link", "add", "in", "type", "veth", "peer", "name", "eth0", "netns", n.manager},
		{"addr", "add", ourAddress + "/24", "dev", link},
		{"-n", n.router, "addr", "add", routerOutside + "/24", "dev", "out"},
		{"-n", n.router, "addr", "add", routerInside + "/24", "dev", "in"},
		{"-n", n.manager, "addr", "add", managerAddress + "/24", "dev", "eth0"},
		{"link", "set", link, "up"},
		{"-n", n.router, "link", "set", "out", "up"},
		{"-n", n.router, "link", "set", "in", "up"},
		{"-n", n.manager, "link", "set", "eth0", "up"},
		{"-n", n.manager, "link", "set", "lo", "up"},
		{"-n", n.manager, "route", "add", "default", "via", routerInside},
		{"route", "add", managerAddress + "/32", "via", routerOutside},
		{"netns", "exec", n.router, "sysctl", "-q", "-w", "net.ipv4.ip_forward=1"},
	} {
		command(t, append([]string{"ip"}, line...)...)
	}
	return n
}

// lose has the router drop packets from or to this program, until it is told otherwise.
func (n *network) lose(verb string, directions ...string) {
	n.t.Helper()
	for _, direction := range directions {
		command(n.t, "ip", "-n", n.router, "rule", verb, direction, ourAddress+"/32", "blackhole")
	}
}

// takes puts a manager that was not started yet behind the router.
func (n *network) takes(m *manager) {
	m.prefix, m.address = []string{"ip", "netns", "exec", n.manager}, managerAddress+":8080"
}

// networkCuts are the ways in which a network is cut. When only the answers are lost,
// everything is done and nobody knows.
var networkCuts = []struct {
	name       string
	directions []string // what lose takes
}{
	{"both ways", []string{"from", "to"}},
	{"requests lost", []string{"from"}},
	{"answers lost", []string{"to"}},
}

// cutNetwork cuts the network between clients and the manager.
func cutNetwork(t *testing.T) {
	n := times(t, 4)
	for _, cut := range networkCuts {
		t.Run(cut.name, func(t *testing.T) {
			name := "network cut for 1.5 s: " + cut.name
			skipUnless(t, name, missing("ip", "sysctl"))
			net := newNetwork(t)
			m := newManager(t, t.TempDir())
			net.takes(m)
			p := newPart(t, name, m, 700*time.Millisecond)
			p.repeat(n, func() error {
				net.lose("add", cut.directions...)
				wait(1500 * time.Millisecond)
				net.lose("del", cut.directions...)
				return p.m.answers()
			})
			p.finish()
		})
	}
}
