package api

import (
	"time"

	"renderfarm/farm"
)

// AvailableJobTypes answers getJobTypes; JobTypes makes one. getJobType
// answers one farm.JobType, whose JSON form is the one on the wire.
type AvailableJobTypes struct {
	JobTypes List[farm.JobType] `json:"job_types"`
}

// BrokenJobTypes answers getBrokenJobTypes.
type BrokenJobTypes struct {
	Broken List[farm.BrokenType] `json:"broken"`
}

// DefaultPriority is the priority of a job that is submitted without one.
const DefaultPriority = 50

// SubmittedJob is the request of submitJob and submitJobCheck.
type SubmittedJob struct {
	Name              string            `json:"name"`
	Type              string            `json:"type"`                    // job type
	TypeETag          string            `json:"type_etag,omitempty"`     // "" accepts any version of the job type
	Priority          int               `json:"priority" api:"optional"` // DefaultPriority if the key is absent
	SubmitterPlatform string            `json:"submitter_platform"`      // GOOS, or "manager"
	Settings          map[string]any    `json:"settings,omitempty"`
	Metadata          map[string]string `json:"metadata,omitempty"`
	Storage           *JobStorageInfo   `json:"storage,omitempty"`
	WorkerTag         farm.TagID        `json:"worker_tag,omitempty"`     // "": any worker
	InitialStatus     string            `json:"initial_status,omitempty"` // queued (default) or paused

	// BlenderVersion is that of the Blender that saved the file, as 4.2; "": the manager
	// finds out if it can. BlenderMatch is which Blenders may open it: same, newer or any;
	// "": the farm's choice. Compatible managers ignore both.
	BlenderVersion string `json:"blender_version,omitempty"`
	BlenderMatch   string `json:"blender_match,omitempty"`
}

// JobStorageInfo says where the files of a job are.
type JobStorageInfo struct {
	ShamanCheckoutID string `json:"shaman_checkout_id,omitempty"`
}

// Job answers submitJob and fetchJob.
type Job struct {
	Metadata          Object[string]  `json:"metadata"`
	Name              string          `json:"name"`
	Priority          int             `json:"priority"`
	Settings          Object[any]     `json:"settings"`           // as the job type left them
	SubmitterPlatform string          `json:"submitter_platform"` // always ""
	Type              string          `json:"type"`
	WorkerTag         farm.TagID      `json:"worker_tag,omitempty"`
	Storage           *JobStorageInfo `json:"storage,omitempty"`

	Activity          string     `json:"activity"`
	Created           time.Time  `json:"created"`
	Updated           time.Time  `json:"updated"`
	ID                farm.JobID `json:"id"`
	Status            string     `json:"status"`
	StepsCompleted    int        `json:"steps_completed"`
	StepsTotal        int        `json:"steps_total"`
	DeleteRequestedAt time.Time  `json:"delete_requested_at,omitzero"`

	BlenderVersion string    `json:"blender_version,omitempty"` // of its file; "": not known
	BlenderMatch   string    `json:"blender_match,omitempty"`   // "" if the version is not known
	TimeLeft       *TimeLeft `json:"time_left,omitempty"`       // nil: it cannot be told

	TaskCounts map[string]int `json:"task_counts,omitempty"` // tasks by status, as shown; those with none are absent
}

// JobsQueryResult answers fetchJobs.
type JobsQueryResult struct {
	Jobs List[Job] `json:"jobs"`
}

// JobsFound answers searchJobs: a part of the jobs that were looked for, and how many
// there are by what could be looked for besides.
type JobsFound struct {
	Jobs     List[EventJobUpdate] `json:"jobs"`  // as events tell of them
	Total    int                  `json:"total"` // that were found, on all pages
	All      int                  `json:"all"`   // that there are
	Statuses Object[int]          `json:"statuses"`
	Types    Object[int]          `json:"types"`
	Tags     Object[int]          `json:"tags"` // by id, or NoTag

	Submitters Object[int] `json:"submitters"` // see farm.Actor.Who; jobs of unknown ones are not counted
}

// NoTag stands for the jobs without a tag where jobs are looked for.
const NoTag = "none"

// JobStatusChange is the request of setJobStatus. The status is a wish:
// cancel-requested, pause-requested, requeueing, queued.
type JobStatusChange struct {
	Status string `json:"status"`
	Reason string `json:"reason"` // becomes the job's activity
}

// JobRequeue is the request of requeueJob: which tasks to do again, RequeueAll
// or RequeueFailed.
type JobRequeue struct {
	Tasks  string `json:"tasks,omitempty"` // "" is RequeueAll
	Reason string `json:"reason"`
}

