package cmd

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"strings"

	"renderfarm/farm"
	"renderfarm/farm/access"
	"renderfarm/farm/api"
)

// joinVariable is the environment variable with a join code or link. Like the farm key it is
// not passed on to the programs of tasks.
const joinVariable = "FARM_JOIN"

// A joinLink is a join code, with where the manager is and how it is known if it is a whole link.
type joinLink struct {
	code        string
	base        string // URL of the manager; "" in a bare code
	fingerprint string // of its certificate; "" for what the system believes
}

// parseJoinLink reads what "farm workers add" and the web page show.
func parseJoinLink(text string) (l joinLink, err error) {
	text = strings.TrimSpace(text)
	bad := usageErrorf("%q is no join code: it looks like K7Q2-M9XW-3FTP, or like http://192.168.1.10:8080/join/K7Q2-M9XW-3FTP", printable(farm.CutText(text, 100)))
	l.code = text
	if strings.Contains(text, "://") {
		u, err := url.Parse(text)
		if err != nil {
			return l, bad
		}
		before, code, found := strings.Cut(u.Path, "/join/")
		if !found {
			return l, bad
		}
		l.code, l.base = code, u.Scheme+"://"+u.Host+before
		if sum, ok := strings.CutPrefix(u.Fragment, "sha256="); ok {
			if l.fingerprint, err = api.ParseFingerprint(sum); err != nil {
				return l, err
			}
		}
	}
	if l.code = access.CleanJoinCode(l.code); len(l.code) < 8 || strings.ContainsFunc(l.code, func(r rune) bool { return (r < 'A' || r > 'Z') && (r < '2' || r > '7') }) {
		return l, bad
	}
	return l, nil
}

// joinFarm makes the workers of this home those of the farm that a join code is of: it asks the
// manager whether the code is good, and keeps both for the worker's start.
func (s *session) joinFarm(ctx context.Context, text string) (knownManager, error) {
	link, err := parseJoinLink(text)
	if err != nil {
		return knownManager{}, err
	}
	if link.base == "" {
		if link.base, link.fingerprint, err = s.managerForJoin(ctx); err != nil {
			return knownManager{}, err
		}
	}
	client, err := api.NewPinned(link.base, link.fingerprint)
	if err != nil {
		return knownManager{}, err
	}
	defer client.HTTP.CloseIdleConnections()
	offer, err := client.FetchJoinOffer(ctx, link.code)
	if err == nil && offer.FarmID == "" || foreign(err) {
		err = farm.Errorf(farm.Unavailable, "what answers at %s is not a manager of Farm that knows join codes: is this its address?", link.base)
	}
	if err != nil {
		return knownManager{}, err
	}
	before := s.knownManager()
	known := knownManager{URL: client.Base, Fingerprint: link.fingerprint, FarmID: offer.FarmID, JoinCode: before.JoinCode}
	if !strings.HasPrefix(known.JoinCode, link.code+" ") {
		known.JoinCode = link.code + " " + rand.Text() // the workers of this computer share what follows the code
		if offer.Left <= 0 && !(s.isRegistered() && before.FarmID == offer.FarmID) {
			return knownManager{}, farm.Errorf(farm.Conflict, "this join code was used already: \"Add a computer\" on the page of workers makes a new one")
		}
	}
	if err := s.keepManager(known); err != nil {
		return knownManager{}, err
	}
	fmt.Fprintf(s.errOut, "This computer belongs to the farm %q now, at %s\n", printable(offer.Name), known.URL)
	return known, nil
}

// managerForJoin returns where the manager of a bare code is: what somebody said, else the one
// that is found in the network.
func (s *session) managerForJoin(ctx context.Context) (address, fingerprint string, err error) {
	c, err := s.config()
	if err != nil {
		return "", "", err
	}
	if c.ManagerURL != "" || s.runningManager().url != "" {
		return s.managerAddress()
	}
	found, err := s.findManagers(ctx)
	if err != nil {
		return "", "", err
	}
	for i := range found.Managers {
		found.Managers[i].NeedsKey = false // the code is good for that
	}
	m, err := s.chooseManager(found)
	return m.URL, m.Fingerprint, err
}
