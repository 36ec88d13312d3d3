package cmd

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/burst"
)

// newBurst returns the commands that start workers as the farm needs them.
func newBurst(s *session) *cobra.Command {
	c := group(&cobra.Command{
		Use:   "burst",
		Short: "Start workers elsewhere as the farm needs them",
		Long: `Start workers on a cluster or in a cloud as the farm needs them.

It runs until Ctrl-C, and keeps nothing that matters: started again, it finds what
it started by its name. It never ends a worker that runs. Workers end by
themselves when they had no task for a while, or when their time is up.`,
	})
	c.AddCommand(newBurstSlurm(s), newBurstExec(s), newBurstWake(s))
	return c
}

// A burstOptions is what the commands have in common.
type burstOptions struct {
	scaling farm.Scaling
	every   time.Duration
	name    string
	dryRun  bool
}

func (o *burstOptions) flags(c *cobra.Command) {
	o.scaling.Idle = farm.DefaultIdle
	flags := c.Flags()
	flags.StringVar(&o.name, "name", "burst", "what its workers are called by: another `name` for each that runs at a time")
	flags.IntVar(&o.scaling.Max, "max", 10, "never more workers of its own than so many")
	flags.IntVar(&o.scaling.Min, "min", 0, "so many workers are wanted also when there is no work")
	flags.IntVar(&o.scaling.ScaleOut, "scale-out", 0, "never more than so many at a time above those that there are; 0 is no limit")
	flags.IntVar(&o.scaling.StandBy, "stand-by", 0, "so many are wanted besides those that have or get work")
	flags.DurationVar((*time.Duration)(&o.scaling.Idle), "idle", time.Duration(o.scaling.Idle), "a worker ends after so long without a task")
	flags.DurationVar(&o.every, "every", 15*time.Second, "how often it looks")
}

// leastEvery keeps it from asking without a pause.
const leastEvery = time.Second

// run looks after the workers of an engine until Ctrl-C.
func (o *burstOptions) run(ctx context.Context, s *session, engine burst.Engine, client *api.Client) error {
	if o.every < leastEvery {
		return usageErrorf("--every is %s: it has to be %s or more", o.every, leastEvery)
	}
	s.log.Info("looking after workers", "name", o.name, "most", o.scaling.Max)
	return burst.Run(ctx, burst.Options{Engine: engine, Scaling: o.scaling, Every: o.every, Log: s.log,
		Demand: func(ctx context.Context, scaling farm.Scaling) (api.Demand, error) {
			return fetchDemand(ctx, client, scaling)
		}})
}

// newBurstSlurm returns the command that has workers on a Slurm cluster.
func newBurstSlurm(s *session) *cobra.Command {
	var o burstOptions
	slurm := burst.Slurm{}
	program, managerAt := "", ""
	c := &cobra.Command{
		Use:   "slurm",
		Short: "Have workers on a Slurm cluster",
		Long: `Have workers on a Slurm cluster: array jobs, as many as the farm needs.

It runs where sbatch, squeue and scancel do. A worker takes no frame that would not
be done before its job's time is up. Jobs that are pending and not needed any more
are canceled. What a preempted job rendered is rendered by another one.`,
		Example: "  farm burst slurm --manager farm.lan:8080 --partition render --max 20 --time 2h\n  farm burst slurm --gres gpu:1 --dry-run",
		Args:    args(),
		RunE: func(c *cobra.Command, _ []string) error {
			slurm.Name = o.name
			return runBurstSlurm(c.Context(), s, &o, &slurm, program, managerAt)
		},
	}
	o.flags(c)
	flags := c.Flags()
	flags.DurationVar(&slurm.Time, "time", 2*time.Hour, "how long a worker may run")
	flags.StringVar(&slurm.Partition, "partition", "", "`partition` of the cluster")
	flags.StringVar(&slurm.Account, "account", "", "`account` that is charged")
	flags.StringVar(&slurm.QOS, "qos", "", "quality of service, by `name`")
	flags.StringVar(&slurm.Gres, "gres", "", "what a worker needs besides, such as `gpu:1`")
	flags.StringVar(&slurm.Memory, "mem", "", "`memory` of a worker, such as 16G")
	flags.IntVar(&slurm.CPUs, "cpus", 0, "processors of a worker; 0 is what the cluster gives")
	flags.StringVar(&slurm.Output, "output", burst.DefaultOutput, "`file` for what a worker writes, as sbatch has it")
	flags.StringArrayVar(&slurm.Options, "sbatch", nil, "a further `option` of sbatch, such as --sbatch=--constraint=avx2")
	flags.StringVar(&program, "program", "", "`file` of farm on the nodes (default: this one)")
	flags.StringVar(&managerAt, "manager-for-workers", "", "`URL` of the manager as nodes reach it (default: --manager)")
	flags.BoolVar(&o.dryRun, "dry-run", false, "print the script, and submit nothing")
	s.logFlags(c)
	return c
}

// runBurstSlurm has workers on Slurm until Ctrl-C.
func runBurstSlurm(ctx context.Context, s *session, o *burstOptions, slurm *burst.Slurm, program, managerAt string) error {
	if err := s.startLog(); err != nil {
		return err
	}
	address, fingerprint, err := s.managerAddress()
	if err != nil {
		return err
	}
	if slurm.Work, err = burstWork(o, program, managerAt, address, fingerprint); err != nil {
		return err
	}
	if err := slurm.Check(); err != nil {
		return err
	}
	if o.dryRun {
		_, err := s.out.Write([]byte(slurm.Script()))
		return err
	}
	client, err := s.client(ctx)
	if err != nil {
		return err
	}
	slurm.Secrets = joinCodes(client, o.name)
	return o.run(ctx, s, slurm, client)
}

// burstWork is how a worker is started elsewhere. The manager's own idea of its address
// may be one that only this computer knows.
func burstWork(o *burstOptions, program, managerAt, address, fingerprint string) ([]string, error) {
	if program == "" {
		self, err := os.Executable()
		if err == nil {
			self, err = filepath.EvalSymlinks(self)
		}
		if err != nil {
			return nil, errors.Join(farm.Errorf(farm.Invalid, "it is not known where this program is: name it with --program"), err)
		}
		program = self
	}
	if managerAt == "" {
		managerAt = address
	}
	work := []string{program, "work", "--manager", managerAt, "--exit-when-idle", time.Duration(o.scaling.Idle).String()}
	if fingerprint != "" {
		work = append(work, "--fingerprint", fingerprint)
	}
	return work, nil
}
