package cmd

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// newJobsLog returns the command that shows task logs.
func newJobsLog(s *session) *cobra.Command {
	var follow bool
	c := &cobra.Command{
		Use:   "log JOB|JOB/NUMBER|TASK",
		Short: "Show what tasks wrote while they ran",
		Long: `Show what a task wrote while it ran; of a job, what all its tasks wrote.

With --follow it goes on until the job is over.`,
		Example:           "  farm jobs log 1f2e3d4c/7\n  farm jobs log 1f2e3d4c --follow",
		Args:              args("JOB|JOB/NUMBER|TASK"),
		ValidArgsFunction: s.completeJobs,
		RunE: func(c *cobra.Command, given []string) error {
			return runJobsLog(c.Context(), s, given[0], follow)
		},
	}
	c.Flags().BoolVarP(&follow, "follow", "f", false, "go on until the job is over")
	return c
}

// runJobsLog copies the logs once, or again and again until the job is over.
func runJobsLog(ctx context.Context, s *session, name string, follow bool) error {
	client, err := s.client(ctx)
	if err != nil {
		return err
	}
	t, err := findTarget(ctx, client, name)
	if err != nil {
		return err
	}
	r := newLogReader(client, s.out, t)
	if !follow {
		if err := r.readNew(ctx); err != nil {
			return err
		}
		if len(r.shown) == 0 {
			fmt.Fprintln(s.errOut, "Nothing was written yet.")
		}
		return nil
	}
	for {
		// The job first: what was written before it was over is then read for certain.
		j, err := client.FetchJob(ctx, t.job)
		if err != nil {
			return err
		}
		if api.JobIsOver(j.Status) {
			clear(r.settled) // the last lines may have come after the last change
		}
		if err := r.readNew(ctx); err != nil {
			return err
		}
		if api.JobIsOver(j.Status) {
			return nil
		}
		if err := api.Sleep(ctx, pollMost); err != nil {
			return err
		}
	}
}

// A logReader copies what is new in the logs of a task or of a job's tasks.
type logReader struct {
	client *api.Client
	out    io.Writer
	target target
	shown  map[farm.TaskID]int64 // bytes of each log that were copied
	last   farm.TaskID           // whose text was copied last

	// settled says of the tasks that did not run when their logs were read how
	// they were then: there is no need to ask again until they change.
	settled map[farm.TaskID]time.Time
}

// newLogReader returns a reader that has copied nothing yet.
func newLogReader(client *api.Client, out io.Writer, t target) *logReader {
	return &logReader{client: client, out: out, target: t, shown: map[farm.TaskID]int64{}, settled: map[farm.TaskID]time.Time{}}
}

// readNew copies what the logs have grown by.
func (r *logReader) readNew(ctx context.Context) error {
	if r.target.task != "" {
		return r.read(ctx, r.target.task, "")
	}
	for t, err := range r.client.JobTasks(ctx, r.target.job) {
		if err != nil {
			return err
		}
		if t.Worker.ID == "" && t.Status == farm.TaskQueued.String() {
			continue // never started, so there is nothing to ask for
		}
		if at, ok := r.settled[t.ID]; ok && at.Equal(t.Updated) {
			continue
		}
		if err := r.read(ctx, t.ID, fmt.Sprintf("==> task %d: %s <==\n", t.IndexInJob, printable(t.Name))); err != nil {
			return err
		}
		if t.Status != farm.TaskActive.String() {
			r.settled[t.ID] = t.Updated
		}
	}
	return nil
}

// read copies what one log has grown by, below a heading if another task's
// text came before.
func (r *logReader) read(ctx context.Context, id farm.TaskID, heading string) error {
	info, ok, err := r.client.FetchTaskLogInfo(ctx, id)
	if err != nil || !ok {
		return err
	}
	from := r.shown[id]
	if info.Size < from { // the task runs again, and has a new log
		from = 0
	}
	if info.Size == from {
		return nil
	}
	body, err := openFrom(ctx, r.client, info.URL, from)
	if api.StatusOf(err) == http.StatusRequestedRangeNotSatisfiable { // likewise, a moment ago
		from = 0
		body, err = openFrom(ctx, r.client, info.URL, from)
	}
	if api.StatusOf(err) == http.StatusNotFound { // the new run has written nothing yet
		r.shown[id] = 0
		return nil
	}
	if err != nil {
		return err
	}
	defer body.Close()
	if r.last != id {
		io.WriteString(r.out, heading)
		r.last = id
	}
	n, err := io.Copy(r.out, &logText{body})
	r.shown[id] = from + n
	return err
}

// openFrom opens a file on the manager at an offset.
func openFrom(ctx context.Context, client *api.Client, path string, offset int64) (io.ReadCloser, error) {
	if offset == 0 {
		return client.Open(ctx, path)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, client.Base+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Range", "bytes="+strconv.FormatInt(offset, 10)+"-")
	res, err := client.HTTP.Do(req)
	if err != nil {
		return nil, farm.Errorf(farm.Unavailable, "cannot reach the manager at %s: %w.", client.Base, err)
	}
	switch res.StatusCode {
	case http.StatusPartialContent:
		return res.Body, nil
	case http.StatusOK: // ranges are optional in HTTP
		_, err = io.CopyN(io.Discard, res.Body, offset)
		return res.Body, err
	}
	res.Body.Close()
	return nil, &api.Error{Status: res.StatusCode}
}

// A logText reads a log without what could control the terminal, byte for
// byte: colours of programs are lost, and nothing can hide lines.
type logText struct{ r io.Reader }

// Read reads text and replaces control characters other than tabs and newlines.
func (l *logText) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	for i, b := range p[:n] {
		if b < ' ' && b != '\n' && b != '\t' && b != '\r' || b == 0x7f {
			p[i] = '?'
		}
	}
	return n, err
}
