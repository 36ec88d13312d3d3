package scheduler

import "renderfarm/farm"

// suits reports whether a worker has the right Blender. Others count as blocked.
func (h *history) suits(n *naiveJob, taskType string, number, other uint32) bool {
	need := n.terms.Need
	versions := func(number uint32) (same, newer, tells bool) {
		facts := h.workers[number-1].Facts
		for _, b := range blendersOf(facts) {
			v, _ := farm.ParseBlenderVersion(b.Version)
			same, newer, tells = same || v == need.Version, newer || v.Compare(need.Version) > 0, true
		}
		return same, newer, tells
	}
	same, newer, tells := versions(number)
	switch {
	case taskType != farm.TypeBlender || need.Version.IsZero() || need.Match == farm.MatchAny || same || !tells:
		return true
	case !newer:
		return false
	case need.Match == farm.MatchNewer:
		return true
	}
	for k := range h.workers {
		if same, _, _ := versions(uint32(k + 1)); same && h.hasCard(n, taskType, uint32(k+1)) && h.hasStorage(n, taskType, uint32(k+1)) && !h.workers[k].Away && uint32(k+1) != other && h.serves(n, taskType, uint32(k+1)) {
			return false
		}
	}
	return true
}

// hasCard reports whether a worker has a graphics card if such tasks of the job need one.
func (h *history) hasCard(n *naiveJob, taskType string, number uint32) bool {
	if taskType != farm.TypeBlender || !n.terms.Need.GPU {
		return true
	}
	blenders := blendersOf(h.workers[number-1].Facts)
	for _, b := range blenders {
		for _, d := range b.Devices {
			if d.Type != "CPU" {
				return true
			}
		}
	}
	return len(blenders) == 0
}

// hasStorage reports whether a worker has the shared storage if tasks of the job need it.
func (h *history) hasStorage(n *naiveJob, taskType string, number uint32) bool {
	facts := h.workers[number-1].Facts
	return taskType == farm.TypeMisc || !n.terms.Need.Storage || facts == nil || facts.Storage == ""
}

func blendersOf(f *farm.WorkerFacts) []farm.WorkerBlender {
	if f == nil {
		return nil
	}
	return f.Blenders
}
