package discovery

import (
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
)

// An adapter is a network of this computer, with its addresses: IPv4 before IPv6, and
// those that are good on one cable only left out as long as there are others.
type adapter struct {
	net.Interface
	prefixes []netip.Prefix // address and network of each
}

// virtual are the names of adapters that lead into virtual machines, containers and VPNs, where
// no computer of the farm is, or none that multicast reaches. Bridges of physical
// adapters, such as br0 and Hyper-V's external switch, have other names.
var virtual = regexp.MustCompile(`(?i)^(docker|br-[0-9a-f]{12}$|virbr|lxcbr|lxdbr|incusbr|podman|cni|flannel|cali|vmnet|vboxnet|` +
	`tun|tap|wg|tailscale|zt|nordlynx|utun|ppp|awdl|llw|anpi|` +
	`vEthernet \((WSL|Default Switch|nat|DockerNAT)|VirtualBox|VMware|Tailscale|WireGuard|OpenVPN|ZeroTier|Npcap)`)

// adapters returns the networks of this computer in which others can be, and at the end
// its own loopback.
func adapters() []adapter {
	all, _ := net.Interfaces() // none will do
	var real, own []adapter
	for _, i := range all {
		if i.Flags&net.FlagUp == 0 {
			continue
		}
		loopback := i.Flags&net.FlagLoopback != 0
		if !loopback && (i.Flags&net.FlagMulticast == 0 || i.Flags&net.FlagPointToPoint != 0 || virtual.MatchString(i.Name)) {
			continue
		}
		addresses, err := i.Addrs()
		if err != nil {
			continue // it is gone again
		}
		a := adapter{i, usable(addresses)}
		switch {
		case len(a.prefixes) == 0:
		case loopback:
			own = append(own, a)
		default:
			real = append(real, a)
		}
	}
	return append(real, own...)
}

// usable returns the addresses by which other computers in a network can reach this one.
func usable(addresses []net.Addr) (good []netip.Prefix) {
	var cable []netip.Prefix
	for _, address := range addresses {
		n, ok := address.(*net.IPNet)
		if !ok {
			continue
		}
		ip, ok := netip.AddrFromSlice(n.IP)
		bits, _ := n.Mask.Size()
		p := netip.PrefixFrom(ip.Unmap(), bits)
		switch {
		case !ok || !p.IsValid():
		case !ip.IsLinkLocalUnicast():
			good = append(good, p)
		case p.Addr().Is4(): // of IPv6 it would need a zone, which is another one on each computer
			cable = append(cable, p)
		}
	}
	if len(good) == 0 {
		good = cable
	}
	slices.SortStableFunc(good, func(a, b netip.Prefix) int { return a.Addr().BitLen() - b.Addr().BitLen() })
	return good
}

// adapterOf returns the network that a sender is in. What comes from elsewhere is not of
// this farm: multicast does not leave a network, and its answers shall not either.
func adapterOf(from netip.AddrPort, all []adapter) (adapter, bool) {
	ip := from.Addr()
	for _, a := range all {
		if ip.IsUnspecified() && a.Flags&net.FlagLoopback != 0 { // Linux has no better address without a network
			return a, true
		}
		if ip.Zone() != "" && (ip.Zone() == a.Name || ip.Zone() == strconv.Itoa(a.Index)) {
			return a, true
		}
		if slices.ContainsFunc(a.prefixes, func(p netip.Prefix) bool { return p.Contains(ip.WithZone("").Unmap()) }) {
			return a, true
		}
	}
	return adapter{}, false
}

// addresses returns the HOST:PORT by which a service can be reached from an adapter's network.
func (s Service) addresses(a adapter) (all []string) {
	for _, p := range a.prefixes {
		if s.Host == "" || s.Host == p.Addr().String() {
			all = append(all, net.JoinHostPort(p.Addr().String(), strconv.Itoa(s.Port)))
		}
	}
	return all
}
