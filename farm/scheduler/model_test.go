package scheduler

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"renderfarm/farm"
)

// A naiveJob keeps everything in plain slices.
type naiveJob struct {
	terms   Terms
	tasks   []naiveTask
	blocked map[workerType]bool
}

type naiveTask struct {
	farm.PlannedTask
	status   farm.TaskStatus
	failedBy []uint32
	memory   bool // it last failed for want of memory
}

// A history runs a scheduler beside plain slices, in which answers are found by
// looking at all of them. They share no code but the rules of package farm.
type history struct {
	*world
	naive map[*Job]*naiveJob
	types []string
}

func (h *history) ready(n *naiveJob, i int) bool {
	return !slices.ContainsFunc(n.tasks[i].Needs, func(need int) bool { return n.tasks[need].status != farm.TaskCompleted })
}

// serves reports whether a worker does such tasks of the job, whatever Blender it has.
func (h *history) serves(n *naiveJob, taskType string, number uint32) bool {
	w := &h.workers[number-1]
	return w.Deleted.IsZero() && slices.Contains(w.TaskTypes, taskType) && (n.terms.Tag == "" || slices.Contains(w.Tags, n.terms.Tag)) &&
		!n.blocked[workerType{number, taskType}]
}

func (h *history) memory(number uint32) int64 {
	if f := h.workers[number-1].Facts; f != nil {
		return f.Memory
	}
	return 0
}

// enough reports whether a worker may have the memory that others lacked for the task.
func (h *history) enough(task *naiveTask, number uint32) bool {
	return !task.memory || h.memory(number) == 0 ||
		!slices.ContainsFunc(task.failedBy, func(f uint32) bool { return h.memory(f) >= h.memory(number) })
}

// capable counts the workers that could do a task, as if other were blocked, and of
// these the ones that have not failed it.
func (h *history) capable(n *naiveJob, i int, other uint32, also func(number uint32, w *farm.Worker) bool) (capable, untried int) {
	task := &n.tasks[i]
	for k := range h.workers {
		w, number := &h.workers[k], uint32(k+1)
		if number == other || !h.serves(n, task.Type, number) || !h.suits(n, task.Type, number, other) || !h.hasCard(n, task.Type, number) || !h.hasStorage(n, task.Type, number) || !also(number, w) {
			continue
		}
		capable++
		if !slices.Contains(task.failedBy, number) {
			untried++
		}
	}
	return capable, untried
}

// obstacle is Obstacle, the long way.
func (h *history) obstacle(n *naiveJob, i int, number uint32) farm.Obstacle {
	task, w := &n.tasks[i], &h.workers[number-1]
	_, others := h.capable(n, i, 0, func(other uint32, w *farm.Worker) bool { return w.Status == farm.WorkerAwake && h.enough(task, other) })
	switch {
	case !n.terms.Open:
		return farm.JobStopped
	case !task.status.Waiting():
		return farm.TaskNotWaiting
	case !h.ready(n, i):
		return farm.NeedsUnmet
	case !slices.Contains(w.TaskTypes, task.Type):
		return farm.TypeUnsupported
	case n.terms.Tag != "" && !slices.Contains(w.Tags, n.terms.Tag):
		return farm.TagMissing
	case !h.suits(n, task.Type, number, 0):
		return farm.BlenderMissing
	case !h.hasCard(n, task.Type, number):
		return farm.GPUMissing
	case !h.hasStorage(n, task.Type, number):
		return farm.StorageMissing
	case n.blocked[workerType{number, task.Type}]:
		return farm.WorkerBlocked
	case !h.enough(task, number):
		return farm.MemoryShort
	case slices.Contains(task.failedBy, number) && others > 0:
		return farm.FailedBefore
	case h.storageFirst(n, i, number):
		return farm.StorageFirst
	}
	return farm.NoObstacle
}

