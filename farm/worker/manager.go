package worker

import (
	"context"
	"io"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// Manager is what a worker needs of its manager. Durations say how long the
// manager may wait for there to be something to answer; one that cannot wait
// says so in the answer, and is asked again after a pause.
//
// An error without an api status means that there was no answer. 403 means
// that the manager does not know the worker; only SignOn acts upon it.
type Manager interface {
	// RegisterWorker makes a new worker each time it is called.
	RegisterWorker(context.Context, api.WorkerRegistration) (api.RegisteredWorker, error)
	SignOn(context.Context, api.WorkerSignOn) (api.WorkerStateChange, error)
	// FetchBlenderOffers and FetchBlender get Blenders that the farm has for workers.
	FetchBlenderOffers(context.Context) (api.BlenderOffers, error)
	FetchBlender(ctx context.Context, sha256 string, most int64, into io.Writer) error
	// FetchUpdate and FetchUpdateProgram get the program that the worker shall replace its own by;
	// 404 if it shall not.
	FetchUpdate(ctx context.Context, arch string) (api.WorkerUpdate, error)
	FetchUpdateProgram(ctx context.Context, sha256 string, most int64, into io.Writer) error
	// FetchTaskFiles, FetchTaskFile, FetchTaskUpload and SaveTaskFile are for a worker
	// without the shared storage.
	FetchTaskFiles(context.Context, farm.TaskID) (api.MirrorFiles, error)
	FetchTaskFile(ctx context.Context, id farm.TaskID, path string, offset int64) (*api.TaskFile, error)
	FetchTaskUpload(context.Context, farm.TaskID, api.TaskUpload) (api.MirrorUploadState, error)
	SaveTaskFile(context.Context, farm.TaskID, api.TaskUpload) error
	// SetWorkerFacts tells what has changed of what SignOn told about the computer.
	SetWorkerFacts(context.Context, api.WorkerFacts) error
	// WorkerNeeds says what tasks need of the worker's computer, and SetWorkerUnable
	// tells what the worker cannot do because it has not got that.
	WorkerNeeds(ctx context.Context, platform string) (api.WorkerNeeds, error)
	SetWorkerUnable(context.Context, []farm.Unable) error
	// SetWorkerInUse tells that the computer's owner needs it; 404 if that cannot be told.
	SetWorkerInUse(context.Context, api.WorkerInUse) error
	// SignOff returns the worker's task, if it has one.
	SignOff(context.Context) error

	// WorkerState asks which status to take; "" for the present one.
	WorkerState(context.Context, time.Duration) (api.StateAnswer, error)
	// WorkerStateChanged acknowledges a status. Until it says awake there are
	// no tasks (409).
	WorkerStateChanged(context.Context, api.WorkerStateChanged) error

	// ScheduleTask hands out a task, the one the worker has if it has one.
	ScheduleTask(context.Context, time.Duration) (api.TaskAnswer, error)
	// NextTask hands out the task to do after the one at hand, nil if there is none, and
	// MayWorkerBegin says whether to keep it. Only if a TaskAnswer has Next.
	NextTask(ctx context.Context, current farm.TaskID) (*api.AssignedTask, error)
	MayWorkerBegin(context.Context, farm.TaskID, time.Duration) (api.MayRunAnswer, error)
	// TaskUpdate reports; 404 and 409 mean that the task is not the worker's.
	TaskUpdate(context.Context, farm.TaskID, api.TaskUpdate) error
	MayWorkerRun(context.Context, farm.TaskID, time.Duration) (api.MayRunAnswer, error)
	// LeaveOut is MayWorkerRun after an answer that names frames for others, and says which
	// of them the worker leaves to those.
	LeaveOut(ctx context.Context, id farm.TaskID, frames []int, wait time.Duration) (api.MayRunAnswer, error)
	// EndSecondRun tells what became of a second run, which a TaskAnswer with Second began.
	EndSecondRun(context.Context, farm.TaskID, api.SecondRun, time.Duration) (api.SecondRunAnswer, error)
	// TaskOutputProduced may be refused with 429, when there is much to show.
	TaskOutputProduced(ctx context.Context, id farm.TaskID, contentType string, image []byte) error
}

var _ Manager = (*api.Client)(nil)
