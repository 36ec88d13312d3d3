package server_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"renderfarm/farm/api"
	"renderfarm/farm/events"
)

// find looks for jobs, and returns the names of those found, and the answer.
func (s *testServer) find(query string) (names []string, got answer) {
	s.t.Helper()
	got = s.want(200, "GET", "/api/farm/jobs?"+query, "")
	for _, job := range got.get("jobs").([]any) {
		names = append(names, job.(map[string]any)["name"].(string))
	}
	return names, got
}

// Lists of jobs are filtered, sorted and counted by the manager, and are never behind
// what happened.
func TestSearchJobs(t *testing.T) {
	s := newServer(t)
	named := func(name string, priority int, status string) string {
		return s.want(200, "POST", "/api/v3/jobs", fmt.Sprintf(`{"name":%q,"type":"echo-sleep-test","priority":%d,"submitter_platform":"linux","initial_status":%q,
			"settings":{"message":"m","sleep_duration_seconds":0,"sleep_repeats":1}}`, name, priority, status)).text("id")
	}
	if names, got := s.find(""); names != nil || got.get("total") != 0.0 {
		t.Errorf("without jobs: %s", got.body)
	}
	beach, forest, beachHut := named("Beach", 50, "queued"), named("forest", 90, "paused"), named("beach hut", 20, "queued")
	tag := s.want(200, "POST", "/api/v3/worker-mgt/tags", `{"name":"gpu"}`).text("id")
	s.want(204, "POST", "/api/v3/jobs/"+forest+"/settag", `{"id":"`+tag+`"}`)
	for query, want := range map[string]string{
		"":                             "beach hut,forest,Beach",
		"sort=created":                 "Beach,forest,beach hut",
		"sort=-priority":               "forest,Beach,beach hut",
		"sort=name&limit=1&offset=1":   "beach hut",
		"text=BEACH":                   "beach hut,Beach",
		"text=" + forest[:8]:           "forest",
		"status=paused":                "forest",
		"status=paused&status=queued":  "beach hut,forest,Beach",
		"tag=" + tag:                   "forest",
		"tag=none&sort=updated":        "Beach,beach hut",
		"type=simple-blender-render":   "",
		"sort=status&offset=100000000": "",
	} {
		if names, got := s.find(query); strings.Join(names, ",") != want {
			t.Errorf("%s finds %q, want %q: %s", query, names, want, got.body)
		}
	}
	// What else there would be is counted, the filter's own kind aside.
	_, got := s.find("status=paused&text=o")
	if got.get("total") != 1.0 || got.get("all") != 3.0 || got.get("statuses.paused") != 1.0 || got.get("statuses.queued") != nil {
		t.Errorf("counts: %s", got.body)
	}
	if got.get("jobs.0.task_counts.paused") != 2.0 || got.text("jobs.0.worker_tag") != tag {
		t.Errorf("the row of a job: %s", got.body)
	}
	s.want(204, "POST", "/api/v3/jobs/"+beach+"/setstatus", `{"status":"cancel-requested","reason":""}`)
	if names, _ := s.find("status=canceled"); !slices.Equal(names, []string{"Beach"}) {
		t.Errorf("canceled: %q", names)
	}
	for _, job := range []string{beach, beachHut} {
		s.deleteJob(job)
	}
	if names, got := s.find(""); !slices.Equal(names, []string{"forest"}) || got.get("all") != 1.0 {
		t.Errorf("after deletions: %q", names)
	}
	// More happens than is kept of it.
	named("another", 50, "paused")
	for range 2 * events.DefaultSize {
		s.events.Publish(events.Event{Data: events.FarmChanged{}})
	}
	if names, _ := s.find(""); !slices.Equal(names, []string{"another", "forest"}) {
		t.Errorf("after falling behind: %q", names)
	}
	for _, query := range []string{"status=happy", "sort=colour", "offset=-1", "offset=x", "limit=0"} {
		s.want(400, "GET", "/api/farm/jobs?"+query, "")
	}
}

