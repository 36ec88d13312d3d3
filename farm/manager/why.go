package manager

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/diagnosis"
	"renderfarm/store"
)

// An inquiry asks the scheduler why something is not at work. It changes
// nothing, and costs about what the farm has workers, however many tasks wait.
type inquiry struct {
	*store.Tx
	m   *Manager
	now time.Time // on the manager's clock
}

// ask runs fn with what the scheduler knows at this moment.
func (m *Manager) ask(fn func(q *inquiry) error) error {
	return m.store.Update(func(tx *store.Tx) error {
		return fn(&inquiry{Tx: tx, m: m, now: tx.Now().Local()})
	})
}

// WhyJob says why a job is not worked on, if it is not; NotFound.
func (m *Manager) WhyJob(id farm.JobID) (farm.Why, error) {
	now, job, err := m.diagnoseJob(id)
	if err != nil {
		return farm.Why{}, err
	}
	why := m.withSecond(m.withSlow(m.withFindings(job.Explain(now), job.ID, job.FailedTask), job.ID, ""), job.ID, "")
	return m.withDoubts(why, job), nil
}

// withFindings adds the list of what a preflight found, if that is why.
func (m *Manager) withFindings(why farm.Why, job farm.JobID, task farm.TaskID) farm.Why {
	if why.Cause != nil && strings.HasPrefix(why.Cause.Class, diagnosis.Preflight) {
		why.Details = append(why.Details, diagnosis.Findings(m.files.End(job, task, diagnosis.MaxTail))...)
	}
	return why
}

func (m *Manager) diagnoseJob(id farm.JobID) (now time.Time, job *farm.JobDiagnosis, err error) {
	err = m.ask(func(q *inquiry) error {
		j, err := q.Job(id)
		if err == nil {
			now, job = q.now, q.job(j)
		}
		return err
	})
	if err == nil {
		m.attribute(job)
	}
	return now, job, err
}

// attribute finds out who held or aborted the job.
func (m *Manager) attribute(job *farm.JobDiagnosis) {
	verb := farm.Pause
	if job.Intent == farm.IntentAbort {
		verb = farm.Cancel
	}
	byManager := !job.RetryAt.IsZero()
	audit, err := m.Audit(job.ID)
	if job.Intent == farm.IntentRun || err != nil { // its job may be gone meanwhile
		return
	}
	for _, c := range slices.Backward(audit.Changes) {
		what, reason, _ := strings.Cut(c.What, ": ")
		if byManager && strings.HasPrefix(what, heldUntil) {
			job.Because = reason
			return
		}
		if !byManager && (what == verb.String() || what == submitted || job.Intent == farm.IntentHold && what == heldForUser) {
			job.Since, job.By, job.Because = c.Time, cmp.Or(c.By.Name, c.By.Address), reason
			return
		}
	}
}

// WhyTask says why a task is not worked on, if it is not; or why not by one
// worker, if one is given. NotFound: no such task or worker.
func (m *Manager) WhyTask(id farm.TaskID, by farm.WorkerID) (farm.Why, error) {
	var now time.Time
	var job *farm.JobDiagnosis
	var task *farm.TaskDiagnosis
	var one *farm.WorkerDiagnosis
	err := m.ask(func(q *inquiry) error {
		t, err := q.Task(id)
		if err != nil {
			return err
		}
		now, task = q.now, q.task(t)
		if task.Demand == nil { // it is for its job to say what it waits for
			job = q.job(t.Job)
			return nil
		}
		if job = head(t.Job); by == "" {
			return nil
		}
		w, err := q.liveWorker(by)
		if err != nil {
			return err
		}
		one = q.worker(w)
		task.Candidate = q.candidate(w, func() farm.Obstacle { return q.obstacle(t, w) })
		task.UnableBecause = w.WhyUnable(t.Type())
		return nil
	})
	if err != nil {
		return farm.Why{}, err
	}
	m.attribute(job)
	if one != nil {
		return task.Demand.For(task.Candidate, one, now), nil
	}
	return m.withSecond(m.withSlow(m.withFindings(task.Explain(job, now), job.ID, id), job.ID, id), job.ID, id), nil
}

