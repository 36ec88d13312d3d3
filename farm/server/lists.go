package server

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"renderfarm/farm"
)

// listPage is how many items are read and written in one go. Lists are written
// as they are read, so that their length costs no memory.
const listPage = 256

// limit returns the ?limit= of a request, -1 for none.
func limit(r *http.Request) (int, error) {
	text := r.URL.Query().Get("limit")
	if text == "" {
		return -1, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, farm.Errorf(farm.Invalid, "limit is %q: it must be a number from 1", text)
	}
	return n, nil
}

// afterTask returns the ?after= of a request for a job's tasks: the number of one,
// from 1; 0 is in front of all.
func afterTask(r *http.Request) (int, error) {
	text := r.URL.Query().Get("after")
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, farm.Errorf(farm.Invalid, "after is %q: it must be the index_in_job of a task", text)
	}
	return n, nil
}

// writeList writes {"name":[…]} from pages of items: next returns the next
// page, at most size items, and is called until it returns an empty one.
func writeList[T any](w http.ResponseWriter, name string, next func() ([]T, error)) error {
	page, err := next()
	if err != nil {
		return err // nothing is written yet
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write([]byte(`{"` + name + `":[`))
	for first := true; len(page) > 0; {
		for i := range page {
			text, err := json.Marshal(&page[i])
			if err != nil {
				panic(http.ErrAbortHandler) // cut the answer short rather than end it as if it were whole
			}
			if !first {
				w.Write([]byte{','})
			}
			first = false
			if _, err := w.Write(text); err != nil {
				return nil // the client left
			}
		}
		if page, err = next(); err != nil {
			panic(http.ErrAbortHandler)
		}
	}
	w.Write([]byte("]}\n"))
	return nil
}

// fetchJobs lists jobs in the order of their creation, all of them unless ?limit= and
// ?after= ask for a page. They are written as they are read, so memory stays small.
func (s *Server) fetchJobs(w http.ResponseWriter, r *http.Request) error {
	most, err := limit(r)
	if err != nil {
		return err
	}
	query := r.URL.Query()
	after, statuses := farm.JobID(query.Get("after")), query["status"]
	for _, status := range statuses {
		if _, ok := farm.ParseJobStatus(status); !ok {
			return farm.Errorf(farm.Invalid, "status is %q, which is not a valid job status", status)
		}
	}
	if _, ok := farm.ParseUUID(string(after)); after != "" && !ok {
		return farm.Errorf(farm.Invalid, "after is %q: it must be the id of a job", after)
	}
	place, err := s.m.PlaceOf(after)
	if err != nil {
		return err
	}
	done := false
	return writeList(w, "jobs", func() (page []any, err error) {
		for len(page) == 0 && !done && most != 0 {
			jobs, next, err := s.m.Jobs(place, listPage)
			if err != nil {
				return nil, err
			}
			place = next
			left, err := s.m.TimeLeft(jobs)
			if err != nil {
				return nil, err
			}
			for i, j := range jobs {
				if most == 0 || len(statuses) > 0 && !slices.Contains(statuses, j.Status().String()) {
					continue
				}
				// One after the other: a submitter may have written megabytes.
				detail, err := s.m.ListedDetail(r.Context(), j.ID)
				if err != nil {
					return nil, err
				}
				page = append(page, apiJob(j, detail, left[i]))
				most--
			}
			done = len(jobs) < listPage
		}
		return page, nil
	})
}

// fetchJobTasks lists the tasks of a job in the order of the plan, in pages as fetchJobs does.
func (s *Server) fetchJobTasks(w http.ResponseWriter, r *http.Request) error {
	id, err := jobID(r)
	if err != nil {
		return err
	}
	most, err := limit(r)
	if err != nil {
		return err
	}
	after, err := afterTask(r)
	if err != nil {
		return err
	}
	statuses := r.URL.Query()["status"]
	for _, status := range statuses {
		if _, ok := farm.ParseTaskStatus(status); !ok {
			return farm.Errorf(farm.Invalid, "status is %q, which is not a valid task status", short(status))
		}
	}
	last, done := after-1, false
	return writeList(w, "tasks", func() (page []any, err error) {
		for len(page) == 0 && !done && most != 0 {
			size := listPage
			if most > 0 && len(statuses) == 0 {
				size = min(size, most)
			}
			tasks, job, err := s.m.Tasks(id, last, size)
			if farm.KindOf(err) == farm.NotFound {
				return nil, nil // what the protocol says for unknown jobs
			}
			if err != nil {
				return nil, err
			}
			for i := range tasks {
				last = tasks[i].Index
				if most != 0 && (len(statuses) == 0 || slices.Contains(statuses, farm.ShownStatus(tasks[i].Status, job).String())) {
					page = append(page, s.apiTaskSummary(&tasks[i], job))
					most--
				}
			}
			done = len(tasks) < size
		}
		return page, nil
	})
}
