package server

import (
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"

	"renderfarm/farm"
)

// Browsers are the only clients that can be made to send requests by somebody
// who cannot reach the manager: by a page that its user opened. Two checks
// keep such requests out. Both are about what browsers themselves put into a
// request, and cost other clients nothing.
//
// The name by which the manager was asked (Host) must be one of its own. A page can
// let its own name lead to the manager's address afterwards (DNS rebinding), and
// the browser then takes the manager for the page's own site.
//
// What changes something must come from the manager's own pages (Origin,
// Sec-Fetch-Site): a form or a script of any page can send it, though not read the answer.

// localSuffixes are names below which nobody can register one: of RFC 6761, RFC
// 6762 and RFC 8375, and those that ICANN keeps out of the public name servers.
var localSuffixes = []string{".local", ".localhost", ".lan", ".internal", ".home", ".home.arpa", ".localdomain", ".intranet", ".private", ".corp"}

// guard refuses requests that a foreign page made a browser send.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		allowed := s.m.Config().AllowedHosts
		if host := hostName(r.Host); !isOwnHost(host, allowed) {
			s.fail(w, r, unknownHost(host))
			return
		}
		if changes(r.Method) && !fromOwnPage(r, allowed) {
			s.fail(w, r, farm.Errorf(farm.Forbidden, "a page of another site made this browser send the request, so nothing was done. If a proxy serves the manager under the name in %q, add that name to allowed_hosts in farm.yaml and restart", short(r.Header.Get("Origin"))))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// unknownHost is the error for a name that is not one of the manager's.
func unknownHost(host string) error {
	return farm.Errorf(farm.Forbidden, "this manager does not know the name %q by which it was asked. If it is a name of the manager, add it to allowed_hosts in farm.yaml and restart; until then use its IP address", short(host))
}

// changes reports whether requests with the method may change something.
func changes(method string) bool {
	return method != http.MethodGet && method != http.MethodHead && method != http.MethodOptions
}

// hostName returns the name or address in a Host header, in lower case, without
// its port and the brackets of IPv6.
func hostName(hostport string) string {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}

// isOwnHost reports whether a name can only be one of this manager's: an IP
// address, its computer's name, one that public name servers cannot know, or
// one that its owner allows; "*" allows all.
func isOwnHost(host string, allowed []string) bool {
	if _, err := netip.ParseAddr(host); err == nil || !strings.Contains(host, ".") {
		return true
	}
	for _, suffix := range localSuffixes {
		if strings.HasSuffix(host, suffix) {
			return true
		}
	}
	if own, err := os.Hostname(); err == nil && hostName(own) == host {
		return true
	}
	return isAllowed(host, allowed) || slices.Contains(allowed, "*")
}

// isAllowed reports whether the owner of the farm named a host.
func isAllowed(host string, allowed []string) bool {
	return slices.ContainsFunc(allowed, func(a string) bool { return hostName(a) == host })
}

// fromOwnPage reports whether a request comes from a page of the manager, or from
// what is no browser. Browsers send Sec-Fetch-Site only over HTTPS and to the own
// computer, and Origin always.
func fromOwnPage(r *http.Request, allowed []string) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return true
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return r.Header.Get("Sec-Fetch-Site") == ""
	}
	_, place, found := strings.Cut(origin, "://")
	if !found {
		return false // "null", as from a file or a sandbox
	}
	return strings.EqualFold(place, r.Host) || isAllowed(hostName(place), allowed)
}

// short bounds what a stranger wrote, for messages.
func short(text string) string { return farm.CutText(text, 100) }
