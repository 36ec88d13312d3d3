package cmd

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// A jobVerb is a command that asks the manager for a status of jobs, or of
// some of their tasks. The protocol lets clients "set" statuses; what they
// mean is a wish.
type jobVerb struct {
	name  string
	job   farm.JobStatus
	task  string // status to ask for of a task; "": the verb is for whole jobs
	short string
	long  string
}

// jobVerbs is the table of what can be asked of jobs.
func jobVerbs() []jobVerb {
	return []jobVerb{
		{"cancel", farm.JobCancelRequested, farm.TaskCanceled.String(), "Stop jobs or tasks",
			"Stop jobs, or single tasks. Workers drop what they are doing for them; what is done stays done. \"farm jobs requeue\" takes it back."},
		{"pause", farm.JobPauseRequested, "", "Hand out no more tasks of jobs",
			"Hand out no more tasks of jobs. Workers finish what they have. \"farm jobs resume\" goes on."},
		{"resume", farm.JobQueued, "", "Go on with paused jobs", "Go on with paused jobs."},
		{"requeue", farm.JobRequeueing, farm.TaskQueued.String(), "Do jobs or tasks again",
			"Do again what did not complete of jobs; everything, if all of it did. With --failed, only what failed, and what was canceled because " +
				"of that. A single task is done again whatever its status, and what needs it follows.\n\n" +
				"A job of very many tasks is requeueing for a moment, and hands out nothing until all of them are queued."},
	}
}

// newJobsVerb returns the command of one row.
func newJobsVerb(s *session, v jobVerb) *cobra.Command {
	what := "JOB"
	example := fmt.Sprintf("  farm jobs %s 1f2e3d4c", v.name)
	if v.task != "" {
		what = "JOB|JOB/NUMBER"
		example += fmt.Sprintf("\n  farm jobs %s 1f2e3d4c/7", v.name)
	}
	var failed bool
	if v.job == farm.JobRequeueing {
		example += "\n  farm jobs requeue --failed 1f2e3d4c"
	}
	c := &cobra.Command{
		Use:               v.name + " " + what + "...",
		Short:             v.short,
		Long:              v.long,
		Example:           example,
		Args:              args(what + "..."),
		ValidArgsFunction: s.completeJobs,
		RunE: func(c *cobra.Command, given []string) error {
			return runJobsVerb(c.Context(), s, v, given, failed)
		},
	}
	if v.job == farm.JobRequeueing {
		c.Flags().BoolVar(&failed, "failed", false, "only what failed, and what was canceled because of that")
	}
	return c
}

// reason is what the manager notes about changes made here.
const reason = "requested on the command line"

// runJobsVerb asks for each job or task named, and says what became of it. failed
// asks only for what failed of a job.
func runJobsVerb(ctx context.Context, s *session, v jobVerb, names []string, failed bool) error {
	client, err := s.client(ctx)
	if err != nil {
		return err
	}
	// In the order of the arguments; the first that fails ends the command, and those before it
	// stay changed.
	for _, name := range names {
		t, err := findTarget(ctx, client, name)
		if err != nil {
			return err
		}
		switch {
		case t.task == "":
			err = s.changeJob(ctx, client, t.job, v, failed)
		case failed:
			err = usageErrorf("--failed is about whole jobs, and %q is a task: name the job, or leave --failed out", name)
		case v.task == "":
			err = usageErrorf("only whole jobs can be %sd, and %q is a task", v.name, name)
		default:
			err = s.changeTask(ctx, client, t.task, v)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// changeJob asks for a whole job.
func (s *session) changeJob(ctx context.Context, client *api.Client, id farm.JobID, v jobVerb, failed bool) (err error) {
	if failed {
		err = client.RequeueJob(ctx, id, api.JobRequeue{Tasks: api.RequeueFailed, Reason: reason})
	} else {
		err = client.SetJobStatus(ctx, id, api.JobStatusChange{Status: v.job.String(), Reason: reason})
	}
	if err != nil {
		return err
	}
	// The status that was asked for may not be the one it has: pausing lasts until its tasks end.
	return s.sayJob(ctx, client, id)
}

// sayJob says where a job stands now.
func (s *session) sayJob(ctx context.Context, client *api.Client, id farm.JobID) error {
	j, err := client.FetchJob(ctx, id)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "job %s is %s\n", shortID(string(id)), printable(j.Status))
	return err
}

// changeTask asks for one task.
func (s *session) changeTask(ctx context.Context, client *api.Client, id farm.TaskID, v jobVerb) error {
	if err := client.SetTaskStatus(ctx, id, api.TaskStatusChange{Status: v.task, Reason: reason}); err != nil {
		return err
	}
	t, err := client.FetchTask(ctx, id)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "task %s/%d is %s\n", shortID(string(t.JobID)), t.IndexInJob, printable(t.Status))
	return err
}
