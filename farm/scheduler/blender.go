package scheduler

import (
	"slices"

	"renderfarm/farm"
)

// Which Blenders open the file of a job is part of what its tasks wait for: see Work.
// A worker serves the queues of all needs that one of its Blenders can meet. Of a need
// for the same version the queue also counts who is present: has the very version, and
// was awake not long ago. While somebody is, those that have newer ones only are
// passed over; but where everybody who is present is blocked in a job, they are not.

// present reports whether a worker counts as one that has the very version.
func (p *placement) present(need farm.BlenderNeed) bool {
	return p.capable && !p.away && p.hasCard(need) && p.hasStorage(need) && need.Match == farm.MatchSame && !need.Version.IsZero() && need.Fit(p.blenders) == farm.BlenderSame
}

// onlyNewer reports whether the worker must stand back for those that are present.
func (p *placement) onlyNewer(need farm.BlenderNeed) bool {
	return need.Match == farm.MatchSame && need.Fit(p.blenders) == farm.BlenderNewer
}

// addNeed begins to count the workers for a need that no job had before.
func (s *Scheduler) addNeed(need farm.BlenderNeed) {
	s.needs = append(s.needs, need)
	for _, w := range s.workers[1:] {
		w.queues = nil
		w.placement.each(s, func(q *queue) {
			if q.work.Need == need {
				q.count(&w.placement, +1)
			}
		})
	}
}

// knows reports whether workers are counted for the need.
func (s *Scheduler) knows(need farm.BlenderNeed) bool {
	return need.IsZero() || slices.Contains(s.needs, need)
}

// Needs returns how many different needs jobs had since the start.
func (s *Scheduler) Needs() int { return len(s.needs) }

// suits reports whether the worker has the right Blender for tasks of the type. Those
// that have a newer one may when nobody is present but workers that are blocked.
func (s *Scheduler) suits(j *Job, taskType string, w *Worker) bool {
	return s.suitsBut(j, taskType, w, nil)
}

// suitsBut is suits as if other were blocked.
func (s *Scheduler) suitsBut(j *Job, taskType string, w, other *Worker) bool {
	work := j.terms.work(taskType)
	if work.Need.IsZero() {
		return true
	}
	if w.placement.onlyNewer(work.Need) {
		return s.presentFor(j, work, other) == 0
	}
	return work.Need.Fit(w.placement.blenders) != farm.BlenderTooOld
}

// presentFor returns how many workers, not counting other, are present for the job's
// work and not blocked from it.
func (s *Scheduler) presentFor(j *Job, work Work, other *Worker) int {
	n := s.queue(work).capacity.present
	if n == 0 {
		return 0
	}
	counts := func(w *Worker) bool { return w.placement.takes(work) && w.placement.present(work.Need) }
	if other != nil && counts(other) && !j.Blocked(other, work.Type) {
		n--
	}
	for b := range j.blocked {
		if b.taskType == work.Type && counts(s.workers[b.worker]) {
			n--
		}
	}
	return n
}

// standBack reports whether the worker gets nothing from the queue, without a look at
// its jobs: others are present, and no job has anybody blocked.
func (q *queue) standBack(w *Worker) bool {
	return q.capacity.present > 0 && q.failing == 0 && w.placement.onlyNewer(q.work.Need)
}
