package cmd

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"renderfarm/farm/api"
)

// newNotifyList returns the command that lists ways and rules.
func newNotifyList(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List the ways to notify, and what goes which way",
		Long: `List the ways to notify, and what goes which way. A job can name the ways, except
programs, with farm submit --notify. With --json it prints what GET /api/farm/notifications has.`,
		Example: "  farm notify list\n  farm notify list --json | jq -r '.ways[].name'",
		Args:    args(),
		RunE: func(c *cobra.Command, _ []string) error {
			return runNotifyList(c.Context(), s)
		},
	}
	s.jsonFlag(c)
	return c
}

func runNotifyList(ctx context.Context, s *session) error {
	client, err := s.client(ctx)
	if err != nil {
		return err
	}
	n, err := client.FetchNotifications(ctx)
	if err != nil {
		return err
	}
	if s.json {
		return s.printJSON(n)
	}
	if len(n.Ways) == 0 {
		fmt.Fprintln(s.errOut, "Nobody is notified. Name ways and rules in notifications of farm.yaml; the page notifications of the documentation has examples.")
	}
	t := s.table("way", "kind", "to", "told of")
	for _, w := range n.Ways {
		t.row(w.Name, w.Kind, wayTarget(w), strings.Join(eventsOf(w.Name, n.Rules), ", "))
	}
	if err := t.print(); err != nil {
		return err
	}
	if allowed := slices.Concat(n.PerJob.Mail, n.PerJob.URLs); len(allowed) > 0 {
		fmt.Fprintf(s.out, "Jobs may also name: %s\n", printable(strings.Join(allowed, ", ")))
	}
	return nil
}

// wayTarget says where a way leads, as far as that is told.
func wayTarget(w api.NotificationWay) string {
	switch {
	case len(w.To) > 0:
		return strings.Join(w.To, ", ")
	case len(w.Program) > 0:
		return strings.Join(w.Program, " ")
	case w.Room != "":
		return w.Room
	}
	return w.URL
}

// eventsOf lists what a way is told of.
func eventsOf(way string, rules []api.NotificationRule) (events []string) {
	for _, r := range rules {
		if !slices.Contains(r.Ways, way) {
			continue
		}
		for _, e := range r.Events {
			if r.Jobs != "" {
				e += " (" + r.Jobs + ")"
			}
			if !slices.Contains(events, e) {
				events = append(events, e)
			}
		}
	}
	return events
}
