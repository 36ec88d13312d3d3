package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/submit"
)

// submitAnswer is what submit prints with --json.
type submitAnswer struct {
	ID      farm.JobID `json:"id"`
	Name    string     `json:"name"`
	Status  string     `json:"status"`
	Frames  string     `json:"frames,omitempty"`   // folder
	Files   int        `json:"files,omitempty"`    // how many frames are in it; 0 if it cannot be reached from here
	Video   string     `json:"video,omitempty"`    // file
	Failed  []string   `json:"failed,omitempty"`   // names of tasks
	Cause   *api.Cause `json:"cause,omitempty"`    // of the first of them, as far as its log says
	LogTail string     `json:"log_tail,omitempty"` // of the first of them
}

// watch shows the job's progress until it is over, and then says how it ended.
func (s *session) watch(ctx context.Context, client *api.Client, job api.Job) error {
	short := shortID(string(job.ID))
	fmt.Fprintf(s.errOut, "Submitted job %s (%s)\n", short, printable(job.Name))
	// Progress goes to standard error, the result to standard output: a script
	// that reads the one is not disturbed by the other.
	bar := s.progressBar()
	for v, err := range watchJob(ctx, client, job) {
		if err != nil {
			bar.end()
			if exitStatus(err) == exitInterrupted {
				fmt.Fprintf(s.errOut, "The job goes on. Wait for it again with \"farm jobs wait %s\", stop it with \"farm jobs cancel %s\"\n", short, short)
				return &statusError{exitInterrupted, ""}
			}
			return fmt.Errorf("watch job %s: %w", short, err)
		}
		job = v.job
		bar.show(v)
	}
	bar.end()
	if job.Status == farm.JobCompleted.String() {
		return s.reportResult(ctx, client, job)
	}
	return s.reportFailure(ctx, client, job)
}

// reportResult says where the frames and the video of a completed job are.
func (s *session) reportResult(ctx context.Context, client *api.Client, job api.Job) error {
	r, err := submit.FindResult(ctx, client, job)
	if err != nil {
		return err
	}
	if s.json {
		return s.printJSON(submitAnswer{ID: job.ID, Name: job.Name, Status: job.Status, Frames: r.Frames, Files: r.Files, Video: r.Video})
	}
	if r.Frames == "" && r.Video == "" {
		fmt.Fprintf(s.out, "Job %s is completed\n", shortID(string(job.ID)))
	}
	if r.Frames != "" {
		fmt.Fprintf(s.out, "Frames: %s%s\n", printable(r.Frames), reachable(r.Frames, fmt.Sprintf(" (%d files)", r.Files)))
	}
	if r.Video != "" {
		fmt.Fprintf(s.out, "Video:  %s%s\n", printable(r.Video), reachable(r.Video, ""))
	}
	return nil
}

// reachable says that a path cannot be reached from this computer, or else the text.
func reachable(path, found string) string {
	if _, err := os.Stat(path); err != nil {
		return " (on the farm; it cannot be reached from this computer)"
	}
	return found
}

// failedShown bounds the failed tasks of a job that are listed.
const failedShown = 10

// reportFailure says which tasks failed, what the first of them wrote last, and
// what to do about it.
func (s *session) reportFailure(ctx context.Context, client *api.Client, job api.Job) error {
	short := shortID(string(job.ID))
	failed, err := submit.FailedTasks(ctx, client, job.ID)
	if err != nil {
		return err
	}
	answer := submitAnswer{ID: job.ID, Name: job.Name, Status: job.Status}
	for _, t := range failed {
		answer.Failed = append(answer.Failed, t.Name)
	}
	// The first failure usually explains the others. A task may have no log.
	if len(failed) > 0 {
		if answer.Cause, err = submit.CauseOf(ctx, client, failed[0].ID); err != nil {
			return err
		}
		if answer.LogTail, err = submit.FailureTail(ctx, client, failed[0].ID); err != nil {
			return err
		}
	}
	end := &statusError{exitJobFailed, fmt.Sprintf("job %s %s", short, ended(job.Status))}
	if s.json {
		return errors.Join(s.printJSON(answer), end)
	}
	for i, t := range failed[:min(len(failed), failedShown)] {
		fmt.Fprintf(s.errOut, "Task %d (%s) failed on %s\n", t.IndexInJob, printable(t.Name), cmp.Or(printable(t.Worker.Name), "no worker"))
		if i == 0 && answer.Cause != nil {
			fmt.Fprintf(s.errOut, "%s %s\n", printable(answer.Cause.Means), printable(answer.Cause.Next))
		}
		if i == 0 && answer.LogTail != "" {
			for line := range strings.Lines(answer.LogTail) {
				fmt.Fprintf(s.errOut, "    %s\n", printable(strings.TrimRight(line, "\r\n")))
			}
		}
	}
	if n := len(failed) - failedShown; n > 0 {
		fmt.Fprintf(s.errOut, "... and %d more\n", n)
	}
	next := fmt.Sprintf("; \"farm jobs requeue %s\" starts it again", short)
	if len(failed) > 0 {
		next = fmt.Sprintf("; \"farm jobs log %s/%d\" shows the whole log, and when the cause is fixed \"farm jobs requeue %s\" does again what is missing", short, failed[0].IndexInJob, short)
	}
	end.msg += next
	return end
}

// ended says in words how a job ended that did not complete.
func ended(status string) string {
	if status == farm.JobCanceled.String() {
		return "was canceled"
	}
	return "failed"
}
