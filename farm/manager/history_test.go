package manager_test

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"renderfarm/farm"
	"renderfarm/farm/manager"
)

// history drives a farm with random requests of users and workers, and knows
// what each worker holds and how often each task was completed.
type history struct {
	*testFarm
	rt      *rapid.T
	jobs    []farm.JobID
	workers []farm.WorkerID
	deleted []farm.JobID
	awake   map[farm.WorkerID]bool
	holds   map[farm.WorkerID]farm.TaskID
}

// randomHistories is how many histories of each kind that are not compared with the
// naive farm are played; all that rapid asks for when FARM_SOAK is set.
const randomHistories = 30

// enough says after each history whether there were enough of them.
func enough(n *int) bool {
	*n++
	return *n > randomHistories && os.Getenv("FARM_SOAK") == ""
}

// TestRandomHistories checks after each step of random histories that no two
// workers hold the same task, that what is over holds no worker, that nothing
// waits for what can never come; and at the end that the farm can finish.
func TestRandomHistories(t *testing.T) {
	manager.RemoveBatch(3) // so that requests come between the steps
	t.Cleanup(func() { manager.RemoveBatch(10_000) })
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		if enough(&n) {
			return
		}
		h := &history{testFarm: openFarm(t), rt: rt, awake: map[farm.WorkerID]bool{}, holds: map[farm.WorkerID]farm.TaskID{}}
		defer h.stop()
		h.configure(rules(rapid.IntRange(1, 3).Draw(rt, "tries"), rapid.IntRange(0, 2).Draw(rt, "threshold")))
		for n := range rapid.IntRange(1, 3).Draw(rt, "workers") {
			w := h.worker(fmt.Sprint("w", n))
			h.workers, h.awake[w] = append(h.workers, w), true
		}
		rt.Repeat(map[string]func(*rapid.T){
			"submit":   h.submitAny,
			"take":     h.takeAny,
			"complete": func(rt *rapid.T) { h.reportAny(rt, farm.TaskCompleted) },
			"fail":     func(rt *rapid.T) { h.reportAny(rt, farm.TaskFailed) },
			"job":      h.jobVerb,
			"task":     h.taskVerb,
			"unblock":  h.unblockAny,
			"sign off": h.signOff,
			"sign on":  h.signOn,
			"crash":    h.crash,
			"sleep":    h.sleep,
			"delete":   h.deleteAny,
			"too late": h.tooLate,
			"restart":  func(*rapid.T) { h.restart() },
			"":         h.check,
		})
		h.finishAll()
	})
}

func (h *history) submitAny(rt *rapid.T) {
	if len(h.jobs) == 4 {
		rt.Skip("enough jobs")
	}
	settings := map[string]any{"frames": rapid.IntRange(1, 5).Draw(rt, "frames"), "video": rapid.Bool().Draw(rt, "video"), "chain": rapid.Bool().Draw(rt, "chain")}
	h.jobs = append(h.jobs, h.submit(settings, priority(rapid.IntRange(0, 3).Draw(rt, "priority"))))
}

func (h *history) anyWorker(rt *rapid.T, awake bool) farm.WorkerID {
	w := rapid.SampledFrom(h.workers).Draw(rt, "worker")
	if h.awake[w] != awake {
		rt.Skip("not so")
	}
	return w
}

func (h *history) takeAny(rt *rapid.T) {
	w := h.anyWorker(rt, true)
	task := h.take(w)
	if held := h.holds[w]; held != "" && task != held && h.stillHolds(w) {
		rt.Fatalf("the worker holds %s and got %q", held, task)
	}
	for other, held := range h.holds {
		if task != "" && other != w && held == task && h.stillHolds(other) {
			rt.Fatalf("%s was assigned to two workers", task)
		}
	}
	h.holds[w] = task
}

// stillHolds asks as the worker would.
func (h *history) stillHolds(w farm.WorkerID) bool {
	p, err := h.MayRun(h.t.Context(), w, h.holds[w], 0)
	h.must(err)
	return p.MayRun
}

