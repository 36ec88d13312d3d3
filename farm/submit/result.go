package submit

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// A Result is where a job left its work, as paths of this platform. Whether they
// can be reached from this computer is another matter.
type Result struct {
	Frames string // folder; "" if the job has none
	Files  int    // images in it; 0 also if it cannot be reached from here
	Video  string // "" if the job made none
}

// FindResult looks for the frames where the job's settings say, and for the
// video where its task was told to put it.
func FindResult(ctx context.Context, client *api.Client, job api.Job) (Result, error) {
	var r Result
	vars, err := client.GetVariables(ctx, farm.AudienceUsers, runtime.GOOS)
	if err != nil {
		return r, err
	}
	// The job type writes back where it really put the frames.
	if output, ok := job.Settings["render_output_path"].(string); ok {
		r.Frames = localPath(path.Dir(output), vars)
		ext, _ := job.Settings["image_file_extension"].(string)
		r.Files = countFiles(r.Frames, ext)
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
			if file, ok := c.Parameters["outputFile"].(string); ok && c.Name == farm.CommandFramesToVideo {
				r.Video = localPath(file, vars)
			}
		}
	}
	// Of images that FFmpeg does not show a job may have made none.
	if _, err := os.Stat(r.Video); err != nil && r.Files > 0 && filepath.Dir(r.Video) == filepath.Clean(r.Frames) {
		r.Video = ""
	}
	return r, nil
}

// countFiles returns how many files in a folder have the ending.
func countFiles(dir, ext string) (n int) {
	list, err := os.ReadDir(dir)
	if err != nil {
		return 0
	}
	for _, e := range list {
		if !e.IsDir() && strings.HasSuffix(e.Name(), ext) {
			n++
		}
	}
	return n
}

// localPath puts the values of this platform in place of a path's variables.
func localPath(text string, vars api.ManagerVariables) string {
	for name, v := range vars {
		text = strings.ReplaceAll(text, "{"+name+"}", v.Value)
	}
	return filepath.FromSlash(text)
}

// FailedTasks lists the tasks of a job that failed for good.
func FailedTasks(ctx context.Context, client *api.Client, id farm.JobID) (failed []api.TaskSummary, err error) {
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

// TailLines is how much of a failed task's log is shown.
const TailLines = 15

// FailureTail returns the last lines of a task's log, "" if it has none.
func FailureTail(ctx context.Context, client *api.Client, id farm.TaskID) (string, error) {
	tail, _, err := client.FetchTaskLogTail(ctx, id)
	if err != nil && api.StatusOf(err) == 0 {
		return "", err
	}
	lines := strings.Split(strings.TrimRight(tail, "\r\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-TailLines):], "\n"), nil
}

// CauseOf returns why a task failed, as far as its log says; nil if it does not, or if
// the manager is one that cannot tell.
func CauseOf(ctx context.Context, client *api.Client, id farm.TaskID) (*api.Cause, error) {
	why, err := client.FetchTaskWhy(ctx, id, "")
	if err != nil && api.StatusOf(err) == 0 {
		return nil, err
	}
	return why.Cause, nil
}

// WhyFailed says why a job failed, as far as the manager can be asked: how many
// of its tasks, and how the first of them ended.
func WhyFailed(ctx context.Context, client *api.Client, job api.Job) string {
	failed, err := FailedTasks(ctx, client, job.ID)
	if err != nil || len(failed) == 0 {
		return job.Activity
	}
	tail, err := FailureTail(ctx, client, failed[0].ID)
	if err != nil {
		return job.Activity
	}
	because := ""
	if cause, err := CauseOf(ctx, client, failed[0].ID); err == nil && cause != nil {
		because = fmt.Sprintf("%s %s\n\n", cause.Means, cause.Next)
	}
	return because + fmt.Sprintf("%s failed. The first, %s on %s, ended with:\n\n%s", farm.Count(len(failed), "task"), failed[0].Name, cmp.Or(failed[0].Worker.Name, "no worker"), tail)
}

// FramesOf returns how many frames a job renders, 0 if it counts other steps.
func FramesOf(job api.Job) int {
	frames, _ := job.Settings["frames"].(string)
	// A job type may do something else with its frames than a step for each.
	if n, err := farm.CountFrames(frames); err == nil && n <= job.StepsTotal {
		return n
	}
	return 0
}

// Steps returns what is done of a job of so many frames, of what, and what it is.
func Steps(job api.Job, frames int) (done, total int, unit string) {
	// The step after the frames is the video; it is not counted as one more.
	if frames > 0 {
		return min(job.StepsCompleted, frames), frames, "frames"
	}
	return job.StepsCompleted, job.StepsTotal, "steps"
}
