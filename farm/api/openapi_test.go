package api_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"renderfarm/farm/api"
)

// document loads and validates the OpenAPI document.
func document(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(api.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return doc
}

// operations is the protocol: every call, its name, whether it needs
// credentials, and the statuses of its answers that are no errors.
const operations = `
GET    /version                                              getVersion                 open  200
GET    /configuration                                        getConfiguration           open  200
POST   /configuration/check/shared-storage                   checkSharedStoragePath     open  200
GET    /configuration/check/blender                          findBlenderExePath         open  200
POST   /configuration/check/blender                          checkBlenderExePath        open  200
POST   /configuration/setup-assistant                        saveSetupAssistantConfig   open  204
GET    /configuration/file                                   getConfigurationFile       open  200
PUT    /configuration/file                                   updateConfigurationFile    open  204
GET    /configuration/variables/{audience}/{platform}        getVariables               open  200
GET    /configuration/shared-storage/{audience}/{platform}   getSharedStorage           open  200
GET    /status                                               getFarmStatus              open  200
POST   /worker/register-worker                               registerWorker             open  200
POST   /worker/sign-on                                       signOn                     basic 200
POST   /worker/sign-off                                      signOff                    basic 204
GET    /worker/state                                         workerState                basic 200,204
POST   /worker/state-changed                                 workerStateChanged         basic 204
POST   /worker/task                                          scheduleTask               basic 200,204
POST   /worker/task/{task_id}                                taskUpdate                 basic 204
GET    /worker/task/{task_id}/may-i-run                      mayWorkerRun               basic 200
POST   /worker/task/{task_id}/output-produced                taskOutputProduced         basic 202
GET    /worker-mgt/workers                                   fetchWorkers               open  200
GET    /worker-mgt/workers/{worker_id}                       fetchWorker                open  200
DELETE /worker-mgt/workers/{worker_id}                       deleteWorker               open  204
POST   /worker-mgt/workers/{worker_id}/setstatus             requestWorkerStatusChange  open  204
POST   /worker-mgt/workers/{worker_id}/settags               setWorkerTags              open  204
GET    /worker-mgt/workers/{worker_id}/sleep-schedule        fetchWorkerSleepSchedule   open  200,204
POST   /worker-mgt/workers/{worker_id}/sleep-schedule        setWorkerSleepSchedule     open  204
GET    /worker-mgt/tags                                      fetchWorkerTags            open  200
POST   /worker-mgt/tags                                      createWorkerTag            open  200
GET    /worker-mgt/tag/{tag_id}                              fetchWorkerTag             open  200
PUT    /worker-mgt/tag/{tag_id}                              updateWorkerTag            open  204
DELETE /worker-mgt/tag/{tag_id}                              deleteWorkerTag            open  204
GET    /jobs/types                                           getJobTypes                open  200
GET    /jobs/type/{typeName}                                 getJobType                 open  200
GET    /jobs                                                 fetchJobs                  open  200
POST   /jobs                                                 submitJob                  open  200
POST   /jobs/check                                           submitJobCheck             open  204
DELETE /jobs/mass-delete                                     deleteJobMass              open  204
GET    /jobs/last-rendered                                   fetchGlobalLastRenderedInfo open 200,204
GET    /jobs/{job_id}                                        fetchJob                   open  200
DELETE /jobs/{job_id}                                        deleteJob                  open  204
GET    /jobs/{job_id}/what-would-delete-do                   deleteJobWhatWouldItDo     open  200
GET    /jobs/{job_id}/last-rendered                          fetchJobLastRenderedInfo   open  200,204
POST   /jobs/{job_id}/setstatus                              setJobStatus               open  204
POST   /jobs/{job_id}/setpriority                            setJobPriority             open  204
POST   /jobs/{job_id}/settag                                 setJobTag                  open  204
GET    /jobs/{job_id}/tasks                                  fetchJobTasks              open  200
GET    /jobs/{job_id}/blocklist                              fetchJobBlocklist          open  200
DELETE /jobs/{job_id}/blocklist                              removeJobBlocklist         open  204
GET    /tasks/{task_id}                                      fetchTask                  open  200
GET    /tasks/{task_id}/log                                  fetchTaskLogInfo           open  200,204
GET    /tasks/{task_id}/logtail                              fetchTaskLogTail           open  200,204
POST   /tasks/{task_id}/setstatus                            setTaskStatus              open  204
POST   /shaman/checkout/requirements                         shamanCheckoutRequirements open  200
POST   /shaman/checkout/create                               shamanCheckout             open  200
GET    /shaman/files/{checksum}/{filesize}                   shamanFileStoreCheck       open  200
POST   /shaman/files/{checksum}/{filesize}                   shamanFileStore            open  200,204,208
GET    /api/farm/jobs                                        searchJobs                 open  200
GET    /api/farm/workers                                     fetchWorkersAtWork         open  200
GET    /api/farm/findings                                    fetchFindings              open  200
GET    /api/farm/demand                                      fetchDemand                open  200
POST   /api/farm/jobs/{job_id}/requeue                       requeueJob                 open  204
GET    /api/farm/workers/{worker_id}/schedule                fetchWorkerSchedule        open  200,204
PUT    /api/farm/workers/{worker_id}/schedule                setWorkerSchedule          open  204
GET    /api/farm/worker/needs                                workerNeeds                basic 200
GET    /api/farm/worker/blenders                             fetchBlenderOffers         basic 200
GET    /api/farm/worker/blenders/{sha256}                    fetchBlender               basic 200
PUT    /api/farm/worker/facts                                setWorkerFacts             basic 204
PUT    /api/farm/worker/in-use                               setWorkerInUse             basic 204
POST   /api/farm/worker/task/{task_id}/second-run            endSecondRun               basic 200
GET    /api/farm/worker/task/{task_id}/files                 fetchTaskFiles             basic 200
GET    /api/farm/worker/task/{task_id}/file                  fetchTaskFile              basic 200,206
PUT    /api/farm/worker/task/{task_id}/file                  saveTaskFile               basic 204
GET    /api/farm/worker/task/{task_id}/upload                fetchTaskUpload            basic 200
PUT    /api/farm/worker/unable                               setWorkerUnable            basic 204
DELETE /api/farm/workers/{worker_id}/schedule                removeWorkerSchedule       open  204
GET    /api/farm/jobs/{job_id}/costs                         fetchJobCosts              open  200
GET    /api/farm/tasks/{task_id}/frames/{frame}/picture      fetchFramePicture          open  200
GET    /api/farm/jobs/{job_id}/frames                        fetchJobFrames             open  200
GET    /api/farm/tasks/{task_id}/frames/{frame}/file         fetchFrameFile             open  200,206
GET    /api/farm/jobs/{job_id}/comments                      fetchJobComments           open  200
GET    /api/farm/tasks/{task_id}/attempts                    fetchTaskAttempts          open  200
POST   /api/farm/jobs/{job_id}/comments                      addJobComment              open  200
DELETE /api/farm/jobs/{job_id}/comments/{comment}            removeJobComment           open  204
GET    /api/farm/jobs/{job_id}/output                        fetchJobOutput             open  200
GET    /api/farm/jobs/{job_id}/video                         fetchJobVideo              open  200,206
GET    /api/farm/jobs/{job_id}/frames.zip                    downloadFrames             open  200
POST   /api/farm/jobs/{job_id}/rerender                      rerenderJob                open  200
POST   /api/farm/workers/{worker_id}/approve                 approveWorker              open  204
GET    /api/farm/now                                         fetchFarmNow               open  200
GET    /api/farm/workers/{worker_id}/history                 fetchWorkerHistory         open  200
POST   /api/farm/rollout                                     startRollout               open  200
GET    /api/farm/rollout                                     fetchRollout               open  200
DELETE /api/farm/rollout                                     stopRollout                open  204
GET    /api/farm/worker/update                               fetchUpdate                basic 200
GET    /api/farm/worker/update/{sha256}                      fetchUpdateProgram         basic 200
POST   /api/farm/join-codes                                  createJoinCode             open  200
GET    /api/farm/join-codes                                  fetchJoinCodes             open  200
DELETE /api/farm/join-codes/{code_id}                        deleteJoinCode             open  204
GET    /join/{code}                                          fetchJoinOffer             open  200
GET    /api/farm/workers/{worker_id}/costs                   fetchWorkerCosts           open  200
GET    /api/farm/jobs/{job_id}/audit                         fetchJobAudit              open  200
GET    /api/farm/workers/{worker_id}/audit                   fetchWorkerAudit           open  200
GET    /api/farm/jobtypes/broken                             getBrokenJobTypes          open  200
GET    /api/farm/jobtypes/{type_name}/source                 getJobTypeSource           open  200
GET    /api/farm/storage                                     fetchStorageFolder         open  200
POST   /api/farm/submissions                                 beginSubmission            open  200
PUT    /api/farm/submissions/{id}/file                       sendSubmissionFile         open  204
POST   /api/farm/submissions/{id}/files                      takeSubmissionFiles        open  204
POST   /api/farm/submissions/{id}/needs                      findSubmissionNeeds        open  200
POST   /api/farm/submissions/{id}/check                      checkSubmission            open  200
POST   /api/farm/submissions/{id}/submit                     submitSubmission           open  200
DELETE /api/farm/submissions/{id}                            discardSubmission          open  204
GET    /api/farm/jobs/{job_id}/why                           fetchJobWhy                open  200
GET    /api/farm/tasks/{task_id}/why                         fetchTaskWhy               open  200
GET    /api/farm/workers/{worker_id}/why                     fetchWorkerWhy             open  200
GET    /api/farm/setup                                       fetchSetUp                 open  200
POST   /api/farm/setup/storage                               setUpStorage               open  200
GET    /api/farm/setup/programs                              findSetUpPrograms          open  200
POST   /api/farm/setup/blender                               setUpBlender               open  200
POST   /api/farm/setup/network                               setUpNetwork               open  200
POST   /api/farm/setup/done                                  endSetUp                   open  204
GET    /api/farm/notifications                               fetchNotifications         open  200
PUT    /api/farm/notifications                               setNotifications           open  204
POST   /api/farm/notifications/test                          testNotifications          open  200
GET    /api/farm/notifications/deliveries                    fetchNotificationDeliveries open  200
GET    /api/farm/configuration                               fetchConfiguration         open  200
POST   /api/farm/configuration                               changeConfiguration        open  200
POST   /api/farm/configuration/reload                        reloadConfiguration        open  200
POST   /api/farm/backups                                     makeBackup                 open  200
GET    /api/farm/files                                       fetchFileUsage             open  200
POST   /api/farm/files/collect                               collectFiles               open  200
`

// pathOf returns the whole path of a line of operations.
func pathOf(text string) string {
	if strings.HasPrefix(text, "/api/farm/") || strings.HasPrefix(text, "/join/") {
		return text
	}
	return "/api/v3" + text
}

func TestOperations(t *testing.T) {
	doc := document(t)
	want := map[string]string{} // "METHOD path" to the rest of the line
	for line := range strings.Lines(strings.TrimSpace(operations)) {
		f := strings.Fields(line)
		want[f[0]+" "+pathOf(f[1])] = strings.Join(f[2:], " ")
	}
	if lines := strings.Count(strings.TrimSpace(operations), "\n") + 1; len(want) != lines {
		t.Fatalf("the list has %d lines, and names %d operations", lines, len(want))
	}
	got := map[string]string{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			auth := "open"
			if op.Security != nil && len(*op.Security) == 1 {
				auth = "basic"
			}
			var success []string
			for status := range op.Responses.Map() {
				if status < "300" {
					success = append(success, status)
				}
			}
			slices.Sort(success)
			got[method+" "+path] = op.OperationID + " " + auth + " " + strings.Join(success, ",")
		}
	}
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if got[key] != want[key] {
			t.Errorf("%s: the document says %q, the protocol %q", key, got[key], want[key])
		}
		delete(got, key)
	}
	for key := range got {
		t.Errorf("%s is not in the protocol", key)
	}
}

