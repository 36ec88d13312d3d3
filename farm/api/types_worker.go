package api

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"renderfarm/farm"
)

// WorkerRegistration is the request of registerWorker. The worker chooses the
// secret, and shows it with every later call.
type WorkerRegistration struct {
	Secret             string       `json:"secret"`
	Platform           string       `json:"platform"` // GOOS
	SupportedTaskTypes List[string] `json:"supported_task_types"`
	Name               string       `json:"name"`
}

// RegisteredWorker answers registerWorker.
type RegisteredWorker struct {
	UUID               farm.WorkerID `json:"uuid"` // the user name of every later call
	Name               string        `json:"name"`
	Address            string        `json:"address"`
	Status             string        `json:"status"` // "": it has not signed on
	Platform           string        `json:"platform"`
	Software           string        `json:"software"` // "": it has not signed on
	SupportedTaskTypes List[string]  `json:"supported_task_types"`
}

// WorkerSignOn is the request of signOn.
type WorkerSignOn struct {
	Name               string       `json:"name"`
	SupportedTaskTypes List[string] `json:"supported_task_types"`
	SoftwareVersion    string       `json:"software_version"`
	CanRestart         bool         `json:"can_restart,omitempty"` // something starts it again when it ends
	Facts              *WorkerFacts `json:"facts,omitempty"`       // about its computer; nil: it tells nothing. Compatible managers ignore it

	// TimeZone is the IANA name of where the worker's clock hangs, for its sleep
	// schedule; "" if it does not tell. It is a header: see TimeZone.
	TimeZone string `json:"-"`
}

// WorkerFacts is what a worker tells of its computer, and the request of setWorkerFacts.
type WorkerFacts = farm.WorkerFacts

// headerZone is the header by which a worker tells its time zone. Compatible
// managers ignore it.
const headerZone = "Farm-Time-Zone"

// TimeZone returns the time zone that a worker tells, "" for none.
func TimeZone(h http.Header) string { return h.Get(headerZone) }

// headerDeleted tells a worker, with 403, that it was deleted. Workers of the
// compatible system do not know it, and stay away after any 403 to a worker that
// is signed on.
const headerDeleted = "Farm-Worker-Deleted"

// SetDeleted says that the request's worker was deleted by a user.
func SetDeleted(h http.Header) { h.Set(headerDeleted, "true") }

// WasDeleted reports whether an error is the answer to a worker that a user deleted.
func WasDeleted(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Deleted
}

// headerSession tells which start of a worker a request comes from. Compatible
// managers ignore it.
const headerSession = "Farm-Session"

// Session returns the session that a worker tells, "" for none.
func Session(h http.Header) string {
	const most = 100 // bytes that count
	text := h.Get(headerSession)
	return text[:min(len(text), most)]
}

// headerTaken tells a worker, with 409, that another one uses its identity.
const headerTaken = "Farm-Identity-Taken"

// SetTaken says that the request's worker has to register as a worker of its own.
func SetTaken(h http.Header) { h.Set(headerTaken, "true") }

// WasTaken reports whether an error is the answer to a worker whose identity
// another one uses.
func WasTaken(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Taken
}

// headerUnapproved tells a worker that signed on, or asked for a task, that it gets
// none until a person approves it. Compatible workers only see that there is no task.
const headerUnapproved = "Farm-Unapproved"

// SetUnapproved says that the request's worker waits for approval.
func SetUnapproved(h http.Header) { h.Set(headerUnapproved, "true") }

// headerWrongWorker is the header of a report by which a worker says that it
// failed the task as it is the wrong one for it: its Blender is older than the
// file, for example. Compatible managers take it for any failure.
const headerWrongWorker = "Farm-Wrong-Worker"

// WrongWorker reports whether a report says that the worker is the wrong one.
func WrongWorker(h http.Header) bool { return h.Get(headerWrongWorker) == "yes" }

// headerWorkingOn is the header of scheduleTask by which a worker that works on a task
// asks for the one after it. headerNext, in an answer with a task, says that the manager
// knows it: others would hand out the task at hand once more. headerNotBegun is the
// header of mayWorkerRun about a task that was got so and is not begun.
const (
	headerWorkingOn = "Farm-Working-On"
	headerNext      = "Farm-Next-Task"
	headerNotBegun  = "Farm-Not-Begun"
)

