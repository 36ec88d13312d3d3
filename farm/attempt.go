package farm

import "time"

// An Attempt is one time that a task was assigned to a worker.
type Attempt struct {
	Number int       `json:"number"` // from 1
	Worker WorkerID  `json:"worker"`
	Name   string    `json:"name"`             // of the worker, then
	Began  time.Time `json:"began,omitzero"`   // when it was assigned, UTC; zero: not known
	Ended  time.Time `json:"ended,omitzero"`   // UTC; zero: not known, or it has not ended
	Status string    `json:"status"`           // of the task when it ended, see TaskStatus.String; active until then
	Reason string    `json:"reason,omitempty"` // why it ended so: one line for people
}

// MaxAttempts is how many ended attempts are kept of a task, the last ones.
const MaxAttempts = 100
