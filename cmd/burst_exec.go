package cmd

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/burst"
)

// newBurstExec returns the command that has workers by programs of somebody's own.
func newBurstExec(s *session) *cobra.Command {
	var o burstOptions
	start, list, stop := "", "", ""
	c := &cobra.Command{
		Use:   "exec",
		Short: "Have workers by programs of your own",
		Long: `Have workers by programs of your own: the command line of a cloud, ssh, and so on.

--start has one computer run "farm work", and does not wait for it. --list prints a
line for each computer there is: its name, and "pending" behind it if it does not
run yet. --stop ends a computer. No shell sees them; in their arguments {name} is
the name of the computer, which $FARM_WORKER_NAME has, too, and which its worker
has to have. A computer is ended when its worker has ended.`,
		Example: "  farm burst exec --max 5 --start './vm.sh start {name}' --list './vm.sh list' --stop './vm.sh stop {name}'",
		Args:    args(),
		RunE: func(c *cobra.Command, _ []string) error {
			return runBurstExec(c.Context(), s, &o, start, list, stop)
		},
	}
	o.flags(c)
	flags := c.Flags()
	flags.StringVar(&start, "start", "", "`command` that has one computer start a worker")
	flags.StringVar(&list, "list", "", "`command` that lists the computers")
	flags.StringVar(&stop, "stop", "", "`command` that ends a computer")
	s.logFlags(c)
	return c
}

// runBurstExec has workers by programs until Ctrl-C.
func runBurstExec(ctx context.Context, s *session, o *burstOptions, start, list, stop string) error {
	if err := s.startLog(); err != nil {
		return err
	}
	engine := &burst.Programs{Name: o.name, Log: s.log}
	for _, c := range []struct {
		flag, line string
		at         *[]string
	}{{"start", start, &engine.Begin}, {"list", list, &engine.Show}, {"stop", stop, &engine.End}} {
		var err error
		if *c.at, err = farm.SplitShell(c.line); err != nil {
			return usageErrorf("--%s: %v", c.flag, err)
		}
	}
	if err := engine.Check(); err != nil {
		return err
	}
	client, err := s.client(ctx)
	if err != nil {
		return err
	}
	engine.Workers = func(ctx context.Context) (map[string]bool, error) { return presentWorkers(ctx, client, s.now()) }
	engine.Environment = joinCodes(client, o.name)
	return o.run(ctx, s, engine, client)
}

// lostFor is how long a worker has been lost that counts as gone. Before, it may be that
// only the network is away, and that it renders.
const lostFor = 15 * time.Minute

// presentWorkers returns the farm's workers by name, and whether each is there.
func presentWorkers(ctx context.Context, client *api.Client, now time.Time) (map[string]bool, error) {
	list, err := client.FetchWorkers(ctx)
	if err != nil {
		return nil, err
	}
	present := map[string]bool{}
	for _, w := range list.Workers {
		status, _ := farm.ParseWorkerStatus(w.Status)
		gone := status == farm.WorkerOffline || status == farm.WorkerError && now.Sub(w.LastSeen) > lostFor
		present[w.Name] = present[w.Name] || !gone
	}
	return present, nil
}