// storageFirst reports whether a worker with a mirror leaves a task to another one.
func (h *history) storageFirst(n *naiveJob, i int, number uint32) bool {
	task := &n.tasks[i]
	needs := func(i int) []int { return slices.Compact(slices.Sorted(slices.Values(n.tasks[i].Needs))) }
	alone := len(needs(i)) > 1
	for k := range n.tasks {
		alone = alone && (k == i || !slices.Equal(needs(k), needs(i)))
	}
	mirror := func(number uint32) bool {
		f := h.workers[number-1].Facts
		return f != nil && f.Storage == farm.StorageMirrored
	}
	_, others := h.capable(n, i, 0, func(other uint32, w *farm.Worker) bool {
		return w.Status == farm.WorkerAwake && w.InUse == "" && !mirror(other) && h.enough(task, other)
	})
	return mirror(number) && (task.Type == farm.TypeFFmpeg || alone) && others > 0
}

// best is Pick, the long way.
func (h *history) best(number uint32) (best Task) {
	for _, j := range h.jobs { // the oldest first
		n := h.naive[j]
		for i := range n.tasks {
			if h.obstacle(n, i, number) != farm.NoObstacle {
				continue
			}
			if b := h.naive[best.Job]; b == nil || n.terms.Priority > b.terms.Priority ||
				n.terms.Priority == b.terms.Priority && n.tasks[i].Priority > b.tasks[best.Index].Priority {
				best = Task{j, i}
			}
		}
	}
	return best
}

// check compares everything that can be asked with the long way.
func (h *history) check(t *rapid.T) {
	h.clean(t)
	for k := range h.workers {
		w := h.s.Worker(uint32(k + 1))
		got, ok := h.s.Pick(w)
		if want := h.best(w.number); got != want || ok != (want.Job != nil) {
			t.Fatalf("worker %d gets %v, and %v the long way", w.number, got, want)
		}
		h.checkMismatch(t, w, ok)
		for _, j := range h.jobs {
			n := h.naive[j]
			for i := range n.tasks {
				if got, want := h.s.Obstacle(j.Task(i), w), h.obstacle(n, i, w.number); got != want {
					t.Fatalf("task %d has obstacle %d to worker %d, and %d the long way", i, got, w.number, want)
				}
				_, larger := h.capable(n, i, w.number, func(number uint32, _ *farm.Worker) bool {
					return h.enough(&n.tasks[i], number) && (h.memory(number) == 0 || h.memory(number) > h.memory(w.number))
				})
				if got := h.s.Larger(j.Task(i), w); got != larger {
					t.Fatalf("%d workers are larger than %d for task %d, and %d the long way", got, w.number, i, larger)
				}
				capable, untried := h.s.Capable(j.Task(i), w)
				if a, b := h.capable(n, i, w.number, func(uint32, *farm.Worker) bool { return true }); a != capable || b != untried {
					t.Fatalf("besides worker %d, %d could do task %d, %d of them did not fail it; %d and %d the long way", w.number, capable, i, untried, a, b)
				}
			}
		}
	}
}

// checkMismatch compares what a worker gets with demands and mismatches.
func (h *history) checkMismatch(t *rapid.T, w *Worker, gets bool) {
	matched, waits, m := false, false, h.s.Mismatch(w)
	for _, j := range h.jobs {
		for _, d := range h.s.Demands(j) {
			waits = true
			task, o := h.s.Match(d, w)
			if matched = matched || o == farm.NoObstacle; o == farm.NoObstacle && h.s.Obstacle(task, w) != o {
				t.Fatalf("worker %d matches a demand by task %d, which has obstacle %d", w.number, task.Index, h.s.Obstacle(task, w))
			}
		}
	}
	if matched != gets {
		t.Fatalf("worker %d matches a demand: %v; it gets a task: %v", w.number, matched, gets)
	}
	named := len(m.Types) + len(m.Tags) + len(m.Blenders) + len(m.Blocked) + len(m.Failed)
	if m.StorageFirst {
		named++
	}
	if !gets && (named > 0) != waits {
		t.Fatalf("worker %d gets nothing, tasks wait: %v, and the reasons are %+v", w.number, waits, m)
	}
}

// do runs an operation, and checks that it told of the work that it made
// available: an idle worker that can do something now must be woken, unless it
// was itself changed.
func (h *history) do(t *rapid.T, f func(), changed ...uint32) {
	idle := map[uint32]bool{}
	for k := range h.workers {
		_, ok := h.s.Pick(h.s.Worker(uint32(k + 1)))
		idle[uint32(k+1)] = !ok
	}
	h.told = nil
	f()
	for k := range h.workers {
		number, is := uint32(k+1), &h.workers[k]
		task, ok := h.s.Pick(h.s.Worker(number))
		if ok && idle[number] && !slices.Contains(changed, number) && !slices.ContainsFunc(h.told, func(work Work) bool {
			return slices.Contains(is.TaskTypes, work.Type) && (work.Tag == "" || slices.Contains(is.Tags, work.Tag))
		}) {
			t.Fatalf("worker %d can do %v now, and new work is %v", number, task, h.told)
		}
	}
	h.check(t)
}

