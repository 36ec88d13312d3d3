package api

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"

	"renderfarm/farm"
)

// GetJobTypes lists the job types, by name.
func (c *Client) GetJobTypes(ctx context.Context) (AvailableJobTypes, error) {
	return fetch[AvailableJobTypes](ctx, c, call{path: at("jobs", "types"), timeout: slowTimeout})
}

// GetJobType returns one job type.
func (c *Client) GetJobType(ctx context.Context, name string) (farm.JobType, error) {
	return fetch[farm.JobType](ctx, c, call{path: at("jobs", "type", name), timeout: slowTimeout})
}

// GetBrokenJobTypes lists the scripts that cannot be used, with the reasons.
func (c *Client) GetBrokenJobTypes(ctx context.Context) (BrokenJobTypes, error) {
	return fetch[BrokenJobTypes](ctx, c, call{path: atFarm("jobtypes", "broken"), timeout: slowTimeout})
}

// SubmitJob submits a job and returns it as it was stored.
func (c *Client) SubmitJob(ctx context.Context, s SubmittedJob) (Job, error) {
	return fetch[Job](ctx, c, call{method: http.MethodPost, path: at("jobs"), in: s, timeout: slowTimeout})
}

// SubmitJobCheck says whether SubmitJob would take the job. Nothing is stored.
func (c *Client) SubmitJobCheck(ctx context.Context, s SubmittedJob) error {
	return c.send(ctx, call{method: http.MethodPost, path: at("jobs", "check"), in: s, timeout: slowTimeout})
}

// JobsQuery chooses what FetchJobs lists. Its zero value lists everything.
// Compatible managers know none of it, and always list everything.
type JobsQuery struct {
	After  farm.JobID // only jobs submitted after this one
	Limit  int        // at most so many; 0 means all
	Status []string   // only jobs in one of these statuses; none means any
}

// FetchJobs lists jobs, oldest first.
func (c *Client) FetchJobs(ctx context.Context, q JobsQuery) (JobsQueryResult, error) {
	values := url.Values{}
	if q.After != "" {
		values.Set("after", string(q.After))
	}
	if q.Limit > 0 {
		values.Set("limit", strconv.Itoa(q.Limit))
	}
	if len(q.Status) > 0 {
		values["status"] = q.Status
	}
	return fetch[JobsQueryResult](ctx, c, call{path: at("jobs"), query: values})
}

// FetchJob returns one job.
func (c *Client) FetchJob(ctx context.Context, id farm.JobID) (Job, error) {
	return fetch[Job](ctx, c, call{path: at("jobs", string(id))})
}

// TasksQuery chooses which of a job's tasks FetchJobTasks lists. Its zero
// value lists everything. Compatible managers always list everything.
type TasksQuery struct {
	After int // only tasks with a higher IndexInJob
	Limit int // at most so many; 0 means all
}

// FetchJobTasks lists a job's tasks in the order of its plan. Jobs can have a
// million tasks: JobTasks reads them in pages.
func (c *Client) FetchJobTasks(ctx context.Context, id farm.JobID, q TasksQuery) (JobTasksSummary, error) {
	values := url.Values{}
	if q.After > 0 {
		values.Set("after", strconv.Itoa(q.After))
	}
	if q.Limit > 0 {
		values.Set("limit", strconv.Itoa(q.Limit))
	}
	return fetch[JobTasksSummary](ctx, c, call{path: at("jobs", string(id), "tasks"), query: values})
}

// tasksPage is the number of tasks that JobTasks asks for at a time.
const tasksPage = 1000

// JobTasks yields all tasks of a job in the order of its plan, reading them in
// pages. It ends after the first error.
func (c *Client) JobTasks(ctx context.Context, id farm.JobID) iter.Seq2[TaskSummary, error] {
	return func(yield func(TaskSummary, error) bool) {
		for after := 0; ; {
			page, err := c.FetchJobTasks(ctx, id, TasksQuery{After: after, Limit: tasksPage})
			if err != nil {
				yield(TaskSummary{}, err)
				return
			}
			last := after
			for _, t := range page.Tasks {
				if t.IndexInJob <= after {
					return // a manager without paging sends everything again
				}
				if !yield(t, nil) {
					return
				}
				last = max(last, t.IndexInJob)
			}
			if len(page.Tasks) != tasksPage {
				return // the last page, or everything at once
			}
			after = last
		}
	}
}

