package cmd

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"renderfarm/farm/api"
	"renderfarm/farm/blendertest"
)

// slowScene saves a scene of which every frame takes the seconds, most of which it sleeps:
// several Blenders at a time are no slower than one.
const slowScene = `
import bpy, sys
path, seconds = sys.argv[-2:]
text = bpy.data.texts.new('slow.py')
text.from_string('''
import bpy, time
def slow(*_):
    time.sleep(%s)
bpy.app.handlers.render_pre.append(slow)
''' % seconds)
text.use_module = True
s = bpy.context.scene
s.render.engine, s.cycles.samples, s.cycles.use_denoising = 'CYCLES', 1, False
s.render.resolution_x = s.render.resolution_y = 32
bpy.ops.wm.save_as_mainfile(filepath=path)
`

// saveSlow saves the scene.
func saveSlow(t *testing.T, file, seconds string) {
	t.Helper()
	if out, err := exec.Command(blendertest.Find(t), "-b", "--factory-startup", "--python-exit-code", "1", "--python-expr", slowScene, "--", file, seconds).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// A slurmTest is a farm beside a Slurm cluster of this computer.
type slurmTest struct {
	*submitTest
	cluster string // its folder
	logs    string // folder of what the workers write
	burst   *process
}

func newSlurmTest(t *testing.T) *slurmTest {
	t.Helper()
	if os.Getenv("FARM_SLURM") == "" {
		t.Skip("make slurm runs it: it needs Debian's slurm-wlm and munge, root, and ten minutes")
	}
	dir, err := os.MkdirTemp("", "farm-slurm-") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	s := &slurmTest{cluster: filepath.Join(dir, "cluster"), logs: dir}
	t.Cleanup(func() {
		s.control(t, "down")
		os.RemoveAll(dir)
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s.control(t, "up")
	t.Setenv("SLURM_CONF", filepath.Join(s.cluster, "slurm.conf"))
	s.submitTest = newServeTest(t)
	return s
}

// control calls the script that keeps the cluster.
func (s *slurmTest) control(t *testing.T, verb string) {
	t.Helper()
	if out, err := exec.Command("bash", "../testdata/slurm/cluster.sh", verb, s.cluster).CombinedOutput(); err != nil {
		t.Fatalf("cluster.sh %s: %v\n%s", verb, err, out)
	}
}

// startBurst starts farm burst slurm, for the first time or after a crash.
func (s *slurmTest) startBurst(t *testing.T) {
	t.Helper()
	program, err := exec.LookPath("farm")
	if err != nil {
		t.Fatal(err)
	}
	if s.burst, err = startProcess("burst", s.home, append(os.Environ(), "NO_COLOR=1"), "burst", "slurm", "--home", s.home, "--manager", s.url, "--program", program,
		"--name", "test", "--time", "2m", "--max", "3", "--idle", "20s", "--every", "3s", "--output", filepath.Join(s.logs, "%x-%A_%a.log")); err != nil {
		t.Fatal(err)
	}
}

// queue is what squeue says of our jobs: a line for each.
func (s *slurmTest) queue(t *testing.T) (lines []string) {
	out, err := exec.Command("squeue", "--noheader", "--array", "--name=farm-test", "--format=%i %T %l").Output()
	if err != nil {
		return []string{"?"} // the controller is away
	}
	for line := range strings.Lines(string(out)) {
		lines = append(lines, strings.TrimSpace(line))
	}
	return lines
}

// wait asks every second until the condition holds.
func wait(t *testing.T, limit time.Duration, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !holds(); {
		if time.Now().After(end) {
			t.Fatalf("%s: not within %s", what, limit)
		}
		<-time.After(time.Second) // what is waited for are programs that tell nobody
	}
}

// job returns a job as it is now.
func (s *slurmTest) job(t *testing.T, id string) (j api.Job) {
	t.Helper()
	if status := s.run(t, t.Context(), "jobs", "show", id, "--json"); status != exitOK {
		t.Fatalf("%d: %s", status, s.err.String())
	}
	if err := json.Unmarshal(s.out.Bytes(), &j); err != nil {
		t.Fatal(err)
	}
	if j.Status == "failed" {
		t.Fatalf("the job failed:\n%s", s.workerLogs(t))
	}
	return j
}

// costs returns what the frames of a job cost.
func (s *slurmTest) costs(t *testing.T, id string) (c api.JobCosts) {
	t.Helper()
	client, err := api.New(s.url)
	if err == nil {
		c, err = client.FetchJobCosts(t.Context(), s.job(t, id).ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestSlurm renders a job of 50 frames of 20 seconds each with workers that have two
// minutes, on a real cluster, whose controller is killed meanwhile, and so is who
// submits the workers.
func TestSlurm(t *testing.T) {
	s := newSlurmTest(t)
	file := filepath.Join(s.home, "slow.blend")
	saveSlow(t, file, "20")
	if status := s.run(t, t.Context(), "submit", file, "--frames", "1-50", "--no-wait", "--json"); status != exitOK {
		t.Fatalf("%d: %s", status, s.err.String())
	}
	var answer submitAnswer
	if err := json.Unmarshal(s.out.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	id := string(answer.ID)
	s.startBurst(t)
	t.Cleanup(func() { s.burst.kill() })
	wait(t, 2*time.Minute, "three jobs", func() bool { return len(s.queue(t)) == 3 })
	// While the first three workers have most of their time left: no others come without it.
	wait(t, 5*time.Minute, "the first frames", func() bool { return s.costs(t, id).Rendered >= 3 })
	t.Log("3 frames; the controller is killed")
	s.control(t, "stop")
	wait(t, 3*time.Minute, "frames without a controller", func() bool { return s.costs(t, id).Rendered >= 6 })
	s.control(t, "start")
	t.Log("6 frames; the controller is back, and farm burst is killed")
	if err := s.burst.kill(); err != nil {
		t.Fatal(err)
	}
	s.startBurst(t)
	most := 0
	wait(t, 20*time.Minute, "the end of the job", func() bool {
		most = max(most, len(s.queue(t)))
		return s.job(t, id).Status == "completed"
	})
	wait(t, 3*time.Minute, "no job is left", func() bool { return len(s.queue(t)) == 0 })
	if most > 3 {
		t.Errorf("there were %d jobs at a time, and 3 are the most", most)
	}
	s.whole(t, id)
	out, _ := exec.Command("squeue", "--noheader", "--states=all", "--format=%i %T").Output()
	if text := string(out); strings.Contains(text, "TIMEOUT") {
		t.Errorf("a job was ended by its time limit:\n%s", text)
	}
	if written, _ := s.burst.out.look(); !strings.Contains(written, "looking after workers") {
		t.Errorf("burst:\n%s", written)
	}
}

// whole holds that each frame is whole, and was rendered once; the logs of the workers
// say what they gave back.
func (s *slurmTest) whole(t *testing.T, id string) {
	t.Helper()
	c := s.costs(t, id)
	if c.Frames != 50 || c.Rendered != 50 || c.Warnings != 0 {
		t.Errorf("%d frames, %d renders, %d warnings; want 50, 50 and none", c.Frames, c.Rendered, c.Warnings)
	}
	logs, _ := filepath.Glob(filepath.Join(s.logs, "*.log"))
	begun, stopped := 0, 0
	for _, log := range logs {
		text, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		begun += strings.Count(string(text), "task started")
		stopped += strings.Count(string(text), "task stopped")
		if strings.Contains(string(text), "DUE TO TIME LIMIT") {
			t.Errorf("cut off by its time limit:\n%s", text)
		}
	}
	t.Logf("%d workers began %d tasks and gave back %d", len(logs), begun, stopped)
	if stopped > 0 {
		t.Errorf("%d frames were cut off", stopped)
	}
	if status := s.run(t, t.Context(), "workers", "list", "--json"); status != exitOK || strings.TrimSpace(s.out.String()) != "[]" {
		t.Errorf("workers that are left: %s", s.out.String())
	}
}

// TestSlurmPreemption takes a job away from its worker, which gives its frame back.
func TestSlurmPreemption(t *testing.T) {
	s := newSlurmTest(t)
	file := filepath.Join(s.home, "slow.blend")
	saveSlow(t, file, "40") // longer than Slurm may take to look at what is urgent
	if status := s.run(t, t.Context(), "submit", file, "--frames", "1-2", "--no-wait", "--json"); status != exitOK {
		t.Fatalf("%d: %s", status, s.err.String())
	}
	var answer submitAnswer
	if err := json.Unmarshal(s.out.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	s.startBurst(t)
	t.Cleanup(func() { s.burst.kill() })
	active := func() bool { return strings.Contains(s.workerLogs(t), "task started") }
	wait(t, 3*time.Minute, "a frame is rendered", active)
	urgent := exec.Command("sbatch", "--partition=urgent", "--ntasks=8", "--time=1", "--wrap=sleep 5", "--output=/dev/null")
	if out, err := urgent.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	wait(t, 3*time.Minute, "the preempted worker signed off", func() bool { return strings.Contains(s.workerLogs(t), "signed off") })
	if logs := s.workerLogs(t); !strings.Contains(logs, "DUE TO PREEMPTION") {
		t.Errorf("it was not preempted:\n%s", logs)
	}
	wait(t, 10*time.Minute, "the end of the job", func() bool { return s.job(t, string(answer.ID)).Status == "completed" })
	if c := s.costs(t, string(answer.ID)); c.Frames != 2 {
		t.Errorf("%d frames", c.Frames)
	}
	s.burst.cmd.Process.Signal(syscall.SIGINT)
	if status, err := s.burst.end(); err != nil || status != exitOK {
		t.Errorf("burst ended with %d, %v", status, err)
	}
}

// workerLogs is all that workers wrote.
func (s *slurmTest) workerLogs(t *testing.T) (all string) {
	t.Helper()
	logs, _ := filepath.Glob(filepath.Join(s.logs, "*.log"))
	for _, log := range logs {
		text, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		all += string(text)
	}
	return all
}
