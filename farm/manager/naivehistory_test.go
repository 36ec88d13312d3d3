package manager_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"renderfarm/farm"
	"renderfarm/farm/manager"
)

// anyScript is a job type whose tasks are told as JSON: their type, priority, and
// the tasks they need, by number.
const anyScript = `
var JOB_TYPE = {label: "Any", settings: [{key: "tasks", type: "string"}]};
function compileJob(job) {
	var made = [];
	JSON.parse(job.settings.tasks).forEach(function (t, i) {
		var task = author.Task("task-" + (i + 1), t.type);
		task.priority = t.priority;
		task.addCommand(author.Command("echo", {message: "hello"}));
		t.needs.forEach(function (n) { task.addDependency(made[n]); });
		made.push(task);
		job.addTask(task);
	});
}`

type anyTask struct {
	Type     string `json:"type"`
	Priority int    `json:"priority"`
	Needs    []int  `json:"needs"`
}

// A contest plays the same history on a real farm and on a naive one.
type contest struct {
	*testFarm
	rt    *rapid.T
	naive naive
	tags  []farm.TagID
	did   []string // for whoever has to find out what went wrong
	seen  map[string]int
}

// histories is how many histories are played, and how long each is; all that rapid
// asks for when FARM_SOAK is set.
const histories, historyLength = 8, 250

// TestHistoriesAgainstANaiveFarm plays random histories of 50 workers and up to 20
// jobs on the manager with its store, and on the naive model: the same workers have
// to get the same tasks, and all jobs and tasks to stand the same, after each step.
func TestHistoriesAgainstANaiveFarm(t *testing.T) {
	wanted := []string{"assigned", "again to one that failed it", "nobody left", "blocked", "job failed", "job completed", "job canceled", "job paused"}
	playHistories(t, histories, wanted, play)
}

// playHistories plays so many random histories in virtual time, or all that rapid asks for when
// FARM_SOAK is set: then each of what is wanted must have been seen.
func playHistories(t *testing.T, most int, wanted []string, play func(t *testing.T, rt *rapid.T, seen map[string]int)) {
	n, seen := 0, map[string]int{}
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(timeless{t}, func(rt *rapid.T) {
			if n++; n > most && os.Getenv("FARM_SOAK") == "" {
				return
			}
			play(t, rt, seen)
		})
	})
	t.Logf("seen: %v", seen)
	for _, what := range wanted {
		if seen[what] == 0 && os.Getenv("FARM_SOAK") != "" { // few histories may well lack something
			t.Errorf("no history shows: %s", what)
		}
	}
}

// applyConfig makes the limits of the naive farm those of the real one.
func (c *contest) applyConfig() {
	c.configure(func(f *farm.Config) {
		f.TaskFailAfterSoftfailCount, f.BlocklistThreshold = c.naive.tries, c.naive.block
		f.WorkerTimeout = farm.Duration(time.Minute)
		f.RetryAfterFarmFault = farm.Duration(1000 * time.Hour) // its end has tests of its own
	})
}

// timeless keeps rapid from asking for a deadline, which there is none of in virtual time.
type timeless struct{ rapid.TB }

func play(t *testing.T, rt *rapid.T, seen map[string]int) {
	manager.PassBatch(t, rapid.SampledFrom([]int{500, 2}).Draw(rt, "passes change at once")) // their turns come by themselves
	manager.FreeTurns()
	home, err := os.MkdirTemp(memoryDir(), "farm")
	if err != nil {
		rt.Fatal(err)
	}
	defer os.RemoveAll(home)
	c := &contest{testFarm: openFarmIn(t, home), rt: rt, seen: seen,
		naive: naive{tries: rapid.IntRange(1, 3).Draw(rt, "tries"), block: rapid.IntRange(0, 3).Draw(rt, "blocklist threshold")}}
	defer c.stop()
	c.applyConfig()
	c.must(os.WriteFile(filepath.Join(home, "scripts", "any.js"), []byte(anyScript), 0o644))
	c.must(os.WriteFile(filepath.Join(home, "errors.yaml"), []byte(transient), 0o644))
	for _, name := range []string{"gpu", "big"} {
		tag, err := c.CreateTag(farm.Tag{Name: name})
		c.must(err)
		c.tags = append(c.tags, tag.ID)
	}
	for range rapid.SampledFrom([]int{50, 50, 3, 1}).Draw(rt, "workers") {
		c.newWorker()
	}
	for range rapid.IntRange(0, 8).Draw(rt, "jobs") {
		c.submit()
	}
	for range historyLength {
		c.step()
		synctest.Wait() // what goes on in the background is done
		c.compare()
	}
	for _, err := range c.store.Check() {
		c.lost("the store is not sound: %v", err)
	}
	c.finishAll()
}

