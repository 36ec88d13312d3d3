package manager_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"renderfarm/farm"
	"renderfarm/farm/manager"
	"renderfarm/store"
)

// A doubt drives a farm of many kinds of workers and jobs with random requests,
// and compares what is said of why nothing happens with what happens.
type doubt struct {
	*scene
	rt      *rapid.T
	jobs    []farm.JobID
	workers []farm.WorkerID
}

// TestWhyTellsTheTruth checks, over random farms: when nothing is said to be in
// the way of a task for a worker, its next request gets a task; when a request gets
// nothing, a reason is named; and the farm's status is that of its parts.
func TestWhyTellsTheTruth(t *testing.T) {
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		if enough(&n) {
			return
		}
		f := openFarm(t)
		d := &doubt{scene: &scene{testFarm: f, tags: map[string]farm.TagID{}}, rt: rt}
		defer d.stop()
		d.tagged("gpu")
		d.tagged("cpu")
		rt.Repeat(map[string]func(*rapid.T){
			"worker":   d.newWorker,
			"submit":   d.newJob,
			"report":   d.reportAny,
			"status":   d.statusAny,
			"request":  d.requestAny,
			"schedule": d.scheduleAny,
			"tags":     d.tagAny,
			"job":      d.verbAny,
			"block":    d.blockAny,
			"fail":     d.failAny,
			"ask":      d.askAny,
			"facts":    d.factsAny,
			"":         d.check,
		})
	})
}

func (d *doubt) newWorker(rt *rapid.T) {
	if len(d.workers) == 4 {
		rt.Skip("enough workers")
	}
	types := rapid.SampledFrom([][]string{{"blender"}, {"ffmpeg"}, {"blender", "ffmpeg"}, {"misc"}}).Draw(rt, "types")
	d.workers = append(d.workers, d.worker(fmt.Sprint("w", len(d.workers)), types...))
}

func (d *doubt) anyTag(rt *rapid.T) farm.TagID {
	return rapid.SampledFrom([]farm.TagID{"", d.tags["gpu"], d.tags["cpu"]}).Draw(rt, "tag")
}

func (d *doubt) newJob(rt *rapid.T) {
	if len(d.jobs) == 4 {
		rt.Skip("enough jobs")
	}
	settings := map[string]any{"frames": rapid.IntRange(1, 3).Draw(rt, "frames"), "video": rapid.Bool().Draw(rt, "video"), "chain": rapid.Bool().Draw(rt, "chain"),
		"gpu": rapid.SampledFrom([]string{"auto", "auto", "require"}).Draw(rt, "gpu")}
	d.jobs = append(d.jobs, d.submit(settings, priority(rapid.IntRange(0, 2).Draw(rt, "priority")), tag(d.anyTag(rt))))
}

// factsAny has a worker tell which cards it has, if any, or nothing at all.
func (d *doubt) factsAny(rt *rapid.T) {
	w := d.anyWorker(rt)
	var facts farm.WorkerFacts
	for _, kind := range rapid.SampledFrom([][]string{{}, {"CPU"}, {"CPU"}, {"CPU", "CUDA"}}).Draw(rt, "devices") {
		facts = withDevice(facts, kind)
	}
	d.must(d.SetFacts(w, facts))
}

// withDevice adds a device to those that the only Blender of a worker finds.
func withDevice(facts farm.WorkerFacts, kind string) farm.WorkerFacts {
	if len(facts.Blenders) == 0 {
		facts.Blenders = []farm.WorkerBlender{{Version: "4.2.1", Path: "/blender"}}
	}
	facts.Blenders[0].Devices = append(facts.Blenders[0].Devices, farm.RenderDevice{Type: kind, Name: kind})
	return facts
}

func (d *doubt) anyWorker(rt *rapid.T) farm.WorkerID {
	if len(d.workers) == 0 {
		rt.Skip("no workers")
	}
	return rapid.SampledFrom(d.workers).Draw(rt, "worker")
}

func (d *doubt) anyJob(rt *rapid.T) farm.JobID {
	if len(d.jobs) == 0 {
		rt.Skip("no jobs")
	}
	return rapid.SampledFrom(d.jobs).Draw(rt, "job")
}

func (d *doubt) reportAny(rt *rapid.T) {
	w := d.anyWorker(rt)
	worker, err := d.Worker(w)
	d.must(err)
	if worker.LastTask == "" {
		rt.Skip("never had one")
	}
	status := rapid.SampledFrom([]farm.TaskStatus{farm.TaskCompleted, farm.TaskFailed}).Draw(rt, "status")
	if err := d.Report(w, worker.LastTask, manager.Report{Status: &status}); err != nil && farm.KindOf(err) != farm.Conflict {
		rt.Fatal(err)
	}
}

func (d *doubt) statusAny(rt *rapid.T) {
	status := rapid.SampledFrom([]farm.WorkerStatus{farm.WorkerAwake, farm.WorkerAwake, farm.WorkerAsleep, farm.WorkerOffline, farm.WorkerStarting}).Draw(rt, "status")
	switch w := d.anyWorker(rt); status {
	case farm.WorkerOffline:
		d.must(d.SignOff(w))
	default:
		d.must(d.StateChanged(w, status))
	}
}

