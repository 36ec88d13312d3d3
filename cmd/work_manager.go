package cmd

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/discovery"
	"renderfarm/farm/yamlfile"
)

// A knownManager is the manager that the workers of a home work for. It is kept in a
// file, so that a worker finds it again at another address, and joins no other farm by itself.
type knownManager struct {
	URL         string `yaml:"url"`
	Fingerprint string `yaml:"fingerprint,omitempty"` // of its certificate; "": what the system believes
	FarmID      string `yaml:"farm_id,omitempty"`     // "" if the manager does not say
	JoinCode    string `yaml:"join_code,omitempty"`   // with which a worker is to register; "" once one has, see api.JoinCodeHeader
}

const knownHeader = `The manager for which the workers of this computer work. "farm work" without
an address looks for it here first. Delete the file to join another farm.`

func (s *session) knownFile() string { return filepath.Join(s.home, "worker", "manager.yaml") }

// knownManager reads what was kept; the zero value if there is nothing, or nothing good.
func (s *session) knownManager() (k knownManager) {
	if _, err := yamlfile.Read(s.knownFile(), &k); err != nil {
		s.log.Warn("it is not known any more for which manager the workers of this computer work", "error", err)
		return knownManager{}
	}
	return k
}

// remember keeps the manager that took a worker in.
func (s *session) remember(k knownManager) {
	if s.knownManager() == k {
		return
	}
	if err := s.keepManager(k); err != nil {
		s.log.Warn("the manager cannot be kept for the next start", "error", err)
	}
}

// keepManager writes the file.
func (s *session) keepManager(k knownManager) error {
	if err := os.MkdirAll(filepath.Dir(s.knownFile()), 0o700); err != nil {
		return err
	}
	return yamlfile.Write(s.knownFile(), knownHeader, k)
}

// managerForWork returns the manager of a worker: that of a join code or link, else the one that somebody
// named, else where it was the last time, else what is found in the network.
func (s *session) managerForWork(ctx context.Context, c *settled, join string) (knownManager, error) {
	known := s.knownManager()
	if join != "" {
		joined, err := s.joinFarm(ctx, join)
		if err != nil && s.isRegistered() && known.URL != "" { // a service is started with the same line again and again
			s.log.Warn("the join code is not looked at, as this worker is registered already", "error", err)
			return known, nil
		}
		return joined, err
	}
	if c.ManagerURL != "" || s.runningManager().url != "" {
		address, fingerprint, err := s.managerAddress()
		if _, wrong := s.probe(ctx, address, fingerprint); err == nil && api.IsStranger(wrong) && !s.isRegistered() {
			err = farm.Errorf(farm.Conflict, "what answers at %s is another program, and not a manager: start the manager there, or correct the address", printable(address))
		}
		if known.URL != address || known.Fingerprint != fingerprint {
			known = knownManager{URL: address, Fingerprint: fingerprint}
		}
		return known, err
	}
	if known.URL != "" {
		if m, err := s.probe(ctx, known.URL, known.Fingerprint); err == nil && (m.ID == known.FarmID || m.ID == "") {
			return known, nil
		}
	}
	fmt.Fprintln(s.errOut, "Looking for the manager in this network …")
	found, err := s.findManagers(ctx)
	if err != nil {
		return knownManager{}, err
	}
	if known.URL != "" {
		return s.findAgain(known, found.Managers), nil
	}
	if len(found.Managers) == 0 && s.isRegistered() {
		return knownManager{URL: defaultManager, Fingerprint: c.Fingerprint}, nil // where it worked before such a file was kept
	}
	m, err := s.chooseManager(found)
	return knownManager{URL: m.URL, Fingerprint: m.Fingerprint, FarmID: m.ID}, err
}