func (h *history) reportAny(rt *rapid.T, status farm.TaskStatus) {
	w := h.anyWorker(rt, true)
	task := h.holds[w]
	if task == "" {
		rt.Skip("holds nothing")
	}
	may := h.stillHolds(w)
	err := h.Report(w, task, manager.Report{Status: &status, Log: "a line"})
	if may != (err == nil) {
		before, _, _ := h.Task(task)
		if before.Status != status { // else it was told twice, which is fine
			rt.Fatalf("may it run: %v; its report: %v", may, err)
		}
	}
	h.holds[w] = ""
}

func (h *history) jobVerb(rt *rapid.T) {
	if len(h.jobs) == 0 {
		rt.Skip("no jobs")
	}
	job := rapid.SampledFrom(h.jobs).Draw(rt, "job")
	wanted := rapid.SampledFrom([]farm.JobStatus{farm.JobCancelRequested, farm.JobPauseRequested, farm.JobRequeueing, farm.JobQueued}).Draw(rt, "wanted")
	h.must(h.SetJobStatus(job, wanted, "random"))
}

func (h *history) taskVerb(rt *rapid.T) {
	if len(h.jobs) == 0 {
		rt.Skip("no jobs")
	}
	tasks, _, err := h.Tasks(rapid.SampledFrom(h.jobs).Draw(rt, "job"), -1, 100)
	h.must(err)
	task := rapid.SampledFrom(tasks).Draw(rt, "task")
	wanted := rapid.SampledFrom([]farm.TaskStatus{farm.TaskCanceled, farm.TaskQueued}).Draw(rt, "wanted")
	if err := h.SetTaskStatus(task.ID, wanted, "random"); err != nil && farm.KindOf(err) != farm.Conflict {
		rt.Fatal(err)
	}
}

func (h *history) unblockAny(rt *rapid.T) {
	if len(h.jobs) == 0 {
		rt.Skip("no jobs")
	}
	job := rapid.SampledFrom(h.jobs).Draw(rt, "job")
	blocks, err := h.Blocklist(job)
	h.must(err)
	if len(blocks) == 0 {
		rt.Skip("nobody is blocked")
	}
	h.must(h.Unblock(job, []manager.Block{rapid.SampledFrom(blocks).Draw(rt, "block")}))
}

func (h *history) signOff(rt *rapid.T) {
	w := h.anyWorker(rt, true)
	h.must(h.SignOff(w))
	h.awake[w], h.holds[w] = false, ""
}

func (h *history) signOn(rt *rapid.T) {
	w := h.anyWorker(rt, false)
	h.wake(w, "back", "blender", "ffmpeg")
	h.awake[w] = true
}

// crash ends a worker without a word and starts it again.
func (h *history) crash(rt *rapid.T) {
	w := h.anyWorker(rt, true)
	h.wake(w, "crashed", "blender", "ffmpeg")
}

// sleep sends a worker to sleep for a moment; what it held is not its any more.
func (h *history) sleep(rt *rapid.T) {
	w := h.anyWorker(rt, true)
	h.must(h.StateChanged(w, farm.WorkerAsleep))
	if h.holds[w] != "" && h.stillHolds(w) {
		rt.Fatalf("a worker that sleeps still holds %s", h.holds[w])
	}
	h.holds[w] = ""
	h.must(h.StateChanged(w, farm.WorkerAwake))
}

func (h *history) deleteAny(rt *rapid.T) {
	if len(h.jobs) == 0 {
		rt.Skip("no jobs")
	}
	i := rapid.IntRange(0, len(h.jobs)-1).Draw(rt, "job")
	h.must(h.DeleteJob(h.jobs[i]))
	h.deleted = append(h.deleted, h.jobs[i])
	h.jobs = slices.Delete(h.jobs, i, i+1)
}

