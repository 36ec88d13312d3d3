package manager

import (
	"cmp"
	"slices"
	"sync"

	"renderfarm/farm"
	"renderfarm/store"
)

// secondRuns are those under way, and what is known of tasks that could have one. Second
// runs change in the writer's goroutine only.
type secondRuns struct {
	mu       sync.Mutex // guards what follows; nothing else is taken while it is held
	byTask   map[farm.TaskID]*secondRun
	byWorker map[farm.WorkerID]*secondRun
	frames   map[farm.TaskID]secondFrame // of tasks that run
	without  map[farm.JobID]string       // jobs that have no more second runs, and why
}

// A secondFrame is the frame of a task that could have a second run.
type secondFrame struct {
	frame int
	ok    bool // it could
}

// of returns the second run of a task as it stands; nil if there is none.
func (s *secondRuns) of(t store.Task) *secondRun {
	s.mu.Lock()
	defer s.mu.Unlock()
	state := t.State()
	if r := s.byTask[t.ID()]; r != nil && r.attempt == state.Attempt && state.Status == farm.TaskActive {
		return r
	}
	return nil
}

// by returns the second run of a worker; nil if there is none.
func (s *secondRuns) by(w farm.WorkerID) *secondRun {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byWorker[w]
}

func (s *secondRuns) add(r *secondRun) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byTask == nil {
		s.byTask, s.byWorker = map[farm.TaskID]*secondRun{}, map[farm.WorkerID]*secondRun{}
	}
	s.byTask[r.task], s.byWorker[r.worker] = r, r
}

// remove forgets a second run.
func (s *secondRuns) remove(r *secondRun) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byTask, r.task)
	delete(s.byWorker, r.worker)
}

// mark notes done or free of a second run. Only the writer's goroutine does, and it may
// read them without the lock.
func (s *secondRuns) mark(flag *bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*flag = true
}

// forget forgets tasks that ended, and jobs that are over. It returns the workers whose
// second runs that ends.
func (s *secondRuns) forget(ended []endedTask, over []farm.JobID) (stop []topic) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range ended {
		delete(s.frames, e.id)
		if r := s.byTask[e.id]; r != nil {
			delete(s.byTask, r.task)
			delete(s.byWorker, r.worker)
			stop = append(stop, workerTopic(r.worker))
		}
	}
	for _, job := range over {
		delete(s.without, job)
	}
	return stop
}

// exclude has a job have no more second runs.
func (s *secondRuns) exclude(job farm.JobID, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.without == nil {
		s.without = map[farm.JobID]string{}
	}
	s.without[job] = why
}

// unknown returns those of the tasks of which it is not known whether they could have
// a second run.
func (s *secondRuns) unknown(tasks []runningTask) (list []farm.TaskID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range tasks {
		if _, known := s.frames[t.id]; !known && s.without[t.key.job] == "" {
			list = append(list, t.id)
		}
	}
	return list
}

func (s *secondRuns) know(id farm.TaskID, f secondFrame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.frames == nil {
		s.frames = map[farm.TaskID]secondFrame{}
	}
	s.frames[id] = f
}

// mayBe reports whether a task could have a second run and has none, or that is not known.
func (s *secondRuns) mayBe(t *runningTask) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, known := s.frames[t.id]
	return t.steps == 1 && (f.ok || !known) && s.byTask[t.id] == nil && s.without[t.key.job] == ""
}

// open reports which frame a task renders, if it could have a second run and has none.
func (s *secondRuns) open(t runningTask) (frame int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.frames[t.id]
	return f.frame, f.ok && s.byTask[t.id] == nil && s.without[t.key.job] == ""
}

// known returns the second runs of a job that are under way, or that of one of its
// tasks, the longest under way first.
func (s *secondRuns) known(job farm.JobID, task farm.TaskID) (list []secondRun) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.byTask {
		if r.job == job && (task == "" || task == r.task) {
			list = append(list, *r)
		}
	}
	slices.SortFunc(list, func(a, b secondRun) int { return cmp.Compare(a.begun.UnixNano(), b.begun.UnixNano()) })
	return list
}
