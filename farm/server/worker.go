package server

import (
	"errors"
	"net/http"
	"strings"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/manager"
)

// workerHandler is a handler for requests of a worker that proved who it is.
type workerHandler func(w http.ResponseWriter, r *http.Request, id farm.WorkerID) error

// worker checks the worker's credentials before its request is looked at, so
// that whoever has none learns nothing, not even whether a task exists.
// Credentials are the id and the secret that register-worker was given, sent
// with every request (HTTP basic authentication).
//
// Each accepted request is a sign of life: worker_timeout counts from the last
// one. It also says which run of the worker program sent it (api.Session). If two
// programs use one identity, the second gets 409 with a header that tells it to
// register as a worker of its own; manager.Attend says which of them that is. A
// worker that a user deleted gets 403 with a header that says so.
func (s *Server) worker(h workerHandler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		user, password, ok := r.BasicAuth()
		if !ok {
			return farm.Errorf(farm.Forbidden, "this is for registered workers only: send the worker's id and secret by HTTP basic authentication")
		}
		id, err := s.m.Authenticate(user, password)
		if err == nil {
			err = s.m.Attend(r.Context(), id, api.Session(r.Header), strings.HasSuffix(r.URL.Path, "/worker/sign-on"))
		}
		if err == nil {
			s.m.KnowsSecond(id, api.KnowsSecondRuns(r.Header))
			s.m.KnowsShares(id, api.KnowsShares(r.Header))
			s.m.SetWorkTime(id, api.WorkTime(r.Header))
			if load := api.LoadText(r.Header); !s.m.KnowsLoad(id, load) {
				s.m.SetLoad(id, load, api.ParseLoad(load))
			}
			err = h(w, r, id)
		}
		if errors.Is(err, manager.ErrTaken) {
			api.SetTaken(w.Header())
		}
		if errors.Is(err, manager.ErrDeleted) { // also while its request waited
			api.SetDeleted(w.Header())
		}
		return err
	}
}

// registerWorker makes a new worker each time it is called: it needs no credentials,
// and whoever lost theirs gets others this way.
func (s *Server) registerWorker(w http.ResponseWriter, r *http.Request) error {
	own := fromThisComputer(r)
	if s.registrations != nil && !own && !s.registrations.Take(client(r)) {
		return farm.Errorf(farm.Busy, "too many workers registered just now, here or from this address: try again in a minute. The limit is registrations_per_minute in farm.yaml")
	}
	var reg api.WorkerRegistration
	if err := s.read(w, r, &reg); err != nil {
		return err
	}
	new := manager.Registration{Name: reg.Name, Platform: reg.Platform, Secret: reg.Secret, TaskTypes: reg.SupportedTaskTypes, Address: address(r), Own: own}
	register := s.m.Register
	if s.hasJoinCode(r) {
		register = func(new manager.Registration) (farm.Worker, error) { return s.joinRegister(r, new) }
	}
	worker, err := register(new)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, api.RegisteredWorker{UUID: worker.ID, Name: worker.Name, Address: worker.Address,
		Platform: worker.Platform, SupportedTaskTypes: worker.TaskTypes})
}

// signOn answers 200 with the status to take, whatever the worker was before. Workers of
// the compatible system register anew when it fails, so it fails only for who is unknown.
func (s *Server) signOn(w http.ResponseWriter, r *http.Request, id farm.WorkerID) error {
	var on api.WorkerSignOn
	if err := s.read(w, r, &on); err != nil {
		return err
	}
	wanted, err := s.m.SignOn(id, manager.SignOn{Name: on.Name, Software: on.SoftwareVersion, TaskTypes: on.SupportedTaskTypes,
		CanRestart: on.CanRestart, Address: address(r), TimeZone: api.TimeZone(r.Header), Facts: on.Facts})
	if err != nil {
		return err
	}
	s.tellUnapproved(w, id)
	api.SetFarmID(w.Header(), s.m.FarmID())
	return writeJSON(w, http.StatusOK, api.WorkerStateChange{StatusRequested: wanted.String()})
}