func (h *history) anyJob(t *rapid.T) (*Job, *naiveJob) {
	if len(h.jobs) == 0 {
		t.Skip("no job")
	}
	j := rapid.SampledFrom(h.jobs).Draw(t, "job")
	return j, h.naive[j]
}

func (h *history) anyWorker(t *rapid.T) *Worker {
	if len(h.workers) == 0 {
		t.Skip("no worker")
	}
	return h.s.Worker(uint32(rapid.IntRange(1, len(h.workers)).Draw(t, "worker")))
}

func (h *history) drawTerms(t *rapid.T) Terms {
	return Terms{Open: rapid.IntRange(0, 3).Draw(t, "open") > 0, Priority: rapid.IntRange(1, 3).Draw(t, "priority"),
		Tag: rapid.SampledFrom([]farm.TagID{"", "", "one", "two"}).Draw(t, "tag"), Need: drawNeed(t)}
}

func drawNeed(t *rapid.T) farm.BlenderNeed {
	version, _ := farm.ParseBlenderVersion(rapid.SampledFrom([]string{"", "3.4", "4.3", "5.2"}).Draw(t, "of"))
	return farm.BlenderNeed{Version: version, Match: rapid.SampledFrom([]farm.BlenderMatch{farm.MatchSame, farm.MatchSame, farm.MatchNewer, farm.MatchAny}).Draw(t, "match"),
		GPU: rapid.IntRange(0, 2).Draw(t, "card") == 0, Storage: rapid.IntRange(0, 2).Draw(t, "storage") == 0}
}

func drawFacts(t *rapid.T) *farm.WorkerFacts {
	if rapid.IntRange(0, 3).Draw(t, "tells") == 0 {
		return nil
	}
	f := &farm.WorkerFacts{Memory: rapid.SampledFrom([]int64{0, 8e9, 16e9, 32e9}).Draw(t, "memory"), Storage: rapid.SampledFrom([]string{"", farm.StorageMirrored}).Draw(t, "has")}
	for _, v := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"3.4.1", "4.3.2", "5.2.0 LTS", "5.2.1"}), 0, 2, rapid.ID).Draw(t, "blenders") {
		b := farm.WorkerBlender{Version: v, Path: "/" + v}
		for _, kind := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"CPU", "CUDA", "OPTIX"}), 0, 2, rapid.ID).Draw(t, "devices") {
			b.Devices = append(b.Devices, farm.RenderDevice{Type: kind})
		}
		f.Blenders = append(f.Blenders, b)
	}
	return f
}

func (h *history) newJob(t *rapid.T) {
	if len(h.jobs) >= 4 {
		t.Skip("enough jobs")
	}
	n := &naiveJob{terms: h.drawTerms(t), blocked: map[workerType]bool{}}
	tasks := drawPlan(t, rapid.SampledFrom([]int{1, 4, 12}).Draw(t, "most"))
	for _, task := range tasks {
		n.tasks = append(n.tasks, naiveTask{PlannedTask: task})
	}
	h.do(t, func() { h.naive[h.addJob(t, n.terms, tasks)] = n })
}

func (h *history) newWorker(t *rapid.T) {
	if len(h.workers) >= 4 {
		t.Skip("enough workers")
	}
	h.addWorker()
	h.workAs(t, h.s.Worker(uint32(len(h.workers))))
}

