package v3events

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/events"
)

var source = Source{
	TaskName:    func(id farm.TaskID) string { return "render-" + string(id) },
	PreviewPath: func(id farm.JobID) (string, []string) { return "job-" + string(id), []string{"last-rendered.jpg"} },
}

// The payloads are those of the v3 protocol to the letter: other programs read them.
func TestTranslate(t *testing.T) {
	at := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	job := farm.Job{ID: "j", Name: "shot", Type: "render", Priority: 50, StepsDone: 1, StepsTotal: 2, Updated: at, Created: at, Activity: "busy", Tag: "t",
		JobFacts: farm.JobFacts{Counts: farm.Counts{farm.TaskQueued: 2}}}
	worker := farm.Worker{ID: "w", Name: "node", Updated: at, Status: farm.WorkerAwake, Software: "1.0", InUse: "somebody", Unapproved: true}
	tests := []struct {
		name, event string
		rooms       []string
		data        any
		want        string
	}{
		{"new job", "/jobs", []string{"/jobs"}, events.JobChanged{Job: job, Status: farm.JobQueued, Submitted: true, Left: &farm.TimeLeft{}},
			`{"id":"j","name":"shot","updated":"2030-01-02T03:04:05Z","status":"queued","type":"render","priority":50,"refresh_tasks":false,"steps_completed":1,"steps_total":2}`},
		{"job", "/jobs", []string{"/jobs"}, events.JobChanged{Job: job, Status: farm.JobFailed, Previous: farm.JobActive, RefreshTasks: true},
			`{"id":"j","name":"shot","updated":"2030-01-02T03:04:05Z","status":"failed","previous_status":"active","type":"render","priority":50,"refresh_tasks":true,"steps_completed":1,"steps_total":2}`},
		{"deleted job", "/jobs", []string{"/jobs"}, events.JobDeleted{Job: "j"},
			`{"id":"j","updated":"0001-01-01T00:00:00Z","status":"","type":"","priority":0,"refresh_tasks":false,"steps_completed":0,"steps_total":0,"was_deleted":true}`},
		{"task", "/task", []string{"/jobs/j"}, events.TaskChanged{Job: "j", Task: "k", Status: farm.TaskActive, Previous: farm.TaskQueued, StepsTotal: 3, WorkerName: "node",
			State: farm.TaskState{Worker: "w", Updated: at, Activity: "begun", StepsDone: 1}},
			`{"id":"k","job_id":"j","name":"render-k","updated":"2030-01-02T03:04:05Z","status":"active","previous_status":"queued","activity":"begun","steps_completed":1,"steps_total":3,"worker":{"name":"node","uuid":"w"}}`},
		{"log", "/tasklog", []string{"/tasklog/k"}, events.TaskLogged{Task: "k", Text: "a line\n"}, `{"task_id":"k","log":"a line\n"}`},
		{"worker", "/workers", []string{"/workers"}, events.WorkerChanged{Worker: worker, Previous: farm.WorkerAsleep},
			`{"id":"w","name":"node","updated":"2030-01-02T03:04:05Z","status":"awake","previous_status":"asleep","version":"1.0","can_restart":false}`},
		{"tag", "/workertags", []string{"/workertags"}, events.TagChanged{Tag: farm.Tag{ID: "t", Name: "gpu"}}, `{"tag":{"id":"t","name":"gpu","description":""}}`},
		{"deleted tag", "/workertags", []string{"/workertags"}, events.TagChanged{Tag: farm.Tag{ID: "t", Name: "gpu", Description: "cards"}, Deleted: true}, `{"tag":{"id":"t","name":""},"was_deleted":true}`},
		{"image", "/last-rendered", []string{"/jobs/j/last-rendered", "/last-rendered"}, events.PreviewMade{Job: "j"},
			`{"job_id":"j","thumbnail":{"base":"/job-files/job-j","suffixes":["last-rendered.jpg"]}}`},
		{"farm", "/status", []string{"/status"}, events.FarmChanged{Status: farm.FarmStatus("active")}, `{"status":"active"}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m, ok := source.Translate(test.data)
			if !ok || m.Event != test.event || !slices.Equal(m.Rooms, test.rooms) {
				t.Fatalf("got %+v, %v", m, ok)
			}
			if got, err := json.Marshal(m.Payload); err != nil || string(got) != test.want {
				t.Errorf("got  %s (%v)\nwant %s", got, err, test.want)
			}
		})
	}
	if _, ok := source.Translate("something else"); ok {
		t.Error("an event that the protocol does not know was translated")
	}
}