// Jobs are found by who submitted them: by name, or else by address, those from before
// the list was read and those since.
func TestSearchBySubmitter(t *testing.T) {
	s := newServer(t)
	submit := func(name string, header ...string) string {
		return s.want(200, "POST", "/api/v3/jobs", fmt.Sprintf(`{"name":%q,"type":"echo-sleep-test","priority":50,"submitter_platform":"linux","initial_status":"paused",
			"settings":{"message":"m","sleep_duration_seconds":0,"sleep_repeats":1}}`, name), header...).text("id")
	}
	submit("hers", api.UserHeader, "anna")
	submit("nobody's")
	before, got := s.find("submitter=anna")
	address := got.get("submitters").(map[string]any)
	if strings.Join(before, ",") != "hers" || got.text("jobs.0.submitter") != "anna" || got.get("submitters.anna") != 1.0 || len(address) != 2 {
		t.Errorf("before: %s", got.body)
	}
	last := submit("hers, too", api.UserHeader, "anna")
	submit("his", api.UserHeader, "bert")
	s.want(204, "POST", "/api/v3/jobs/"+last+"/setpriority", `{"priority":60}`, api.UserHeader, "bert") // which makes it nobody else's
	for query, want := range map[string]string{
		"submitter=anna":                             "hers, too,hers",
		"submitter=anna&submitter=bert":              "his,hers, too,hers",
		"submitter=bert&text=hers":                   "",
		"submitter=anna&sort=priority&status=paused": "hers,hers, too",
	} {
		if names, got := s.find(query); strings.Join(names, ",") != want {
			t.Errorf("%s finds %q, want %q: %s", query, names, want, got.body)
		}
	}
	if _, got := s.find("submitter=bert"); got.get("submitters.anna") != 2.0 || got.get("submitters.bert") != 1.0 || got.get("statuses.paused") != 1.0 {
		t.Errorf("counts: %s", got.body)
	}
}

// A failed task among many is found without reading the others, and one answer tells
// what all workers are doing.
func TestTasksByStatusAndWorkersAtWork(t *testing.T) {
	s := newServer(t)
	s.worker()
	job := s.want(200, "POST", "/api/v3/jobs", `{"name":"many","type":"echo-sleep-test","priority":50,"submitter_platform":"linux",
		"settings":{"message":"m","sleep_duration_seconds":0,"sleep_repeats":600}}`).text("id")
	got := s.want(200, "GET", "/api/farm/workers", "")
	if got.text("workers.0.idle") == "" || got.get("workers.0.task") != nil {
		t.Errorf("an idle worker: %s", got.body)
	}
	id := s.want(200, "POST", "/api/v3/worker/task", "").text("uuid")
	got = s.want(200, "GET", "/api/farm/workers", "")
	if got.text("workers.0.job_name") != "many" || got.text("workers.0.task.id") != id || got.get("workers.0.idle") != nil {
		t.Errorf("a busy worker: %s", got.body)
	}
	s.want(204, "POST", "/api/v3/worker/task/"+id, `{"taskStatus":"completed"}`)
	count := func(query string) int {
		return len(s.want(200, "GET", "/api/v3/jobs/"+job+"/tasks?"+query, "").get("tasks").([]any))
	}
	if n := count("status=queued"); n != 600 {
		t.Errorf("%d tasks are queued", n)
	}
	if n := count("status=queued&limit=300&after=100"); n != 300 {
		t.Errorf("%d of the first 300 queued tasks", n)
	}
	if n := count("status=completed&status=failed"); n != 1 {
		t.Errorf("%d tasks are over", n)
	}
	s.want(400, "GET", "/api/v3/jobs/"+job+"/tasks?status=happy", "")
}

// deleteJob deletes a job, and waits until its last event is told: its counts go with that.
func (s *testServer) deleteJob(job string) {
	s.t.Helper()
	r := s.events.Follow()
	s.want(204, "DELETE", "/api/v3/jobs/"+job, "")
	for {
		news, err := r.Next(s.t.Context())
		if err != nil {
			s.t.Fatal(err)
		}
		for _, e := range news {
			if gone, ok := e.Data.(events.JobDeleted); ok && string(gone.Job) == job {
				return
			}
		}
	}
}