func (h *history) workAs(t *rapid.T, w *Worker) {
	types := rapid.SliceOfN(rapid.SampledFrom(h.types), 0, 3).Draw(t, "types") // some twice
	tags := rapid.SliceOfN(rapid.SampledFrom([]farm.TagID{"one", "two"}), 0, 2).Draw(t, "tags")
	status := rapid.SampledFrom([]farm.WorkerStatus{farm.WorkerAwake, farm.WorkerAwake, farm.WorkerAsleep}).Draw(t, "status")
	deleted := rapid.IntRange(0, 9).Draw(t, "deleted") == 0
	inUse := rapid.SampledFrom([]string{"", "", "", "in use"}).Draw(t, "in use")
	facts, away := drawFacts(t), status != farm.WorkerAwake && rapid.Bool().Draw(t, "away")
	h.do(t, func() {
		h.change(w, func(is *farm.Worker) {
			is.Facts, is.Away, is.InUse = facts, away, inUse
			is.TaskTypes, is.Tags, is.Status, is.Deleted = types, tags, status, time.Time{}
			if deleted {
				is.Deleted = testTime
			}
		})
	}, w.number)
}

func (h *history) set(t *rapid.T, j *Job, i int, status farm.TaskStatus, failedBy []uint32) {
	h.naive[j].tasks[i].status, h.naive[j].tasks[i].failedBy = status, failedBy
	h.do(t, func() { h.s.SetTask(j.Task(i), status, failedBy) })
}

func (h *history) setTask(t *rapid.T) {
	j, n := h.anyJob(t)
	if len(n.tasks) == 0 {
		t.Skip("no task")
	}
	i := rapid.IntRange(0, len(n.tasks)-1).Draw(t, "task")
	status := farm.TaskStatus(rapid.IntRange(0, farm.TaskStatuses-1).Draw(t, "status"))
	by := slices.Clone(n.tasks[i].failedBy)
	switch rapid.IntRange(0, 2).Draw(t, "failures") {
	case 0:
		by = nil
	case 1:
		if w := h.anyWorker(t); !slices.Contains(by, w.number) {
			by = append(by, w.number)
		}
	}
	h.set(t, j, i, status, by)
	if memory := rapid.IntRange(0, 3).Draw(t, "lacks memory") == 0; memory != n.tasks[i].memory {
		n.tasks[i].memory = memory
		h.do(t, func() { h.s.SetOutOfMemory(j.Task(i), memory) })
	}
}

func (h *history) assignTask(t *rapid.T) {
	if task, ok := h.s.Pick(h.anyWorker(t)); ok {
		h.set(t, task.Job, task.Index, farm.TaskActive, h.naive[task.Job].tasks[task.Index].failedBy)
	}
}

func (h *history) setTerms(t *rapid.T) {
	j, n := h.anyJob(t)
	n.terms = h.drawTerms(t)
	h.do(t, func() { h.s.SetTerms(j, n.terms) })
}

func (h *history) block(t *rapid.T) {
	j, n := h.anyJob(t)
	w, taskType := h.anyWorker(t), rapid.SampledFrom(h.types).Draw(t, "type")
	key := workerType{w.number, taskType}
	if j.Blocked(w, taskType) != n.blocked[key] {
		t.Fatalf("blocked should be %v", n.blocked[key])
	}
	on := !n.blocked[key]
	n.blocked[key] = on
	h.do(t, func() {
		if on {
			h.s.Block(j, w, taskType, testTime)
		} else {
			h.s.Unblock(j, w, taskType)
		}
	})
}

func (h *history) remove(t *rapid.T) {
	j, _ := h.anyJob(t)
	h.do(t, func() {
		h.s.Remove(j)
		delete(h.naive, j)
		h.jobs = slices.DeleteFunc(h.jobs, func(o *Job) bool { return o == j })
		h.removed = append(h.removed, j)
	})
	if j.Plan().Tasks != 0 || len(h.s.Demands(j)) != 0 {
		t.Fatal("a removed job has tasks")
	}
}

// TestHistories does random things in any order and, after each, compares all
// answers with the long way, and the scheduler with a rebuilt one.
func TestHistories(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := &history{world: newWorld(), naive: map[*Job]*naiveJob{}, types: []string{farm.TypeBlender, "b", farm.TypeFFmpeg}}
		t.Repeat(map[string]func(*rapid.T){
			"new job":       h.newJob,
			"new worker":    h.newWorker,
			"change worker": func(t *rapid.T) { h.workAs(t, h.anyWorker(t)) },
			"assign":        h.assignTask, "assign too": h.assignTask,
			"set task": h.setTask, "set task too": h.setTask, "set task also": h.setTask,
			"set terms": h.setTerms,
			"block":     h.block,
			"remove":    h.remove,
		})
	})
}
