package api

import (
	"time"

	"renderfarm/farm"
)

// JobTasksSummary answers fetchJobTasks.
type JobTasksSummary struct {
	Tasks List[TaskSummary] `json:"tasks"`
}

// TaskSummary is a task in lists.
type TaskSummary struct {
	ID             farm.TaskID `json:"id"`
	Name           string      `json:"name"`
	Status         string      `json:"status"`
	IndexInJob     int         `json:"index_in_job"` // from 1
	Priority       int         `json:"priority"`
	TaskType       string      `json:"task_type"`
	Updated        time.Time   `json:"updated"`
	Worker         TaskWorker  `json:"worker"`
	StepsCompleted int         `json:"steps_completed"`
	StepsTotal     int         `json:"steps_total"`
}

// TaskWorker is the worker of a task. All three are "" when the task was never
// assigned; only the ID is known of a deleted worker.
type TaskWorker struct {
	ID      farm.WorkerID `json:"id"`
	Name    string        `json:"name"`
	Address string        `json:"address"`
}

// Task answers fetchTask. Its commands are as the job type made them, with
// variables not expanded.
type Task struct {
	ID              farm.TaskID      `json:"id"`
	Created         time.Time        `json:"created"`
	Updated         time.Time        `json:"updated"`
	JobID           farm.JobID       `json:"job_id"`
	IndexInJob      int              `json:"index_in_job"` // from 1
	Name            string           `json:"name"`
	Status          string           `json:"status"`
	Priority        int              `json:"priority"`
	TaskType        string           `json:"task_type"`
	Activity        string           `json:"activity"`
	Commands        List[Command]    `json:"commands"` // see Commands
	StepsCompleted  int              `json:"steps_completed"`
	StepsTotal      int              `json:"steps_total"`
	Worker          TaskWorker       `json:"worker"`
	LastTouched     time.Time        `json:"last_touched,omitzero"`
	FailedByWorkers List[TaskWorker] `json:"failed_by_workers"`
}

// TaskAttempts answers fetchTaskAttempts: who had a task and when, the oldest first.
type TaskAttempts struct {
	Attempts List[TaskAttempt] `json:"attempts"`
}

// TaskAttempt is one time that a task was assigned to a worker.
type TaskAttempt struct {
	Number int        `json:"number"` // from 1
	Worker TaskWorker `json:"worker"`
	Began  time.Time  `json:"began,omitzero"`
	Ended  time.Time  `json:"ended,omitzero"`
	Status string     `json:"status"` // of the task when it ended; active until then
	Reason string     `json:"reason,omitempty"`
	Log    string     `json:"log,omitempty"` // path on the manager; absent if it is not kept
}

// TaskLogInfo answers fetchTaskLogInfo.
type TaskLogInfo struct {
	TaskID farm.TaskID `json:"task_id"`
	JobID  farm.JobID  `json:"job_id"`
	URL    string      `json:"url"`  // path on the manager that serves the log
	Size   int64       `json:"size"` // in bytes
}

// TaskStatusChange is the request of setTaskStatus. The status is a wish:
// canceled or queued.
type TaskStatusChange struct {
	Status string `json:"status"`
	Reason string `json:"reason"` // becomes the task's activity
}
