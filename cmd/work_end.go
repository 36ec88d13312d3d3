package cmd

import (
	"crypto/rand"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"renderfarm/farm/worker"
)

// A workEnd is when a worker ends by itself.
type workEnd struct {
	idle      time.Duration // after so long without a task; 0: never
	until     string        // at that time; "": never
	left      time.Duration // after so long; 0: never
	temporary bool          // and does not come back
}

func (e *workEnd) flags(c *cobra.Command) {
	flags := c.Flags()
	flags.DurationVar(&e.idle, "exit-when-idle", 0, "end after so long without a task, such as 5m")
	flags.StringVar(&e.until, "until", "", "end by this `time`: 02:00, 2026-12-24T18:00:00Z, or @SECONDS since 1970")
	flags.DurationVar(&e.left, "time-left", 0, "end after so long, such as 1h50m")
	flags.BoolVar(&e.temporary, "temporary", false, "do not come back: use a home of its own, and be deleted from the farm at the end")
	c.MarkFlagsMutuallyExclusive("until", "time-left")
}

// set adds the end to a worker's options.
func (e *workEnd) set(o *worker.Options, now time.Time) error {
	o.ExitWhenIdle, o.Temporary = e.idle, e.temporary
	switch {
	case e.left < 0:
		return usageErrorf("--time-left is %s: a duration cannot be negative", e.left)
	case e.left > 0:
		o.Ends = now.Add(e.left)
	case e.until != "":
		at, err := parseUntil(e.until, now)
		if err != nil {
			return err
		}
		o.Ends = at
	}
	return nil
}

// parseUntil reads a time of the day, which is the next one of that kind, or a moment.
func parseUntil(text string, now time.Time) (time.Time, error) {
	if at, err := time.ParseInLocation("15:04", text, now.Location()); err == nil {
		next := time.Date(now.Year(), now.Month(), now.Day(), at.Hour(), at.Minute(), 0, 0, now.Location())
		if !next.After(now) {
			next = next.AddDate(0, 0, 1)
		}
		return next, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	if seconds, ok := strings.CutPrefix(text, "@"); ok {
		if n, err := strconv.ParseInt(seconds, 10, 64); err == nil && n > 0 && n < 1<<40 {
			return time.Unix(n, 0), nil
		}
	}
	return time.Time{}, usageErrorf("--until is %q: it has to be a time like 02:00, one like 2026-12-24T18:00:00Z, or @SECONDS since 1970", text)
}

// place gives a worker that does not come back a folder of its own, of which nothing is
// kept. What it returns removes that.
func (e *workEnd) place(o *worker.Options) (tidy func(), err error) {
	if !e.temporary {
		return func() {}, nil
	}
	if o.Dir, err = os.MkdirTemp("", "farm-worker-"); err != nil {
		return nil, fmt.Errorf("make a folder for this worker: %w", err)
	}
	o.SignedOn = nil // nothing is remembered for a next time
	return func() { os.RemoveAll(o.Dir) }, nil
}

// join returns the join code that is kept in the home; that of a worker that does not come
// back is not.
func (e *workEnd) join(given string) string {
	if e.temporary {
		return ""
	}
	return given
}

// joinCode returns the join code with which the worker registers, kept or as it was given. A
// worker that does not come back uses one of its own, whatever others of its home did.
func (e *workEnd) joinCode(given, kept string) (string, error) {
	if !e.temporary || given == "" {
		return kept, nil
	}
	link, err := parseJoinLink(given)
	if err != nil {
		return "", err
	}
	return link.code + " " + rand.Text(), nil
}
