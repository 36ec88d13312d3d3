package farm

// Obstacle is what keeps a task from being handed to a worker. The scheduler's
// conditions (store/conditions.go), and those the manager has of a worker that
// asks (fitness), name one each.
type Obstacle uint8

const (
	NoObstacle Obstacle = iota

	// What the task is or its job: whoever asks, it is not handed out.
	JobStopped     // the job is held, over, or about to be
	TaskNotWaiting // somebody has it, or it is finished
	NeedsUnmet     // a task that it needs is not completed

	// What the worker is to the task: others may get it.
	TypeUnsupported // the worker does no tasks of its type
	TagMissing      // the worker does not carry the job's tag
	WorkerBlocked   // it gets no more tasks of this type from this job
	FailedBefore    // it failed the task, and somebody else who is awake can try

	// What the worker is for now: it gets no task at all.
	StatusRequested // it is asked to take another status first
	NotAwake        // asleep, away, lost, or not there yet
	WorkerBusy      // it holds a task

	// It gets another task first.
	OthersFirst
)

// fitness is what the manager wants of a worker before it looks for a task for
// it, in the order in which it looks.
var fitness = []struct {
	Obstacle
	holds func(w *Worker, holdsTask bool) bool
}{
	// One that was lost and asks is back, and is told what to be.
	{StatusRequested, func(w *Worker, _ bool) bool { return !w.Request.Pending() && w.Status != WorkerError }},
	{NotAwake, func(w *Worker, _ bool) bool { return w.Status == WorkerAwake }},
	{WorkerBusy, func(_ *Worker, holdsTask bool) bool { return !holdsTask }},
}

// Unavailable returns what keeps the worker from being handed a new task, whatever
// there is; NoObstacle if the scheduler is asked.
func (w *Worker) Unavailable(holdsTask bool) Obstacle {
	for _, c := range fitness {
		if !c.holds(w, holdsTask) {
			return c.Obstacle
		}
	}
	return NoObstacle
}