// tellUnapproved tells a worker that waits for approval why it gets no tasks.
func (s *Server) tellUnapproved(w http.ResponseWriter, id farm.WorkerID) {
	if s.m.Unapproved(id) {
		api.SetUnapproved(w.Header())
	}
}

// signOff returns what the worker holds at once, instead of after worker_timeout. A worker
// that says that it leaves for good is deleted.
func (s *Server) signOff(w http.ResponseWriter, r *http.Request, id farm.WorkerID) error {
	leave := s.m.SignOff
	if api.LeavesForGood(r.Header) {
		leave = s.m.Leave
	}
	if err := leave(id); err != nil {
		return err
	}
	return noContent(w)
}

// workerState answers 204 when nothing is asked of the worker. With Prefer: wait=N it
// holds that answer back until something is.
func (s *Server) workerState(w http.ResponseWriter, r *http.Request, id farm.WorkerID) error {
	wait := api.PreferWait(r.Header)
	ctx, cancel := s.workerWaiting(r, id)
	defer cancel()
	wanted, err := s.m.RequestedStatus(ctx, id, wait)
	if err != nil {
		return err
	}
	if wait > 0 {
		api.SetPreferenceApplied(w.Header())
	}
	if wanted == farm.WorkerUnknown {
		return noContent(w)
	}
	return writeJSON(w, http.StatusOK, api.WorkerStateChange{StatusRequested: wanted.String()})
}

// workerStateChanged takes what the worker is now, also if nobody asked for it.
func (s *Server) workerStateChanged(w http.ResponseWriter, r *http.Request, id farm.WorkerID) error {
	var changed api.WorkerStateChanged
	if err := s.read(w, r, &changed); err != nil {
		return err
	}
	status, _ := farm.ParseWorkerStatus(changed.Status) // checked by read
	if err := s.m.StateChanged(id, status); err != nil {
		return err
	}
	return noContent(w)
}

// scheduleTask answers 200 with a task, 423 with a status to take first, 204 if there is
// nothing to do, and 409 to a worker that is not awake. One that asks again while it
// holds a task gets the same task: it may have crashed. One that says what it works on
// gets the task to do after that.
func (s *Server) scheduleTask(w http.ResponseWriter, r *http.Request, id farm.WorkerID) error {
	wait := api.PreferWait(r.Header)
	ctx, cancel := s.workerWaiting(r, id)
	defer cancel()
	var a manager.Assignment
	var err error
	if current := api.WorkingOn(r.Header); current != "" {
		wait = 0
		a, err = s.m.AssignNext(id, current)
	} else {
		a, err = s.m.Assign(ctx, id, wait)
	}
	if err != nil {
		return err
	}
	if wait > 0 {
		api.SetPreferenceApplied(w.Header())
	}
	switch {
	case a.Requested != farm.WorkerUnknown:
		return writeJSON(w, http.StatusLocked, api.WorkerStateChange{StatusRequested: a.Requested.String()})
	case a.Task == nil:
		if a.TooLate {
			api.SetTooLate(w.Header())
		}
		s.tellUnapproved(w, id)
		return noContent(w)
	}
	t := a.Task
	api.SetNextTask(w.Header())
	if a.Second {
		api.SetSecondRun(w.Header())
	}
	out := api.AssignedTask{
		UUID: t.ID, Job: t.Job, Name: t.Name, Status: farm.TaskActive.String(), Priority: t.Priority, JobPriority: t.JobPriority,
		JobType: t.JobType, TaskType: t.Type, Commands: api.Commands(t.Commands), StepsCompleted: t.StepsDone, StepsTotal: t.Steps(),
	}
	if api.KnowsRendered(r.Header) {
		out.Rendered = t.Rendered
	}
	out.LeaveOut = farm.FormatFrames(t.LeaveOut) // only those who know shares get one
	return writeJSON(w, http.StatusOK, out)
}

