package cmd

import (
	"net/url"
	"strconv"

	"renderfarm/farm"
	"renderfarm/farm/discovery"
)

// service returns how the manager is announced; ok is false if it shall not be found, or if
// no other computer reaches it.
func (h *host) service(id string) (d discovery.Service, ok bool) {
	u, err := url.Parse(h.url)
	if err != nil || !h.config.Autodiscoverable || onlyHere(h.url) && !h.open {
		return d, false
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		return d, false
	}
	d = discovery.Service{ID: id, Name: h.config.ManagerName, Version: version, Port: port, TLS: h.tls != nil}
	if !h.open {
		d.Host = u.Hostname()
	}
	if h.config.TLS == farm.TLSSelf {
		d.Fingerprint = h.fingerprint
	}
	return d, true
}

// letBeFound answers workers that look for a manager until the manager ends. One that cannot
// be found works as well.
func (h *host) letBeFound(service discovery.Service) {
	a, err := discovery.Announce(service, h.s.log)
	if err != nil {
		h.s.log.Warn("workers cannot find this manager by themselves: give them its address", "line", h.joinLine(), "error", err)
	}
	h.later(a.Close)
}
