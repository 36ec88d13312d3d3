package worker

import (
	"context"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// Manager is what a worker needs of its manager. Durations say how long the
// manager may wait for there to be something to answer; one that cannot wait
// says so in the answer, and is asked again after a pause.
type Manager interface {
	RegisterWorker(context.Context, api.WorkerRegistration) (api.RegisteredWorker, error)
	SignOn(context.Context, api.WorkerSignOn) (api.WorkerStateChange, error)
	SignOff(context.Context) error
	WorkerState(context.Context, time.Duration) (api.StateAnswer, error)
	WorkerStateChanged(context.Context, api.WorkerStateChanged) error
	ScheduleTask(context.Context, time.Duration) (api.TaskAnswer, error)
	TaskUpdate(context.Context, farm.TaskID, api.TaskUpdate) error
	MayWorkerRun(context.Context, farm.TaskID, time.Duration) (api.MayRunAnswer, error)
	TaskOutputProduced(ctx context.Context, id farm.TaskID, contentType string, image []byte) error
}

var _ Manager = (*api.Client)(nil)
