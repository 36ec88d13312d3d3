package manager

import (
	"slices"
	"sync"

	"renderfarm/farm"
	"renderfarm/store"
)

// shares are the shares of tasks under way. They change in the writer's goroutine only.
type shares struct {
	mu     sync.Mutex // guards what follows; nothing else is taken while it is held
	tasks  map[farm.TaskID]*sharedTask
	worker map[farm.WorkerID]*taskShare // those that are not rendered
}

// A sharedTask is a task that has or had shares in its present try.
type sharedTask struct {
	shares []*taskShare // also those that are rendered
	closed bool         // there are no more shares of it
	passed bool         // it ends only to go on with the worker of one of them
	before int          // steps of those who held it before that
}

// mostShares bounds the shares of one task.
const mostShares = 100

func (s *shares) add(h *taskShare) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tasks == nil {
		s.tasks, s.worker = map[farm.TaskID]*sharedTask{}, map[farm.WorkerID]*taskShare{}
	}
	t := s.tasks[h.task]
	if t == nil {
		t = &sharedTask{}
		s.tasks[h.task] = t
	}
	t.shares = append(t.shares, h)
	s.worker[h.worker] = h
}

// remove forgets a share. What was left out for it stays left out.
func (s *shares) remove(h *taskShare) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(h)
}

// drop is remove. mu must be held.
func (s *shares) drop(h *taskShare) {
	if s.worker[h.worker] == h {
		delete(s.worker, h.worker)
	}
	if t := s.tasks[h.task]; t != nil && !h.agreed {
		t.shares = slices.DeleteFunc(t.shares, func(o *taskShare) bool { return o == h })
	}
}

// done notes that a share is rendered, and its worker is free.
func (s *shares) done(h *taskShare) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h.told = len(h.frames)
	delete(s.worker, h.worker)
}

// change runs f, which changes a share.
func (s *shares) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// close says that a task gets no more shares.
func (s *shares) close(task farm.TaskID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.tasks[task]; t != nil {
		t.closed = true
	}
}

// mayBe reports whether a task could have one more share.
func (s *shares) mayBe(task farm.TaskID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tasks[task]
	return t == nil || !t.closed && len(t.shares) < mostShares
}

// by returns the share of a worker; nil if there is none.
func (s *shares) by(w farm.WorkerID) *taskShare {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.worker[w]
}

// framesOf returns the frames of a worker's share.
func (s *shares) framesOf(w farm.WorkerID) []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.worker[w]; h != nil {
		return slices.Clone(h.frames)
	}
	return nil
}

// has reports whether a worker renders a share of a task.
func (s *shares) has(w farm.WorkerID, task farm.TaskID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.worker[w]
	return h != nil && h.task == task && h.begun
}

// begunBy returns the share of a task that a worker renders; nil if it renders none.
func (s *shares) begunBy(t store.Task, w farm.WorkerID) *taskShare {
	h := s.by(w)
	if h == nil || h.task != t.ID() || !h.begun || t.Status() != farm.TaskActive || t.State().Attempt != h.attempt {
		return nil
	}
	return h
}

// next returns the share of a task with the most frames to render; nil if there is none.
func (s *shares) next(t store.Task) (best *taskShare) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.of(t) {
		if h.begun && s.worker[h.worker] == h && (best == nil || len(h.frames)-h.told > len(best.frames)-best.told) {
			best = h
		}
	}
	return best
}

// of returns the shares of a task in its present try. mu must be held.
func (s *shares) of(t store.Task) []*taskShare {
	shared := s.tasks[t.ID()]
	if shared == nil {
		return nil
	}
	attempt := t.State().Attempt
	return slices.DeleteFunc(slices.Clone(shared.shares), func(h *taskShare) bool { return h.attempt != attempt })
}

// given returns the frames of all shares of a task.
func (s *shares) given(t store.Task) (frames []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.of(t) {
		frames = append(frames, h.frames...)
	}
	return frames
}

// outstanding returns how many frames of a task's shares were not told of.
func (s *shares) outstanding(t store.Task) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.of(t) {
		n += len(h.frames) - h.told
	}
	return n
}

// told returns how many steps of a task were done by others than the worker that holds it.
func (s *shares) told(t store.Task) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if shared := s.tasks[t.ID()]; shared != nil {
		n = shared.before
	}
	for _, h := range s.of(t) {
		n += h.told
	}
	return n
}

// ask returns the frames that the worker which holds a task is to leave out, and notes
// that it was told.
func (s *shares) ask(t store.Task) (frames []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.of(t) {
		if !h.agreed {
			h.asked = true
			frames = append(frames, h.frames...)
		}
	}
	slices.Sort(frames)
	return frames
}

// isAsked reports whether the worker that holds a task was asked to leave something out,
// and has not answered.
func (s *shares) isAsked(task farm.TaskID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tasks[task]
	return t != nil && slices.ContainsFunc(t.shares, func(h *taskShare) bool { return h.asked && !h.agreed })
}

// agree takes which frames are left out by the worker that holds a task, and returns the
// workers whose shares that makes. If it leaves out none, it is not asked again.
func (s *shares) agree(t store.Task, frames []int) (free []farm.WorkerID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.of(t) {
		if !h.asked || h.agreed {
			continue
		}
		h.frames = slices.DeleteFunc(h.frames, func(f int) bool { return !slices.Contains(frames, f) })
		if free = append(free, h.worker); len(h.frames) > 0 {
			h.agreed = true
			continue
		}
		s.tasks[h.task].closed = true
		s.drop(h)
	}
	return free
}

// pass has the other shares of a task go on when the worker of one gets the task, of which
// so many steps are done.
func (s *shares) pass(t store.Task, to *taskShare, steps int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.of(t) {
		if h == to || !h.agreed {
			s.drop(h)
		}
		h.attempt++
		steps -= h.told
	}
	shared := s.tasks[to.task]
	shared.passed, shared.before = true, steps
	shared.shares = slices.DeleteFunc(shared.shares, func(h *taskShare) bool { return h == to })
}

// forget forgets tasks that ended, and returns the workers whose shares that ends.
func (s *shares) forget(ended []endedTask) (stop []topic) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range ended {
		t := s.tasks[e.id]
		if t == nil {
			continue
		}
		if t.passed {
			t.passed = false
			continue
		}
		delete(s.tasks, e.id)
		for _, h := range t.shares {
			if s.worker[h.worker] == h {
				delete(s.worker, h.worker)
				stop = append(stop, workerTopic(h.worker))
			}
		}
	}
	return stop
}
