package cmd

import (
	"net/url"
	"path/filepath"
	"strconv"
	"sync"

	"renderfarm/farm"
	"renderfarm/farm/access"
	"renderfarm/farm/binaries"
	"renderfarm/farm/discovery"
	"renderfarm/farm/server"
)

// service returns how the manager is announced; ok is false if it shall not be found, or if
// no other computer reaches it.
func (h *host) service(id string) (d discovery.Service, ok bool) {
	u, err := url.Parse(h.url)
	if err != nil || !h.config.Autodiscoverable || onlyHere(h.url) && !h.isOpen() {
		return d, false
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		return d, false
	}
	d = discovery.Service{ID: id, Name: h.config.ManagerName, Version: version, Port: port, TLS: h.tls != nil}
	if !h.isOpen() {
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
	h.found.service = &service
	h.announceAgain()
	h.later(h.hide)
}

// A found is how workers find the manager while they may.
type found struct {
	mu      sync.Mutex // guards announced
	service *discovery.Service
	// announced is nil while no other computer reaches the manager.
	announced *discovery.Announcer
}

// announceAgain answers workers that look for a manager, if it was to be found at its start.
func (h *host) announceAgain() {
	h.found.mu.Lock()
	defer h.found.mu.Unlock()
	if h.found.service == nil || h.found.announced != nil {
		return
	}
	a, err := discovery.Announce(*h.found.service, h.s.log)
	if err != nil {
		h.s.log.Warn("workers cannot find this manager by themselves: give them its address", "line", h.joinLine(), "error", err)
	}
	h.found.announced = a
}

// hide answers them no more.
func (h *host) hide() error {
	h.found.mu.Lock()
	defer h.found.mu.Unlock()
	if h.found.announced == nil {
		return nil
	}
	err := h.found.announced.Close()
	h.found.announced = nil
	return err
}

// joining returns what computers need that join the farm by a line that is typed there.
func (h *host) joining() (*server.Joining, error) {
	codes, err := access.OpenJoinCodes(h.s.home)
	if err != nil {
		return nil, err
	}
	programs := binaries.Open(filepath.Join(h.s.home, "binaries"), version)
	h.later(programs.Close)
	j := &server.Joining{Codes: codes, Programs: programs, Base: h.base}
	if h.config.TLS == farm.TLSSelf {
		j.Fingerprint = h.fingerprint
		if j.PublicKey, err = access.PublicKeyHash(h.tls.Certificates[0]); err != nil {
			return nil, err
		}
	}
	return j, nil
}

// base returns the likeliest URL by which other computers reach the manager; "" if none does.
func (h *host) base() string {
	u, err := url.Parse(h.url)
	switch {
	case err != nil || onlyHere(h.url) && !h.isOpen():
		return ""
	case !h.isOpen():
		return h.url
	}
	all := ownAddresses(u.Port())
	if len(all) == 0 {
		return ""
	}
	return u.Scheme + "://" + all[0]
}
