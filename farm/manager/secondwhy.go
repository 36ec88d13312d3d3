package manager

import (
	"fmt"
	"time"

	"renderfarm/farm"
	"renderfarm/store"
)

// withSecond adds which frames of a job, or of one task, are rendered by two workers.
func (m *Manager) withSecond(why farm.Why, job farm.JobID, task farm.TaskID) farm.Why {
	const most = 5
	runs := m.seconds.known(job, task)
	for _, r := range runs[:min(most, len(runs))] {
		what := "a frame"
		if n, err := m.taskNumber(r.task); err == nil {
			what = fmt.Sprintf("the frame of task %d", n)
		}
		why.Warnings = append(why.Warnings, fmt.Sprintf("%s is rendered by worker %s as well, for %s so far: it had nothing else to do, and the first to be done counts",
			what, m.roster.name(r.worker), round(time.Since(r.begun))))
	}
	if more := len(runs) - most; more > 0 {
		why.Warnings = append(why.Warnings, fmt.Sprintf("%d more frames are rendered by two workers", more))
	}
	return why
}

// secondOf says which task a worker has a second run or a share of, "" if it has none.
func (q *inquiry) secondOf(w *store.Worker) string {
	if s := q.m.shares.by(w.ID); s != nil && s.begun {
		t, err := q.Task(s.task)
		if err != nil {
			return ""
		}
		return fmt.Sprintf("frames %s of %s, which another worker leaves to it", farm.FormatFrames(s.frames), called(t))
	}
	r := q.m.seconds.by(w.ID)
	if r == nil {
		return ""
	}
	t, err := q.Task(r.task)
	if err != nil {
		return ""
	}
	return called(t) + ", as another worker does: the first to be done counts"
}