// tooLate wants something of a job that is being deleted, or is gone.
func (h *history) tooLate(rt *rapid.T) {
	if len(h.deleted) == 0 {
		rt.Skip("none deleted")
	}
	job := rapid.SampledFrom(h.deleted).Draw(rt, "deleted")
	for _, err := range []error{h.SetJobStatus(job, farm.JobRequeueing, "too late"), h.SetJobPriority(job, 3), h.SetJobTag(job, "", "")} {
		if k := farm.KindOf(err); k != farm.Conflict && k != farm.NotFound {
			rt.Fatalf("a job that is being deleted was changed: %v", err)
		}
	}
}

func (h *history) check(rt *rapid.T) {
	for _, err := range h.store.Check() {
		rt.Fatalf("the store is not sound: %v", err)
	}
	for _, id := range h.jobs {
		job, _, err := h.Job(id)
		h.must(err)
		tasks, _, err := h.Tasks(id, -1, 100)
		h.must(err)
		status := job.Status()
		if status.Over() && job.Counts[farm.TaskActive] > 0 {
			rt.Fatalf("a %s job has active tasks:\n%s", status, h.tasks(id))
		}
		if status == farm.JobCompleted && job.StepsDone != job.StepsTotal {
			rt.Fatalf("a completed job did %d of %d steps", job.StepsDone, job.StepsTotal)
		}
		if job.Counts[farm.TaskFailed] > 0 && status == farm.JobCompleted {
			rt.Fatal("a failure is hidden")
		}
		h.checkNeeds(rt, tasks)
		h.checkBlocks(rt, job)
	}
}

// checkBlocks checks that no job goes on while everybody is blocked from one of
// its types: every worker here takes every type.
func (h *history) checkBlocks(rt *rapid.T, job farm.Job) {
	blocks, err := h.Blocklist(job.ID)
	h.must(err)
	byType := map[string]int{}
	for _, b := range blocks {
		if byType[b.TaskType]++; byType[b.TaskType] == len(h.workers) && job.Status().Runs() {
			rt.Fatalf("everybody is blocked from %s tasks, and the job is %s:\n%s", b.TaskType, job.Status(), h.tasks(job.ID))
		}
	}
}

// checkNeeds checks, in a chain or a job with a video, that no task waits for
// one that will never be completed, and none is done before what it needs.
func (h *history) checkNeeds(rt *rapid.T, tasks []farm.Task) {
	needs := func(i int) (needed []farm.Task) {
		if tasks[i].Name == "video" {
			return tasks[:i]
		}
		_, detail, err := h.Job(tasks[i].Job)
		h.must(err)
		if detail.Settings["chain"] == true && i > 0 {
			return tasks[i-1 : i]
		}
		return nil
	}
	for i, t := range tasks {
		for _, needed := range needs(i) {
			if t.Status.Waiting() && needed.Status.Spoiled() { // even while the job is stopped: it may be resumed
				rt.Fatalf("%s waits for %s, which is %s", t.Name, needed.Name, needed.Status)
			}
			if (t.Status == farm.TaskActive || t.Status == farm.TaskCompleted) && needed.Status != farm.TaskCompleted {
				rt.Fatalf("%s is %s, and %s, which it needs, is %s", t.Name, t.Status, needed.Name, needed.Status)
			}
		}
	}
}

// finishAll requeues everything and lets one worker do it all.
func (h *history) finishAll() {
	for _, w := range h.workers {
		if h.awake[w] {
			h.must(h.SignOff(w))
		}
	}
	for _, id := range h.jobs {
		if h.jobStatus(id) != farm.JobCompleted {
			h.must(h.SetJobStatus(id, farm.JobRequeueing, "once more"))
		}
	}
	w := h.worker("last")
	h.work(w)
	for _, id := range h.jobs {
		if status := h.jobStatus(id); status != farm.JobCompleted {
			h.rt.Fatalf("in the end a job is %s:\n%s", status, h.tasks(id))
		}
	}
}
