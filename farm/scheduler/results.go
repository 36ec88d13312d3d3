package scheduler

// Results are what a worker, and the others that are not blocked, made of a job's
// tasks of one type. See farm.Failure, which a verdict is based on.
type Results struct {
	Failed, InRow, Done      int
	OthersFailed, OthersDone int
}

// Results returns what became of the tasks of the type in the worker's hands, and in
// those of others. It looks at every worker that did something in the job.
func (j *Job) Results(w *Worker, taskType string) (r Results) {
	count := func(by map[workerType]int32, own, others *int) {
		for k, n := range by {
			switch {
			case k.taskType != taskType:
			case k.worker == w.number:
				*own += int(n)
			default:
				if _, blocked := j.blocked[k]; !blocked {
					*others += int(n)
				}
			}
		}
	}
	count(j.failures, &r.Failed, &r.OthersFailed)
	count(j.done, &r.Done, &r.OthersDone)
	r.InRow = j.InRow(w.number, taskType)
	return r
}

// CountDone adds n to the number of tasks of the type that the worker with the
// number, 0 for an unknown one, completed.
func (j *Job) CountDone(worker uint32, taskType string, n int) {
	j.done = counted(j.done, workerType{worker, taskType}, j.done[workerType{worker, taskType}]+int32(n))
}

// InRow returns how many tasks of the type the worker with the number failed since
// it last completed one.
func (j *Job) InRow(worker uint32, taskType string) int {
	return int(j.inRow[workerType{worker, taskType}])
}

// SetInRow sets what InRow returns.
func (j *Job) SetInRow(worker uint32, taskType string, n int) {
	j.inRow = counted(j.inRow, workerType{worker, taskType}, int32(n))
}

// counted sets a count in a map that has none that are 0.
func counted(m map[workerType]int32, k workerType, n int32) map[workerType]int32 {
	if m == nil {
		m = map[workerType]int32{}
	}
	if m[k] = n; n == 0 {
		delete(m, k)
	}
	return m
}
