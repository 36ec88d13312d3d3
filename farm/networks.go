package farm

import (
	"net/netip"
	"strings"
)

// ParseNetworks reads IP addresses and networks like 192.168.1.0/24.
func ParseNetworks(texts []string) ([]netip.Prefix, error) {
	networks := make([]netip.Prefix, 0, len(texts))
	for _, text := range texts {
		network, err := netip.ParsePrefix(strings.TrimSpace(text))
		if err != nil {
			ip, errIP := netip.ParseAddr(strings.TrimSpace(text))
			if errIP != nil {
				return nil, Errorf(Invalid, "%q is neither an IP address nor a network like 192.168.1.0/24", CutText(text, 60))
			}
			network = netip.PrefixFrom(ip.Unmap().WithZone(""), ip.Unmap().BitLen())
		}
		networks = append(networks, network)
	}
	return networks, nil
}

// InNetworks reports whether an address is in one of the networks, which were checked.
func InNetworks(texts []string, ip netip.Addr) bool {
	if len(texts) == 0 {
		return false
	}
	networks, _ := ParseNetworks(texts)
	for _, n := range networks {
		if n.Contains(ip.Unmap().WithZone("")) {
			return true
		}
	}
	return false
}