// lost ends a contest, and tells what was done last.
func (c *contest) lost(format string, args ...any) {
	c.rt.Fatalf("%s\nafter\n%s", fmt.Sprintf(format, args...), strings.Join(c.did[max(0, len(c.did)-40):], "\n"))
}

func (c *contest) must(err error) {
	if err != nil {
		c.lost("%v", err)
	}
}

// memoryDir is where thousands of syncs cost nothing, if there is such a place.
func memoryDir() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return ""
}

func (c *contest) doing(format string, args ...any) {
	c.did = append(c.did, fmt.Sprintf(format, args...))
}

// An act is something that can happen, and how often, compared with others.
type act struct {
	often int
	do    func()
}

func (c *contest) step() {
	acts := []act{{30, c.take}, {8, c.takeNext}, {14, c.complete}, {14, c.fail}, {8, c.failSaying}, {2, c.giveBack}, {7, c.submit}, {6, c.jobWish}, {5, c.taskWish}, {2, c.requeueFailed},
		{3, c.priority}, {2, c.jobTag}, {2, c.workerTags}, {3, c.leave}, {4, c.comeBack}, {3, c.fallAsleep}, {2, c.unblock}, {1, c.deleteJob},
		{1, c.fireWorker}, {1, c.crash}, {1, c.silence}, {1, c.pause}}
	total := 0
	for _, a := range acts {
		total += a.often
	}
	at := rapid.IntRange(0, total-1).Draw(c.rt, "what")
	for _, a := range acts {
		if at -= a.often; at < 0 {
			a.do()
			return
		}
	}
}

func (c *contest) newWorker() {
	n := len(c.naive.workers) + 1
	kinds := rapid.SampledFrom([][]string{{"blender"}, {"ffmpeg"}, {"blender", "ffmpeg"}}).Draw(c.rt, "types")
	w := &nWorker{id: c.worker(fmt.Sprint("w", n), kinds...), kinds: kinds, awake: true}
	c.naive.workers = append(c.naive.workers, w)
	c.retag(w)
}

func (c *contest) retag(w *nWorker) {
	w.tags = rapid.SampledFrom([][]farm.TagID{nil, nil, {c.tags[0]}, {c.tags[1]}, c.tags}).Draw(c.rt, "tags")
	c.must(c.SetWorkerTags(w.id, w.tags))
}

// name is what people call a worker.
func (c *contest) name(w *nWorker) string { return fmt.Sprint("w", slices.Index(c.naive.workers, w)+1) }

func pick[T any](c *contest, what string, list []T, ok func(T) bool) (T, bool) {
	var fit []T
	for _, v := range list {
		if ok(v) {
			fit = append(fit, v)
		}
	}
	if len(fit) == 0 {
		var none T
		return none, false
	}
	return rapid.SampledFrom(fit).Draw(c.rt, what), true
}

func (c *contest) submit() {
	if len(c.naive.jobs) == 20 {
		return
	}
	var plan []anyTask
	for i := range rapid.IntRange(1, 12).Draw(c.rt, "tasks") {
		t := anyTask{Type: rapid.SampledFrom([]string{"blender", "blender", "ffmpeg"}).Draw(c.rt, "type"),
			Priority: rapid.SampledFrom([]int{50, 50, 60}).Draw(c.rt, "task priority"), Needs: []int{}}
		for need := range i {
			if rapid.IntRange(0, 5).Draw(c.rt, "needs") == 0 {
				t.Needs = append(t.Needs, need)
			}
		}
		plan = append(plan, t)
	}
	text, err := json.Marshal(plan)
	c.must(err)
	j := &nJob{inRow: map[nBlock]int{}, priority: rapid.IntRange(0, 3).Draw(c.rt, "priority"), tag: rapid.SampledFrom([]farm.TagID{"", "", c.tags[0], c.tags[1]}).Draw(c.rt, "tag"),
		held: rapid.IntRange(0, 9).Draw(c.rt, "paused") == 0}
	j.id = c.testFarm.submit(map[string]any{"tasks": string(text)}, func(s *farm.Submission) {
		s.Type, s.Priority, s.Tag = "any", j.priority, j.tag
		if j.held {
			s.Intent = farm.IntentHold
		}
	})
	tasks, _, err := c.Tasks(j.id, -1, 100)
	c.must(err)
	for i, t := range plan {
		task := &nTask{id: tasks[i].ID, index: i, kind: t.Type, priority: t.Priority}
		for _, need := range t.Needs {
			task.needs = append(task.needs, j.tasks[need])
		}
		j.tasks = append(j.tasks, task)
	}
	c.naive.jobs = append(c.naive.jobs, j)
	c.doing("submit job %d: priority %d, tag %q, %s", len(c.naive.jobs), j.priority, j.tag, text)
}

