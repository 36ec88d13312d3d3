package cmd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"renderfarm/farm"
)

// newServe returns the command that is the manager.
func newServe(s *session) *cobra.Command {
	var o serveOptions
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run the manager",
		Long: `Run the manager: it keeps the jobs, hands out tasks to workers, and serves the
web page and the API.

Ctrl-C stops it cleanly, a second one at once; either way nothing is lost that
anybody was told is stored. Workers wait until it is back.`,
		Example: "  farm serve\n  farm serve --listen 127.0.0.1:0 --ready-file /tmp/farm.url\n  FARM_HOME=/srv/farm farm serve --log-json",
		Args:    args(),
		RunE: func(c *cobra.Command, _ []string) error {
			return runServe(c.Context(), s, o)
		},
	}
	s.serveFlags(c, &o)
	s.keyFlags(c, serving)
	s.logFlags(c)
	return c
}

// serveFlags gives a command the flags of serveOptions.
func (s *session) serveFlags(c *cobra.Command, o *serveOptions) {
	c.Flags().StringVar(&o.readyFile, "ready-file", "", "write the URL to this `file` once requests are answered")
	c.Flags().StringVar(&o.pprof, "pprof", "", "serve the profiler at this `address` of this computer, such as localhost:6060")
}

// runServe runs the manager until a signal, or until it cannot go on.
func runServe(ctx context.Context, s *session, o serveOptions) error {
	if err := s.startManagerLog(); err != nil {
		return err
	}
	h, err := startHost(ctx, s, o)
	if err != nil {
		return err
	}
	h.greet()
	select {
	case <-ctx.Done():
		s.log.Info("stopping; press Ctrl-C again to stop at once")
	case err = <-h.failed:
	}
	return errors.Join(err, h.stop())
}

// startManagerLog starts logging, for a command that is the manager itself.
func (s *session) startManagerLog() error {
	if _, given := s.given[managerKey]; given {
		return usageErrorf("--manager is for workers and clients; this command is the manager, and --listen says where it answers")
	}
	return s.startLog()
}

// greet tells the person who started the manager where it is, how other computers join,
// and who is let in.
func (h *host) greet() {
	line := "Farm " + version + " is ready: " + h.url + "/"
	if join := h.joinLine(); join != "" {
		line += "  (other computers: " + join + ")"
	}
	fmt.Fprintln(h.s.out, line)
	fmt.Fprintln(h.s.out, h.whoComesIn())
	if h.isNew {
		fmt.Fprintln(h.s.out, "It is new: the page helps to set it up, and so does \"farm setup\". It works without, too.")
	}
}

// whoComesIn says which door is open, and how to shut it.
func (h *host) whoComesIn() string {
	key, err := h.s.farmKey()
	switch {
	case onlyHere(h.url) && !h.isOpen():
		return "Only this computer can reach it. To let in others: --listen :8080"
	case err != nil:
		return "Nobody is let in over the network: " + err.Error()
	case key == "" && len(h.config.TrustedAddresses) > 0:
		return "Everybody in the network can use it: trusted_addresses needs a key. To make one: farm key new"
	case key == "":
		return "Everybody in the network can use it, and so run programs on its workers. To ask for a key: farm key new. To shut out other computers: --listen 127.0.0.1:8080"
	}
	return "Who uses it over the network needs its key: farm key show"
}

// onlyHere reports whether a URL names an address that is never on a network.
func onlyHere(address string) bool {
	u, err := url.Parse(address)
	ip := net.ParseIP(u.Hostname())
	return err == nil && ip != nil && ip.IsLoopback()
}

// joinLine returns what is typed on other computers to add them to the farm; "" if
// no other computer reaches the manager.
func (h *host) joinLine() string {
	u, err := url.Parse(h.url)
	if err != nil || onlyHere(h.url) && !h.isOpen() {
		return ""
	}
	all := []string{u.Host}
	if h.isOpen() {
		if all = ownAddresses(u.Port()); len(all) == 0 {
			return ""
		}
	}
	if h.tls == nil {
		return "farm work --manager " + strings.Join(all, " or ")
	}
	line := "farm work --manager https://" + strings.Join(all, " or https://")
	if h.config.TLS == farm.TLSSelf {
		line += " --fingerprint " + h.fingerprint
	}
	return line
}