// What JobRequeue.Tasks can be.
const (
	RequeueAll    = "all"    // what did not complete, or everything if all did
	RequeueFailed = "failed" // what failed, and what was canceled because of that
)

// Why answers fetchJobWhy, fetchTaskWhy and fetchWorkerWhy: whether something is at
// work, and if not, why not.
type Why struct {
	Running bool         `json:"running"`
	Reason  string       `json:"reason"`  // one sentence
	Next    string       `json:"next"`    // what to do about it, in one line; "" for nothing
	Details List[string] `json:"details"` // more to know, a sentence each

	// Advice is what somebody can do whom the farm cannot replace, and Actions what the farm does when
	// it is asked. Next is both in one line.
	Advice  string       `json:"advice,omitempty"`
	Actions List[Action] `json:"actions"`

	// Cause is why a task failed, which is a part of the reason: the task that was
	// asked about, or the first of the job's that failed.
	Cause *Cause `json:"cause,omitempty"`

	// Warnings are of what is being done, such as a task that takes long, and of frames that
	// are done and somebody should look at; a sentence each.
	Warnings []string `json:"warnings,omitempty"`
}

// Action is farm.Action: something that the farm does about it when it is asked.
type Action struct {
	Verb       string            `json:"verb"`
	Target     ActionTarget      `json:"target"`
	Parameters *ActionParameters `json:"parameters,omitempty"`
	Label      string            `json:"label"`             // what a button says
	Command    string            `json:"command,omitempty"` // what does it on the command line
}

// ActionTarget is what an Action is done to, as far as its verb needs it.
type ActionTarget struct {
	Job        farm.JobID    `json:"job,omitempty"`
	Task       farm.TaskID   `json:"task,omitempty"`
	Worker     farm.WorkerID `json:"worker,omitempty"`
	WorkerName string        `json:"worker_name,omitempty"`
}

// ActionParameters is farm.Parameters.
type ActionParameters struct {
	Tasks     string     `json:"tasks,omitempty"`
	Priority  int        `json:"priority,omitempty"`
	Tag       farm.TagID `json:"tag,omitempty"`
	TagName   string     `json:"tag_name,omitempty"`
	TaskType  string     `json:"task_type,omitempty"`
	JobStatus string     `json:"job_status,omitempty"`
	Frames    string     `json:"frames,omitempty"`
}

// Cause is farm.Cause.
type Cause struct {
	Class string `json:"class"` // such as "gpu-memory"
	Means string `json:"means"` // what happened, for people
	Next  string `json:"next,omitempty"`
	Line  string `json:"line"` // of the task's log, that says so
}

// JobPriorityChange is the request of setJobPriority; 0 to 100.
type JobPriorityChange struct {
	Priority int `json:"priority"`
}

// JobTagChange is the request of setJobTag. ID wins over Name; neither
// removes the tag.
type JobTagChange struct {
	ID   farm.TagID `json:"id,omitempty"`
	Name string     `json:"name,omitempty"`
}

// JobDeletionInfo answers deleteJobWhatWouldItDo.
type JobDeletionInfo struct {
	ShamanCheckout bool `json:"shaman_checkout"` // the job's own copies of files would go too
}

// JobMassDeletionSelection is the request of deleteJobMass: jobs last updated
// at or before a time, which is rounded up to a whole second.
type JobMassDeletionSelection struct {
	LastUpdatedMax time.Time `json:"last_updated_max"`
}

// JobBlocklist answers fetchJobBlocklist, and is the request of removeJobBlocklist.
type JobBlocklist = List[JobBlocklistEntry]

// JobBlocklistEntry is a worker that gets no more tasks of a type from a job.
type JobBlocklistEntry struct {
	WorkerID   farm.WorkerID `json:"worker_id"`
	TaskType   string        `json:"task_type"`
	WorkerName string        `json:"worker_name,omitempty"` // ignored in requests
}

// JobLastRenderedImageInfo answers fetchJobLastRenderedInfo and
// fetchGlobalLastRenderedInfo: an image's URL is Base, a slash, and a suffix.
type JobLastRenderedImageInfo struct {
	Base     string       `json:"base"`
	Suffixes List[string] `json:"suffixes"`
}

// JobIsOver reports whether a job in the status does not change by itself any more.
func JobIsOver(status string) bool {
	known, ok := farm.ParseJobStatus(status)
	return ok && known.Over()
}