// WhyWorker says why a worker has no task, if it has none; NotFound.
func (m *Manager) WhyWorker(id farm.WorkerID) (farm.Why, error) {
	var now time.Time
	var worker *farm.WorkerDiagnosis
	err := m.ask(func(q *inquiry) error {
		w, err := q.liveWorker(id)
		if err == nil {
			now, worker = q.now, q.worker(w)
		}
		return err
	})
	if err != nil {
		return farm.Why{}, err
	}
	return worker.Explain(now), nil
}

// WhyIdle says of each worker that is there and has no task why that is, in a sentence.
func (m *Manager) WhyIdle() (why map[farm.WorkerID]string, err error) {
	workers, err := m.Workers()
	if err != nil {
		return nil, err
	}
	why = map[farm.WorkerID]string{}
	err = m.ask(func(q *inquiry) error {
		for i := range workers {
			if s := workers[i].Status; s != farm.WorkerAwake && s != farm.WorkerAsleep {
				continue
			}
			w, err := q.liveWorker(workers[i].ID)
			if farm.KindOf(err) == farm.NotFound {
				continue // it was deleted just now
			}
			if err != nil {
				return err
			}
			if w.Unavailable(len(q.Active(w)) > 0) == farm.WorkerBusy {
				continue // what else there is would be looked for among all jobs
			}
			if is := q.worker(w).Explain(q.now); !is.Running {
				why[workers[i].ID] = is.Reason
			}
		}
		return nil
	})
	return why, err
}

// liveWorker returns a worker that was not deleted.
func (q *inquiry) liveWorker(id farm.WorkerID) (*store.Worker, error) {
	w, err := q.Worker(id)
	if err != nil || !w.Deleted.IsZero() {
		return nil, unknownWorker(id)
	}
	return w, nil
}

// called is what people call a task.
func called(t store.Task) string {
	return fmt.Sprintf("task %d of job %s (%s)", t.Index+1, t.Job.Name, t.Job.ID.Short())
}

// head is what there is to say of a job without a look at its tasks.
func head(j *store.Job) *farm.JobDiagnosis { return &farm.JobDiagnosis{Job: j.Job} }

func (q *inquiry) job(j *store.Job) *farm.JobDiagnosis {
	job := head(j)
	job.Blocked = q.BlockedWorkers(j)
	if j.Status() == farm.JobFailed {
		for t := range j.TasksIn(farm.TaskFailed) {
			job.Failed, job.FailedTask, job.Cause = t.Index, t.ID(), t.State().Cause
			job.Remedy = q.m.remedy(job.Cause)
			break
		}
	}
	if held, ok := q.FirstUnready(j); ok {
		job.Held, job.Needed = held.Missing()
	}
	for _, d := range q.Demands(j) {
		w := q.demand(d)
		w.Tasks = d.Tasks
		w.Workers = q.workers(d.Type, func(worker *store.Worker) farm.Obstacle {
			task, o := q.Match(d, worker)
			if o == farm.NoObstacle {
				o = q.unfit(task, worker, false)
			}
			return o
		})
		job.Demands = append(job.Demands, w)
	}
	return job
}

// remedy is what the rule of a cause has the farm do about it; "" for nothing.
func (m *Manager) remedy(c *farm.Cause) farm.ActionVerb {
	if c == nil {
		return ""
	}
	return m.errors.Rules().Action(c.Class)
}

// demand is what all workers are the same to.
func (q *inquiry) demand(d store.Demand) farm.Demand {
	j := d.First.Job
	w := farm.Demand{Job: j.ID, First: d.First.ID(), Type: d.Type, Tasks: 1, Need: j.Blender.For(d.Type)}
	if j.Tag != "" {
		w.Tag = q.tag(j.Tag)
	}
	w.Higher, w.Others = q.JobsAhead(d)
	return w
}

func (q *inquiry) tag(id farm.TagID) farm.TagRef {
	if tag, err := q.Tag(id); err == nil {
		return farm.TagRef{ID: id, Name: tag.Name}
	}
	return farm.TagRef{ID: id, Name: string(id)}
}

