package cmd

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// newWorkersShow returns the command that shows one worker.
func newWorkersShow(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:   "show WORKER",
		Short: "Show a worker",
		Long: `Show a worker, its tags, when it sleeps, and what it does or did last.

With --json it prints the worker as GET /api/v3/worker-mgt/workers/{id} has it, and under
"audit" who changed what, under "costs" how fast it renders, under "days" what it rendered
on each of the last 90 days.`,
		Example:           "  farm workers show render07",
		Args:              args("WORKER"),
		ValidArgsFunction: s.completeWorkers,
		RunE: func(c *cobra.Command, given []string) error {
			return runWorkersShow(c.Context(), s, given[0])
		},
	}
	s.jsonFlag(c)
	return c
}

// runWorkersShow prints what the manager knows of a worker. What only Farm's manager
// knows, changes, costs and reasons, is left out of that of another v3 manager.
func runWorkersShow(ctx context.Context, s *session, name string) error {
	client, err := s.client(ctx)
	if err != nil {
		return err
	}
	id, err := findWorker(ctx, client, name)
	if err != nil {
		return err
	}
	w, err := client.FetchWorker(ctx, id)
	if err != nil {
		return err
	}
	audit, err := auditOf(client.FetchWorkerAudit(ctx, id))
	if err != nil {
		return err
	}
	costs, err := costsOf(client.FetchWorkerCosts(ctx, id))
	if err != nil {
		return err
	}
	history, err := costsOf(client.FetchWorkerHistory(ctx, id))
	if err != nil {
		return err
	}
	days := daysOf(history)
	// --json has what the API has: schedule and reason have addresses of their own.
	if s.json {
		return s.printJSON(struct {
			api.Worker
			Audit *api.Audit       `json:"audit,omitempty"`
			Costs *api.WorkerCosts `json:"costs,omitempty"`
			Days  []api.WorkerDay  `json:"days,omitempty"`
		}{w, audit, costs, days})
	}
	schedule, scheduled, err := scheduleOf(ctx, client, id)
	if err != nil {
		return err
	}
	why, err := whyOf(client.FetchWorkerWhy(ctx, id))
	if err != nil {
		return err
	}
	s.printWorker(&w, why)
	if scheduled {
		s.printSchedule(&schedule)
	}
	if w.Task != nil {
		s.field("task", fmt.Sprintf("%s/%d %s, %s", shortID(string(w.Task.JobID)), w.Task.IndexInJob, w.Task.Status, w.Task.Name))
	}
	if costs != nil && costs.Job != "" {
		s.field("rendered", fmt.Sprintf("%s (%s)", workerCost(&costs.WorkerCost), costs.JobName))
	}
	s.printDays(days)
	s.printChanges(audit, false)
	return nil
}

// printWorker prints what a worker is, what it tells about itself, and its tags.
func (s *session) printWorker(w *api.Worker, why *api.Why) {
	s.field("worker", w.Name)
	s.field("id", string(w.ID))
	s.statusField(workerStatus(w.WorkerSummary))
	s.field("in use", w.InUse)
	s.field("next", nextStatus(w.StatusChange))
	s.printWhy(why)
	s.field("seen", when(w.LastSeen, s.now()))
	s.field("version", w.Version)
	s.field("address", w.IPAddress)
	s.field("platform", w.Platform)
	s.printFacts(w.Facts)
	s.printLoad(w)
	s.field("task types", strings.Join(w.SupportedTaskTypes, ", "))
	s.field("tags", tagNames(w.Tags))
}

// printFacts shows what a worker tells of its computer.
func (s *session) printFacts(f *api.WorkerFacts) {
	if f == nil {
		return
	}
	var parts []string
	for _, part := range []struct {
		known bool
		text  string
	}{
		{f.Arch != "", f.Arch},
		{f.CPUs > 0, fmt.Sprintf("%d CPUs", f.CPUs)},
		{f.Memory > 0, farm.Size(f.Memory).String() + " of memory"},
	} {
		if part.known {
			parts = append(parts, part.text)
		}
	}
	s.field("computer", strings.Join(parts, ", "))
	for _, b := range f.Blenders {
		s.field("blender", blenderLine(b))
	}
	for _, name := range slices.Sorted(maps.Keys(f.Variables)) {
		s.field("variable", "{"+name+"} = "+f.Variables[name])
	}
	s.field("can fetch", strings.Join(f.Fetchable, ", "))
	for _, found := range f.Findings {
		s.field(string(found.Level), found.What+". "+found.Fix)
	}
}

// blenderLine describes a Blender: its version, what it can render with, and where it is.
func blenderLine(b farm.WorkerBlender) string {
	text := b.Version
	for _, d := range b.Devices {
		text += ", " + d.Type
		if d.Name != "" {
			text += " " + d.Name
		}
	}
	switch {
	// It was not tried, as on a worker that takes no such tasks.
	case b.EEVEE == nil:
	case *b.EEVEE:
		text += ", EEVEE"
	default:
		text += ", no EEVEE"
	}
	return text + ": " + b.Path
}

// tagNames lists tags for people.
func tagNames(tags []api.WorkerTag) string {
	names := make([]string, len(tags))
	for i, t := range tags {
		names[i] = t.Name
	}
	return strings.Join(names, ", ")
}