func (d *doubt) requestAny(rt *rapid.T) {
	status := rapid.SampledFrom([]farm.WorkerStatus{farm.WorkerAwake, farm.WorkerAsleep, farm.WorkerOffline}).Draw(rt, "status")
	d.must(d.RequestStatus(d.anyWorker(rt), farm.StatusRequest{Status: status, Lazy: rapid.Bool().Draw(rt, "lazy")}))
}

func (d *doubt) scheduleAny(rt *rapid.T) {
	windows := rapid.SampledFrom([]farm.Window{{}, hours("08:00", "08:00")}).Draw(rt, "window")
	d.must(d.SetSchedule(d.anyWorker(rt), farm.Schedule{Active: rapid.Bool().Draw(rt, "active"), Windows: []farm.Window{windows}}))
}

func (d *doubt) tagAny(rt *rapid.T) {
	w := d.anyWorker(rt)
	if rapid.Bool().Draw(rt, "worker's") || len(d.jobs) == 0 {
		d.must(d.SetWorkerTags(w, []farm.TagID{d.anyTag(rt)}))
		return
	}
	d.must(d.SetJobTag(d.anyJob(rt), d.anyTag(rt), ""))
}

func (d *doubt) verbAny(rt *rapid.T) {
	wanted := rapid.SampledFrom([]farm.JobStatus{farm.JobCancelRequested, farm.JobPauseRequested, farm.JobRequeueing, farm.JobQueued}).Draw(rt, "wanted")
	d.must(d.SetJobStatus(d.anyJob(rt), wanted, "random"))
}

func (d *doubt) blockAny(rt *rapid.T) {
	job, w := d.anyJob(rt), d.anyWorker(rt)
	kind := rapid.SampledFrom([]string{"blender", "ffmpeg"}).Draw(rt, "type")
	if rapid.Bool().Draw(rt, "unblock") {
		d.must(d.Unblock(job, []manager.Block{{Worker: w, TaskType: kind}}))
		return
	}
	d.blocked(job, kind, w)
}

// failAny notes that a worker failed a task that waits.
func (d *doubt) failAny(rt *rapid.T) {
	job, w := d.anyJob(rt), d.anyWorker(rt)
	number := rapid.IntRange(0, 3).Draw(rt, "task")
	d.behind = true
	d.must(d.store.Update(func(tx *store.Tx) error {
		j, err := tx.Job(job)
		if err != nil {
			return err
		}
		t := j.Task(number % j.Len())
		if state := t.State(); state.Status.Waiting() && j.Status() == farm.JobActive { // a status that this leaves alone
			state.Status, state.FailedBy = farm.TaskSoftFailed, []farm.WorkerID{w}
			tx.SetTask(t, state)
		}
		return nil
	}))
}

// askAny compares what is said with what the worker gets.
func (d *doubt) askAny(rt *rapid.T) {
	w := d.anyWorker(rt)
	said := d.why(subject{worker: w})
	clear := d.clearFor(w)
	if said.Clear != (clear != "") {
		rt.Fatalf("of the worker it is said %+v, and of the tasks for it that nothing is in the way of %q", said, clear)
	}
	a, err := d.Assign(d.t.Context(), w, 0)
	if err != nil && farm.KindOf(err) != farm.Conflict {
		rt.Fatal(err)
	}
	got := err == nil && a.Task != nil
	switch {
	case clear != "" && !got:
		rt.Fatalf("nothing is in the way of %s, and the worker gets nothing: %+v, %v", clear, a, err)
	case got && !said.Clear && !said.Running:
		rt.Fatalf("the worker gets a task, and it was said %+v", said)
	case !got && said.Reason == "":
		rt.Fatal("the worker gets nothing, and no reason is named")
	}
}

// clearFor returns a task of which it is said that nothing keeps it from the
// worker, "" if there is none.
func (d *doubt) clearFor(w farm.WorkerID) (found string) {
	for _, job := range d.jobs {
		tasks, _, err := d.Tasks(job, -1, 100)
		d.must(err)
		for _, t := range tasks {
			why := d.why(subject{task: t.ID, worker: w})
			if why.Reason == "" || why.Running != (t.Status == farm.TaskActive) {
				d.rt.Fatalf("of a task that is %s it is said %+v", t.Status, why)
			}
			if why.Clear {
				found = t.Name
			}
		}
	}
	return found
}

func (d *doubt) check(rt *rapid.T) {
	workers := map[farm.WorkerStatus]int{}
	all, err := d.Workers()
	d.must(err)
	for _, w := range all {
		workers[w.Status]++
	}
	jobs := map[farm.JobStatus]int{}
	for _, id := range d.jobs {
		job, _, err := d.Job(id)
		d.must(err)
		jobs[job.Status()]++
		why := d.why(subject{job: id})
		if why.Reason == "" || why.Running != (job.Counts[farm.TaskActive] > 0) {
			rt.Fatalf("of a job that is %s, with %v tasks, it is said %+v", job.Status(), job.Counts, why)
		}
	}
	if got, want := d.FarmStatus(), farm.StatusOfFarm(workers, jobs[farm.JobActive] > 0, jobs[farm.JobQueued] > 0); got != want {
		rt.Fatalf("the farm is %s, and its parts make it %s", got, want)
	}
}
