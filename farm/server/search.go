package server

import (
	"net/http"
	"strconv"
	"strings"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/events"
	"renderfarm/farm/v3events"
)

// mostFound is how many jobs one answer to a search has at most.
const mostFound = 500

// searchJobs answers with the jobs that somebody looks for, in the order they want, and
// with how many there are of each kind.
func (s *Server) searchJobs(w http.ResponseWriter, r *http.Request) error {
	wanted, err := searchOf(r)
	if err != nil {
		return err
	}
	f, err := s.board.find(&wanted)
	if err != nil {
		return err
	}
	out := api.JobsFound{Total: f.total, All: f.all, Statuses: f.statuses, Types: f.kinds, Tags: f.tags, Submitters: f.submitters}
	jobs, err := s.m.JobsOf(f.ids)
	if err != nil {
		return err
	}
	left, err := s.m.TimeLeft(jobs)
	if err != nil {
		return err
	}
	who := make(map[farm.JobID]string, len(f.ids)) // some of the jobs may be gone by now
	for i, id := range f.ids {
		who[id] = f.who[i]
	}
	for i, j := range jobs {
		row := v3events.Job(events.JobChanged{Job: j, Status: j.Status(), Previous: j.Status(), Left: left[i]})
		row.Submitter = who[j.ID]
		if s.m.JobHasPreview(j.ID) {
			row.LastRendered = new(s.lastRendered(j.ID))
		}
		out.Jobs = append(out.Jobs, row)
	}
	return writeJSON(w, http.StatusOK, out)
}

// searchOf reads what is looked for.
func searchOf(r *http.Request) (search, error) {
	q := r.URL.Query()
	wanted := search{statuses: q["status"], kinds: q["type"], tags: q["tag"], submitters: q["submitter"], text: q.Get("text"), sort: q.Get("sort")}
	for _, status := range wanted.statuses {
		if _, ok := farm.ParseJobStatus(status); !ok {
			return wanted, farm.Errorf(farm.Invalid, "status is %q, which is not a valid job status", status)
		}
	}
	if wanted.sort == "" {
		wanted.sort = "-created"
	}
	if sorts[strings.TrimPrefix(wanted.sort, "-")] == nil {
		return wanted, farm.Errorf(farm.Invalid, "sort is %q: it must be created, updated, name, priority, status or type, with a - in front to reverse it", short(wanted.sort))
	}
	most, err := limit(r)
	if err != nil {
		return wanted, err
	}
	if wanted.limit = most; most < 0 || most > mostFound {
		wanted.limit = mostFound
	}
	if text := q.Get("offset"); text != "" {
		if wanted.offset, err = strconv.Atoi(text); err != nil || wanted.offset < 0 || wanted.offset > 1<<30 {
			return wanted, farm.Errorf(farm.Invalid, "offset is %q: it must be how many jobs to leave out", short(text))
		}
	}
	return wanted, nil
}
