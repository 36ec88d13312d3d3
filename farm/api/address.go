package api

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"renderfarm/farm"
)

// DefaultPort is the port of a manager whose address names none.
const DefaultPort = "8080"

// parseAddress reads the address of a manager as people write it: a full URL,
// possibly with a path in front of /api, or host, host:port, an IP address,
// [v6] or [v6]:port, which mean plain HTTP. The result has no slash at its end.
func parseAddress(address string) (string, error) {
	text := strings.TrimSpace(address)
	if text == "" {
		return "", farm.Errorf(farm.Invalid, "the manager's address is empty: write it like http://farm.local:8080")
	}
	bare := !strings.Contains(text, "://")
	if bare {
		if ip, err := netip.ParseAddr(text); err == nil && ip.Is6() {
			text = "[" + text + "]" // a lone IPv6 address, whose colons do not start a port
		}
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil {
		return "", badAddress(address, "it cannot be read")
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return "", badAddress(address, "only http and https are spoken here")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", badAddress(address, "a user name, a question mark or a # have no place in it")
	}
	if u.Hostname() == "" || strings.ContainsAny(u.Hostname(), " \t\\") {
		return "", badAddress(address, "it names no host")
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return "", badAddress(address, "port "+port+" is not between 1 and 65535")
		}
	} else if bare {
		u.Host = net.JoinHostPort(u.Hostname(), DefaultPort)
	}
	return u.Scheme + "://" + strings.TrimSuffix(u.Host, ":") + strings.TrimRight(u.EscapedPath(), "/"), nil
}

// IsAddress reports whether a text is the address of a manager.
func IsAddress(text string) bool {
	_, err := parseAddress(text)
	return err == nil
}

func badAddress(address, why string) error {
	return farm.Errorf(farm.Invalid, "%q is not the address of a manager: %s. Write it like http://farm.local:8080", address, why)
}
