package manager_test

import (
	"maps"
	"slices"
	"time"

	"pgregory.net/rapid"

	"renderfarm/farm"
	"renderfarm/farm/manager"
)

// What happens in a contest: each act is done to both farms.

func (w *nWorker) isAwake() bool { return w.awake && !w.deleted }

func (c *contest) take() {
	some := c.naive.workers // a few ask more often than the others, and fail more
	if rapid.Bool().Draw(c.rt, "of a few") {
		some = some[:min(5, len(some))]
	}
	w, ok := pick(c, "worker", some, (*nWorker).isAwake)
	if !ok {
		return
	}
	c.heard(w)
	got, possible := c.testFarm.take(w.id), c.naive.take(w)
	c.doing("%s takes a task", c.name(w))
	if len(possible) > 1 {
		c.seen["has two"]++
	}
	if len(possible) == 0 && got != "" {
		c.lost("%s got task %s, in the model nothing", c.name(w), got)
	}
	for _, want := range possible {
		c.seen["assigned"]++
		if slices.Contains(want.failedBy, w) {
			c.seen["again to one that failed it"]++
		}
	}
	if len(possible) > 0 && !slices.ContainsFunc(possible, func(t *nTask) bool { return t.id == got }) {
		c.lost("%s got %q, in the model task %d (%s)", c.name(w), got, possible[0].index+1, possible[0].id)
	}
}

// takeNext is a worker that asks for the task after the one at hand, and perhaps whether
// it may keep it.
func (c *contest) takeNext() {
	j, at, ok := c.held()
	if !ok {
		return
	}
	w := at.worker
	c.heard(w)
	a, err := c.AssignNext(w.id, at.id)
	c.must(err)
	var got farm.TaskID
	if a.Task != nil {
		got = a.Task.ID
	}
	next := c.naive.takeNext(w, j, at)
	c.doing("%s asks for the task after %d of job %s", c.name(w), at.index+1, j.id)
	switch {
	case next == nil && got != "":
		c.lost("%s got task %s as its next, in the model nothing", c.name(w), got)
	case next != nil && got != next.id:
		c.lost("%s got %q as its next, in the model task %d (%s)", c.name(w), got, next.index+1, next.id)
	case next != nil:
		c.seen["next"]++
		c.mayBegin()
	}
}

// mayBegin asks about any task as one that was not begun.
func (c *contest) mayBegin() {
	j, t, ok := c.held()
	if !ok {
		return
	}
	time.Sleep(time.Minute / 4) // nobody who asked before counts as idle any more
	for _, w := range c.naive.workers {
		if w.isAwake() {
			c.heard(w)
		}
	}
	p, err := c.MayBegin(c.t.Context(), t.worker.id, t.id, 0)
	c.must(err)
	want := c.naive.mayBegin(t.worker, j, t)
	c.doing("may %s begin task %d of job %s? %v %s", c.name(t.worker), t.index+1, j.id, p.MayRun, p.Reason)
	c.seen[p.Reason]++
	if p.MayRun != want {
		c.lost("in the model %v", want)
	}
}

// held picks a task that a worker has.
func (c *contest) held() (j *nJob, t *nTask, ok bool) {
	type pair struct {
		j *nJob
		t *nTask
	}
	var all []pair
	for _, j := range c.naive.jobs {
		for _, t := range j.tasks {
			if t.status == farm.TaskActive {
				all = append(all, pair{j, t})
			}
		}
	}
	p, ok := pick(c, "task", all, func(pair) bool { return true })
	return p.j, p.t, ok
}

func (c *contest) reports(status farm.TaskStatus, then func(j *nJob, t *nTask)) {
	j, t, ok := c.held()
	if !ok {
		return
	}
	c.doing("%s reports task %d of %s: %s", c.name(t.worker), t.index+1, j.id, status)
	c.heard(t.worker)
	c.report(t.worker.id, t.id, status)
	then(j, t)
}

func (c *contest) complete() {
	c.reports(farm.TaskCompleted, (*nJob).complete)
}

