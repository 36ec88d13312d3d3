package cmd

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

// newNotifyRecent returns the command that lists what was sent.
func newNotifyRecent(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:     "recent",
		Short:   "List what was sent lately, and what waits",
		Long:    "List what was sent lately, and what waits to be sent, the newest first.\nWith --json it prints what GET /api/farm/notifications/deliveries has.",
		Example: "  farm notify recent\n  farm notify recent --json | jq '.deliveries[] | select(.state != \"sent\")'",
		Args:    args(),
		RunE: func(c *cobra.Command, _ []string) error {
			return runNotifyRecent(c.Context(), s)
		},
	}
	s.jsonFlag(c)
	return c
}

func runNotifyRecent(ctx context.Context, s *session) error {
	client, err := s.client(ctx)
	if err != nil {
		return err
	}
	list, err := client.FetchNotificationDeliveries(ctx)
	if err != nil {
		return err
	}
	if s.json {
		return s.printJSON(list)
	}
	t := s.table("time", "way", "state", "title")
	for _, d := range list.Deliveries {
		state := d.State
		if d.Error != "" {
			state = fmt.Sprintf("%s after %d attempts: %s", d.State, d.Attempts, d.Error)
		}
		t.row(d.Time.Local().Format(time.DateTime), d.Way, state, d.Title)
	}
	return t.print()
}
