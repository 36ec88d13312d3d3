package manager_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/events"
	"renderfarm/farm/manager"
	"renderfarm/jsjobs"
	"renderfarm/store"
	"renderfarm/store/files"
)

// TestMain lets the test's own executable be the child that runs job types.
func TestMain(m *testing.M) {
	if !jsjobs.RunChild(os.Args) {
		os.Exit(m.Run())
	}
}

// framesScript is a job type with as many independent frames as asked for,
// and with a video that needs them all if asked for.
const framesScript = `
var JOB_TYPE = {label: "Frames", settings: [
	{key: "frames", type: "int32", default: 3},
	{key: "video", type: "bool", default: false},
	{key: "chain", type: "bool", default: false},
	{key: "gpu", type: "string", default: "auto"},
	{key: "blendfile", type: "string", default: ""}
]};
function compileJob(job) {
	var video = author.Task("video", "ffmpeg"), last = null;
	for (var i = 1; i <= job.settings.frames; i++) {
		var frame = author.Task("frame-" + i, "blender");
		frame.addCommand(author.Command("echo", {message: "{greeting} " + i, gpu: job.settings.gpu}, 2));
		if (job.settings.blendfile) frame.addCommand(author.Command("blender-render", {blendfile: job.settings.blendfile, args: []}));
		if (job.settings.chain && last) frame.addDependency(last);
		job.addTask(frame);
		video.addDependency(frame);
		last = frame;
	}
	if (job.settings.video) job.addTask(video);
}`

// testFarm is a manager on a real store in a folder of its own.
type testFarm struct {
	*manager.Manager
	t      testing.TB
	home   string
	store  *store.Store
	files  *files.Files
	events *events.Log
	behind bool // the test changes tasks behind the manager's back

	changed func(ctx context.Context, file string) (time.Time, error) // see manager.Options
}

func newFarm(t *testing.T) *testFarm {
	t.Helper()
	f := openFarm(t)
	t.Cleanup(f.stop)
	return f
}

// openFarm is newFarm for a test that stops the farm itself.
func openFarm(t testing.TB) *testFarm {
	t.Helper()
	return openFarmIn(t, t.TempDir())
}

// openFarmIn is openFarm with a home folder, which must be empty.
func openFarmIn(t testing.TB, home string) *testFarm {
	t.Helper()
	f := &testFarm{t: t, home: home}
	scripts := filepath.Join(f.home, "scripts")
	if err := os.Mkdir(scripts, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(scripts, "frames.js"), []byte(framesScript), 0o644); err != nil {
		t.Fatal(err)
	}
	f.start()
	return f
}

