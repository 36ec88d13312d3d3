package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"renderfarm/farm/api"
)

// shownTasks is how many tasks people see of a job unless they ask for all.
const shownTasks = 50

// jobsShowOptions say how much to show of a job.
type jobsShowOptions struct {
	all bool // every task, and not the first few
}

// A shownJob is a job with its tasks: the JSON of "farm jobs show".
type shownJob struct {
	api.Job
	Tasks api.List[api.TaskSummary] `json:"tasks"`
	Audit *api.Audit                `json:"audit,omitempty"`
	Costs *api.JobCosts             `json:"costs,omitempty"`
}

// newJobsShow returns the command that shows one job.
func newJobsShow(s *session) *cobra.Command {
	var o jobsShowOptions
	c := &cobra.Command{
		Use:   "show JOB|JOB/NUMBER|TASK",
		Short: "Show a job, its tasks, and who changed what",
		Long: `Show a job, when it will be over, what its frames cost, its tasks, and the last changes that users made; or one task, and
the commands that it runs.

With --json it prints the job as GET /api/v3/jobs/{id} has it, with all its
tasks under "tasks", what GET /api/farm/jobs/{id}/audit has under "audit", and what
GET /api/farm/jobs/{id}/costs has under "costs"; or the task as GET /api/v3/tasks/{id} has it.`,
		Example:           "  farm jobs show 1f2e3d4c\n  farm jobs show 1f2e3d4c/7\n  farm jobs show 1f2e3d4c --json | jq '.tasks[] | select(.status == \"failed\")'",
		Args:              args("JOB|JOB/NUMBER|TASK"),
		ValidArgsFunction: s.completeJobs,
		RunE: func(c *cobra.Command, given []string) error {
			return runJobsShow(c.Context(), s, given[0], o)
		},
	}
	c.Flags().BoolVar(&o.all, "all", false, fmt.Sprintf("show every task and change, not just the first %d tasks and last %d changes", shownTasks, shownChanges))
	s.jsonFlag(c)
	return c
}

// runJobsShow prints the job, and its tasks page by page: there may be a million.
func runJobsShow(ctx context.Context, s *session, name string, o jobsShowOptions) error {
	client, err := s.client(ctx)
	if err != nil {
		return err
	}
	what, err := findTarget(ctx, client, name)
	if err != nil {
		return err
	}
	if what.task != "" {
		return s.showTask(ctx, client, what.task)
	}
	id := what.job
	var shown shownJob
	if shown.Job, err = client.FetchJob(ctx, id); err != nil {
		return err
	}
	if shown.Audit, err = auditOf(client.FetchJobAudit(ctx, id)); err != nil {
		return err
	}
	if shown.Costs, err = costsOf(client.FetchJobCosts(ctx, id)); err != nil {
		return err
	}
	// All are counted, but only those that are printed are kept.
	counts := map[string]int{}
	total := 0
	for t, err := range client.JobTasks(ctx, id) {
		if err != nil {
			return err
		}
		counts[t.Status]++
		total++
		if s.json || o.all || total <= shownTasks {
			shown.Tasks = append(shown.Tasks, t)
		}
	}
	if s.json {
		return s.printJSON(shown)
	}
	why, err := whyOf(client.FetchJobWhy(ctx, id))
	if err != nil {
		return err
	}
	s.printJob(&shown.Job, why, counts)
	s.printCosts(shown.Costs)
	s.printChanges(shown.Audit, o.all)
	t := s.table("task", "status", "done", "type", "worker", "name")
	for _, task := range shown.Tasks {
		t.row(task.IndexInJob, status(task.Status), progress(task.StepsCompleted, task.StepsTotal), task.TaskType, workerName(task.Worker), task.Name)
	}
	if err := t.print(); err != nil {
		return err
	}
	if more := total - len(shown.Tasks); more > 0 {
		fmt.Fprintf(s.out, "... and %d more; --all shows them\n", more)
	}
	return nil
}

// printJob prints what there is to know of a job, one value a line.
func (s *session) printJob(j *api.Job, why *api.Why, counts map[string]int) {
	var tasks []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		tasks = append(tasks, fmt.Sprintf("%d %s", counts[name], name))
	}
	s.field("job", j.Name)
	s.field("id", string(j.ID))
	s.statusField(j.Status)
	s.field("activity", j.Activity)
	s.printWhy(why)
	s.field("type", j.Type)
	s.field("priority", fmt.Sprint(j.Priority))
	s.field("done", fmt.Sprintf("%s (%d of %d steps)", progress(j.StepsCompleted, j.StepsTotal), j.StepsCompleted, j.StepsTotal))
	s.field("tasks", strings.Join(tasks, ", "))
	s.field("submitted", when(j.Created, s.now()))
	s.field("updated", when(j.Updated, s.now()))
	s.field("tag", string(j.WorkerTag))
	for _, key := range slices.Sorted(maps.Keys(j.Settings)) {
		s.field("setting", key+" = "+jsonText(j.Settings[key]))
	}
}

// jsonText writes a value of a setting on one line.
func jsonText(v any) string {
	text, err := json.Marshal(v)
	if err != nil { // there is nothing in it that JSON lacks
		return fmt.Sprint(v)
	}
	return string(text)
}

// field prints a named value, if there is one.
func (s *session) field(name, value string) {
	if value != "" {
		fmt.Fprintf(s.out, "%s %s\n", paint(fmt.Sprintf("%-12s", printable(name)), faint, s.colors(s.out)), printable(value))
	}
}

// statusField prints a status in its colour.
func (s *session) statusField(name string) {
	c := status(name)
	fmt.Fprintf(s.out, "%s %s\n", paint(fmt.Sprintf("%-12s", "status"), faint, s.colors(s.out)), paint(printable(c.text), c.color, s.colors(s.out)))
}

// when is a time in the reader's own zone, and how long ago it was.
func when(t, now time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Local().Format("2006-01-02 15:04:05") + " (" + ago(t, now) + ")"
}

// workerName is what people call a task's worker.
func workerName(w api.TaskWorker) string {
	switch {
	case w.ID == "":
		return "-"
	case w.Name == "":
		return shortID(string(w.ID)) + " (deleted)"
	}
	return w.Name
}
