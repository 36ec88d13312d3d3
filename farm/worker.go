package farm

import "time"

// WorkerStatus is what a worker is doing. The worker reports it; the manager
// sets it only when it loses the worker.
type WorkerStatus uint8

// A crash of the manager leaves a worker in the status it had; a worker that
// crashed has its last one until it signs on again, or is found to be lost.
const (
	// WorkerUnknown is registered and never signed on. Signing on leaves it.
	WorkerUnknown WorkerStatus = iota
	// WorkerStarting signed on. It leaves by reporting the status it was told to take.
	WorkerStarting
	// WorkerAwake takes tasks. It leaves when the worker reports that it does what
	// it was asked to, signs off, or is lost.
	WorkerAwake
	// WorkerAsleep takes no tasks and keeps asking for another status. It leaves
	// when it reports that status, signs off, or is lost.
	WorkerAsleep
	// WorkerError is lost: not seen for longer than worker_timeout. It leaves with
	// its next report of a status, or when it signs on or off.
	WorkerError
	// WorkerTesting takes no tasks. It is reserved by the protocol, and left as
	// WorkerAsleep is.
	WorkerTesting
	// WorkerOffline signed off. Signing on leaves it.
	WorkerOffline
	// WorkerRestart is only ever requested: end, and let something start it again.
	WorkerRestart
)

var workerStatusNames = [...]string{"", "starting", "awake", "asleep", "error", "testing", "offline", "restart"}

// String returns the status's v3 name; "" for a worker that never signed on.
func (s WorkerStatus) String() string { return nameOf(workerStatusNames[:], s) }

// ParseWorkerStatus reads a v3 name other than "".
func ParseWorkerStatus(name string) (WorkerStatus, bool) {
	s, ok := parseName[WorkerStatus](workerStatusNames[:], name)
	return s, ok && s != WorkerUnknown
}

// AwayAfter is how long after it was last awake a worker is Away: then jobs do not wait
// any more for the version of Blender that only it has.
const AwayAfter = time.Hour

// StatusRequest asks a worker to take a status. A lazy one waits until the
// worker has finished its task. The zero value asks for nothing.
type StatusRequest struct {
	Status WorkerStatus `json:"status"`
	Lazy   bool         `json:"lazy"`
}

// Pending reports whether anything is asked for.
func (r StatusRequest) Pending() bool { return r.Status != WorkerUnknown }

// AfterSignOff returns what will be asked of a worker when it comes back. That
// it end was done; if nothing else is asked, it is to take the status it has now.
func AfterSignOff(status WorkerStatus, pending StatusRequest) StatusRequest {
	switch {
	case pending.Pending() && pending.Status != WorkerOffline && pending.Status != WorkerRestart:
		return pending
	case status == WorkerAwake || status == WorkerAsleep:
		return StatusRequest{Status: status}
	}
	return StatusRequest{}
}

// AfterTimeout returns what will be asked of a worker when it speaks again after
// it was lost. That it end was as good as done; if nothing else is asked, one
// that slept without a schedule goes on sleeping.
func AfterTimeout(status WorkerStatus, pending StatusRequest, scheduled bool) StatusRequest {
	switch after := AfterSignOff(status, pending); {
	case pending.Pending():
		return after
	case status == WorkerAsleep && !scheduled:
		return after
	}
	return StatusRequest{}
}

// Watched reports whether the worker is lost when it is not seen for too long.
func (s WorkerStatus) Watched() bool {
	return s == WorkerStarting || s == WorkerAwake || s == WorkerAsleep || s == WorkerTesting
}

// Worker is a worker as the manager knows it.
type Worker struct {
	ID         WorkerID      `json:"id"`
	Name       string        `json:"name"`
	Address    string        `json:"address"`              // IP address it last signed on from
	Platform   string        `json:"platform"`             // GOOS
	Software   string        `json:"software"`             // its version
	TaskTypes  []string      `json:"task_types"`           // that it takes now
	Unable     []Unable      `json:"unable,omitempty"`     // what it would take and cannot do, see SetUnable
	Away       bool          `json:"away,omitempty"`       // it was not awake for AwayAfter or longer
	Facts      *WorkerFacts  `json:"facts,omitempty"`      // what it tells of its computer; nil if nothing. It is replaced, never changed
	InUse      string        `json:"in_use,omitempty"`     // who needs its computer, for people; "" if nobody does. It takes no tasks, and what it holds is frozen. Signing on ends it
	Unapproved bool          `json:"unapproved,omitempty"` // it waits until somebody approves it, see Config.ApproveWorkers; it takes no tasks, and counts as nobody who could
	Tags       []TagID       `json:"tags,omitempty"`
	Status     WorkerStatus  `json:"status"`
	Request    StatusRequest `json:"request"`
	CanRestart bool          `json:"can_restart,omitempty"`
	SecretHash []byte        `json:"secret_hash"` // salt and hash; see manager
	Created    time.Time     `json:"created"`
	Updated    time.Time     `json:"updated"`
	LastSeen   time.Time     `json:"last_seen"` // rides along with other changes; the manager knows better while it runs
	Deleted    time.Time     `json:"deleted"`   // zero while it exists
	LastTask   TaskID        `json:"last_task,omitempty"`

	TimeZone   string    `json:"time_zone,omitempty"`  // IANA name of its time zone; "" means the manager's
	Schedule   Schedule  `json:"schedule,omitzero"`    // its windows are replaced, never changed
	ScheduleAt time.Time `json:"schedule_at,omitzero"` // when its schedule has something to say next, as of the last time it had; zero for never
}

// Tag restricts jobs to the workers that carry it.
type Tag struct {
	ID          TagID  `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
}

// FarmStatus is the farm in one word.
type FarmStatus string

const (
	FarmActive      FarmStatus = "active"      // a job runs and a worker is awake
	FarmIdle        FarmStatus = "idle"        // workers, but no work
	FarmWaiting     FarmStatus = "waiting"     // work, but no worker awake for it
	FarmAsleep      FarmStatus = "asleep"      // no work, every worker asleep
	FarmInoperative FarmStatus = "inoperative" // no worker that could do anything
)

// StatusOfFarm derives the farm's status from the workers' statuses and from
// whether jobs are active or queued. The first
// question that holds decides.
func StatusOfFarm(workers map[WorkerStatus]int, jobActive, jobQueued bool) FarmStatus {
	reachable := 0
	for s, n := range workers {
		if s != WorkerOffline && s != WorkerError && s != WorkerUnknown {
			reachable += n
		}
	}
	switch awake := workers[WorkerAwake] > 0; {
	case reachable == 0:
		return FarmInoperative
	case jobActive && awake:
		return FarmActive
	case jobActive || jobQueued:
		return FarmWaiting
	case !awake && workers[WorkerAsleep] > 0:
		return FarmAsleep
	}
	return FarmIdle
}
