package cmd

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// newDemand returns the command that says what waits for workers.
func newDemand(s *session) *cobra.Command {
	scaling := farm.Scaling{Idle: farm.DefaultIdle}
	c := &cobra.Command{
		Use:   "demand",
		Short: "Say what waits for workers, and how many there should be",
		Long: `Say what waits for workers, by kind of work, and how many workers there should be.

A worker is in every line that it could work for. Times are what one worker is
expected to need, by the frames that were measured; where there are none yet, a
minute for each frame, and the line ends with a question mark. With --json it
prints what GET /api/farm/demand answers.`,
		Example: "  farm demand\n  farm demand --max-workers 20 --stand-by 2\n  farm demand --json | jq .workers_missing",
		Args:    args(),
		RunE: func(c *cobra.Command, _ []string) error {
			return runDemand(c.Context(), s, scaling)
		},
	}
	scalingFlags(c, &scaling)
	s.jsonFlag(c)
	return c
}

// scalingFlags are the flags that say how many workers are wanted.
func scalingFlags(c *cobra.Command, to *farm.Scaling) {
	flags := c.Flags()
	flags.IntVar(&to.Min, "min-workers", 0, "so many are wanted also when there is no work")
	flags.IntVar(&to.Max, "max-workers", 0, "never more than so many; 0 is no limit")
	flags.IntVar(&to.ScaleOut, "scale-out", 0, "never more than so many at a time above those that there are; 0 is no limit")
	flags.DurationVar((*time.Duration)(&to.Idle), "idle", time.Duration(to.Idle), "how long a worker is wanted after its last task")
	flags.IntVar(&to.StandBy, "stand-by", 0, "so many are wanted besides those that have or get work")
}

// runDemand prints the demand.
func runDemand(ctx context.Context, s *session, scaling farm.Scaling) error {
	if err := scaling.Check(); err != nil {
		return err
	}
	client, err := s.client(ctx)
	if err != nil {
		return err
	}
	d, err := fetchDemand(ctx, client, scaling)
	if err != nil {
		return err
	}
	if s.json {
		return s.printJSON(d)
	}
	t := s.table("type", "tag", "blender", "gpu", "memory", "tasks", "time", "longest", "idle", "busy", "asleep", "wanted")
	for _, c := range d.Classes {
		memory := "-"
		if c.Memory > 0 {
			memory = farm.Size(c.Memory).String()
		}
		gpu := "-"
		if c.GPU {
			gpu = "yes"
		}
		guess := ""
		if c.Guessed > 0 {
			guess = "?"
		}
		t.row(c.TaskType, dash(c.Tag), dash(c.Blender), gpu, memory, c.Tasks, forSeconds(c.Seconds)+guess, forSeconds(c.Longest)+guess, c.Idle, c.Busy, c.Asleep, c.Recommended)
	}
	if err := t.print(); err != nil {
		return err
	}
	if len(d.Classes) == 0 {
		fmt.Fprintln(s.errOut, "No task waits for a worker.")
	}
	fmt.Fprintf(s.errOut, "%s wanted: %d busy, %d idle, %d missing.\n", farm.Count(d.Recommended, "worker"), d.Busy, d.Idle, d.Missing)
	return nil
}

// fetchDemand asks the manager. Only a Farm manager knows.
func fetchDemand(ctx context.Context, client *api.Client, scaling farm.Scaling) (api.Demand, error) {
	d, err := client.FetchDemand(ctx, scaling)
	if foreign(err) {
		return d, farm.Errorf(farm.Invalid, "this manager is not Farm, and cannot say how many workers it needs")
	}
	return d, err
}

// forSeconds writes a time of work.
func forSeconds(s float64) string {
	return seconds(time.Duration(min(s, 1e9) * float64(time.Second)))
}
