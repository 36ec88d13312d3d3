package bench

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

const (
	submissions = 20
	breather    = 300 * time.Millisecond // between two submissions, so that the worker waits again
)

// BenchmarkSubmission measures how long it takes an idle farm on one computer
// from the beginning of the submission to the job's first active task.
func BenchmarkSubmission(b *testing.B) {
	p := startAll(b)
	client := p.client()
	var took []time.Duration
	for i := range submissions {
		rest(breather)
		began := time.Now()
		job := submit(b, client, fmt.Sprintf("hello-%d", i), "echo-sleep-test", map[string]any{"message": "hello", "sleep_duration_seconds": 0, "sleep_repeats": 1})
		await(b, "the start of a task", time.Millisecond, func() bool {
			list, err := client.FetchJobTasks(b.Context(), job, api.TasksQuery{Limit: 1})
			if err != nil {
				b.Fatal(err)
			}
			return list.Tasks[0].Status != farm.TaskQueued.String()
		})
		took = append(took, time.Since(began))
		awaitCompleted(b, client, job, 20*time.Millisecond)
	}
	p.stop()
	p.complaints()
	report(b, "idle", []figure{{"active-p50-ms", milliseconds(quantile(took, 0.5))}, {"active-max-ms", milliseconds(quantile(took, 1))}})
}

// startAll runs a manager with a worker, and returns when the worker is awake.
func startAll(b *testing.B) *process {
	b.Helper()
	p := start(b, newHome(b), "all")
	client := p.client()
	await(b, "a worker that is awake", 20*time.Millisecond, func() bool {
		list, err := client.FetchWorkers(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		return len(list.Workers) == 1 && list.Workers[0].Status == farm.WorkerAwake.String()
	})
	return p
}

func submit(b *testing.B, client *api.Client, name, jobType string, settings map[string]any) farm.JobID {
	b.Helper()
	job, err := client.SubmitJob(b.Context(), api.SubmittedJob{Name: name, Type: jobType, Priority: api.DefaultPriority, SubmitterPlatform: "manager", Settings: settings})
	if err != nil {
		b.Fatal(err)
	}
	return job.ID
}

func awaitCompleted(b *testing.B, client *api.Client, id farm.JobID, every time.Duration) {
	b.Helper()
	await(b, "the end of the job", every, func() bool {
		job, err := client.FetchJob(b.Context(), id)
		if err != nil {
			b.Fatal(err)
		}
		if job.Status == farm.JobFailed.String() || job.Status == farm.JobCanceled.String() {
			b.Fatalf("the job is %s: %s", job.Status, job.Activity)
		}
		return job.Status == farm.JobCompleted.String()
	})
}

const (
	tinyFrames  = 10
	tinyPattern = "######" // of a frame's file name
)

// BenchmarkFrames measures what the farm adds to rendering: ten frames that
// take hardly longer than Blender's start, as ten tasks of one worker, and as
// the same ten command lines in a shell loop. The rounds are interleaved.
func BenchmarkFrames(b *testing.B) {
	for _, needed := range []string{"blender", "sh"} {
		if _, err := exec.LookPath(needed); err != nil {
			b.Skipf("there is no %s here: %v", needed, err)
		}
	}
	blend := tinyBlend(b)
	p := startAll(b)
	var inFarm, inShell []time.Duration
	for round := range *rounds + 1 {
		job, farmed := renderInFarm(b, p, blend, round)
		looped := renderInShell(b, p, job)
		if round > 0 { // the first one reads Blender from the disk
			inFarm, inShell = append(inFarm, farmed), append(inShell, looped)
		}
	}
	p.stop()
	p.complaints()
	b.Logf("in the farm %v, in the shell %v", inFarm, inShell)
	farmed, looped := quantile(inFarm, 0.5), quantile(inShell, 0.5)
	report(b, "frames=10", []figure{{"farm-s", farmed.Seconds()}, {"shell-s", looped.Seconds()}, {"farm/shell", farmed.Seconds() / looped.Seconds()}})
}

// tinyBlend copies the scene to where the benchmark may do what it likes.
func tinyBlend(b *testing.B) string {
	b.Helper()
	path := filepath.Join(newHome(b), "tiny.blend")
	if err := copyFile(path, filepath.Join("..", "..", "testdata", "scenes", "tiny.blend")); err != nil {
		b.Fatal(err)
	}
	return path
}

// renderInFarm returns the job, and how long it took from the submission to the
// end of its last task. Without a frame rate the job makes no video.
func renderInFarm(b *testing.B, p *process, blend string, round int) (farm.JobID, time.Duration) {
	b.Helper()
	client, dir := p.client(), filepath.Join(p.home, "frames", fmt.Sprint("farm-", round))
	rest(breather)
	began := time.Now()
	job := submit(b, client, fmt.Sprint("tiny-", round), "simple-blender-render", map[string]any{
		"frames": fmt.Sprintf("1-%d", tinyFrames), "chunk_size": 1, "render_output_root": dir, "add_path_components": 0,
		"render_output_path": filepath.Join(dir, tinyPattern), "blendfile": blend, "format": "PNG", "image_file_extension": ".png", "has_previews": false, "scene": "Tiny",
	})
	awaitCompleted(b, client, job, 25*time.Millisecond) // seldom: asking takes time from Blender
	took := time.Since(began)
	countFrames(b, dir)
	return job, took
}

// renderInShell runs the command lines of the job's tasks one after the other,
// with another folder for the frames.
func renderInShell(b *testing.B, p *process, job farm.JobID) time.Duration {
	b.Helper()
	dir := filepath.Join(p.home, "frames", "shell-"+string(job))
	script, err := shellLoop(b, p.client(), job, dir)
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	if out, err := exec.Command("sh", "-ec", script).CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	took := time.Since(began)
	countFrames(b, dir)
	return took
}

// shellLoop writes a shell script of what the tasks of a job run.
func shellLoop(b *testing.B, client *api.Client, job farm.JobID, dir string) (string, error) {
	var script strings.Builder
	for sum, err := range client.JobTasks(b.Context(), job) {
		if err != nil {
			return "", err
		}
		t, err := client.FetchTask(b.Context(), sum.ID)
		if err != nil {
			return "", err
		}
		if len(t.Commands) != 1 || t.Commands[0].Name != "blender-render" {
			return "", fmt.Errorf("task %q does not render", t.Name)
		}
		args, ok := t.Commands[0].Parameters["args"].([]any)
		blend, isText := t.Commands[0].Parameters["blendfile"].(string)
		if !ok || !isText {
			return "", errors.New("the command has other parameters than it had")
		}
		script.WriteString("blender -b -y " + quoted(blend))
		for _, arg := range args {
			text := fmt.Sprint(arg)
			if strings.HasSuffix(text, tinyPattern) {
				text = filepath.Join(dir, tinyPattern)
			}
			script.WriteString(" " + quoted(text))
		}
		script.WriteString(" >/dev/null\n")
	}
	return script.String(), nil
}

// quoted quotes a word for the shell.
func quoted(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

// countFrames fails unless every frame is there.
func countFrames(b *testing.B, dir string) {
	b.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		b.Fatal(err)
	}
	if len(entries) != tinyFrames {
		b.Fatalf("%d frames were rendered, want %d", len(entries), tinyFrames)
	}
}
