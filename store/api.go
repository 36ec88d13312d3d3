package store

import (
	"iter"
	"log/slog"
	"time"

	"renderfarm/farm"
)

// Options configures Open. Path is needed; zero values of the rest are defaults.
type Options struct {
	Path  string           // the database file; created when it does not exist
	Clock func() time.Time // nil: time.Now
	Log   *slog.Logger     // nil: discard
	Fatal func(error)      // a commit failed: must not return; nil: panic
}

// Store is an open database.
type Store struct{}

// Tx is one operation in the writer goroutine.
type Tx struct{}

// View reads committed and durable data.
type View struct{}

// NewJob is a job that Prepare made ready to be stored.
type NewJob struct{}

// Job is a live job, owned by the writer, valid during fn only.
type Job struct{ farm.Job }

// Worker is a live worker.
type Worker struct{ farm.Worker }

// Task is a handle.
type Task struct {
	Job   *Job
	Index int
}

// Work is a pair for which an operation made tasks runnable.
type Work struct {
	Tag  farm.TagID
	Type string
}

// Block is one entry of a job's blocklist.
type Block struct {
	Worker   farm.WorkerID
	TaskType string
	Created  time.Time
}

func later() { panic("store: being written") }

func Open(o Options) (*Store, error)                                    { later(); return nil, nil }
func (s *Store) Close() error                                           { later(); return nil }
func (s *Store) Update(fn func(*Tx) error) error                        { later(); return nil }
func (s *Store) View(fn func(*View) error) error                        { later(); return nil }
func (s *Store) Planned(id farm.TaskID) (t farm.PlannedTask, err error) { later(); return }
func (s *Store) Backup(path string) error                               { later(); return nil }
func Check(path string) iter.Seq[error]                                 { later(); return nil }
func (s *Store) Check() []error                                         { later(); return nil }
func Prepare(p *farm.Plan) (*NewJob, error)                             { later(); return nil, nil }
func (tx *Tx) Now() time.Time                                           { later(); return time.Time{} }
func (tx *Tx) EventNumber() uint64                                      { later(); return 0 }
func (tx *Tx) AfterCommit(f func())                                     { later() }

// CanAdd reports farm.Conflict if the id is taken: call it before AddJob when the id was not made by farm.NewUUID.
func (tx *Tx) CanAdd(n *NewJob) error                                { later(); return nil }
func (tx *Tx) AddJob(n *NewJob) *Job                                 { later(); return nil }
func (tx *Tx) Job(id farm.JobID) (*Job, error)                       { later(); return nil, nil }
func (tx *Tx) SaveJob(j *Job)                                        { later() }
func (tx *Tx) RemoveJob(j *Job, most int) (done bool)                { later(); return }
func (j *Job) Seq() uint32                                           { later(); return 0 }
func (j *Job) Len() int                                              { later(); return 0 }
func (j *Job) Task(i int) Task                                       { later(); return Task{} }
func (j *Job) TasksIn(statuses ...farm.TaskStatus) iter.Seq[Task]    { later(); return nil }
func (t Task) ID() farm.TaskID                                       { later(); return "" }
func (t Task) State() farm.TaskState                                 { later(); return farm.TaskState{} }
func (t Task) Status() farm.TaskStatus                               { later(); return 0 }
func (t Task) Type() string                                          { later(); return "" }
func (t Task) Priority() int                                         { later(); return 0 }
func (t Task) Steps() int                                            { later(); return 0 }
func (t Task) Ready() bool                                           { later(); return false }
func (t Task) Spoiled() bool                                         { later(); return false }
func (tx *Tx) Task(id farm.TaskID) (Task, error)                     { later(); return Task{}, nil }
func (tx *Tx) SetTask(t Task, s farm.TaskState)                      { later() }
func (tx *Tx) Dependents(t Task) iter.Seq[Task]                      { later(); return nil }
func (tx *Tx) Pick(w *Worker) (Task, bool)                           { later(); return Task{}, false }
func (tx *Tx) NewWork() []Work                                       { later(); return nil }
func (tx *Tx) Active(w *Worker) []Task                               { later(); return nil }
func (tx *Tx) Worker(id farm.WorkerID) (*Worker, error)              { later(); return nil, nil }
func (tx *Tx) Workers() iter.Seq[*Worker]                            { later(); return nil }
func (tx *Tx) AddWorker(w farm.Worker) *Worker                       { later(); return nil }
func (tx *Tx) SaveWorker(w *Worker)                                  { later() }
func (tx *Tx) Block(j *Job, w *Worker, taskType string)              { later() }
func (tx *Tx) Unblock(j *Job, w *Worker, taskType string)            { later() }
func (tx *Tx) Blocked(j *Job, w *Worker, taskType string) bool       { later(); return false }
func (tx *Tx) Tag(id farm.TagID) (farm.Tag, error)                   { later(); return farm.Tag{}, nil }
func (tx *Tx) Tags() []farm.Tag                                      { later(); return nil }
func (tx *Tx) PutTag(t farm.Tag)                                     { later() }
func (tx *Tx) RemoveTag(id farm.TagID)                               { later() }
func (tx *Tx) SetLastRendered(id farm.JobID)                         { later() }
func (v *View) Job(id farm.JobID) (farm.Job, error)                  { later(); return farm.Job{}, nil }
func (v *View) Jobs(after farm.JobID, limit int) ([]farm.Job, error) { later(); return nil, nil }
func (v *View) JobDetail(id farm.JobID) (farm.JobDetail, error) {
	later()
	return farm.JobDetail{}, nil
}
func (v *View) Tasks(id farm.JobID, after, limit int) ([]farm.Task, error) { later(); return nil, nil }
func (v *View) Task(id farm.TaskID) (farm.Task, error)                     { later(); return farm.Task{}, nil }
func (v *View) Workers() ([]farm.Worker, error)                            { later(); return nil, nil }
func (v *View) Worker(id farm.WorkerID) (farm.Worker, error)               { later(); return farm.Worker{}, nil }
func (v *View) Tags() ([]farm.Tag, error)                                  { later(); return nil, nil }
func (v *View) Tag(id farm.TagID) (farm.Tag, error)                        { later(); return farm.Tag{}, nil }
func (v *View) Blocklist(id farm.JobID) ([]Block, error)                   { later(); return nil, nil }
func (v *View) LastRendered() farm.JobID                                   { later(); return "" }
func (v *View) JobsDeleting() []farm.JobID                                 { later(); return nil }
