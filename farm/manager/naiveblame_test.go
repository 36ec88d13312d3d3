package manager_test

import (
	"math"
	"slices"

	"renderfarm/farm"
)

// complete is a worker that completed its task.
func (j *nJob) complete(t *nTask) {
	j.inRow[nBlock{t.worker, t.kind}] = 0
	t.status, t.doneBy, t.worker, t.excused = farm.TaskCompleted, t.worker, nil, 0
}

// atFault reports whether a worker that just failed a task is blocked: it failed
// enough tasks, and fails them unlike the others.
func (f *naive) atFault(j *nJob, w *nWorker, kind string) bool {
	var done, failed, othersDone, othersFailed float64
	counts := func(who *nWorker) bool { return who != w && !slices.Contains(j.blocked, nBlock{who, kind}) }
	for _, t := range j.tasks {
		if t.kind != kind {
			continue
		}
		for _, who := range t.failedBy {
			if who == w {
				failed++
			} else if counts(who) {
				othersFailed++
			}
		}
		if t.status == farm.TaskCompleted && t.doneBy == w {
			done++
		} else if t.status == farm.TaskCompleted && counts(t.doneBy) {
			othersDone++
		}
	}
	if f.block == 0 || failed < float64(f.block) {
		return false
	}
	if done == 0 {
		return true
	}
	inRow := min(float64(j.inRow[nBlock{w, kind}]), failed)
	if othersDone+othersFailed == 0 {
		return inRow >= float64(f.block)
	}
	byChance := 1.0
	for range int(inRow) {
		byChance *= othersFailed / (othersDone + othersFailed)
	}
	return inRow >= float64(f.block) && byChance < 1.0/1_000_000 ||
		chance(int(failed), int(failed+done), (othersFailed+1)/(othersDone+othersFailed+1)) < 1.0/1_000_000
}

// chance returns how likely k or more of n tries fail, one try after the other.
func chance(k, n int, share float64) (sum float64) {
	likely := make([]float64, n+2) // by failures so far
	likely[0] = 1
	for range n {
		for i := n; i >= 0; i-- {
			likely[i+1] += likely[i] * share
			likely[i] *= 1 - share
		}
	}
	for _, p := range likely[k:] {
		sum += p
	}
	return math.Min(sum, 1)
}
