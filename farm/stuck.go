package farm

import "slices"

// Stuck reports whether the job waits for workers that will not come by themselves:
// none that could do its tasks is free, or busy with something else, in use, or
// asleep until its schedule wakes it.
func (j *JobDiagnosis) Stuck() bool {
	if !j.Status().Runs() || j.Counts[TaskActive] > 0 || len(j.Demands) == 0 {
		return false
	}
	comes := func(c Candidate) bool {
		switch c.Obstacle {
		case NoObstacle, OthersFirst, WorkerBusy, WorkerInUse:
			return true
		case NotAwake, StatusRequested:
			return !c.Until.IsZero() || c.Status == WorkerStarting
		}
		return false
	}
	return !slices.ContainsFunc(j.Demands, func(d Demand) bool { return slices.ContainsFunc(d.Workers, comes) })
}
