package api

import (
	"strings"
	"time"

	"renderfarm/farm"
)

// WorkerList answers fetchWorkers. Deleted workers are not in it.
type WorkerList struct {
	Workers List[WorkerSummary] `json:"workers"`
}

// WorkerSummary is a worker in lists.
type WorkerSummary struct {
	ID           farm.WorkerID              `json:"id"`
	Name         string                     `json:"name"`
	Status       string                     `json:"status"`                  // "": it never signed on
	StatusChange *WorkerStatusChangeRequest `json:"status_change,omitempty"` // nil: nothing is asked of it
	LastSeen     time.Time                  `json:"last_seen,omitzero"`
	Version      string                     `json:"version"` // "": it never signed on
	CanRestart   bool                       `json:"can_restart"`
	InUse        string                     `json:"in_use,omitempty"`     // by whom its computer is, for people; "" if it is free for tasks
	Unable       []farm.Unable              `json:"unable,omitempty"`     // nil: it can do all it is meant to
	Unapproved   bool                       `json:"unapproved,omitempty"` // it takes no tasks until somebody approves it
}

// Worker answers fetchWorker.
type Worker struct {
	WorkerSummary
	IPAddress          string       `json:"ip_address"`
	Platform           string       `json:"platform"` // GOOS
	SupportedTaskTypes List[string] `json:"supported_task_types"`
	Task               *WorkerTask  `json:"task,omitempty"`  // its active task, else the last it had
	Tags               []WorkerTag  `json:"tags,omitempty"`  // nil: none
	Facts              *WorkerFacts `json:"facts,omitempty"` // about its computer; nil: it tells nothing
	Load               *WorkerLoad  `json:"load,omitempty"`  // how busy its computer is, as of LastSeen or a little earlier; nil: it is not known
}

// WorkerTask is the task of a Worker.
type WorkerTask struct {
	TaskSummary
	JobID farm.JobID `json:"job_id"`
}

// WorkersAtWork answers fetchWorkersAtWork: all workers, and what each is doing.
type WorkersAtWork struct {
	Workers List[WorkerAtWork] `json:"workers"`
}

// WorkerAtWork is a Worker, with the name of the job that its task is of, and why it
// has no task if it could have one.
type WorkerAtWork struct {
	Worker
	JobName string `json:"job_name,omitempty"`
	Idle    string `json:"idle,omitempty"` // one sentence; "" if it is at work, or not there
}

// WorkerStatusChangeRequest is the request of requestWorkerStatusChange, and
// how a pending one is shown. A lazy change waits for the end of the task.
type WorkerStatusChangeRequest struct {
	Status string `json:"status"`
	IsLazy bool   `json:"is_lazy"`
}

// WorkerTagChangeRequest is the request of setWorkerTags: all the tags that
// the worker shall have. Unknown ones are skipped.
type WorkerTagChangeRequest struct {
	TagIDs List[farm.TagID] `json:"tag_ids"`
}

// WorkerSleepSchedule is the answer of fetchWorkerSleepSchedule and the
// request of setWorkerSleepSchedule: when a worker sleeps.
type WorkerSleepSchedule struct {
	IsActive   bool   `json:"is_active"`
	DaysOfWeek string `json:"days_of_week"` // two letters a day, separated by spaces: "mo tu we"; "" means every day
	StartTime  string `json:"start_time"`   // HH:MM, 24 h; "" means from midnight
	EndTime    string `json:"end_time"`     // HH:MM, 24 h; "" means until midnight
}

// WorkerSchedule is the answer of fetchWorkerSchedule and the request of
// setWorkerSchedule: when a worker sleeps, in as many windows as it takes. The
// last three are of answers only.
type WorkerSchedule struct {
	Active     bool              `json:"active"` // false keeps the windows without heeding them
	Windows    List[SleepWindow] `json:"windows"`
	TimeZone   string            `json:"time_zone,omitempty"`  // of the clock that it follows; Local is the manager's
	Wants      string            `json:"wants,omitempty"`      // what it wants now: awake or asleep
	NextChange time.Time         `json:"next_change,omitzero"` // when it wants the other; absent: never
}

// SleepWindow is a time of the day to sleep through. One that ends before it
// begins ends on the next day.
type SleepWindow struct {
	Days string `json:"days,omitempty"` // on which it begins, as in WorkerSleepSchedule
	From string `json:"from,omitempty"` // HH:MM; "": 00:00
	To   string `json:"to,omitempty"`   // HH:MM; "": 24:00
}

// WorkerTagList answers fetchWorkerTags.
type WorkerTagList struct {
	Tags List[WorkerTag] `json:"tags"`
}

// Find returns the tag that a person means by its name, in any case, or its
// whole id. The kind of error is farm.NotFound.
func (l WorkerTagList) Find(text string) (WorkerTag, error) {
	for _, t := range l.Tags {
		if strings.EqualFold(t.Name, text) || string(t.ID) == strings.ToLower(text) {
			return t, nil
		}
	}
	return WorkerTag{}, farm.Errorf(farm.NotFound, "there is no tag %q: \"farm tags list\" shows them all", text)
}

// WorkerTag restricts jobs to the workers that carry it. It is the request and
// the answer of createWorkerTag (an absent ID is chosen by the manager), the
// answer of fetchWorkerTag and the request of updateWorkerTag (an absent
// description is kept).
type WorkerTag struct {
	ID          farm.TagID `json:"id,omitempty"`
	Name        string     `json:"name"`
	Description *string    `json:"description,omitempty"`
}
