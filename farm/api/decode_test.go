package api_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// decodeTests are requests, good and bad.
var decodeTests = []struct {
	into any
	body string
	bad  string // part of the error; "": none
}{
	{&api.TaskUpdate{}, `{}`, ""},
	{&api.TaskUpdate{}, `{"taskStatus":"completed","steps_completed":3,"more":null}`, ""},
	{&api.TaskUpdate{}, `{"activity":null}`, `"activity" is null`},
	{&api.TaskUpdate{}, `{"taskStatus":"soft-failed"}`, "another try"},
	{&api.TaskUpdate{}, `{"taskStatus":"done"}`, `"done", which is not a valid task status`},
	{&api.TaskUpdate{}, `{"steps_completed":-1}`, "negative"},
	{&api.TaskUpdate{}, `{"steps_completed":1.5}`, `"steps_completed" must be a whole number, and is number 1.5`},
	{&api.TaskUpdate{}, `{"log":7}`, `"log" must be a string, and is number`},
	{&api.TaskUpdate{}, `[]`, "the request must be an object, and is array"},
	{&api.TaskUpdate{}, `null`, "the request is null"},
	{&api.TaskUpdate{}, "", "no body"},
	{&api.TaskUpdate{}, " \n", "no body"},
	{&api.TaskUpdate{}, "{\n  \"log\": }", "line 2, column 10"},
	{&api.TaskUpdate{}, `{} {}`, "line 1, column 4"},
	{&api.TaskUpdate{}, `{"log":"`, "not JSON"},

	{&api.WorkerRegistration{}, `{"secret":"s","platform":"linux","supported_task_types":[],"name":""}`, ""},
	{&api.WorkerRegistration{}, `{"secret":"s","platform":"linux","supported_task_types":null,"name":""}`, `"supported_task_types" is null`},
	{&api.WorkerRegistration{}, `{"secret":"s","platform":"linux","supported_task_types":["a",null],"name":""}`, `"supported_task_types[1]" is null`},
	{&api.WorkerRegistration{}, `{"secret":"s","platform":"linux","name":""}`, `"supported_task_types" is missing`},
	{&api.WorkerRegistration{}, `{"SECRET":"s","platform":"linux","supported_task_types":[],"name":""}`, `"secret" is missing`},

	{&api.WorkerStatusChangeRequest{}, `{"status":"asleep","is_lazy":false}`, ""},
	{&api.WorkerStatusChangeRequest{}, `{"status":"asleep"}`, `"is_lazy" is missing`},
	{&api.WorkerStatusChangeRequest{}, `{"status":"","is_lazy":true}`, "not a valid worker status"},
	{&api.WorkerStateChanged{}, `{"status":"sleepy"}`, "not a valid worker status"},
	{&api.WorkerTag{}, `{"name":" "}`, "give the tag a name"},
	{&api.WorkerTag{}, `{"name":"a","description":""}`, ""},

	{&api.SubmittedJob{}, `{"name":"","type":"a","submitter_platform":"linux","settings":{"x":null},"storage":{}}`, ""},
	{&api.SubmittedJob{}, `{"name":"","type":"a","submitter_platform":"linux","metadata":{"a":null}}`, `"metadata.a" is null`},
	{&api.SubmittedJob{}, `{"name":"","type":"a","submitter_platform":"linux","metadata":{"a":1}}`, "must be a string"},
	{&api.SubmittedJob{}, `{"name":"","type":"a","submitter_platform":"linux","storage":{"shaman_checkout_id":null}}`, `"storage.shaman_checkout_id" is null`},
	{&api.SubmittedJob{}, `{"name":"","type":"a"}`, `"submitter_platform" is missing`},
	{&api.SubmittedJob{}, `{"name":"","type":"a","submitter_platform":"linux","priority":null}`, `"priority" is null`},
	{&api.SubmittedJob{}, `{"name":"","type":"a","submitter_platform":"linux","initial_status":"later"}`, "not a valid job status"},

	{&api.JobStatusChange{}, `{"status":"requeueing","reason":""}`, ""},
	{&api.JobRequeue{}, `{"tasks":"failed","reason":""}`, ""},
	{&api.JobRequeue{}, `{"reason":""}`, ""},
	{&api.JobRequeue{}, `{"tasks":"some","reason":""}`, `"tasks" is "some"`},
	{&api.JobStatusChange{}, `{"status":"gone","reason":""}`, "not a valid job status"},
	{&api.TaskStatusChange{}, `{"status":"queued"}`, `"reason" is missing`},
	{&api.JobPriorityChange{}, `{"priority":101}`, "between 0 and 100"},
	{&api.JobPriorityChange{}, `{}`, `"priority" is missing`},
	{&api.JobMassDeletionSelection{}, `{"last_updated_max":"2026-11-23T12:00:00+02:00"}`, ""},
	{&api.JobMassDeletionSelection{}, `{"last_updated_max":"yesterday"}`, "cannot be read"},
	{&api.JobBlocklist{}, `[{"worker_id":"a","task_type":"b"}]`, ""},
	{&api.JobBlocklist{}, `[{"worker_id":"a"}]`, `"[0].task_type" is missing`},
	{&api.SetupAssistantConfig{}, `{"storageLocation":"/farm","blenderExecutable":{}}`, `"blenderExecutable.input" is missing`},
	{&api.ShamanRequirementsRequest{}, `{"files":[{"sha":"a","size":1}]}`, `"files[0].path" is missing`},
	{&api.PathCheckInput{}, `{}`, ""},
	{&farm.Config{}, `{"manager_name":"Farm"}`, ""},
	{&farm.Config{}, `{"task_timeout":"soon"}`, "write it like"},
}

