package cmd

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// newJobsWhy returns the command that says why a job or a task does not run.
func newJobsWhy(s *session) *cobra.Command {
	worker := ""
	c := &cobra.Command{
		Use:   "why JOB [NUMBER]",
		Short: "Say why a job or a task does not run",
		Long: `Say why a job, or one of its tasks, does not run, and what can be done about it.

The answer is the scheduler's own. With --json it is printed as GET
/api/farm/jobs/{id}/why has it.`,
		Example: "  farm jobs why 1f2e3d4c\n  farm jobs why 1f2e3d4c 7\n  farm jobs why 1f2e3d4c/7 --worker render07",
		Args: func(c *cobra.Command, given []string) error {
			if len(given) == 2 { // JOB NUMBER is the same as JOB/NUMBER
				given = given[:1]
			}
			return args("JOB")(c, given)
		},
		ValidArgsFunction: s.completeJobs,
		RunE: func(c *cobra.Command, given []string) error {
			return runJobsWhy(c.Context(), s, strings.Join(given, "/"), worker)
		},
	}
	c.Flags().StringVar(&worker, "worker", "", "say why this `worker` in particular does not get the task")
	s.jsonFlag(c)
	completeFlag(c, "worker", s.completeWorkers)
	return c
}

// runJobsWhy asks the manager about a job, a task, or a task and a worker.
func runJobsWhy(ctx context.Context, s *session, name, worker string) error {
	client, err := s.client(ctx)
	if err != nil {
		return err
	}
	// A job, or a task by its number or its id.
	what, err := findTarget(ctx, client, name)
	if err != nil {
		return err
	}
	var by farm.WorkerID
	if worker != "" {
		if what.task == "" {
			return usageErrorf("--worker needs a task: JOB/NUMBER")
		}
		if by, err = findWorker(ctx, client, worker); err != nil {
			return err
		}
	}
	var why api.Why
	if what.task == "" {
		why, err = client.FetchJobWhy(ctx, what.job)
	} else {
		why, err = client.FetchTaskWhy(ctx, what.task, by)
	}
	return s.answerWhy(why, err)
}

// newWorkersWhy returns the command that says why a worker has no task.
func newWorkersWhy(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:   "why WORKER",
		Short: "Say why a worker has no task",
		Long: `Say why a worker has no task, and what can be done about it.

The answer is the scheduler's own. With --json it is printed as GET
/api/farm/workers/{id}/why has it.`,
		Example:           "  farm workers why render07",
		Args:              args("WORKER"),
		ValidArgsFunction: s.completeWorkers,
		RunE: func(c *cobra.Command, given []string) error {
			return s.forEachWorker(c.Context(), given, func(client *api.Client, id farm.WorkerID) error {
				why, err := client.FetchWorkerWhy(c.Context(), id)
				return s.answerWhy(why, err)
			})
		},
	}
	s.jsonFlag(c)
	return c
}

// answerWhy prints what the manager says. Only a Farm manager knows why.
func (s *session) answerWhy(why api.Why, err error) error {
	if foreign(err) {
		return farm.Errorf(farm.Invalid, "this manager is not Farm, and cannot say why: look at its own web page")
	}
	if err != nil {
		return err
	}
	if s.json {
		return s.printJSON(why)
	}
	s.printWhy(&why)
	return nil
}

// whyOf returns why something does not run; of what does, warnings if there are any.
// It is nil if there is nothing to say, or if the manager is
// one that does not say.
func whyOf(why api.Why, err error) (*api.Why, error) {
	switch {
	// It answered, but not with reasons: another v3 manager, or the job is gone by now.
	case api.StatusOf(err) != 0:
		return nil, nil
	case err != nil:
		return nil, err
	case why.Running && len(why.Warnings) == 0:
		return nil, nil
	// What runs needs no reason, but people should know what will stop it.
	case why.Running:
		return &api.Why{Next: why.Next, Warnings: why.Warnings}, nil
	}
	return &why, nil
}

// printWhy prints the reason, what to do, and what else there is to know.
func (s *session) printWhy(why *api.Why) {
	if why == nil {
		return
	}
	s.field("why", why.Reason)
	s.field("to do", why.Next)
	for _, d := range why.Details {
		s.field("also", d)
	}
	for _, w := range why.Warnings {
		s.field("warning", w)
	}
}
