package manager_test

import (
	"slices"

	"renderfarm/farm"
)

// naive is a farm as a careful reader of the documentation would play it with
// paper and pencil: lists, and loops over everything. It shares no rule with the
// program; only names of statuses. TestHistoriesAgainstANaiveFarm compares the two.
type naive struct {
	jobs    []*nJob
	workers []*nWorker
	tries   int // task_fail_after_softfail_count
	block   int // blocklist_threshold
}

type nJob struct {
	id            farm.JobID
	priority      int
	tag           farm.TagID
	held          bool // the user paused it
	aborted       bool // the user canceled it
	insist        bool // the user wants a task of it although others failed
	noWorkersLeft bool
	givenUp       bool // a task failed that nobody could do
	retry         bool // it is held, and by the manager
	tasks         []*nTask
	blocked       []nBlock
	inRow         map[nBlock]int // failures since the worker last completed one, forgiven ones too
}

type nTask struct {
	id       farm.TaskID
	index    int
	kind     string
	priority int
	needs    []*nTask
	status   farm.TaskStatus
	worker   *nWorker // who has it while it is active
	doneBy   *nWorker // who completed it last
	failedBy []*nWorker
	failures int
	excused  int // failures that cost it no try
}

type nWorker struct {
	id      farm.WorkerID
	kinds   []string
	tags    []farm.TagID
	awake   bool
	deleted bool
}

type nBlock struct {
	worker *nWorker
	kind   string
}

func (t *nTask) waits() bool  { return t.status == farm.TaskQueued || t.status == farm.TaskSoftFailed }
func (t *nTask) failed() bool { return t.status == farm.TaskFailed || t.status == farm.TaskCanceled }

// hopeless reports whether a task that this one needs will never be done.
func (t *nTask) hopeless() bool { return slices.ContainsFunc(t.needs, (*nTask).failed) }

func (t *nTask) ready() bool {
	return !slices.ContainsFunc(t.needs, func(n *nTask) bool { return n.status != farm.TaskCompleted })
}

// requeue makes it as if it had never run.
func (t *nTask) requeue() {
	t.status, t.worker, t.failedBy, t.failures, t.excused = farm.TaskQueued, nil, nil, 0, 0
}

func (t *nTask) cancel() {
	t.status, t.worker, t.failedBy, t.failures, t.excused = farm.TaskCanceled, nil, nil, 0, 0
}

func (j *nJob) count(status ...farm.TaskStatus) (n int) {
	for _, t := range j.tasks {
		if slices.Contains(status, t.status) {
			n++
		}
	}
	return n
}

// status is what people are told.
func (j *nJob) status() farm.JobStatus {
	total, failed := len(j.tasks), j.count(farm.TaskFailed)
	active, waiting := j.count(farm.TaskActive), j.count(farm.TaskQueued, farm.TaskSoftFailed)
	if j.count(farm.TaskCompleted) == total {
		return farm.JobCompleted
	}
	if j.aborted {
		return farm.JobCanceled
	}
	if j.noWorkersLeft || j.givenUp || failed > 0 && !j.insist && failed*100/total >= 10 {
		return farm.JobFailed
	}
	if active+waiting == 0 {
		if failed > 0 {
			return farm.JobFailed
		}
		return farm.JobCanceled
	}
	if j.held && active > 0 {
		return farm.JobPauseRequested
	}
	if j.held {
		return farm.JobPaused
	}
	if j.count(farm.TaskQueued)+j.count(farm.TaskCanceled) == total {
		return farm.JobQueued
	}
	return farm.JobActive
}

func (j *nJob) runs() bool { return j.status() == farm.JobQueued || j.status() == farm.JobActive }

func (j *nJob) stopped() bool { return j.status() == farm.JobFailed || j.status() == farm.JobCanceled }

// tidy does what follows by itself: what is hopeless is canceled, and a job that
// stopped takes its tasks back from the workers.
func (j *nJob) tidy() {
	for again := true; again; {
		again = false
		for _, t := range j.tasks {
			if t.waits() && t.hopeless() || t.status == farm.TaskActive && j.stopped() {
				if t.status == farm.TaskActive { // who failed it stays known
					t.status, t.worker = farm.TaskCanceled, nil
				} else {
					t.cancel()
				}
				again = true
			}
		}
	}
}

// can reports whether a worker may ever be given tasks of a kind of a job.
func (j *nJob) can(w *nWorker, kind string) bool {
	return !w.deleted && slices.Contains(w.kinds, kind) && (j.tag == "" || slices.Contains(w.tags, j.tag)) &&
		!slices.Contains(j.blocked, nBlock{w, kind})
}

// take is a worker that asks for a task: one that it has, or the best there is.
func (f *naive) take(w *nWorker) (possible []*nTask) {
	for _, j := range f.jobs {
		for _, t := range j.tasks {
			if t.status == farm.TaskActive && t.worker == w {
				if j.runs() {
					possible = append(possible, t)
					continue
				}
				t.status, t.worker = farm.TaskQueued, nil // it asks for another one
			}
		}
	}
	if possible != nil {
		return possible
	}
	best, _ := f.best(w)
	if best == nil {
		return nil
	}
	best.status, best.worker = farm.TaskActive, w
	return []*nTask{best}
}

// takeNext is a worker that asks for the task to do after one that it has.
func (f *naive) takeNext(w *nWorker, j *nJob, at *nTask) *nTask {
	if !j.runs() {
		return nil
	}
	for _, t := range j.tasks {
		if t != at && t.status == farm.TaskActive && t.worker == w {
			return t
		}
	}
	best, of := f.best(w)
	if of != j || best.kind != at.kind {
		return nil
	}
	best.status, best.worker = farm.TaskActive, w
	return best
}