func (q *inquiry) task(t store.Task) *farm.TaskDiagnosis {
	task := &farm.TaskDiagnosis{ID: t.ID(), Index: t.Index, State: t.State(), Steps: t.Steps()}
	task.Remedy = q.m.remedy(task.State.Cause)
	task.WorkerName = q.m.roster.name(task.State.Worker)
	task.Missing, task.Needed = t.Missing()
	for _, d := range q.Demands(t.Job) {
		if d.Type != t.Type() || !t.Status().Waiting() || !t.Ready() {
			continue
		}
		w := q.demand(d)
		w.Workers = q.workers(t.Type(), func(worker *store.Worker) farm.Obstacle { return q.obstacle(t, worker) })
		w.Later = d.First != t
		task.Demand = &w
	}
	return task
}

// obstacle is what keeps a task from a worker, all things considered.
func (q *inquiry) obstacle(t store.Task, w *store.Worker) farm.Obstacle {
	if o := q.Obstacle(t, w); o != farm.NoObstacle {
		return o
	}
	return q.unfit(t, w, true)
}

// unfit is what keeps a task from a worker for which the scheduler has nothing
// against it: the worker itself, or another task; of the same job only if exact.
func (q *inquiry) unfit(t store.Task, w *store.Worker, exact bool) farm.Obstacle {
	if o := w.Unavailable(len(q.Active(w)) > 0); o != farm.NoObstacle {
		return o
	}
	if picked, ok := q.Pick(w); ok && picked != t && (exact || picked.Job != t.Job) {
		return farm.OthersFirst
	}
	return farm.NoObstacle
}

// workers is how all workers of the farm stand to some tasks of a type.
func (q *inquiry) workers(taskType string, obstacle func(*store.Worker) farm.Obstacle) (all []farm.Candidate) {
	for w := range q.Workers() {
		if w.Deleted.IsZero() {
			s := q.candidate(w, func() farm.Obstacle { return obstacle(w) })
			s.UnableBecause = w.WhyUnable(taskType)
			all = append(all, s)
		}
	}
	return all
}

func (q *inquiry) candidate(w *store.Worker, obstacle func() farm.Obstacle) farm.Candidate {
	seen := q.m.withSeen(w.Worker)
	s := farm.Candidate{ID: w.ID, Name: w.Name, Status: w.Status, Request: w.Request, LastSeen: seen.LastSeen, Obstacle: obstacle(), Facts: w.Facts}
	if w.Schedule.Active && w.Schedule.Wants(q.now.In(q.m.zoneOf(&w.Worker))) == farm.WorkerAsleep {
		s.Until = w.ScheduleAt
	}
	return s
}

func (q *inquiry) worker(w *store.Worker) *farm.WorkerDiagnosis {
	active := q.Active(w)
	worker := &farm.WorkerDiagnosis{Types: w.TaskTypes, Candidate: q.candidate(w, func() farm.Obstacle { return w.Unavailable(len(active) > 0) })}
	if len(active) > 0 {
		worker.Task = called(active[0])
	} else if second := q.secondOf(w); second != "" && worker.Obstacle == farm.NoObstacle {
		worker.Task, worker.Obstacle = second, farm.WorkerBusy
	} else if picked, ok := q.Pick(w); ok && worker.Obstacle == farm.NoObstacle {
		worker.Task = called(picked)
	}
	o := q.Tx.Mismatch(w)
	worker.OtherTypes, worker.Unable, worker.OtherBlenders, worker.InUse = o.Types, w.Unable, o.Blenders, w.InUse
	worker.StorageFirst = o.StorageFirst
	if w.Facts != nil {
		worker.Findings = w.Facts.Findings
	}
	for _, id := range o.Tags {
		worker.OtherTags = append(worker.OtherTags, q.tag(id))
	}
	if len(o.Blocked) > 0 {
		worker.BlockedToo = q.BlockedWorkers(o.Blocked[0]) - 1
	}
	for _, j := range o.Blocked {
		worker.Blocked = append(worker.Blocked, j.ID)
	}
	for _, j := range o.Failed {
		worker.Failed = append(worker.Failed, j.ID)
	}
	worker.Stopped, worker.Waiting = q.m.tally.counts()
	return worker
}
