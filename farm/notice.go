package farm

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"time"
)

// A Notice is something that people want to be told of. It is stored in the
// transaction that makes it true, and removed when the messages about it are in
// the queue on the disk: a crash between leaves it, and it is told after the start.
type Notice struct {
	Number uint64    `json:"-"` // of the event, by which it is stored; 0: it is not stored
	Event  string    `json:"event"`
	Time   time.Time `json:"time"`
	Job    JobID     `json:"job,omitempty"`    // "": about no job
	Task   TaskID    `json:"task,omitempty"`   // that failed first, or is stuck
	Worker string    `json:"worker,omitempty"` // name of the lost one
	Text   string    `json:"text,omitempty"`   // what happened, for people
}

// What notices are about.
const (
	NoticeCompleted    = "job-completed"
	NoticeFailed       = "job-failed"
	NoticeCanceled     = "job-canceled"
	NoticeFirstFailure = "first-failure"
	NoticeStuck        = "stuck"
	NoticeWorkerLost   = "worker-lost"
	NoticeDisk         = "disk-filling"
	NoticeDigest       = "digest"
	NoticeTest         = "test" // no rule has it
)

// A NoticeKind is what rules may name.
type NoticeKind struct{ Name, About string }

// NoticeKinds lists what rules may name, with a sentence for people.
func NoticeKinds() []NoticeKind {
	return []NoticeKind{
		{NoticeCompleted, "all tasks of a job are completed"},
		{NoticeFailed, "a job failed"},
		{NoticeCanceled, "a job was canceled"},
		{NoticeFirstFailure, "a task of a job failed, and none did before"},
		{NoticeStuck, "a job waits and no worker can or will take it, or the manager holds it, or a task takes very long"},
		{NoticeWorkerLost, "a worker has not been heard of for too long"},
		{NoticeDisk, "a disk of the manager or the shared storage is filling up"},
		{NoticeDigest, "once a day: what was done, and what failed"},
	}
}

// OfJobs lists the events that a job's submitter is told of.
func OfJobs() []string {
	return []string{NoticeCompleted, NoticeFailed, NoticeCanceled, NoticeFirstFailure, NoticeStuck}
}

// knownNotice reports whether a rule may name the event.
func knownNotice(name string) bool {
	return slices.ContainsFunc(NoticeKinds(), func(k NoticeKind) bool { return k.Name == name })
}

// ID returns the same id for the same notice, however often it is read.
func (n *Notice) ID() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d\n%s\n%d\n%s\n%s\n%s", n.Number, n.Event, n.Time.UnixMilli(), n.Job, n.Task, n.Worker))
	id := UUID(sum[:16])
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80 // RFC 9562: version 8
	return id.String()
}

// A JobReport is what messages say of a job.
type JobReport struct {
	Job
	Detail   JobDetail
	Frames   int           // planned; 0: not known
	Done     int           // frames that were rendered
	Render   time.Duration // of all frames
	Failures []TaskFailure // some of the failed tasks, the first in the job first
	Failed   int           // how many there are
}

// A TaskFailure is one failed task.
type TaskFailure struct {
	Task   TaskID
	Name   string
	Frames string // "" if it renders none
	Worker string // by whom last
	Tries  int
	Cause  *Cause // nil: its log does not say
	Status TaskStatus
	Said   string // what its activity says
}

// MaxFailures is how many failed tasks a JobReport has.
const MaxFailures = 5
