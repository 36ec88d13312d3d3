package cmd

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// countingType plans tasks that each append their number to a file: what was
// run, and how often, is then beyond doubt. They last a moment, so that a quick
// computer does not finish the job between two looks at it.
const countingType = `
var JOB_TYPE = {
    label: "Counting",
    settings: [
        { key: "file", type: "string", required: true },
        { key: "tasks", type: "int32", default: 1 },
    ],
};

function compileJob(job) {
    for (var i = 1; i <= job.settings.tasks; i++) {
        var task = author.Task("count " + i, "misc");
        task.addCommand(author.Command("exec", {
            exe: "/bin/sh",
            args: ["-c", "echo " + i + " >> '" + job.settings.file + "'; sleep 0.02"],
        }));
        job.addTask(task);
    }
}
`

// crashTasks is how many tasks are run, and killAt after how many the manager
// is killed: at the first assignment, and twice in the middle. Each task starts this
// test's executable to keep its program, which is slow with the race detector.
const crashTasks = 45

var killAt = []int{1, 15, 30}

// TestKilledManager kills the manager while a worker works, and starts it
// again on the same home and port: the job completes, and every task was run
// exactly once.
func TestKilledManager(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the tasks need a POSIX shell")
	}
	t.Parallel()
	f := newCrashedFarm(t)
	f.startManager(t, "127.0.0.1:0")
	address := strings.TrimPrefix(f.client.Base, "http://")
	w := f.start(t, "worker", "work", "--home", filepath.Join(f.dir, "worker"), "--manager", f.client.Base)
	count := filepath.Join(f.dir, "count.txt")
	job := f.submit(t, api.SubmittedJob{Name: "count", Type: "counting", Priority: 50, SubmitterPlatform: "manager",
		Settings: map[string]any{"file": count, "tasks": crashTasks}})

	kills := 0
	for j, err := range followJob(t.Context(), f.client, job) {
		if err != nil {
			t.Fatal(err)
		}
		if kills < len(killAt) && j.StepsCompleted >= killAt[kills] {
			kills++
			if err := f.manager.kill(); err != nil {
				t.Fatal(err)
			}
			f.startManager(t, address)
		}
		if api.JobIsOver(j.Status) && j.Status != farm.JobCompleted.String() {
			t.Fatalf("the job is %s", j.Status)
		}
	}
	if kills != len(killAt) {
		t.Errorf("the manager was killed %d times, and not %d: the job was too quick", kills, len(killAt))
	}
	f.expectOnce(t, count)
	f.expectTasks(t, job)
	for _, p := range []*process{w, f.manager} {
		if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if status, err := p.end(); err != nil || status != exitOK {
			written, _ := p.out.look()
			t.Errorf("%s ended with %d, %v:\n%s", p.name, status, err, written)
		}
	}
	if status := run(t.Context(), testSession(t, nil), []string{"check", "--home", f.home}); status != exitOK {
		t.Errorf("farm check ends with status %d", status)
	}
}

// A crashedFarm is a farm whose manager can be killed and started again.
type crashedFarm struct {
	dir, home string
	manager   *process
	client    *api.Client
}

// moreToSoak returns how often something is tried: so often, or with FARM_SOAK more.
func moreToSoak(times, soak int) int {
	if os.Getenv("FARM_SOAK") != "" {
		return soak
	}
	return times
}

func newCrashedFarm(t *testing.T) *crashedFarm {
	t.Helper()
	dir := t.TempDir()
	f := &crashedFarm{dir: dir, home: filepath.Join(dir, "manager")}
	scripts := filepath.Join(f.home, "scripts")
	if err := os.MkdirAll(scripts, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(scripts, "counting.js"), []byte(countingType), 0o600); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *crashedFarm) start(t *testing.T, name string, args ...string) *process {
	t.Helper()
	p, err := startProcess(name, f.dir, append(os.Environ(), "NO_COLOR=1"), args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.kill(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			written, _ := p.out.look()
			t.Logf("%s:\n%s", name, written)
		}
	})
	return p
}

func (f *crashedFarm) startManager(t *testing.T, address string) {
	t.Helper()
	f.manager = f.start(t, "manager", "serve", "--home", f.home, "--listen", address)
	f.connect(t)
}

// connect waits until the manager is ready, and makes a client of it.
func (f *crashedFarm) connect(t *testing.T) {
	t.Helper()
	if err := f.manager.await("is ready: "); err != nil {
		t.Fatal(err)
	}
	url, err := os.ReadFile(filepath.Join(f.home, "manager.url"))
	if err != nil {
		t.Fatal(err)
	}
	if f.client, err = api.New(strings.TrimSpace(string(url))); err != nil {
		t.Fatal(err)
	}
}

func (f *crashedFarm) submit(t *testing.T, s api.SubmittedJob) farm.JobID {
	t.Helper()
	j, err := f.client.SubmitJob(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return j.ID
}

// expectOnce expects every number in the file, and none twice.
func (f *crashedFarm) expectOnce(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for i := range crashTasks {
		want = append(want, fmt.Sprint(i+1))
	}
	got := strings.Fields(string(text))
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%d runs of %d tasks: %v", len(got), len(want), got)
	}
}

// expectTasks expects every task completed, with a log of its one run.
func (f *crashedFarm) expectTasks(t *testing.T, job farm.JobID) {
	t.Helper()
	n := 0
	for task, err := range f.client.JobTasks(t.Context(), job) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		if task.Status != farm.TaskCompleted.String() {
			t.Errorf("task %d is %s", task.IndexInJob, task.Status)
		}
		_, logged, err := f.client.FetchTaskLogInfo(t.Context(), task.ID)
		if err != nil || !logged {
			t.Errorf("task %d has no log: %v", task.IndexInJob, err)
		}
	}
	if n != crashTasks {
		t.Errorf("the job has %d tasks, and not %d", n, crashTasks)
	}
}
