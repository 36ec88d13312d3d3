package cmd

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// workersScheduleOptions say what to do with a worker's sleep schedule: the
// zero value just shows it.
type workersScheduleOptions struct {
	window           api.SleepWindow
	given            bool // a window was
	add              bool // to those there are, instead of replacing them
	on, off, removed bool
}

// newWorkersSchedule returns the command about when workers sleep.
func newWorkersSchedule(s *session) *cobra.Command {
	var o workersScheduleOptions
	c := &cobra.Command{
		Use:   "schedule WORKER",
		Short: "Show or set when a worker sleeps",
		Long: `Show or set when a worker sleeps, every day or on some days of the week.

A window that ends before it begins ends on the next day, and --days are those
on which it begins. Times are those of the worker's own clock. A schedule applies
at once; whoever wakes the worker in between, it stays awake until the schedule
changes next.`,
		Example: `  farm workers schedule render07
  farm workers schedule render07 --from 08:00 --to 18:00 --days mo,tu,we,th,fr
  farm workers schedule render07 --add --from 22:00 --to 06:00 --days fr
  farm workers schedule render07 --off`,
		Args:              args("WORKER"),
		ValidArgsFunction: s.completeWorkers,
		RunE: func(c *cobra.Command, given []string) error {
			o.given = c.Flags().Changed("days") || c.Flags().Changed("from") || c.Flags().Changed("to")
			if err := o.check(); err != nil {
				return err
			}
			return runWorkersSchedule(c.Context(), s, given[0], o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.window.Days, "days", "", "the `days` on which it begins, such as mo,tu,we; every day without it")
	f.StringVar(&o.window.From, "from", "", "`HH:MM` when it begins; 00:00 without it")
	f.StringVar(&o.window.To, "to", "", "`HH:MM` when it ends; 24:00 without it")
	f.BoolVar(&o.add, "add", false, "add the window to those there are, instead of replacing them")
	f.BoolVar(&o.on, "on", false, "follow the schedule again")
	f.BoolVar(&o.off, "off", false, "keep the schedule, but do not follow it")
	f.BoolVar(&o.removed, "remove", false, "delete the schedule")
	s.jsonFlag(c)
	return c
}

// check finds contradictions and texts that are no days or times of day, before anything is
// asked of the manager. Its errors are of usage.
func (o *workersScheduleOptions) check() error {
	wishes := 0
	for _, wish := range []bool{o.given, o.on, o.off, o.removed} {
		if wish {
			wishes++
		}
	}
	if wishes > 1 {
		return usageErrorf("a window (--days, --from, --to), --on, --off and --remove cannot be combined")
	}
	if o.add && !o.given {
		return usageErrorf("--add needs a window: --days, --from, --to")
	}
	for _, err := range []error{parse(farm.ParseDays, o.window.Days), parse(farm.ParseTimeOfDay, o.window.From), parse(farm.ParseTimeOfDay, o.window.To)} {
		if err != nil {
			return usageErrorf("%s", err)
		}
	}
	return nil
}

// parse returns only the error of a function that reads a text.
func parse[T any](f func(string) (T, error), text string) error {
	_, err := f(text)
	return err
}

// runWorkersSchedule changes the schedule if it is to, and says what it is now.
func runWorkersSchedule(ctx context.Context, s *session, name string, o workersScheduleOptions) error {
	return s.forEachWorker(ctx, []string{name}, func(client *api.Client, id farm.WorkerID) error {
		w, err := client.FetchWorker(ctx, id)
		if err != nil {
			return err
		}
		if err := o.apply(ctx, client, id); err != nil {
			return err
		}
		schedule, has, err := client.FetchWorkerSchedule(ctx, id)
		if err != nil {
			return err
		}
		if s.json {
			if schedule.Windows == nil {
				schedule.Windows = api.List[api.SleepWindow]{}
			}
			return s.printJSON(schedule)
		}
		s.field("worker", w.Name)
		if !has {
			s.field("sleeps", "when somebody says so; it has no schedule")
			return nil
		}
		s.printSchedule(&schedule)
		return nil
	})
}

// apply does what the options say.
func (o *workersScheduleOptions) apply(ctx context.Context, client *api.Client, id farm.WorkerID) error {
	if o.removed {
		return client.RemoveWorkerSchedule(ctx, id)
	}
	if !o.given && !o.on && !o.off {
		return nil
	}
	schedule, has, err := client.FetchWorkerSchedule(ctx, id)
	if err != nil {
		return err
	}
	if !has && !o.given {
		return farm.Errorf(farm.NotFound, "the worker has no schedule: give it one with --from and --to")
	}
	// A window that is set, and --on, both mean that the schedule is to be followed.
	schedule.Active = !o.off
	if o.given && !o.add {
		schedule.Windows = nil
	}
	if o.given {
		schedule.Windows = append(schedule.Windows, o.window)
	}
	return client.SetWorkerSchedule(ctx, id, schedule)
}

// printSchedule prints a schedule, a window a line, and what it is about to do.
func (s *session) printSchedule(schedule *api.WorkerSchedule) {
	for _, w := range schedule.Windows {
		s.field("sleeps", windowText(w))
	}
	if !schedule.Active {
		s.field("schedule", `off; "farm workers schedule WORKER --on" follows it again`)
		return
	}
	clock := ""
	// Windows are of the worker's clock, and the next change is shown in the reader's.
	if zone := schedule.TimeZone; zone != "" && zone != time.Local.String() {
		clock = " (its clock: " + zone + ")"
	}
	text := "it is to be " + schedule.Wants + " all the time"
	if next := schedule.NextChange; !next.IsZero() {
		text = "it is to be " + schedule.Wants + " until " + next.Local().Format("Mon 2006-01-02 15:04")
	}
	s.field("schedule", text+clock)
}

// windowText is a window for people: "mo tu 22:00-06:00".
func windowText(w api.SleepWindow) string {
	days := cmp.Or(strings.TrimSpace(w.Days), "every day")
	return fmt.Sprintf("%s %s-%s", days, cmp.Or(w.From, "00:00"), cmp.Or(w.To, "24:00"))
}

// scheduleOf returns a worker's schedule, if it has one and the manager is one
// that tells it.
func scheduleOf(ctx context.Context, client *api.Client, id farm.WorkerID) (schedule api.WorkerSchedule, has bool, err error) {
	schedule, has, err = client.FetchWorkerSchedule(ctx, id)
	if api.StatusOf(err) != 0 {
		return schedule, false, nil
	}
	return schedule, has, err
}
