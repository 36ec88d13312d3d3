package api

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"renderfarm/farm"
)

// RegisterWorker makes a new worker. Its id and the secret are what
// WithCredentials wants.
func (c *Client) RegisterWorker(ctx context.Context, r WorkerRegistration) (RegisteredWorker, error) {
	k := call{method: http.MethodPost, path: at("worker", "register-worker"), in: r}
	if c.JoinCode != "" {
		k.headers = map[string]string{JoinCodeHeader: c.JoinCode}
	}
	return fetch[RegisteredWorker](ctx, c, k)
}

// SignOn tells that the worker is there, and returns the status it shall take.
func (c *Client) SignOn(ctx context.Context, s WorkerSignOn) (WorkerStateChange, error) {
	var out WorkerStateChange
	r, err := c.do(ctx, call{method: http.MethodPost, path: at("worker", "sign-on"), in: s, zone: s.TimeZone, out: &out})
	if err != nil {
		return WorkerStateChange{}, err
	}
	out.Unapproved = r.header.Get(headerUnapproved) == "true"
	out.FarmID = r.header.Get(headerFarmID)
	return out, nil
}

// SignOff tells that the worker ends. Its active tasks are returned.
func (c *Client) SignOff(ctx context.Context) error {
	k := call{method: http.MethodPost, path: at("worker", "sign-off")}
	if c.Temporary {
		k.headers = map[string]string{headerForGood: "yes"}
	}
	return c.send(ctx, k)
}

// StateAnswer answers Client.WorkerState.
type StateAnswer struct {
	StatusRequested string // "": stay as you are
	Waited          bool   // the manager held the answer back as long as it could; else pause before asking again
}

// WorkerState asks which status the worker shall take. The manager may wait up
// to wait for there to be one; 0 asks for an answer at once.
func (c *Client) WorkerState(ctx context.Context, wait time.Duration) (StateAnswer, error) {
	var out WorkerStateChange
	r, err := c.do(ctx, call{path: at("worker", "state"), out: &out, empty: true, wait: wait})
	if err != nil {
		return StateAnswer{}, err
	}
	return StateAnswer{StatusRequested: out.StatusRequested, Waited: r.waited}, nil
}

// WorkerStateChanged tells which status the worker took.
func (c *Client) WorkerStateChanged(ctx context.Context, s WorkerStateChanged) error {
	return c.send(ctx, call{method: http.MethodPost, path: at("worker", "state-changed"), in: s})
}

// TaskAnswer answers Client.ScheduleTask: a task, or a status to take first,
// or neither when there is nothing to do.
type TaskAnswer struct {
	Task            *AssignedTask // nil: no task
	StatusRequested string        // not "": take this status instead of a task
	Waited          bool          // the manager held the answer back as long as it could; else pause before asking again
	TooLate         bool          // there are tasks, and none of them would be done before the worker's end
	Unapproved      bool          // no task comes until somebody approves the worker
	Next            bool          // with Task: NextTask may be asked while it is worked on
	Second          bool          // with Task: it is a second run of another worker's task, see EndSecondRun
}

// ScheduleTask asks for a task. The manager may wait up to wait for there to
// be one; 0 asks for an answer at once. An *Error of status 409 means that the
// manager does not know that this worker is awake.
func (c *Client) ScheduleTask(ctx context.Context, wait time.Duration) (TaskAnswer, error) {
	return c.scheduleTask(ctx, call{wait: wait, headers: map[string]string{}})
}

// NextTask asks for the task to do after the one that the worker works on, whose answer
// had Next. All other tasks of the worker must have been reported as over.
func (c *Client) NextTask(ctx context.Context, current farm.TaskID) (*AssignedTask, error) {
	a, err := c.scheduleTask(ctx, call{headers: map[string]string{headerWorkingOn: string(current)}})
	return a.Task, err
}