func (c *contest) fail() {
	c.reports(farm.TaskFailed, func(j *nJob, t *nTask) { c.naive.fail(j, t, false) })
}

// whose are faults, and logs that say so.
var whose = map[string]string{"nobody could": "Error: Cannot render, no camera", "the farm's": diskFull, "nobody's": "connection reset by peer",
	"the worker's": "Error: Found no Cycles device of the specified type", "the task's": "Error: script failed"}

// transient is a user's rule, as none of the program's says so.
const transient = "rules:\n  - {class: our-network, match: 'connection reset', consequence: transient, means: The network stumbled.}\n"

// failSaying fails a task with a log that says whose fault it was.
func (c *contest) failSaying() {
	j, t, ok := c.held()
	if !ok {
		return
	}
	fault := rapid.SampledFrom(slices.Sorted(maps.Keys(whose))).Draw(c.rt, "whose fault")
	c.doing("%s fails task %d of %s: %s fault", c.name(t.worker), t.index+1, j.id, fault)
	c.seen[fault]++
	c.heard(t.worker)
	c.must(c.Report(t.worker.id, t.id, manager.Report{Log: whose[fault], Status: new(farm.TaskFailed)}))
	c.naive.failSaying(j, t, fault)
}

func (c *contest) giveBack() {
	c.reports(farm.TaskQueued, func(j *nJob, t *nTask) { t.status, t.worker = farm.TaskQueued, nil })
}

func (c *contest) job() (*nJob, bool) {
	return pick(c, "job", c.naive.jobs, func(*nJob) bool { return true })
}

func (c *contest) jobWish() {
	j, ok := c.job()
	if !ok {
		return
	}
	wanted := rapid.SampledFrom([]farm.JobStatus{farm.JobRequeueing, farm.JobQueued, farm.JobPauseRequested, farm.JobCancelRequested}).Draw(c.rt, "wanted")
	c.doing("job %s, which is %s: %s", j.id, j.status(), wanted)
	c.must(c.SetJobStatus(j.id, wanted, "random"))
	j.wish(wanted)
}

func (c *contest) requeueFailed() {
	j, ok := c.job()
	if !ok {
		return
	}
	c.doing("job %s, which is %s: requeue what failed", j.id, j.status())
	c.same(c.RequeueFailed(j.id, "random"), j.doFailedAgain())
}

// same checks that a wish is refused exactly when the model refuses it.
func (c *contest) same(err error, possible bool) {
	if (err == nil) != possible || err != nil && farm.KindOf(err) != farm.Conflict {
		c.lost("asked: %v; in the model possible: %v", err, possible)
	}
}

func (c *contest) taskWish() {
	j, ok := c.job()
	if !ok {
		return
	}
	t, _ := pick(c, "task", j.tasks, func(*nTask) bool { return true })
	again := rapid.Bool().Draw(c.rt, "again")
	c.doing("task %d of job %s (%s), which is %s: again %v", t.index+1, j.id, j.status(), t.status, again)
	if again {
		c.same(c.SetTaskStatus(t.id, farm.TaskQueued, "random"), c.naive.requeueTask(j, t))
	} else {
		c.same(c.SetTaskStatus(t.id, farm.TaskCanceled, "random"), j.cancelTask(t))
	}
}

func (c *contest) priority() {
	if j, ok := c.job(); ok {
		j.priority = rapid.IntRange(0, 3).Draw(c.rt, "priority")
		c.doing("job %s has priority %d", j.id, j.priority)
		c.must(c.SetJobPriority(j.id, j.priority))
	}
}

func (c *contest) jobTag() {
	if j, ok := c.job(); ok {
		j.tag = rapid.SampledFrom([]farm.TagID{"", c.tags[0], c.tags[1]}).Draw(c.rt, "tag")
		c.doing("job %s has tag %q", j.id, j.tag)
		c.must(c.SetJobTag(j.id, j.tag, ""))
	}
}

