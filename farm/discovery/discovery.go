// Package discovery lets workers find their manager in the network, without an
// address that somebody types: by SSDP, as Flamenco's managers and workers do it, and by
// DNS-SD. Both send a question to a multicast group, which routers and VPNs do not
// pass on, and get answers that name addresses.
//
// SSDP is UPnP Device Architecture 2.0, section 1; DNS-SD is RFC 6763, over RFC 6762.
package discovery

import (
	"runtime"

	"renderfarm/farm"
)

// What Flamenco's managers and workers agree on: the kind of service, and a
// device that is the same for all managers. Workers ignore answers of others.
const (
	serviceType = "urn:flamenco:manager:0"
	device      = "uuid:aa80bc5f-d0af-46b8-8630-23bd7e80ec4d"
)

// DescriptionPath is where the manager serves Description. Workers replace it by the
// path of the API.
const DescriptionPath = "/upnp/description.xml"

// A Service is what a manager announces.
type Service struct {
	ID          string // of the farm: the same at all its addresses, and after a restart
	Name        string // of the farm, for people
	Version     string // of the program
	Port        int    // where it answers, on all addresses of the computer but those left out
	Host        string // the only address it answers at; "" for all
	TLS         bool   // it answers by HTTPS
	Fingerprint string // of a certificate that nobody else vouches for; "" for none
}

func (s Service) scheme() string {
	if s.TLS {
		return "https"
	}
	return "http"
}

// A Manager is one that was found.
type Manager struct {
	ID          string // of the farm; "" for a manager of another program
	Name        string // of the farm
	Version     string // of the program; "" if it does not tell without a key
	URL         string // where it answered first
	Fingerprint string // of its certificate, as it says itself; "" for none
	NeedsKey    bool   // it answers nobody who has not got the key of the farm
}

// software is how a program names itself in SSDP.
func software(version string) string { return runtime.GOOS + "/0.0 UPnP/1.0 Farm/" + version }

// clean bounds what a stranger says, for people.
func clean(text string) string { return farm.CutText(text, 100) }
