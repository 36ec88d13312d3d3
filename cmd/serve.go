package cmd

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/cobra"
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

// greet tells the person who started the manager where it is, in one line, and how
// other computers reach it if they can.
func (h *host) greet() {
	line := "Farm " + version + " is ready: " + h.url + "/"
	if u, err := url.Parse(h.url); h.open && err == nil {
		if all := ownAddresses(u.Port()); len(all) > 0 {
			line += "  (other computers: farm work --manager " + strings.Join(all, " or ") + ")"
		}
	}
	fmt.Fprintln(h.s.out, line)
}
