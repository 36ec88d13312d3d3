package cmd

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// jobsBlocklistOptions say which blocks of a job to lift: the zero value just
// shows them.
type jobsBlocklistOptions struct {
	remove []string // WORKER or WORKER:TYPE
	clear  bool
}

// newJobsBlocklist returns the command about who is blocked in a job.
func newJobsBlocklist(s *session) *cobra.Command {
	var o jobsBlocklistOptions
	c := &cobra.Command{
		Use:   "blocklist JOB",
		Short: "Show which workers are blocked in a job, or lift blocks",
		Long: `Show which workers get no more tasks of a type from a job, because they failed
too many of them, or lift such blocks. A job that failed because nobody was
left goes on then.

Blocks end by themselves after a while, and when the job is requeued.`,
		Example:           "  farm jobs blocklist 1f2e3d4c\n  farm jobs blocklist 1f2e3d4c --remove render07\n  farm jobs blocklist 1f2e3d4c --remove render07:blender\n  farm jobs blocklist 1f2e3d4c --clear",
		Args:              args("JOB"),
		ValidArgsFunction: s.completeJobs,
		RunE: func(c *cobra.Command, given []string) error {
			if o.clear && len(o.remove) > 0 {
				return usageErrorf("--clear and --remove cannot be combined")
			}
			return runJobsBlocklist(c.Context(), s, given[0], o)
		},
	}
	c.Flags().StringSliceVar(&o.remove, "remove", nil, "lift the blocks of this `worker`, or only WORKER:TYPE")
	c.Flags().BoolVar(&o.clear, "clear", false, "lift all blocks")
	s.jsonFlag(c)
	return c
}

// runJobsBlocklist lifts what it is to, and says what is left.
func runJobsBlocklist(ctx context.Context, s *session, name string, o jobsBlocklistOptions) error {
	return s.forEachJob(ctx, []string{name}, func(client *api.Client, id farm.JobID) error {
		list, err := client.FetchJobBlocklist(ctx, id)
		if err != nil {
			return err
		}
		lift := list
		if !o.clear {
			if lift, err = blocksNamed(list, o.remove); err != nil {
				return err
			}
		}
		if len(lift) > 0 {
			if err := client.RemoveJobBlocklist(ctx, id, lift); err != nil {
				return err
			}
			if list, err = client.FetchJobBlocklist(ctx, id); err != nil {
				return err
			}
		}
		return s.printBlocklist(id, list)
	})
}

// blocksNamed returns the blocks that are meant by WORKER, for all its blocks,
// or WORKER:TYPE. A worker is named by its name, or by the beginning of its id,
// since one that was deleted has no name any more.
func blocksNamed(list api.JobBlocklist, names []string) (found api.JobBlocklist, err error) {
	for _, name := range names {
		matches := 0
		for _, b := range list {
			worker, _ := strings.CutSuffix(name, ":"+b.TaskType)
			byID := len(worker) >= 4 && strings.HasPrefix(string(b.WorkerID), strings.ToLower(worker))
			if strings.EqualFold(b.WorkerName, worker) && worker != "" || byID {
				found = append(found, b)
				matches++
			}
		}
		if matches == 0 {
			return nil, farm.Errorf(farm.NotFound, "no worker %q is blocked in this job: \"farm jobs blocklist JOB\" says who is", name)
		}
	}
	return found, nil
}

func (s *session) printBlocklist(id farm.JobID, list api.JobBlocklist) error {
	if s.json {
		return s.printJSON(list)
	}
	if len(list) == 0 {
		_, err := fmt.Fprintf(s.out, "no worker is blocked in job %s\n", shortID(string(id)))
		return err
	}
	t := s.table("worker", "id", "blocked from")
	for _, b := range list {
		t.row(dash(printable(b.WorkerName)), shortID(string(b.WorkerID)), printable(b.TaskType))
	}
	return t.print()
}
