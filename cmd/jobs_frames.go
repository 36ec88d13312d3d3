package cmd

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// jobsFramesOptions choose the frames to list.
type jobsFramesOptions struct {
	status  []string // none: any
	slowest int      // only so many, the slowest first; 0: all by number
}

// What --status takes besides the statuses of tasks.
const (
	framesWarned = "warning" // somebody should look at it
	framesOld    = "old"     // made from an older .blend
)

// newJobsFrames returns the command that lists the frames of a job.
func newJobsFrames(s *session) *cobra.Command {
	var o jobsFramesOptions
	c := &cobra.Command{
		Use:   "frames JOB",
		Short: "List the frames of a job: state, time, worker, file",
		Long: `List the frames of a job with their state, how long they took, who rendered them, their
files, and what should be looked at: frames of one color, frames that were rendered from
an older .blend than there is now, frames that were there already, and what people wrote
about them on the web page.

It needs job types that tell which frames a task renders, as Farm's own do, and times
need workers of Farm. With --json it prints an array of frames as
GET /api/farm/jobs/{id}/frames has them.`,
		Example: `  farm jobs frames 1f2e3d4c --slowest 10
  farm jobs frames 1f2e3d4c --status warning,old
  farm jobs frames 1f2e3d4c --json | jq -r '.[] | select(.old) | .frame'`,
		Args:              args("JOB"),
		ValidArgsFunction: s.completeJobs,
		RunE: func(c *cobra.Command, given []string) error {
			return runJobsFrames(c.Context(), s, given[0], o)
		},
	}
	c.Flags().StringSliceVar(&o.status, "status", nil, "only frames in one of these `statuses`: "+strings.Join(frameStatuses(), ", "))
	c.Flags().IntVar(&o.slowest, "slowest", 0, "only the slowest `N`")
	completeFlag(c, "status", func(_ *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		var words []cobra.Completion
		for _, name := range frameStatuses() {
			words = append(words, begun[:strings.LastIndex(begun, ",")+1]+name)
		}
		return words, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	})
	s.jsonFlag(c)
	return c
}

// frameStatuses are what --status takes.
func frameStatuses() (names []string) {
	for i := range farm.TaskStatuses + 1 { // paused is shown, and not stored
		names = append(names, farm.TaskStatus(i).String())
	}
	return append(names, framesWarned, framesOld)
}

// runJobsFrames prints the frames in their order.
func runJobsFrames(ctx context.Context, s *session, name string, o jobsFramesOptions) error {
	for _, status := range o.status {
		if !slices.Contains(frameStatuses(), status) {
			return usageErrorf("--status %q is not a status of frames; use one of %s", status, strings.Join(frameStatuses(), ", "))
		}
	}
	if o.slowest < 0 {
		return usageErrorf("--slowest %d: use a number from 1", o.slowest)
	}
	client, err := s.client(ctx)
	if err != nil {
		return err
	}
	id, err := findJob(ctx, client, name)
	if err != nil {
		return err
	}
	all := 0
	shown := []api.JobFrame{}
	// A job may have a million frames: the manager tells them page by page, in the order of tasks.
	for after := 0; ; {
		page, err := client.FetchJobFrames(ctx, id, after)
		if err != nil {
			return err
		}
		for _, f := range page.Frames {
			if all++; o.shows(&f) {
				shown = append(shown, f)
			}
		}
		if after = page.Next; after == 0 {
			break
		}
	}
	// Tasks may be in another order than their frames, as with order "coarse to fine".
	if slices.SortStableFunc(shown, func(a, b api.JobFrame) int { return cmp.Compare(a.Frame, b.Frame) }); o.slowest > 0 {
		slices.SortStableFunc(shown, func(a, b api.JobFrame) int { return cmp.Compare(b.Result.Wall, a.Result.Wall) })
		shown = shown[:min(o.slowest, len(shown))]
	}
	if s.json {
		return s.printJSON(shown)
	}
	switch {
	case all == 0:
		fmt.Fprintln(s.errOut, "Which frames this job renders cannot be told: its job type does not say it in the way of Farm's own.")
	case len(shown) == 0:
		fmt.Fprintln(s.errOut, "No frame is like that.")
	}
	return s.frameTable(shown).print()
}