func (c *Client) scheduleTask(ctx context.Context, k call) (TaskAnswer, error) {
	// The two forms an answer can have share no key, so one struct reads both.
	var out struct {
		AssignedTask
		WorkerStateChange
	}
	k.headers[headerRendered] = "yes"
	k.method, k.path, k.out, k.empty, k.also = http.MethodPost, at("worker", "task"), &out, true, http.StatusLocked
	r, err := c.do(ctx, k)
	if err != nil {
		return TaskAnswer{}, err
	}
	switch r.status {
	case http.StatusNoContent:
		return TaskAnswer{Waited: r.waited, Unapproved: r.header.Get(headerUnapproved) == "true", TooLate: r.header.Get(headerTooLate) == "yes"}, nil
	case http.StatusLocked:
		if out.StatusRequested == "" {
			return TaskAnswer{}, readError(r.status, r.body)
		}
		return TaskAnswer{StatusRequested: out.StatusRequested, Waited: r.waited}, nil
	}
	if out.UUID == "" {
		return TaskAnswer{}, farm.Errorf(farm.Unavailable, "the manager sent a task without an id")
	}
	return TaskAnswer{Task: &out.AssignedTask, Waited: r.waited, Next: r.header.Get(headerNext) == "yes",
		Second: r.header.Get(headerSecondRuns) == "yes"}, nil
}

// TaskUpdate reports on a task. An *Error of status 409 means that the task is
// not this worker's any more.
func (c *Client) TaskUpdate(ctx context.Context, id farm.TaskID, u TaskUpdate) error {
	return c.send(ctx, call{method: http.MethodPost, path: at("worker", "task", string(id)), in: u, wrong: u.WrongWorker})
}

// MayRunAnswer answers Client.MayWorkerRun.
type MayRunAnswer struct {
	MayKeepRunning
	Waited   bool // the manager held the answer back as long as it could; else pause before asking again
	GiveBack bool // report the task as queued when it has stopped

	// LeaveOut are frames to leave to others, unless they were begun; see LeaveOut.
	LeaveOut []int
}

// MayWorkerRun asks whether the worker may go on with the task. The manager
// may wait up to wait for the answer to be no; 0 asks for an answer at once.
func (c *Client) MayWorkerRun(ctx context.Context, id farm.TaskID, wait time.Duration) (MayRunAnswer, error) {
	return c.mayRun(ctx, id, call{wait: wait})
}

// LeaveOut is MayWorkerRun after an answer with LeaveOut, and says which frames the worker
// leaves out.
func (c *Client) LeaveOut(ctx context.Context, id farm.TaskID, frames []int, wait time.Duration) (MayRunAnswer, error) {
	return c.mayRun(ctx, id, call{wait: wait, headers: map[string]string{headerLeftOut: cmp.Or(farm.FormatFrames(frames), noFrames)}})
}

// MayWorkerBegin is MayWorkerRun for a task of NextTask that the worker has not begun.
// When the answer is no it reports the task as queued.
func (c *Client) MayWorkerBegin(ctx context.Context, id farm.TaskID, wait time.Duration) (MayRunAnswer, error) {
	return c.mayRun(ctx, id, call{wait: wait, headers: map[string]string{headerNotBegun: "yes"}})
}

func (c *Client) mayRun(ctx context.Context, id farm.TaskID, k call) (MayRunAnswer, error) {
	var out MayKeepRunning
	k.path, k.out = at("worker", "task", string(id), "may-i-run"), &out
	r, err := c.do(ctx, k)
	if err != nil {
		return MayRunAnswer{}, err
	}
	leave, _ := farm.ParseFrames(r.header.Get(headerLeaveOut)) // none if there is no such header
	return MayRunAnswer{MayKeepRunning: out, Waited: r.waited, GiveBack: r.header.Get(headerGiveBack) == "yes", LeaveOut: leave}, nil
}

// EndSecondRun tells what became of a second run. If the frame was rendered, the answer
// comes when the first run has ended, which may take as long as wait.
func (c *Client) EndSecondRun(ctx context.Context, id farm.TaskID, s SecondRun, wait time.Duration) (SecondRunAnswer, error) {
	return fetch[SecondRunAnswer](ctx, c, call{method: http.MethodPost, path: atFarm("worker", "task", string(id), "second-run"), in: s, wait: wait})
}

// MaxOutput is the largest image TaskOutputProduced may send, in bytes.
const MaxOutput = 25 << 20

// TaskOutputProduced sends an image that the task made, for previews. The
// content type is image/jpeg or image/png.
func (c *Client) TaskOutputProduced(ctx context.Context, id farm.TaskID, contentType string, image []byte) error {
	if len(image) > MaxOutput {
		return farm.Errorf(farm.TooLarge, "the image has %d bytes, and the manager takes at most %d", len(image), MaxOutput)
	}
	return c.send(ctx, call{method: http.MethodPost, path: at("worker", "task", string(id), "output-produced"),
		raw: image, kind: contentType, timeout: slowTimeout})
}
