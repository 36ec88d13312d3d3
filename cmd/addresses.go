package cmd

import (
	"net"
	"os"
	"slices"
	"strings"
)

// maxAddresses is how many addresses are told at the start.
const maxAddresses = 3

// ownAddresses returns by which addresses other computers may reach a port of this one,
// the likeliest first: the address that leads out of it, those of its other
// networks, and its name, which not every network knows.
func ownAddresses(port string) []string {
	var ips []string
	add := func(ip net.IP) {
		if ip = ip.To4(); ip == nil || !ip.IsGlobalUnicast() { // IPv6 addresses of homes change daily
			return
		}
		if text := net.JoinHostPort(ip.String(), port); !slices.Contains(ips, text) {
			ips = append(ips, text)
		}
	}
	// Nothing is sent: this only asks the system for the way to an address that no
	// computer has (RFC 5737).
	if c, err := net.Dial("udp", "192.0.2.1:9"); err == nil {
		add(c.LocalAddr().(*net.UDPAddr).IP)
		c.Close()
	}
	addresses, _ := net.InterfaceAddrs() // none will do
	for _, a := range addresses {
		if n, ok := a.(*net.IPNet); ok {
			add(n.IP)
		}
	}
	all := ips[:min(len(ips), maxAddresses-1)]
	if name, err := os.Hostname(); err == nil {
		all = append(all, net.JoinHostPort(strings.ToLower(name), port))
	}
	return all
}
