package cmd

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// findJob returns the id of the job that a person means by a whole id or by
// the beginning of one. A whole id is not looked up.
func findJob(ctx context.Context, client *api.Client, text string) (farm.JobID, error) {
	text = strings.ToLower(text)
	if _, ok := farm.ParseUUID(text); ok {
		return farm.JobID(text), nil
	}
	var found []string
	if isPrefix(text) {
		list, err := client.FetchJobs(ctx, api.JobsQuery{})
		if err != nil {
			return "", err
		}
		for _, j := range list.Jobs {
			if strings.HasPrefix(string(j.ID), text) {
				found = append(found, string(j.ID))
			}
		}
	}
	id, err := only("job", text, found)
	return farm.JobID(id), err
}

// findWorker returns the id of the worker that a person means by its name, a
// whole id or the beginning of one. A whole id is not looked up.
func findWorker(ctx context.Context, client *api.Client, text string) (farm.WorkerID, error) {
	if id := strings.ToLower(text); len(id) == 36 {
		if _, ok := farm.ParseUUID(id); ok {
			return farm.WorkerID(id), nil
		}
	}
	// Names are not indexed: a farm has few workers compared with jobs.
	list, err := client.FetchWorkers(ctx)
	if err != nil {
		return "", err
	}
	var named, begun []string
	for _, w := range list.Workers {
		if strings.EqualFold(w.Name, text) {
			named = append(named, string(w.ID))
		}
		if isPrefix(text) && strings.HasPrefix(string(w.ID), strings.ToLower(text)) {
			begun = append(begun, string(w.ID))
		}
	}
	// A name wins over the beginning of an id, as "cafe" may be both.
	if len(named) == 0 {
		named = begun
	}
	id, err := only("worker", text, named)
	return farm.WorkerID(id), err
}

// A target is a job, or one of its tasks.
type target struct {
	job  farm.JobID
	task farm.TaskID // "": the whole job
}

// findTarget reads JOB, JOB/NUMBER (the task's number in its job, from 1) or
// a task's whole id.
func findTarget(ctx context.Context, client *api.Client, text string) (target, error) {
	name, number, one := strings.Cut(text, "/")
	if !one {
		if _, ok := farm.ParseUUID(text); ok {
			task, err := client.FetchTask(ctx, farm.TaskID(strings.ToLower(text)))
			if err == nil {
				return target{task.JobID, task.ID}, nil
			}
			// A whole id may be that of a job as well.
			if !api.IsNotFound(err) {
				return target{}, err
			}
		}
		job, err := findJob(ctx, client, text)
		return target{job: job}, err
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 {
		return target{}, usageErrorf("%q is not the number of a task: they count from 1", number)
	}
	job, err := findJob(ctx, client, name)
	if err != nil {
		return target{}, err
	}
	list, err := client.FetchJobTasks(ctx, job, api.TasksQuery{After: n - 1, Limit: 1})
	if err != nil {
		return target{}, err
	}
	for _, t := range list.Tasks { // a compatible manager lists them all
		if t.IndexInJob == n {
			return target{job, t.ID}, nil
		}
	}
	return target{}, farm.Errorf(farm.NotFound, "job %s has no task %d", shortID(string(job)), n)
}

// isPrefix reports whether text can be the beginning of an id.
func isPrefix(text string) bool {
	return text != "" && strings.Trim(strings.ToLower(text), "0123456789abcdef-") == ""
}

// only returns the one id that was found.
func only(what, text string, found []string) (string, error) {
	switch len(found) {
	case 0:
		return "", farm.Errorf(farm.NotFound, "there is no %s %q: \"farm %ss list\" shows them all", what, text, what)
	case 1:
		return found[0], nil
	}
	shown := found[0] + " and " + found[1]
	if more := len(found) - 2; more > 0 {
		shown += fmt.Sprintf(" and %d more", more)
	}
	return "", usageErrorf("%q matches %d %ss (%s): give more of the id", text, len(found), what, shown)
}
