package cmd

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"renderfarm/addon"
	"renderfarm/farm/worker"
)

// newWork returns the command that is a worker.
func newWork(s *session) *cobra.Command {
	var end workEnd
	join := ""
	c := &cobra.Command{
		Use:   "work",
		Short: "Run a worker",
		Long: `Run a worker: it takes tasks from the manager, runs them, and reports.

Without --manager it works for the manager it worked for before, else for the
one that it finds in the network.

Ctrl-C stops it cleanly: its task is given back. A second one stops it at once.
While the manager is away it goes on, and keeps its results until the manager
is back. Several workers on one computer need a --home of their own each.

A worker with --until or --time-left takes no frame that would not be done by
then, as far as the job's frames were measured, and gives back what is not.

It ends with status 0 when a user shuts it down or its time is up, and with the restart exit code
when a user asks for a restart.`,
		Example: "  farm work\n  farm work --manager farm.local:8080\n  farm work --manager farm.local --name render07 --task-types blender,ffmpeg",
		Args:    args(),
		RunE: func(c *cobra.Command, _ []string) error {
			return runWork(c.Context(), s, cmp.Or(join, s.getenv(joinVariable)), end)
		},
	}
	c.Flags().StringVar(&join, "join", "", "join `code` or link, with which a new worker needs neither the farm key nor approval ["+joinVariable+"]")
	s.keyFlags(c, working)
	end.flags(c)
	s.logFlags(c)
	c.AddCommand(newWorkStatus(s), newWorkPause(s), newWorkResume(s))
	return c
}

// runWork runs a worker until a signal, or until the manager asks for its end. Its
// error decides the exit status: none after a signal or when a user shut the worker
// down, restart_exit_code when a user asked for a restart (the service manager then
// starts it again), and exitInUse when another worker has the home folder.
func runWork(ctx context.Context, s *session, join string, end workEnd) error {
	if err := s.startLog(); err != nil {
		return err
	}
	if err := prepareHome(s.home); err != nil {
		return err
	}
	c, err := s.config()
	if err != nil {
		return err
	}
	m, err := s.managerForWork(ctx, c, end.join(join))
	if err != nil {
		return err
	}
	if m.JoinCode, err = end.joinCode(join, m.JoinCode); err != nil {
		return err
	}
	o := s.workerOptions(c, m.URL, m.Fingerprint, c.RestartExitCode)
	o.JoinCode = m.JoinCode
	o.SignedOn = func(id string) { s.remember(knownManager{URL: m.URL, Fingerprint: m.Fingerprint, FarmID: id}) }
	if err := end.set(&o, s.now()); err != nil {
		return err
	}
	s.forUpdates(c, end, &o)
	ctx, ended := s.onTrial(ctx, &o)
	defer ended()
	tidy, err := end.place(&o)
	if err != nil {
		return err
	}
	defer tidy()
	suspends := c.SuspendAfter > 0 && end == workEnd{}
	if suspends {
		o.ExitWhenIdle = time.Duration(c.SuspendAfter)
	}
	for {
		slots, err := gpuSlots(ctx, o, c.GPUs)
		if err != nil {
			return err
		}
		err = s.runSlots(ctx, slots, !end.temporary)
		switch {
		case errors.Is(err, worker.ErrRestart):
			return &statusError{status: c.RestartExitCode}
		case errors.Is(err, worker.ErrUpdate):
			if err := s.update(ctx, c, o.Program); err != nil {
				return err
			}
			o.UpdateTrouble = updateFailed
		case err != nil || !suspends || !allIdle(slots) || !s.suspend(ctx, c):
			return inUse(err)
		}
	}
}

// workerOptions returns the options of a worker for the manager at the address. restart
// is the status with which the program ends to be started again; 0 says that nothing
// would start it, and the manager does not offer a restart. Keys that are true to do
// something become options whose zero value does it.
func (s *session) workerOptions(c *settled, address, fingerprint string, restart int) worker.Options {
	variables, _ := c.ownVariables() // which were checked
	o := worker.Options{
		Manager:         address,
		Fingerprint:     fingerprint,
		Key:             s.farmKey,
		Name:            c.WorkerName,
		TaskTypes:       c.TaskTypes,
		Dir:             filepath.Join(s.home, "worker"),
		Home:            s.home,
		Version:         version,
		RestartExitCode: restart,
		NoChecks:        !c.WorkerChecks,
		Blenders:        c.Blenders,
		FindBlenders:    c.FindBlenders,
		StalledAfter:    time.Duration(c.StalledAfter),
		MaxTime:         time.Duration(c.MaxTime),
		FileMode:        c.fileMode(),
		NoWarm:          !c.WarmBlender,
		Storage:         c.Storage,
		MirrorQuota:     int64(c.MirrorQuota),
		MirrorRate:      int64(c.MirrorRate),
		MirrorLines:     c.MirrorLines,
		Watts:           float64(c.Watts),
		Wake:            c.Wake,
		Scripts:         addon.Pack(),
		Variables:       variables,
		GPURule:         c.GPURule,
		Log:             s.log,
	}
	s.forOwner(c, &o)
	return o
}
