package cmd

import (
	"context"
	"fmt"
	"strings"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// showTask prints one task of a job: how it is, why, and what it runs.
func (s *session) showTask(ctx context.Context, client *api.Client, id farm.TaskID) error {
	t, err := client.FetchTask(ctx, id)
	if err != nil {
		return err
	}
	if s.json {
		return s.printJSON(t)
	}
	why, err := whyOf(client.FetchTaskWhy(ctx, id, ""))
	if err != nil {
		return err
	}
	s.field("task", t.Name)
	s.field("id", string(t.ID))
	s.field("job", fmt.Sprintf("%s, task %d", t.JobID, t.IndexInJob))
	s.statusField(t.Status)
	s.field("activity", t.Activity)
	s.printWhy(why)
	s.field("type", t.TaskType)
	s.field("priority", fmt.Sprint(t.Priority))
	s.field("done", fmt.Sprintf("%d of %d steps", t.StepsCompleted, t.StepsTotal))
	s.field("worker", workerName(t.Worker))
	s.field("updated", when(t.Updated, s.now()))
	var failed []string
	for _, w := range t.FailedByWorkers {
		failed = append(failed, workerName(w))
	}
	s.field("failed on", strings.Join(failed, ", "))
	for _, c := range t.Commands {
		s.field("command", c.Name+" "+jsonText(c.Parameters))
	}
	_, err = fmt.Fprintf(s.errOut, "\"farm jobs log %s/%d\" shows what it wrote.\n", shortID(string(t.JobID)), t.IndexInJob)
	return err
}