func (f *testFarm) start() {
	f.t.Helper()
	log := slog.New(slog.NewTextHandler(f.t.Output(), nil))
	var err error
	if f.store, err = store.Open(store.Options{Path: filepath.Join(f.home, "farm.db"), Log: log}); err != nil {
		f.t.Fatal(err)
	}
	if f.files, err = files.Open(filepath.Join(f.home, "logs")); err != nil {
		f.t.Fatal(err)
	}
	f.events = events.NewLog(0, 0)
	config := farm.DefaultConfig()
	// The tests of what ends with time set it; nothing ends before they do.
	config.TaskTimeout, config.WorkerTimeout, config.BlocklistForget = 0, 0, 0
	config.Variables["greeting"] = farm.Variable{Values: []farm.VariableValue{{Platform: "linux", Value: "hello"}, {Platform: "windows", Value: "howdy"}}}
	f.Manager, err = manager.New(manager.Options{
		Store: f.store, Files: f.files, Events: f.events, Config: config, Home: f.home, Version: "test", Log: log, Platform: "linux",
		Types:      jsjobs.New(jsjobs.Options{Dir: filepath.Join(f.home, "scripts"), Timeout: 10 * time.Second, Log: log}),
		SaveConfig: func(_, _ farm.Config) error { return nil },
		Changed:    f.changed,
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

// stop ends the manager and checks what it leaves.
func (f *testFarm) stop() {
	f.Manager.Close()
	if !f.behind {
		f.compareFigures()
	}
	for _, err := range f.store.Check() {
		f.t.Errorf("the store is not sound: %v", err)
	}
	if err := f.store.Close(); err != nil {
		f.t.Error(err)
	}
	if err := f.files.Close(); err != nil {
		f.t.Error(err)
	}
}

// restart does what a crash between two requests and a new start do: all that
// was answered is on the disk.
func (f *testFarm) restart() {
	f.stop()
	f.start()
}

// worker registers a worker and wakes it up.
func (f *testFarm) worker(name string, taskTypes ...string) farm.WorkerID {
	f.t.Helper()
	if len(taskTypes) == 0 {
		taskTypes = []string{"blender", "ffmpeg"}
	}
	w, err := f.Register(manager.Registration{Name: name, Platform: "linux", Secret: "secret of " + name, TaskTypes: taskTypes, Address: "192.0.2.1"})
	if err != nil {
		f.t.Fatal(err)
	}
	f.wake(w.ID, name, taskTypes...)
	return w.ID
}

func (f *testFarm) wake(id farm.WorkerID, name string, taskTypes ...string) {
	f.t.Helper()
	wanted, err := f.SignOn(id, manager.SignOn{Name: name, Software: "test", TaskTypes: taskTypes})
	if err != nil || wanted != farm.WorkerAwake {
		f.t.Fatalf("sign-on: asked to be %s, %v", wanted, err)
	}
	f.must(f.StateChanged(id, farm.WorkerAwake))
}

func (f *testFarm) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// configure changes the configuration in force.
func (f *testFarm) configure(change func(*farm.Config)) {
	f.t.Helper()
	c := f.Config()
	change(&c)
	f.must(f.SetConfig(c))
}

// firstFailureIsFinal is a configuration for tests that are about what follows.
func firstFailureIsFinal(c *farm.Config) { c.TaskFailAfterSoftfailCount, c.BlocklistThreshold = 1, 0 }

// submit submits a job of the type frames.
func (f *testFarm) submit(settings map[string]any, change ...func(*farm.Submission)) farm.JobID {
	f.t.Helper()
	sub := farm.Submission{Name: "a job", Type: "frames", Priority: 50, SubmitterPlatform: "linux", Settings: settings, Metadata: map[string]string{}}
	for _, c := range change {
		c(&sub)
	}
	job, _, _, err := f.Submit(context.Background(), sub)
	if err != nil {
		f.t.Fatal(err)
	}
	return job.ID
}

// take asks for a task without waiting; "" if there is none.
func (f *testFarm) take(w farm.WorkerID) farm.TaskID {
	f.t.Helper()
	a, err := f.Assign(context.Background(), w, 0)
	if err != nil {
		f.t.Fatal(err)
	}
	if a.Task == nil {
		return ""
	}
	return a.Task.ID
}

func (f *testFarm) report(w farm.WorkerID, task farm.TaskID, status farm.TaskStatus) {
	f.t.Helper()
	f.must(f.Report(w, task, manager.Report{Status: &status}))
}

// work takes tasks and completes them until there are none, and returns their names.
func (f *testFarm) work(w farm.WorkerID) (names []string) {
	f.t.Helper()
	for task := f.take(w); task != ""; task = f.take(w) {
		names = append(names, f.TaskName(task))
		f.report(w, task, farm.TaskCompleted)
	}
	return names
}

func (f *testFarm) jobStatus(id farm.JobID) farm.JobStatus {
	f.t.Helper()
	job, _, err := f.Job(id)
	if err != nil {
		f.t.Fatal(err)
	}
	return job.Status()
}

// tasks returns the job's tasks as "name status" lines, as people see them.
func (f *testFarm) tasks(id farm.JobID) string {
	f.t.Helper()
	tasks, status, err := f.Tasks(id, -1, 1000)
	if err != nil {
		f.t.Fatal(err)
	}
	var lines []string
	for _, t := range tasks {
		lines = append(lines, t.Name+" "+farm.ShownStatus(t.Status, status).String())
	}
	return strings.Join(lines, "\n")
}

func (f *testFarm) want(id farm.JobID, status farm.JobStatus, tasks ...string) {
	f.t.Helper()
	if got := f.jobStatus(id); got != status {
		f.t.Errorf("the job is %s, want %s", got, status)
	}
	if got := f.tasks(id); len(tasks) > 0 && got != strings.Join(tasks, "\n") {
		f.t.Errorf("tasks are\n%s\nwant\n%s", got, strings.Join(tasks, "\n"))
	}
}

func frames(n int) map[string]any         { return map[string]any{"frames": n} }
func framesAndVideo(n int) map[string]any { return map[string]any{"frames": n, "video": true} }
func chain(n int) map[string]any          { return map[string]any{"frames": n, "chain": true} }

// frameOnCard is a job that does not render without a graphics card.
func frameOnCard() map[string]any { return map[string]any{"frames": 1, "gpu": "require"} }

func priority(p int) func(*farm.Submission) { return func(s *farm.Submission) { s.Priority = p } }

func TestLifeOfAJob(t *testing.T) {
	f := newFarm(t)
	w := f.worker("w1")
	follow := f.events.Follow()
	job := f.submit(framesAndVideo(2))
	f.want(job, farm.JobQueued, "frame-1 queued", "frame-2 queued", "video queued")

	a, err := f.Assign(t.Context(), w, 0)
	f.must(err)
	if a.Task.Name != "frame-1" || a.Task.Commands[0].Parameters["message"] != "hello 1" || a.Task.JobType != "frames" || a.Task.Steps() != 2 {
		t.Errorf("assigned %+v", a.Task)
	}
	f.want(job, farm.JobActive, "frame-1 active", "frame-2 queued", "video queued")
	steps := 1
	f.must(f.Report(w, a.Task.ID, manager.Report{Activity: "Progress", Steps: &steps, Log: "half way"}))
	if j, _, _ := f.Job(job); j.StepsDone != 1 || j.StepsTotal != 4 {
		t.Errorf("%d of %d steps, want 1 of 4", j.StepsDone, j.StepsTotal)
	}
	f.report(w, a.Task.ID, farm.TaskCompleted)
	if names := f.work(w); fmt.Sprint(names) != "[frame-2 video]" {
		t.Errorf("then did %v", names)
	}
	f.want(job, farm.JobCompleted)
	if j, _, _ := f.Job(job); j.StepsDone != 4 {
		t.Errorf("%d of %d steps at the end", j.StepsDone, j.StepsTotal)
	}
	checkEvents(t, follow)
	log, ok, err := f.TaskLogTail(a.Task.ID)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	for _, line := range []string{"Task assigned to worker w1 (" + string(w) + ")", "task changed status queued -> active", "half way", "task changed status active -> completed"} {
		if !strings.Contains(log, line) {
			t.Errorf("the log lacks %q:\n%s", line, log)
		}
	}
}

// checkEvents checks that the numbers of events grow, and that the job's
// statuses follow on each other.
func checkEvents(t *testing.T, r *events.Reader) {
	t.Helper()
	got, err := r.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	number, status := uint64(0), farm.JobQueued
	for _, e := range got {
		if e.Number < number {
			t.Errorf("event %d after %d", e.Number, number)
		}
		number = e.Number
		if j, ok := e.Data.(events.JobChanged); ok {
			if j.Previous != status {
				t.Errorf("job event says %s -> %s after %s", j.Previous, j.Status, status)
			}
			status = j.Status
		}
	}
	if status != farm.JobCompleted {
		t.Errorf("the events end with the job %s", status)
	}
}

func TestNothingIsLostByARestart(t *testing.T) {
	f := newFarm(t)
	w := f.worker("w1")
	job := f.submit(framesAndVideo(3))
	first := f.take(w)
	f.report(w, first, farm.TaskCompleted)
	second := f.take(w)
	f.restart()

	if _, err := f.Authenticate(string(w), "secret of w1"); err != nil {
		t.Errorf("the worker is not known any more: %v", err)
	}
	f.want(job, farm.JobActive, "frame-1 completed", "frame-2 active", "frame-3 queued", "video queued")
	if again := f.take(w); again != second {
		t.Errorf("got %s, want the task it held, %s", again, second)
	}
	f.report(w, second, farm.TaskCompleted)
	if names := f.work(w); fmt.Sprint(names) != "[frame-3 video]" {
		t.Errorf("then did %v", names)
	}
	f.want(job, farm.JobCompleted)
}
