package farm

// Obstacle is what keeps a task from being handed to a worker. Each condition of
// the scheduler (scheduler/conditions.go), and each that the manager has of a
// worker that asks (availability), names one.
type Obstacle uint8

const (
	NoObstacle Obstacle = iota

	// Of the task or its job: it is not handed out to anybody.
	JobStopped     // the job is held, over, or about to be
	TaskNotWaiting // somebody has it, or it is finished
	NeedsUnmet     // a task that it needs is not completed

	// Between the worker and the task: others may get it.
	TypeUnsupported // the worker does no tasks of its type
	TagMissing      // the worker does not carry the job's tag
	BlenderMissing  // it has no Blender for the file, or others have a better one
	GPUMissing      // the job requires a graphics card, and it has none that Cycles can use
	StorageMissing  // the job is for workers with the farm's shared storage, and it has a mirror
	WorkerBlocked   // it gets no more tasks of this type from this job
	MemoryShort     // it has no more memory than a worker that did not have enough
	FailedBefore    // it failed the task, and somebody else who is awake can try
	StorageFirst    // the task reads many files, and somebody awake has the shared storage, where this one has a mirror

	// Of the worker: for now it gets no task at all.
	StatusRequested // it is asked to take another status first
	NotAwake        // asleep, away, lost, or not there yet
	NotApproved     // it is new, and nobody approved it
	WorkerInUse     // its computer's owner needs it
	WorkerBusy      // it holds a task

	// It gets another task first.
	OthersFirst
)

// availability is what the manager requires of a worker before it looks for a task
// for it, in the order in which it checks.
var availability = []struct {
	Obstacle
	holds func(w *Worker, holdsTask bool) bool
}{
	// A lost worker that asks is back, and is told its status first.
	{StatusRequested, func(w *Worker, _ bool) bool { return !w.Request.Pending() && w.Status != WorkerError }},
	{NotAwake, func(w *Worker, _ bool) bool { return w.Status == WorkerAwake }},
	{NotApproved, func(w *Worker, _ bool) bool { return !w.Unapproved }},
	{WorkerInUse, func(w *Worker, _ bool) bool { return w.InUse == "" }},
	{WorkerBusy, func(_ *Worker, holdsTask bool) bool { return !holdsTask }},
}

// Unavailable returns what keeps the worker from being handed a new task, whatever
// there is; NoObstacle if the scheduler is asked.
func (w *Worker) Unavailable(holdsTask bool) Obstacle {
	for _, c := range availability {
		if !c.holds(w, holdsTask) {
			return c.Obstacle
		}
	}
	return NoObstacle
}