// TestErrorsDescribed holds every operation to the common rules for errors.
func TestErrorsDescribed(t *testing.T) {
	for path, item := range document(t).Paths.Map() {
		for method, op := range item.Operations() {
			where := method + " " + path
			needs := []string{"500", "503"}
			if op.RequestBody != nil {
				needs = append(needs, "400", "413", "415")
			}
			if op.Security != nil {
				needs = append(needs, "403")
			}
			for _, status := range needs {
				if op.Responses.Value(status) == nil {
					t.Errorf("%s does not describe %s", where, status)
				}
			}
			if op.Summary == "" {
				t.Errorf("%s has no summary", where)
			}
			for status, r := range op.Responses.Map() {
				media := r.Value.Content.Get("application/json")
				if status >= "400" && status != "425" && status != "423" && (media == nil || media.Schema.Ref != "#/components/schemas/Error") {
					t.Errorf("%s answers %s with something other than an Error", where, status)
				}
			}
		}
	}
}

// TestPrefer names the calls that can wait.
func TestPrefer(t *testing.T) {
	var got []string
	for _, item := range document(t).Paths.Map() {
		for _, op := range item.Operations() {
			if op.Parameters.GetByInAndName("header", "Prefer") == nil {
				continue
			}
			got = append(got, op.OperationID)
			for _, status := range []int{http.StatusOK, http.StatusNoContent, http.StatusLocked} {
				if r := op.Responses.Status(status); r != nil && r.Value.Headers["Preference-Applied"] == nil {
					t.Errorf("%s %d has no Preference-Applied", op.OperationID, status)
				}
			}
		}
	}
	slices.Sort(got)
	if want := []string{"endSecondRun", "mayWorkerRun", "scheduleTask", "workerState"}; !slices.Equal(got, want) {
		t.Errorf("these can wait: %v, want %v", got, want)
	}
}