// mayBegin says whether a worker keeps the task that it has not begun, if nobody is idle.
func (f *naive) mayBegin(w *nWorker, j *nJob, t *nTask) bool {
	task := *t
	task.status = farm.TaskQueued
	if !f.mayTake(w, j, &task) {
		return false
	}
	best, of := f.best(w)
	age := func(j *nJob) int { return slices.Index(f.jobs, j) }
	switch {
	case best == nil || of == j:
		return true
	case of.priority != j.priority:
		return of.priority < j.priority
	case best.priority != t.priority:
		return best.priority < t.priority
	}
	return age(of) > age(j)
}

// best is the task that a worker would be given.
func (f *naive) best(w *nWorker) (best *nTask, of *nJob) {
	for _, j := range f.jobs { // the oldest first
		for _, t := range j.tasks {
			if !f.mayTake(w, j, t) {
				continue
			}
			if best == nil || j.priority > of.priority || j.priority == of.priority && t.priority > best.priority {
				best, of = t, j
			}
		}
	}
	return best, of
}

func (f *naive) mayTake(w *nWorker, j *nJob, t *nTask) bool {
	if !j.runs() || !t.waits() || !t.ready() || !j.can(w, t.kind) {
		return false
	}
	if !slices.Contains(t.failedBy, w) {
		return true
	}
	for _, other := range f.workers { // it failed it before: only if nobody else could
		if other.awake && j.can(other, t.kind) && !slices.Contains(t.failedBy, other) {
			return false
		}
	}
	return true
}

// others counts the workers but one that could do a task some day, and those of
// them that have not tried it.
func (f *naive) others(j *nJob, t *nTask, but *nWorker) (able, fresh int) {
	for _, w := range f.workers {
		if w != but && j.can(w, t.kind) {
			able++
			if !slices.Contains(t.failedBy, w) {
				fresh++
			}
		}
	}
	return able, fresh
}

// blame remembers that the worker that has the task failed it.
func (j *nJob) blame(t *nTask) {
	if !slices.Contains(t.failedBy, t.worker) {
		t.failedBy = append(t.failedBy, t.worker)
		j.inRow[nBlock{t.worker, t.kind}]++
	}
}

// failSaying is a worker that failed its task, and a log that says whose fault it was.
func (f *naive) failSaying(j *nJob, t *nTask, whose string) {
	switch {
	case whose == "nobody could" && t.worker != nil:
		j.blame(t)
		t.failures++
		t.status, t.worker, j.givenUp = farm.TaskFailed, nil, true
		stopTasks(j)
		j.tidy()
	case whose == "the farm's" && t.excused < 100, whose == "nobody's" && t.excused < 5:
		t.excused++
		t.status, t.worker = farm.TaskSoftFailed, nil
		if whose == "the farm's" && !j.held && !j.aborted {
			j.held, j.retry = true, true
		}
	default:
		f.fail(j, t, whose == "the worker's" && t.excused < 5 && !slices.Contains(t.failedBy, t.worker))
	}
}

// fail is a worker that failed its task, which is no try if it is excused and another
// one has not tried it yet.
func (f *naive) fail(j *nJob, t *nTask, excused bool) {
	w := t.worker
	j.blame(t)
	t.worker = nil
	if _, fresh := f.others(j, t, w); excused && fresh > 0 && !f.atFault(j, w, t.kind) {
		t.excused++
		t.status = farm.TaskSoftFailed
		return
	}
	t.failures++
	able, fresh := f.others(j, t, w)
	isBlocked := f.atFault(j, w, t.kind)
	tried := t.failures >= f.tries
	switch {
	case isBlocked && able == 0:
		t.status, j.noWorkersLeft = farm.TaskFailed, true
	case isBlocked && (fresh > 0 || !tried): // it is the worker's fault
		t.status, t.failures = farm.TaskSoftFailed, min(len(t.failedBy)-1, t.failures)
	case tried || isBlocked:
		t.status = farm.TaskFailed
	default:
		t.status = farm.TaskSoftFailed
	}
	stopTasks(j)
	if isBlocked {
		f.blockWorker(j, w, t.kind)
	}
	j.tidy()
}

// stopTasks cancels what waits for what will never be done.
func stopTasks(j *nJob) {
	for again := true; again; {
		again = false
		for _, t := range j.tasks {
			if t.waits() && t.hopeless() {
				t.cancel()
				again = true
			}
		}
	}
}

// blockWorker blocks a worker, and gives others the chance to do what it failed.
func (f *naive) blockWorker(j *nJob, w *nWorker, kind string) {
	if !slices.Contains(j.blocked, nBlock{w, kind}) {
		j.blocked = append(j.blocked, nBlock{w, kind})
	}
	for _, t := range j.tasks {
		if t.kind != kind || t.status != farm.TaskFailed || !slices.Contains(t.failedBy, w) {
			continue
		}
		if _, fresh := f.others(j, t, w); fresh > 0 {
			t.status, t.failures = farm.TaskQueued, min(len(t.failedBy)-1, t.failures)
			hopeAgain(j, t)
		}
	}
}

// hopeAgain brings back what was canceled because a task had failed that is done again.
func hopeAgain(j *nJob, t *nTask) {
	for again := true; again; {
		again = false
		for _, d := range dependents(j, t) {
			if d.status == farm.TaskCanceled && !d.hopeless() {
				d.requeue()
				again = true
			}
		}
	}
}

// dependents returns what needs a task, directly or not, the near ones first.
func dependents(j *nJob, t *nTask) (found []*nTask) {
	for todo := []*nTask{t}; len(todo) > 0; todo = todo[1:] {
		for _, d := range j.tasks {
			if slices.Contains(d.needs, todo[0]) && !slices.Contains(found, d) {
				found, todo = append(found, d), append(todo, d)
			}
		}
	}
	return found
}
