package api

import (
	"context"
	"net/url"
	"strconv"

	"renderfarm/farm"
)

// JobsSearch chooses what SearchJobs finds, and in which order. Its zero value finds all
// jobs, the newest first. Of lists, a job matches any value.
type JobsSearch struct {
	Status, Type, Tag []string // tags by id, or NoTag
	Submitter         []string // see farm.Actor.Who
	Text              string   // is in the name, in any case, or begins the id
	Sort              string   // created, updated, name, priority, status or type, with a - in front to reverse it
	Offset            int      // how many of them to leave out
	Limit             int      // at most so many; 0 means as many as the manager gives at once
}

// SearchJobs looks for jobs. Compatible managers do not know it.
func (c *Client) SearchJobs(ctx context.Context, q JobsSearch) (JobsFound, error) {
	values := url.Values{}
	for name, list := range map[string][]string{"status": q.Status, "type": q.Type, "tag": q.Tag, "submitter": q.Submitter} {
		if len(list) > 0 {
			values[name] = list
		}
	}
	for name, value := range map[string]string{"text": q.Text, "sort": q.Sort} {
		if value != "" {
			values.Set(name, value)
		}
	}
	for name, n := range map[string]int{"offset": q.Offset, "limit": q.Limit} {
		if n > 0 {
			values.Set(name, strconv.Itoa(n))
		}
	}
	return fetch[JobsFound](ctx, c, call{path: atFarm("jobs"), query: values})
}

// FetchWorkersAtWork tells what all workers are doing. Compatible managers do not know it.
func (c *Client) FetchWorkersAtWork(ctx context.Context) (WorkersAtWork, error) {
	return fetch[WorkersAtWork](ctx, c, call{path: atFarm("workers")})
}

// FetchDemand tells what waits for workers, and how many workers the scaling wants.
// Compatible managers do not know it.
func (c *Client) FetchDemand(ctx context.Context, s farm.Scaling) (Demand, error) {
	return fetch[Demand](ctx, c, call{path: atFarm("demand"), query: scalingQuery(s)})
}