// TestSchemas holds Go types and schemas together: values validate, the keys
// are the same, and so is which of them are required.
func TestSchemas(t *testing.T) {
	doc := document(t)
	for _, s := range shapes() {
		schema := doc.Components.Schemas[s.name]
		if schema == nil {
			t.Errorf("there is no schema %s", s.name)
			continue
		}
		for form, value := range map[string]any{"full": s.full, "min": s.min} {
			var tree any
			if err := json.Unmarshal(encode(t, value), &tree); err != nil {
				t.Fatal(err)
			}
			if err := schema.Value.VisitJSON(tree); err != nil {
				t.Errorf("%s, %s: %v", s.name, form, err)
			}
			object, ok := tree.(map[string]any)
			properties, required := keys(schema.Value)
			if !ok || len(properties) == 0 {
				continue
			}
			got := slices.Sorted(maps.Keys(object))
			if form == "min" && s.name != "Configuration" {
				got = slices.DeleteFunc(got, func(key string) bool { return optional(value, key) })
				properties = required
			}
			if !slices.Equal(got, properties) {
				t.Errorf("%s, %s: the type has the keys %v, the schema %v", s.name, form, got, properties)
			}
		}
	}
}

// keys returns the properties of a schema and those that are required, sorted.
func keys(schema *openapi3.Schema) (properties, required []string) {
	properties, required = slices.Collect(maps.Keys(schema.Properties)), slices.Clone(schema.Required)
	for _, part := range schema.AllOf {
		p, r := keys(part.Value)
		properties, required = append(properties, p...), append(required, r...)
	}
	slices.Sort(properties)
	slices.Sort(required)
	return properties, required
}

// optional reports whether the key is always sent but may be left out.
func optional(value any, key string) bool {
	for _, f := range reflect.VisibleFields(reflect.TypeOf(value)) {
		if f.Tag.Get("json") == key {
			return f.Tag.Get("api") == "optional"
		}
	}
	return false
}

// TestSchemasUsed finds schemas without a Go type.
func TestSchemasUsed(t *testing.T) {
	all := shapes()
	for name, schema := range document(t).Components.Schemas {
		plain := schema.Value.Properties == nil && schema.Value.AllOf == nil
		if !plain && !slices.ContainsFunc(all, func(s shape) bool { return s.name == name }) {
			t.Errorf("schema %s belongs to no shape", name)
		}
	}
}