// SetJobStatus asks for a job status: cancel-requested, pause-requested,
// requeueing or queued.
func (c *Client) SetJobStatus(ctx context.Context, id farm.JobID, s JobStatusChange) error {
	return c.send(ctx, call{method: http.MethodPost, path: at("jobs", string(id), "setstatus"), in: s})
}

// RequeueJob does tasks of a job again. Compatible managers do not know it.
func (c *Client) RequeueJob(ctx context.Context, id farm.JobID, r JobRequeue) error {
	return c.send(ctx, call{method: http.MethodPost, path: atFarm("jobs", string(id), "requeue"), in: r})
}

// FetchJobWhy says why a job is not worked on, if it is not. Compatible managers
// do not know it.
func (c *Client) FetchJobWhy(ctx context.Context, id farm.JobID) (Why, error) {
	return fetch[Why](ctx, c, call{path: atFarm("jobs", string(id), "why")})
}

// FetchTaskWhy says why a task is not worked on, if it is not; with the id of a
// worker, why not by that one. Compatible managers do not know it.
func (c *Client) FetchTaskWhy(ctx context.Context, id farm.TaskID, by farm.WorkerID) (Why, error) {
	values := url.Values{}
	if by != "" {
		values.Set("worker", string(by))
	}
	return fetch[Why](ctx, c, call{path: atFarm("tasks", string(id), "why"), query: values})
}

// SetJobPriority changes a job's priority; 0 to 100.
func (c *Client) SetJobPriority(ctx context.Context, id farm.JobID, p JobPriorityChange) error {
	return c.send(ctx, call{method: http.MethodPost, path: at("jobs", string(id), "setpriority"), in: p})
}

// SetJobTag changes which workers a job is for.
func (c *Client) SetJobTag(ctx context.Context, id farm.JobID, t JobTagChange) error {
	return c.send(ctx, call{method: http.MethodPost, path: at("jobs", string(id), "settag"), in: t})
}

// DeleteJob asks for a job to be deleted, which happens a little later.
func (c *Client) DeleteJob(ctx context.Context, id farm.JobID) error {
	return c.send(ctx, call{method: http.MethodDelete, path: at("jobs", string(id))})
}

// DeleteJobWhatWouldItDo says what else DeleteJob would remove.
func (c *Client) DeleteJobWhatWouldItDo(ctx context.Context, id farm.JobID) (JobDeletionInfo, error) {
	return fetch[JobDeletionInfo](ctx, c, call{path: at("jobs", string(id), "what-would-delete-do")})
}

// DeleteJobMass asks for all jobs that did not change since to be deleted.
func (c *Client) DeleteJobMass(ctx context.Context, s JobMassDeletionSelection) error {
	return c.send(ctx, call{method: http.MethodDelete, path: at("jobs", "mass-delete"), in: s})
}

// FetchJobBlocklist lists the workers that get no more tasks of a type from the job.
func (c *Client) FetchJobBlocklist(ctx context.Context, id farm.JobID) (JobBlocklist, error) {
	return fetch[JobBlocklist](ctx, c, call{path: at("jobs", string(id), "blocklist")})
}

// RemoveJobBlocklist lifts blocks of a job. At least one must be given.
func (c *Client) RemoveJobBlocklist(ctx context.Context, id farm.JobID, list JobBlocklist) error {
	return c.send(ctx, call{method: http.MethodDelete, path: at("jobs", string(id), "blocklist"), in: list})
}

// FetchJobLastRenderedInfo says where the last rendered image of the job is;
// ok is false when there is none yet.
func (c *Client) FetchJobLastRenderedInfo(ctx context.Context, id farm.JobID) (info JobLastRenderedImageInfo, ok bool, err error) {
	return maybe[JobLastRenderedImageInfo](ctx, c, call{path: at("jobs", string(id), "last-rendered")})
}

// FetchGlobalLastRenderedInfo says where the last rendered image of the farm
// is; ok is false when there is none yet.
func (c *Client) FetchGlobalLastRenderedInfo(ctx context.Context) (info JobLastRenderedImageInfo, ok bool, err error) {
	return maybe[JobLastRenderedImageInfo](ctx, c, call{path: at("jobs", "last-rendered")})
}