// probe asks the manager at an address who it is.
func (s *session) probe(ctx context.Context, address, fingerprint string) (discovery.Manager, error) {
	key, err := s.farmKey()
	if err != nil {
		return discovery.Manager{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	return discovery.Probe(ctx, address, fingerprint, key, discovery.Manager{})
}

// findManagers returns the managers of this network, and one that runs on this computer
// where most do.
func (s *session) findManagers(ctx context.Context) (discovery.Finding, error) {
	key, err := s.farmKey()
	if err != nil {
		return discovery.Finding{}, err
	}
	found := discovery.Find(ctx, key)
	if err := ctx.Err(); err != nil {
		return found, context.Cause(ctx)
	}
	if m, err := s.probe(ctx, defaultManager, ""); err == nil && !slices.ContainsFunc(found.Managers, func(o discovery.Manager) bool {
		return m.ID == o.ID && m.Name == o.Name
	}) {
		found.Managers = append(found.Managers, m)
	}
	return found, nil
}

// findAgain returns the manager that a worker knows at the address that it has now. A worker
// never goes over to another farm by itself: it waits for its own.
func (s *session) findAgain(known knownManager, found []discovery.Manager) knownManager {
	for _, m := range found {
		if m.ID != "" && m.ID == known.FarmID && (known.Fingerprint == "" || m.Fingerprint == known.Fingerprint) {
			known.URL = m.URL
			return known
		}
	}
	text := fmt.Sprintf("The manager of this worker does not answer at %s, and is not found elsewhere: waiting for it.", printable(known.URL))
	if len(found) > 0 {
		text += fmt.Sprintf(" There is the farm %q, which this worker is not of; to change over: %s", printable(found[0].Name), workCommand(found[0]))
	}
	fmt.Fprintln(s.errOut, text)
	return known
}

// isRegistered reports whether a worker of this home was registered with a manager.
func (s *session) isRegistered() bool {
	_, err := os.Stat(filepath.Join(s.home, "worker", "identity.yaml"))
	return err == nil
}

// chooseManager returns the manager to join: the only one, or the one that the person at the
// terminal chooses.
func (s *session) chooseManager(f discovery.Finding) (discovery.Manager, error) {
	switch len(f.Managers) {
	case 0:
		return discovery.Manager{}, farm.Errorf(farm.NotFound, "no manager was found: %s. Type the line that the manager shows at its start, like %q, or take the command of \"Add a computer\" on its page of workers",
			f.Obstacle, "farm work --manager 192.168.1.10:8080")
	case 1:
		m := f.Managers[0]
		if err := s.mayJoin(m); err != nil {
			return m, err
		}
		fmt.Fprintf(s.errOut, "Found the farm %q at %s\n", printable(m.Name), m.URL)
		return m, nil
	}
	list := "There are several farms in this network:\n"
	for i, m := range f.Managers {
		list += fmt.Sprintf("  %d  %-20s %s\n", i+1, printable(cmp.Or(m.Name, "?")), workCommand(m))
	}
	if !isTerminal(s.in) || !isTerminal(s.errOut) {
		return discovery.Manager{}, farm.Errorf(farm.Conflict, "%sType the line of the one that this computer shall join", list)
	}
	fmt.Fprintf(s.errOut, "%sWhich one shall this computer join? [1-%d] ", list, len(f.Managers))
	text, _ := bufio.NewReader(io.LimitReader(s.in, 100)).ReadString('\n')
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || n < 1 || n > len(f.Managers) {
		return discovery.Manager{}, usageErrorf("%q is not one of the numbers", printable(strings.TrimSpace(text)))
	}
	m := f.Managers[n-1]
	return m, s.mayJoin(m)
}

// mayJoin says why a new worker cannot join a manager that was found without more.
func (s *session) mayJoin(m discovery.Manager) error {
	switch {
	case m.Fingerprint != "": // whoever announces it says so himself
		return farm.Errorf(farm.Forbidden, "the farm %q encrypts with a certificate of its own, which a search cannot vouch for. Compare the fingerprint with what \"farm key show\" prints on the manager's computer, and type: %s", printable(m.Name), workCommand(m))
	case m.NeedsKey:
		return farm.Errorf(farm.NoKey, "the farm %q at %s has a key: type \"farm key set\" first, or take the command of \"Add a computer\" on its page of workers", printable(m.Name), m.URL)
	}
	return nil
}

// workCommand is what to type to join a manager.
func workCommand(m discovery.Manager) string {
	line := "farm work --manager " + printable(m.URL)
	if m.Fingerprint != "" {
		line += " --fingerprint " + printable(m.Fingerprint)
	}
	return line
}