// compare looks at everything.
func (c *contest) compare() {
	for n, j := range c.naive.jobs {
		job, _, err := c.Job(j.id)
		c.must(err)
		c.seen["job "+j.status().String()]++
		if j.noWorkersLeft {
			c.seen["nobody left"]++
		}
		c.seen["blocked"] += len(j.blocked)
		if job.RetryAt.IsZero() == j.retry {
			c.lost("job %d is to be tried again at %v, in the model %v", n+1, job.RetryAt, j.retry)
		}
		if job.Status() != j.status() {
			c.lost("job %d is %s, in the model %s", n+1, job.Status(), j.status())
		}
		tasks, _, err := c.Tasks(j.id, -1, 100)
		c.must(err)
		for i, t := range j.tasks {
			c.compareTask(n, &tasks[i], t)
		}
		blocked, err := c.Blocklist(j.id)
		c.must(err)
		if len(blocked) != len(j.blocked) {
			c.lost("job %d has %d blocks, in the model %d", n+1, len(blocked), len(j.blocked))
		}
		for _, b := range j.blocked {
			if !slices.ContainsFunc(blocked, func(r manager.Block) bool { return r.Worker == b.worker.id && r.TaskType == b.kind }) {
				c.lost("job %d blocks %s from %s in the model only", n+1, c.name(b.worker), b.kind)
			}
		}
	}
}

func (c *contest) compareTask(job int, real *farm.Task, t *nTask) {
	var failedBy []farm.WorkerID
	for _, w := range t.failedBy {
		failedBy = append(failedBy, w.id)
	}
	slices.Sort(failedBy)
	got := slices.Sorted(slices.Values(real.FailedBy))
	switch {
	case real.Status != t.status:
		c.lost("task %d of job %d is %s, in the model %s", t.index+1, job+1, real.Status, t.status)
	case t.status == farm.TaskActive && real.Worker != t.worker.id:
		c.lost("task %d of job %d is another worker's than %s's", t.index+1, job+1, c.name(t.worker))
	case !slices.Equal(got, failedBy) || real.Failures != t.failures || real.Excused != t.excused:
		c.lost("task %d of job %d failed %d times by %d workers, in the model %d times by %d", t.index+1, job+1, real.Failures, len(got), t.failures, len(failedBy))
	}
}

// finishAll requeues everything and wakes everybody, and lets them do it all.
func (c *contest) finishAll() {
	for _, w := range c.naive.workers {
		if !w.deleted && !w.awake {
			c.wakeUp(w)
		}
	}
	c.worker("last") // it carries no tag
	w := &nWorker{id: c.worker("the last one"), kinds: []string{"blender", "ffmpeg"}, awake: true, tags: c.tags}
	c.must(c.SetWorkerTags(w.id, w.tags))
	for _, j := range c.naive.jobs {
		c.must(c.SetJobStatus(j.id, farm.JobCancelRequested, "stop"))
		c.must(c.SetJobStatus(j.id, farm.JobRequeueing, "once more"))
	}
	synctest.Wait()
	c.work(w.id)
	for n, j := range c.naive.jobs {
		if status := c.jobStatus(j.id); status != farm.JobCompleted {
			c.lost("in the end job %d is %s:\n%s", n+1, status, c.tasks(j.id))
		}
	}
	time.Sleep(time.Second)
}