func TestDecode(t *testing.T) {
	for _, test := range decodeTests {
		err := api.Decode([]byte(test.body), test.into)
		switch {
		case test.bad == "" && err != nil:
			t.Errorf("%T %s: %v", test.into, test.body, err)
		case test.bad != "" && (farm.KindOf(err) != farm.Invalid || !strings.Contains(err.Error(), test.bad)):
			t.Errorf("%T %s: %v, want %q", test.into, test.body, err, test.bad)
		}
	}
}

// TestDecodeShapes reads every shape from its own JSON.
func TestDecodeShapes(t *testing.T) {
	for _, s := range shapes() {
		into := reflect.New(reflect.TypeOf(s.full))
		if err := api.Decode(encode(t, s.full), into.Interface()); err != nil {
			t.Errorf("%s: %v", s.name, err)
		} else if got, want := encode(t, into.Elem().Interface()), encode(t, s.full); string(got) != string(want) {
			t.Errorf("%s was read as %s", s.name, got)
		}
	}
}

func TestDecodePriority(t *testing.T) {
	for body, want := range map[string]int{`"priority":0,`: 0, `"priority":70,`: 70, ``: api.DefaultPriority} {
		var s api.SubmittedJob
		if err := api.Decode([]byte(`{`+body+`"name":"a","type":"b","submitter_platform":"linux"}`), &s); err != nil || s.Priority != want {
			t.Errorf("%s: priority %d, %v", body, s.Priority, err)
		}
	}
}

// FuzzDecode looks for input that ends the program, or that is taken though
// what was read cannot be read again.
func FuzzDecode(f *testing.F) {
	for _, s := range shapes() {
		text, err := json.Marshal(s.full)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, into := range []any{&api.SubmittedJob{}, &api.TaskUpdate{}, &api.JobBlocklist{}, &api.SetupAssistantConfig{}} {
			if api.Decode(body, into) != nil {
				continue
			}
			text, err := json.Marshal(into)
			if err != nil {
				t.Fatal(err)
			}
			if err := api.Decode(text, into); err != nil {
				t.Errorf("%s was taken, but %s is not: %v", body, text, err)
			}
		}
	})
}
