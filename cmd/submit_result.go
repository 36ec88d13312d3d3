package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"

	"renderfarm/farm"
	"renderfarm/farm/api"
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
	r, err := findResult(ctx, client, job)
	if err != nil {
		return err
	}
	if s.json {
		return s.printJSON(submitAnswer{ID: job.ID, Name: job.Name, Status: job.Status, Frames: r.frames, Files: r.files, Video: r.video})
	}
	if r.frames == "" && r.video == "" {
		fmt.Fprintf(s.out, "Job %s is completed\n", shortID(string(job.ID)))
	}
	if r.frames != "" {
		fmt.Fprintf(s.out, "Frames: %s%s\n", printable(r.frames), r.note(r.frames, fmt.Sprintf(" (%d files)", r.files)))
	}
	if r.video != "" {
		fmt.Fprintf(s.out, "Video:  %s%s\n", printable(r.video), r.note(r.video, ""))
	}
	return nil
}

// A result is where a job left its work.
type result struct {
	frames string // folder; "" if the job has none
	files  int    // images in it
	video  string // "" if the job made none
}

// note says that a path cannot be seen from this computer, or else the text.
func (r result) note(path, found string) string {
	if _, err := os.Stat(path); err != nil {
		return " (on the farm; it cannot be seen from this computer)"
	}
	return found
}

// findResult looks for the frames where the job's settings say, and for the
// video where its task was told to put it.
func findResult(ctx context.Context, client *api.Client, job api.Job) (result, error) {
	var r result
	vars, err := client.GetVariables(ctx, farm.AudienceUsers, runtime.GOOS)
	if err != nil {
		return r, err
	}
	// The job type writes back where it really put the frames.
	if output, ok := job.Settings["render_output_path"].(string); ok {
		r.frames = localPath(path.Dir(output), vars)
		ext, _ := job.Settings["image_file_extension"].(string)
		if found, err := filepath.Glob(filepath.Join(globQuoted(r.frames), "*"+ext)); err == nil {
			r.files = len(found)
		}
	}
	// Only the task knows the name of its video.
	for t, err := range client.JobTasks(ctx, job.ID) {
		if err != nil {
			return r, err
		}
		if t.TaskType != "ffmpeg" || t.Status != farm.TaskCompleted.String() {
			continue
		}
		whole, err := client.FetchTask(ctx, t.ID)
		if err != nil {
			return r, err
		}
		for _, c := range whole.Commands {
			if file, ok := c.Parameters["outputFile"].(string); ok && c.Name == "frames-to-video" {
				r.video = localPath(file, vars)
			}
		}
	}
	return r, nil
}

// localPath puts the values of this platform in place of a path's variables.
func localPath(text string, vars api.ManagerVariables) string {
	for name, v := range vars {
		text = strings.ReplaceAll(text, "{"+name+"}", v.Value)
	}
	return filepath.FromSlash(text)
}

// globQuoted keeps the characters of a folder's name from meaning a pattern.
func globQuoted(name string) string {
	if runtime.GOOS == "windows" {
		return name // a backslash is no quote there
	}
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(name)
}

// Bounds on what is told of a failed job.
const (
	failedShown = 10
	linesShown  = 15
)

// reportFailure says which tasks failed, what the first of them wrote last, and
// what to do about it.
func (s *session) reportFailure(ctx context.Context, client *api.Client, job api.Job) error {
	short := shortID(string(job.ID))
	failed, err := failedTasks(ctx, client, job.ID)
	if err != nil {
		return err
	}
	answer := submitAnswer{ID: job.ID, Name: job.Name, Status: job.Status}
	for _, t := range failed {
		answer.Failed = append(answer.Failed, t.Name)
	}
	// The first failure usually explains the others. A task may have no log.
	if len(failed) > 0 {
		tail, _, err := client.FetchTaskLogTail(ctx, failed[0].ID)
		if err != nil && api.StatusOf(err) == 0 {
			return err
		}
		answer.LogTail = lastLines(tail, linesShown)
	}
	end := &statusError{exitJobFailed, fmt.Sprintf("job %s %s", short, ended(job.Status))}
	if s.json {
		return errors.Join(s.printJSON(answer), end)
	}
	for i, t := range failed[:min(len(failed), failedShown)] {
		fmt.Fprintf(s.errOut, "Task %d (%s) failed on %s\n", t.IndexInJob, printable(t.Name), cmp.Or(printable(t.Worker.Name), "no worker"))
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
		next = fmt.Sprintf("; \"farm jobs log %s/%d\" shows the whole log, and when the cause is mended \"farm jobs requeue %s\" does again what is missing", short, failed[0].IndexInJob, short)
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

// failedTasks lists the tasks that failed for good.
func failedTasks(ctx context.Context, client *api.Client, id farm.JobID) (failed []api.TaskSummary, err error) {
	for t, err := range client.JobTasks(ctx, id) {
		if err != nil {
			return nil, err
		}
		if t.Status == farm.TaskFailed.String() {
			failed = append(failed, t)
		}
	}
	return failed, nil
}

// lastLines returns the last n lines of a text.
func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimRight(text, "\r\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
