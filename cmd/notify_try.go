package cmd

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// newNotifyTest returns the command that sends a message to see whether it arrives.
func newNotifyTest(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:   "test [WAY]",
		Short: "Send a message to see whether it arrives",
		Long: `Have the manager send a message this way, or all ways, and say what came of it. WAY is
one that "farm notify list" names, or what a job may name. Exit status 1 if one could not be sent.`,
		Example: "  farm notify test\n  farm notify test chat",
		Args:    args("[WAY]"),
		RunE: func(c *cobra.Command, given []string) error {
			way := ""
			if len(given) > 0 {
				way = given[0]
			}
			return runNotifyTest(c.Context(), s, way)
		},
	}
	s.jsonFlag(c)
	return c
}

func runNotifyTest(ctx context.Context, s *session, way string) error {
	client, err := s.client(ctx)
	if err != nil {
		return err
	}
	answer, err := client.TestNotifications(ctx, api.NotificationTest{Way: way})
	if err != nil {
		return err
	}
	failed := 0
	for _, r := range answer.Results {
		if !r.OK {
			failed++
		}
	}
	if s.json {
		err = s.printJSON(answer.Results)
	} else {
		t := s.table("way", "result")
		for _, r := range answer.Results {
			text := "sent"
			if !r.OK {
				text = "failed: " + r.Error
			}
			t.row(r.Way, text)
		}
		err = t.print()
	}
	if err == nil && failed > 0 {
		err = &statusError{exitFailed, fmt.Sprintf("%s could not be sent", farm.Count(failed, "message"))}
	}
	return err
}
