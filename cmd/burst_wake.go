package cmd

import (
	"context"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/burst"
)

// newBurstWake returns the command that wakes computers as the farm needs them.
func newBurstWake(s *session) *cobra.Command {
	var o burstOptions
	engine := &burst.Wake{}
	c := &cobra.Command{
		Use:   "wake",
		Short: "Wake suspended computers as the farm needs them",
		Long: `Wake suspended computers over the network as the farm needs them.

It wakes the computers whose workers have the key wake, and that have signed off.
They suspend themselves again after suspend_after. Magic packets reach one network
only: run it in that of the computers.`,
		Example: "  farm burst wake --max 20\n  farm burst wake --broadcast 192.168.7.255:9",
		Args:    args(),
		RunE: func(c *cobra.Command, _ []string) error {
			return runBurstWake(c.Context(), s, &o, engine)
		},
	}
	o.flags(c)
	c.Flags().StringSliceVar(&engine.Addresses, "broadcast", []string{"255.255.255.255:9"}, "comma-separated `addresses` that magic packets are sent to")
	s.logFlags(c)
	return c
}

// runBurstWake wakes computers until Ctrl-C.
func runBurstWake(ctx context.Context, s *session, o *burstOptions, engine *burst.Wake) error {
	if err := s.startLog(); err != nil {
		return err
	}
	client, err := s.client(ctx)
	if err != nil {
		return err
	}
	engine.Sleepers = func(ctx context.Context) ([]burst.Sleeper, error) { return sleepers(ctx, client) }
	return o.run(ctx, s, engine, client)
}

// sleepers returns the farm's workers that can be waked.
func sleepers(ctx context.Context, client *api.Client) (list []burst.Sleeper, err error) {
	workers, err := client.FetchWorkersAtWork(ctx)
	if err != nil {
		return nil, err
	}
	for _, w := range workers.Workers {
		if w.Facts == nil || w.Facts.Wake == "" || w.Unapproved {
			continue
		}
		status, _ := farm.ParseWorkerStatus(w.Status)
		list = append(list, burst.Sleeper{Name: w.Name, MAC: w.Facts.Wake,
			Present: status == farm.WorkerAwake || status == farm.WorkerStarting,
			Absent:  status == farm.WorkerOffline || status == farm.WorkerError})
	}
	return list, nil
}