// WorkingOn returns the task that a worker works on who asks for the next, "" if it
// asks for any.
func WorkingOn(h http.Header) farm.TaskID { return farm.TaskID(h.Get(headerWorkingOn)) }

// SetNextTask says that the worker may ask for its next task while it works on this one.
func SetNextTask(h http.Header) { h.Set(headerNext, "yes") }

// NotBegun reports whether a worker asks about a task that it has not begun.
func NotBegun(h http.Header) bool { return h.Get(headerNotBegun) == "yes" }

// headerSecondRuns is how a worker tells with each request that it knows second runs,
// and how the answer of scheduleTask tells that the task is one; headerGiveBack, in an
// answer of mayWorkerRun, that the worker shall report the task as queued when it has
// stopped. Workers that do not send the first header never see the others.
const (
	headerSecondRuns = "Farm-Second-Run"
	headerGiveBack   = "Farm-Give-Back"
)

// KnowsSecondRuns reports whether the worker knows second runs.
func KnowsSecondRuns(h http.Header) bool { return h.Get(headerSecondRuns) == "yes" }

// SetSecondRun says that a task is another worker's, and this is its second run.
func SetSecondRun(h http.Header) { h.Set(headerSecondRuns, "yes") }

// SetGiveBack says that the worker shall give the task back when it has stopped.
func SetGiveBack(h http.Header) { h.Set(headerGiveBack, "yes") }

// headerRendered is the header of scheduleTask by which a worker says that it knows of
// rendered frames, see AssignedTask.Rendered.
const headerRendered = "Farm-Rendered-Frames"

// KnowsRendered reports whether the worker knows of rendered frames.
func KnowsRendered(h http.Header) bool { return h.Get(headerRendered) == "yes" }

// headerShares is how a worker tells with each request that it can render a share of a
// task, and leave frames to others. headerLeaveOut, in an answer of mayWorkerRun, names
// frames that it shall leave out unless it has begun them, as a range; with headerLeftOut
// it asks again and says which it does, or "none".
const (
	headerShares   = "Farm-Shares"
	headerLeaveOut = "Farm-Leave-Out"
	headerLeftOut  = "Farm-Left-Out"
	noFrames       = "none"
)

// KnowsShares reports whether the worker knows shares of tasks.
func KnowsShares(h http.Header) bool { return h.Get(headerShares) == "yes" }

// SetLeaveOut names frames that the worker shall leave out.
func SetLeaveOut(h http.Header, frames []int) { h.Set(headerLeaveOut, farm.FormatFrames(frames)) }

// LeftOut returns which frames the worker leaves out of those that it was asked to, and
// whether it says that at all.
func LeftOut(h http.Header) (frames []int, told bool) {
	text := h.Get(headerLeftOut)
	if text == "" || len(text) > farm.MaxRedo {
		return nil, false
	}
	frames, _ = farm.ParseFrames(text) // noFrames is none
	return frames, true
}

// headerTimeLeft is how a worker that ends at a certain time tells with each request how
// long that is, and how long it was at its beginning: whole seconds, with a comma between
// them. headerTooLate, in an answer of scheduleTask without a task, tells that there are
// tasks, and none of them would be done before the worker's end.
const (
	headerTimeLeft = "Farm-Time-Left"
	headerTooLate  = "Farm-Too-Late"
)

// WorkTime returns how long a worker still works, as it tells; zero if it does not.
func WorkTime(h http.Header) (t farm.WorkTime) {
	left, whole, _ := strings.Cut(h.Get(headerTimeLeft), ",")
	l, err := strconv.ParseInt(left, 10, 32)
	w, err2 := strconv.ParseInt(whole, 10, 32)
	if err != nil || err2 != nil || w <= 0 {
		return farm.WorkTime{}
	}
	return farm.WorkTime{Left: time.Duration(l) * time.Second, Whole: time.Duration(w) * time.Second}
}

// setWorkTime tells how long a worker still works that ends at that time.
func setWorkTime(h http.Header, ends time.Time, whole time.Duration) {
	h.Set(headerTimeLeft, fmt.Sprintf("%d,%d", int(time.Until(ends).Seconds()), max(1, int(whole.Seconds()))))
}

