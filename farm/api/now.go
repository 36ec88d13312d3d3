package api

import (
	"context"
	"time"

	"renderfarm/farm"
)

// FarmNow answers fetchFarmNow: what goes on at present.
type FarmNow struct {
	Frames List[int]       `json:"frames"` // saved in each of the last minutes, the present one last; at most 60
	Stuck  List[StuckTask] `json:"stuck"`  // the worst first, at most 20
	Disks  List[DiskFree]  `json:"disks"`
}

// StuckTask is a task whose worker has told of no progress for longer than such tasks take.
type StuckTask struct {
	ID      farm.TaskID `json:"id"`
	JobID   farm.JobID  `json:"job_id"`
	JobName string      `json:"job_name"`
	Name    string      `json:"name"`
	Index   int         `json:"index_in_job"` // from 1
	Worker  TaskWorker  `json:"worker"`
	Seconds float64     `json:"seconds"`        // since it began
	Usual   float64     `json:"usual_seconds"`  // that a step of such tasks takes in the job
	Silent  float64     `json:"silent_seconds"` // since its worker told of something
}

// DiskFree is how much room there is for something.
type DiskFree struct {
	Of   string `json:"of"`   // database, logs or storage
	Free int64  `json:"free"` // in bytes
}

// WorkerHistory answers fetchWorkerHistory: how fast a worker was in the jobs that changed
// last, in the order in which it saved its last frames of them.
type WorkerHistory struct {
	Jobs List[WorkerPart] `json:"jobs"`
	Days List[WorkerDay]  `json:"days"` // on which it rendered, the oldest first; of the last 90
}

// WorkerDay is what a worker rendered on one day.
type WorkerDay struct {
	Date          string  `json:"date"` // by the manager's calendar: YYYY-MM-DD
	Frames        int     `json:"frames"`
	Seconds       float64 `json:"seconds"` // that it was busy with them
	FramesPerHour float64 `json:"frames_per_hour"`
}

// WorkerPart is what a worker did in a job.
type WorkerPart struct {
	JobID         farm.JobID `json:"job_id"`
	JobName       string     `json:"job_name"`
	Last          time.Time  `json:"last"` // when it saved its last frame
	Rendered      int        `json:"rendered"`
	Seconds       float64    `json:"seconds"` // that it was busy with them
	FramesPerHour float64    `json:"frames_per_hour"`
}

// FetchFarmNow says what goes on at present. Compatible managers do not know it.
func (c *Client) FetchFarmNow(ctx context.Context) (FarmNow, error) {
	return fetch[FarmNow](ctx, c, call{path: atFarm("now")})
}

// FetchWorkerHistory says how fast a worker was of late. Compatible managers do not know it.
func (c *Client) FetchWorkerHistory(ctx context.Context, id farm.WorkerID) (WorkerHistory, error) {
	return fetch[WorkerHistory](ctx, c, call{path: atFarm("workers", string(id), "history")})
}