// frameTable lists frames. Energy and price have columns only where somebody told them.
func (s *session) frameTable(shown []api.JobFrame) *table {
	heads := []string{"frame", "status", "took", "memory", "device", "worker", "task", "file", "notes"}
	used := slices.ContainsFunc(shown, func(f api.JobFrame) bool { return f.Result != nil && f.Result.Energy > 0 })
	priced := slices.ContainsFunc(shown, func(f api.JobFrame) bool { return f.Price > 0 })
	const behind = 5 // the device
	if priced {
		heads = slices.Insert(heads, behind, "cost")
	}
	if used {
		heads = slices.Insert(heads, behind, "energy")
	}
	t := s.table(heads...)
	for i := range shown {
		f := &shown[i]
		took, memory, device := frameCost(f.Result)
		row := []any{f.Frame, status(f.Status), took, memory, device, workerName(f.Worker), f.Task, cmp.Or(f.File, "-"), cell{cmp.Or(notes(f), "-"), yellow}}
		if priced {
			cost := "-"
			if f.Price > 0 {
				cost = money(f.Price)
			}
			row = slices.Insert(row, behind, any(cost))
		}
		if used {
			row = slices.Insert(row, behind, any(frameEnergy(f.Result)))
		}
		t.row(row...)
	}
	return t
}

// frameEnergy says how much energy a frame took, "-" if that is not known.
func frameEnergy(r *farm.FrameResult) string {
	if r == nil || r.Energy == 0 {
		return "-"
	}
	return energy(float64(r.Energy)/3.6e6, 0) // of joules
}

// frameCost says what a frame took, the memory of the graphics card behind that of the
// computer; "-" stands for what is not known.
func frameCost(r *farm.FrameResult) (took, memory, device string) {
	took, memory, device = "-", "-", "-"
	if r == nil || r.Flags&farm.FrameWasThere != 0 {
		return took, memory, device
	}
	// Wall is in milliseconds, memory in KiB; see farm.FrameResult.
	took = seconds(time.Duration(r.Wall) * time.Millisecond)
	if r.Memory > 0 {
		memory = farm.Size(r.Memory << 10).String()
	}
	if r.GPUMemory > 0 {
		memory += " + " + farm.Size(r.GPUMemory<<10).String()
	}
	if r.Device != "" {
		device = deviceName(r.Device)
	}
	return took, memory, device
}

// shows reports whether the frame is one of those that were asked for.
func (o *jobsFramesOptions) shows(f *api.JobFrame) bool {
	// Nobody knows how long it took.
	if o.slowest > 0 && f.Result == nil {
		return false
	}
	return len(o.status) == 0 || slices.ContainsFunc(o.status, func(status string) bool {
		switch status {
		case framesOld:
			return f.Old
		case framesWarned:
			return f.Warns
		}
		return status == f.Status
	})
}

// notes say what should be known of a frame.
func notes(f *api.JobFrame) string {
	var all []string
	if f.Result != nil {
		all = f.Result.Flags.Meanings()
		if f.Warns && f.Result.Flags&farm.FrameFlat != 0 && !f.Result.Flags.Warns() {
			all = append(all, "unlike its neighbours")
		}
	}
	if f.Old {
		all = append(all, "older than the .blend")
	}
	for _, c := range f.Comments {
		all = append(all, commented(c))
	}
	return strings.Join(all, ", ")
}

// commented is a comment in a line.
func commented(c farm.Comment) string {
	text := strconv.Quote(strings.Join(strings.Fields(c.Text), " "))
	if c.Tag != "" {
		text = c.Tag + ": " + text
	}
	return text
}

// seconds writes how long a frame took.
func seconds(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.2fs", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return d.Round(time.Second).String()
}