// SetTooLate says that no task would be done before the worker's end.
func SetTooLate(h http.Header) { h.Set(headerTooLate, "yes") }

// headerForGood is how a worker tells when it signs off that it does not come back.
const headerForGood = "Farm-For-Good"

// LeavesForGood reports whether a worker that signs off does not come back.
func LeavesForGood(h http.Header) bool { return h.Get(headerForGood) == "yes" }

// SecondRun is the request of endSecondRun: what became of it.
type SecondRun struct {
	Rendered bool   `json:"rendered"`         // it has a whole file
	Reason   string `json:"reason,omitempty"` // why not, if others of the job would go the same way
}

// SecondRunAnswer answers endSecondRun.
type SecondRunAnswer struct {
	Yours  bool   `json:"yours"`  // put the file in its place, and report the task
	Reason string `json:"reason"` // why not; "" otherwise
}

// WorkerStateChange tells a worker which status to take. It answers signOn,
// workerState (200) and scheduleTask (423).
type WorkerStateChange struct {
	StatusRequested string `json:"status_requested"`

	// Unapproved says that the worker gets no tasks until somebody approves it. It is a header.
	Unapproved bool `json:"-"`
	// FarmID is which farm answers, "" if it does not say. It is a header, see SetFarmID.
	FarmID string `json:"-"`
}

// WorkerStateChanged is the request of workerStateChanged: the status the
// worker took.
type WorkerStateChanged struct {
	Status string `json:"status"`
}

// AssignedTask is the answer of scheduleTask that brings work. Variables in
// the commands' parameters are already expanded for this worker.
type AssignedTask struct {
	UUID           farm.TaskID   `json:"uuid"`
	Job            farm.JobID    `json:"job"`
	Name           string        `json:"name"`
	Status         string        `json:"status"` // active
	Priority       int           `json:"priority"`
	JobPriority    int           `json:"job_priority"`
	JobType        string        `json:"job_type"`
	TaskType       string        `json:"task_type"`
	Commands       List[Command] `json:"commands"` // run in order; see Commands
	StepsCompleted int           `json:"steps_completed"`
	StepsTotal     int           `json:"steps_total"`

	// Rendered are frames that an earlier try has rendered. They are left out if their files
	// are still what they were. Only workers that know of them are told.
	Rendered []farm.RenderedFrame `json:"rendered,omitempty"`

	// LeaveOut are frames that the worker must not render, as a range: it has only a share of
	// another worker's task.
	LeaveOut string `json:"leave_out,omitempty"`
}

// Command is one thing a task does.
type Command = farm.Command

// TaskUpdate is the request of taskUpdate: what changed about a task. Only
// what is present changes. TaskStatus cannot be soft-failed, which is the
// manager's to decide.
type TaskUpdate struct {
	TaskStatus     string `json:"taskStatus,omitempty"`
	Activity       string `json:"activity,omitempty"`
	Log            string `json:"log,omitempty"` // appended to the task's log
	StepsCompleted *int   `json:"steps_completed,omitempty"`

	// Frames are those that were saved since the last report, at most
	// farm.MaxFrameResults. Compatible managers ignore the key, and compatible
	// workers do not send it.
	Frames []farm.FrameResult `json:"frames,omitempty"`

	// LeftOut are the frames, as a range, without which the worker completed the task, as
	// they are another worker's. Only with the status completed.
	LeftOut string `json:"left_out,omitempty"`

	// WrongWorker says that the worker failed the task as it is the wrong one for
	// it. It is a header: see WrongWorker.
	WrongWorker bool `json:"-"`
}

// Empty reports whether the update says nothing.
func (u *TaskUpdate) Empty() bool {
	return u.TaskStatus == "" && u.Activity == "" && u.Log == "" && u.StepsCompleted == nil && len(u.Frames) == 0
}

// MayKeepRunning answers mayWorkerRun.
type MayKeepRunning struct {
	MayKeepRunning        bool   `json:"mayKeepRunning"`
	Reason                string `json:"reason"`                // why not; "" otherwise
	StatusChangeRequested bool   `json:"statusChangeRequested"` // because the worker is to take another status
}
