package api

import (
	"time"

	"renderfarm/farm"
)

// EventLifeCycle tells that the manager starts or ends.
type EventLifeCycle struct {
	Type string `json:"type"`
}

// The types of EventLifeCycle.
const (
	LifeCycleStartup  = "manager-startup"
	LifeCycleShutdown = "manager-shutdown"
)

// EventFarmStatus tells the farm's new status.
type EventFarmStatus struct {
	Status farm.FarmStatus `json:"status"`
}

// EventJobUpdate tells that a job was made, changed, asked to be deleted, or
// deleted. Of a deleted job only ID and WasDeleted mean something.
type EventJobUpdate struct {
	ID                farm.JobID `json:"id"`
	Name              string     `json:"name,omitempty"`
	Updated           time.Time  `json:"updated"`
	Status            string     `json:"status"`
	PreviousStatus    string     `json:"previous_status,omitempty"` // "": new, or the status did not change
	Type              string     `json:"type"`
	Priority          int        `json:"priority"`
	RefreshTasks      bool       `json:"refresh_tasks"` // many tasks changed: fetch them again
	StepsCompleted    int        `json:"steps_completed"`
	StepsTotal        int        `json:"steps_total"`
	DeleteRequestedAt time.Time  `json:"delete_requested_at,omitzero"`
	TimeLeft          *TimeLeft  `json:"time_left,omitempty"` // nil: it cannot be told

	// What lists of jobs show besides; compatible managers do not send it.
	Created    time.Time      `json:"created,omitzero"`
	Activity   string         `json:"activity,omitempty"`
	WorkerTag  farm.TagID     `json:"worker_tag,omitempty"`  // "": any worker
	TaskCounts map[string]int `json:"task_counts,omitempty"` // tasks by status, as shown; those with none are absent

	// Where its last image is, nil if there is none, and who submitted it, see farm.Actor.Who;
	// only in answers of searchJobs.
	LastRendered *JobLastRenderedImageInfo `json:"last_rendered,omitempty"`
	Submitter    string                    `json:"submitter,omitempty"`

	WasDeleted bool `json:"was_deleted,omitempty"`
}

// EventTaskUpdate tells that a task changed.
type EventTaskUpdate struct {
	ID             farm.TaskID      `json:"id"`
	JobID          farm.JobID       `json:"job_id"`
	Name           string           `json:"name"`
	Updated        time.Time        `json:"updated"`
	Status         string           `json:"status"`
	PreviousStatus string           `json:"previous_status,omitempty"`
	Activity       string           `json:"activity"`
	StepsCompleted int              `json:"steps_completed"`
	StepsTotal     int              `json:"steps_total"`
	Worker         *EventTaskWorker `json:"worker,omitempty"` // nil: never assigned
}

// EventTaskWorker is the worker of an EventTaskUpdate; its keys differ from TaskWorker's.
type EventTaskWorker struct {
	Name string        `json:"name"`
	UUID farm.WorkerID `json:"uuid"`
}

// EventTaskLogUpdate carries a chunk that was appended to a task's log.
type EventTaskLogUpdate struct {
	TaskID farm.TaskID `json:"task_id"`
	Log    string      `json:"log"`
}

// EventLastRenderedUpdate tells that a job has a new last rendered image.
type EventLastRenderedUpdate struct {
	JobID     farm.JobID               `json:"job_id"`
	Thumbnail JobLastRenderedImageInfo `json:"thumbnail"`
}

// EventWorkerUpdate tells that a worker changed or was deleted.
type EventWorkerUpdate struct {
	ID             farm.WorkerID              `json:"id"`
	Name           string                     `json:"name"`
	Updated        time.Time                  `json:"updated"`
	LastSeen       time.Time                  `json:"last_seen,omitzero"`
	Status         string                     `json:"status"`
	PreviousStatus string                     `json:"previous_status,omitempty"`
	StatusChange   *WorkerStatusChangeRequest `json:"status_change,omitempty"` // nil: nothing is asked of it
	Version        string                     `json:"version"`
	DeletedAt      time.Time                  `json:"deleted_at,omitzero"`
	CanRestart     bool                       `json:"can_restart"`
	InUse          string                     `json:"in_use,omitempty"`     // by whom its computer is, for people; "" if it is free for tasks
	Unable         []farm.Unable              `json:"unable,omitempty"`     // nil: it can do all it is meant to
	Unapproved     bool                       `json:"unapproved,omitempty"` // it takes no tasks until somebody approves it
}

// EventWorkerTagUpdate tells that a tag was made, changed or deleted. Of a
// deleted tag only the ID is known, and the name is "".
type EventWorkerTagUpdate struct {
	Tag        WorkerTag `json:"tag"`
	WasDeleted bool      `json:"was_deleted,omitempty"`
}