func (c *contest) workerTags() {
	if w, ok := pick(c, "worker", c.naive.workers, (*nWorker).isAwake); ok {
		c.doing("%s gets other tags", c.name(w))
		c.retag(w)
	}
}

func (c *contest) leave() {
	if w, ok := pick(c, "worker", c.naive.workers, (*nWorker).isAwake); ok {
		c.doing("%s signs off", c.name(w))
		c.must(c.SignOff(w.id))
		c.naive.leave(w)
	}
}

func (c *contest) fallAsleep() {
	if w, ok := pick(c, "worker", c.naive.workers, (*nWorker).isAwake); ok {
		c.doing("%s falls asleep", c.name(w))
		c.must(c.StateChanged(w.id, farm.WorkerAsleep))
		c.naive.leave(w)
	}
}

func (c *contest) comeBack() {
	if w, ok := pick(c, "worker", c.naive.workers, func(w *nWorker) bool { return !w.awake && !w.deleted }); ok {
		c.doing("%s wakes up", c.name(w))
		c.wakeUp(w)
	}
}

// heard is the sign of life that each request of a worker begins with.
func (c *contest) heard(w *nWorker) {
	_, err := c.Authenticate(string(w.id), "secret of "+c.name(w))
	c.must(err)
}

// wakeUp brings a worker back from wherever it was.
func (c *contest) wakeUp(w *nWorker) {
	c.heard(w)
	wanted, err := c.SignOn(w.id, manager.SignOn{Name: c.name(w), Software: "test", TaskTypes: w.kinds})
	c.must(err)
	if wanted != farm.WorkerAwake { // it was asleep when it was lost
		c.must(c.RequestStatus(w.id, farm.StatusRequest{Status: farm.WorkerAwake}))
	}
	c.must(c.StateChanged(w.id, farm.WorkerAwake))
	w.awake = true
}

func (c *contest) unblock() {
	j, ok := pick(c, "job", c.naive.jobs, func(j *nJob) bool { return len(j.blocked) > 0 })
	if !ok {
		return
	}
	b, _ := pick(c, "block", j.blocked, func(nBlock) bool { return true })
	c.doing("job %s, which is %s: unblock %s from %s", j.id, j.status(), c.name(b.worker), b.kind)
	c.must(c.Unblock(j.id, []manager.Block{{Worker: b.worker.id, TaskType: b.kind}}))
	c.naive.unblock(j, b)
}

func (c *contest) deleteJob() {
	j, ok := c.job()
	if !ok {
		return
	}
	c.doing("delete job %s", j.id)
	c.must(c.DeleteJob(j.id))
	for i := range c.naive.jobs {
		if c.naive.jobs[i] == j {
			c.naive.jobs = append(c.naive.jobs[:i:i], c.naive.jobs[i+1:]...)
			break
		}
	}
}

func (c *contest) fireWorker() {
	awake := 0
	for _, w := range c.naive.workers {
		if w.isAwake() {
			awake++
		}
	}
	if w, ok := pick(c, "worker", c.naive.workers, func(w *nWorker) bool { return !w.deleted }); ok && awake > 1 {
		c.doing("delete %s", c.name(w))
		c.must(c.DeleteWorker(w.id))
		c.naive.leave(w)
		w.deleted = true
	}
}

// crash is the manager's.
func (c *contest) crash() {
	c.doing("the manager crashes and starts again")
	c.restart()
	c.applyConfig()
}

// silence is a network that fails for longer than worker_timeout: everybody is lost,
// and what they had is returned.
func (c *contest) silence() {
	c.doing("nobody is heard of any more")
	time.Sleep(2 * time.Minute)
	for _, w := range c.naive.workers {
		if real, err := c.Worker(w.id); err == nil && real.Status != farm.WorkerError && real.Status != farm.WorkerOffline {
			c.lost("%s is %s still, after two minutes without a word", c.name(w), real.Status)
		}
		c.naive.leave(w)
	}
	for range 5 {
		c.comeBack()
	}
}

// pause lets some time pass in which nothing happens.
func (c *contest) pause() { time.Sleep(time.Second) }
