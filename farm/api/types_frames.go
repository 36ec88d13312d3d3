package api

import (
	"time"

	"renderfarm/farm"
)

// TimeLeft is when a job will be over. Compatible managers do not send it.
type TimeLeft struct {
	Earliest time.Time `json:"earliest"`
	Likely   time.Time `json:"likely"`
	Latest   time.Time `json:"latest"`

	FramesPerHour float64 `json:"frames_per_hour,omitempty"` // of the workers that are at it, together
}

// NewTimeLeft returns the form on the wire, nil of nil.
func NewTimeLeft(t *farm.TimeLeft) *TimeLeft {
	if t == nil {
		return nil
	}
	return &TimeLeft{Earliest: t.Earliest.UTC(), Likely: t.Likely.UTC(), Latest: t.Latest.UTC(), FramesPerHour: t.FramesPerHour}
}

// JobCosts answers fetchJobCosts: what the frames of a job cost so far. Sums are of
// all that was rendered, also of frames that were rendered again since.
type JobCosts struct {
	Frames    int              `json:"frames"`   // of which something is known
	Rendered  int              `json:"rendered"` // frames that the sums are of
	Warnings  int              `json:"warnings"` // frames that somebody should look at
	Seconds   float64          `json:"seconds"`  // that workers were busy with them
	CPU       float64          `json:"cpu_seconds"`
	Load      float64          `json:"load_seconds"` // of Seconds, starting Blender and reading the file
	Save      float64          `json:"save_seconds"`
	Memory    int64            `json:"memory,omitempty"` // the most of any frame, in bytes
	GPUMemory int64            `json:"gpu_memory,omitempty"`
	EnergyKWh float64          `json:"energy_kwh,omitempty"` // of the workers whose watts are known
	Price     float64          `json:"price,omitempty"`      // of that energy
	TimeLeft  *TimeLeft        `json:"time_left,omitempty"`
	Slowest   List[SlowFrame]  `json:"slowest"`
	Workers   List[WorkerCost] `json:"workers"`
}

// SlowFrame is one of the slowest frames of a job.
type SlowFrame struct {
	Frame   int     `json:"frame"`
	Seconds float64 `json:"seconds"`
}

// WorkerCost is what a worker did in a job.
type WorkerCost struct {
	ID            farm.WorkerID `json:"id"`
	Name          string        `json:"name"` // "": it was deleted
	Rendered      int           `json:"rendered"`
	Seconds       float64       `json:"seconds"`
	FramesPerHour float64       `json:"frames_per_hour"` // while it renders
	EnergyKWh     float64       `json:"energy_kwh,omitempty"`
	Price         float64       `json:"price,omitempty"`  // of that energy
	Device        farm.Device   `json:"device,omitempty"` // of its last frame
}

// WorkerCosts answers fetchWorkerCosts: what a worker did in the job it works for, or
// worked for last. Without Job it told of no frame there.
type WorkerCosts struct {
	Job     farm.JobID `json:"job,omitempty"`
	JobName string     `json:"job_name,omitempty"`
	WorkerCost
}

// JobFrames answers fetchJobFrames: frames of some tasks of a job.
type JobFrames struct {
	Frames List[JobFrame] `json:"frames"`
	Next   int            `json:"next"` // ask for those after this; 0: these are the last
}

// JobFrame is one frame of a task.
type JobFrame struct {
	Frame  int         `json:"frame"`
	Task   int         `json:"index_in_job"` // of its task, from 1
	TaskID farm.TaskID `json:"task_id"`
	Status string      `json:"status"` // of tasks: completed once the frame is saved
	File   string      `json:"file,omitempty"`
	Worker TaskWorker  `json:"worker"`
	Old    bool        `json:"old,omitempty"`   // made from an older .blend than there is now
	Warns  bool        `json:"warns,omitempty"` // somebody should look at it
	Price  float64     `json:"price,omitempty"` // of the energy that it took
	// Picture says that fetchFramePicture can show it, if its file is still there.
	Picture  bool           `json:"picture,omitempty"`
	Comments []farm.Comment `json:"comments,omitempty"`

	Result *farm.FrameResult `json:"result,omitempty"` // absent if its worker told nothing
}

// JobOutput answers fetchJobOutput: what a job makes, and what of it can be had from
// the manager.
type JobOutput struct {
	Folder     string `json:"folder,omitempty"` // that frames go to, as users of the platform call it
	Stored     bool   `json:"stored"`           // the manager can read it
	Video      string `json:"video,omitempty"`  // name of the file; absent if the job makes none
	VideoReady bool   `json:"video_ready"`      // and it is there
}

// JobRerender is the request of rerenderJob.
type JobRerender struct {
	Frames string `json:"frames"` // like 37,41-44
	Reason string `json:"reason"`
}

// JobRerendered answers rerenderJob.
type JobRerendered struct {
	Frames  string `json:"frames"`  // that are rendered again; "" for none
	Waiting string `json:"waiting"` // that were to be rendered anyway
	Tasks   int    `json:"tasks"`
	Kept    string `json:"kept"` // is in the names of the files that are kept
}

func (r *JobRerender) check() error {
	_, err := farm.ParseFrames(r.Frames)
	return err
}