// taskUpdate takes a report: a new status, the activity, lines of the log, and
// progress, of which each may be missing. It answers 204 when the report is
// stored, so that a worker may forget it, and 409 if the task is not, or no longer,
// this worker's. A report may be sent again. Status "failed" with the header that api.WrongWorker reads means
// that this worker cannot do it, and does not count as one of the task's tries.
func (s *Server) taskUpdate(w http.ResponseWriter, r *http.Request, id farm.WorkerID) error {
	task, err := taskID(r)
	if err != nil {
		return err
	}
	var update api.TaskUpdate
	if err := s.read(w, r, &update); err != nil {
		return err
	}
	report := manager.Report{Activity: update.Activity, Log: update.Log, Steps: update.StepsCompleted, Frames: update.Frames, WrongWorker: api.WrongWorker(r.Header)}
	report.LeftOut, _ = farm.ParseFrames(update.LeftOut) // checked by read
	if update.TaskStatus != "" {
		status, _ := farm.ParseTaskStatus(update.TaskStatus) // checked by read
		report.Status = &status
	}
	if err := s.m.Report(id, task, report); err != nil {
		return err
	}
	return noContent(w)
}

// mayWorkerRun answers 200 with whether the worker may go on with a task, and if
// not, why. With Prefer: wait=N a yes is held back until it becomes a no, at most
// N seconds: the worker hears of a canceled task at once without asking each
// second. A worker that holds a task it has not begun asks with the header that
// api.NotBegun reads.
func (s *Server) mayWorkerRun(w http.ResponseWriter, r *http.Request, id farm.WorkerID) error {
	task, err := taskID(r)
	if err != nil {
		return err
	}
	wait := api.PreferWait(r.Header)
	ctx, cancel := s.workerWaiting(r, id)
	defer cancel()
	if left, told := api.LeftOut(r.Header); told {
		if err := s.m.LeavesOut(id, task, left); err != nil {
			return err
		}
	}
	may := s.m.MayRun
	if api.NotBegun(r.Header) {
		may = s.m.MayBegin
	}
	p, err := may(ctx, id, task, wait)
	if err != nil {
		return err
	}
	if wait > 0 {
		api.SetPreferenceApplied(w.Header())
	}
	if p.GiveBack {
		api.SetGiveBack(w.Header())
	}
	if len(p.LeaveOut) > 0 {
		api.SetLeaveOut(w.Header(), p.LeaveOut)
	}
	return writeJSON(w, http.StatusOK, api.MayKeepRunning{MayKeepRunning: p.MayRun, Reason: p.Reason, StatusChangeRequested: p.StatusWanted})
}

// endSecondRun takes what became of a worker's second run. With Prefer: wait=N it holds
// the answer to a whole file back until the first run has ended, at most N seconds.
func (s *Server) endSecondRun(w http.ResponseWriter, r *http.Request, id farm.WorkerID) error {
	task, err := taskID(r)
	if err != nil {
		return err
	}
	var told api.SecondRun
	if err := s.read(w, r, &told); err != nil {
		return err
	}
	wait := api.PreferWait(r.Header)
	ctx, cancel := s.workerWaiting(r, id)
	defer cancel()
	a, err := s.m.EndSecond(ctx, id, task, manager.SecondOutcome{Rendered: told.Rendered, Reason: told.Reason}, wait)
	if err != nil {
		return err
	}
	if wait > 0 {
		api.SetPreferenceApplied(w.Header())
	}
	return writeJSON(w, http.StatusOK, api.SecondRunAnswer{Yours: a.Yours, Reason: a.Reason})
}

// taskOutputProduced takes a preview of a frame: a JPEG or PNG of at most
// manager.MaxPreview bytes. It answers 202, because the picture is scaled later.
// A job has one preview, and 429 means that too many are waiting: the worker
// drops this one.
func (s *Server) taskOutputProduced(w http.ResponseWriter, r *http.Request, id farm.WorkerID) error {
	task, err := taskID(r)
	if err != nil {
		return err
	}
	switch kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); kind {
	case "image/jpeg", "image/png":
	default:
		return farm.Errorf(farm.Unsupported, "the image's Content-Type is %q: send image/jpeg or image/png", kind)
	}
	data, err := s.readBody(w, r, bodyKind{manager.MaxPreview, 1})
	if err != nil {
		return bodyError(err, manager.MaxPreview)
	}
	if len(data) == 0 {
		return farm.Errorf(farm.Invalid, "the request has no body: send an image")
	}
	if err := s.m.AddPreview(id, task, data); err != nil {
		return err
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}
