package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"renderfarm/farm/api"
	"renderfarm/farm/api/apitest"
)

// TestOperationsOfClient calls every method of the client and holds what it
// sends to the OpenAPI document. The answers are the full shapes.
func TestOperationsOfClient(t *testing.T) {
	contract := apitest.New(t)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", jsonKind)
		if body := answerTo(w, operationOf(r)); body != nil {
			json.NewEncoder(w).Encode(body)
		}
	})
	c, err := api.New("farm.test")
	if err != nil {
		t.Fatal(err)
	}
	c.HTTP = contract.Client(apitest.Over(handler))
	c = c.WithCredentials(worker, "secret")
	for i, err := range callAll(t.Context(), c) {
		if err != nil {
			t.Errorf("call %d: %v", i, err)
		}
	}
	contract.Require("saveSetupAssistantConfig", "shamanCheckoutRequirements", "shamanCheckout", "shamanFileStoreCheck", "shamanFileStore")
}

// operationOf finds the name of a request's operation. Paths with fewer
// placeholders go first.
func operationOf(r *http.Request) string {
	best, fewest := "", 99
	for line := range strings.Lines(strings.TrimSpace(operations)) {
		f := strings.Fields(line)
		pattern := regexp.MustCompile(`\{\w+\}`).ReplaceAllString("/api/v3"+f[1], "[^/]+")
		if n := strings.Count(f[1], "{"); f[0] == r.Method && n < fewest && regexp.MustCompile("^"+pattern+"$").MatchString(r.URL.Path) {
			best, fewest = f[2], n
		}
	}
	return best
}

// full returns the full value of a shape.
func full(name string) any {
	all := shapes()
	return all[slices.IndexFunc(all, func(s shape) bool { return s.name == name })].full
}

// answerTo returns the answer to an operation, after setting the status of
// those that answer with none.
func answerTo(w http.ResponseWriter, operation string) any {
	bodies := map[string]string{
		"getVersion": "Version", "getConfiguration": "ManagerConfiguration", "checkSharedStoragePath": "PathCheckResult",
		"checkBlenderExePath": "BlenderPathCheckResult", "getConfigurationFile": "Configuration", "getVariables": "ManagerVariables",
		"getSharedStorage": "SharedStorageLocation", "getFarmStatus": "FarmStatus", "registerWorker": "RegisteredWorker",
		"signOn": "WorkerStateChange", "workerState": "WorkerStateChange", "scheduleTask": "AssignedTask", "mayWorkerRun": "MayKeepRunning",
		"fetchWorkers": "WorkerList", "fetchWorker": "Worker", "fetchWorkerSleepSchedule": "WorkerSleepSchedule", "fetchWorkerTags": "WorkerTagList",
		"createWorkerTag": "WorkerTag", "fetchWorkerTag": "WorkerTag", "getJobTypes": "AvailableJobTypes", "getJobType": "AvailableJobType",
		"fetchJobs": "JobsQueryResult", "submitJob": "Job", "fetchGlobalLastRenderedInfo": "JobLastRenderedImageInfo", "fetchJob": "Job",
		"deleteJobWhatWouldItDo": "JobDeletionInfo", "fetchJobLastRenderedInfo": "JobLastRenderedImageInfo", "fetchJobTasks": "JobTasksSummary",
		"fetchJobBlocklist": "JobBlocklist", "fetchTask": "Task", "fetchTaskLogInfo": "TaskLogInfo",
	}
	switch name, ok := bodies[operation]; {
	case ok:
		return full(name)
	case operation == "findBlenderExePath":
		return []api.BlenderPathCheckResult{blender}
	case operation == "fetchTaskLogTail":
		w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
		return "the last line"
	case operation == "taskOutputProduced":
		w.WriteHeader(http.StatusAccepted)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
	return nil
}

// callAll calls every method and returns their errors.
func callAll(ctx context.Context, c *api.Client) []error {
	var all []error
	does := func(err error) { all = append(all, err) }
	is := func(_ any, err error) { does(err) }
	has := func(_ any, ok bool, err error) {
		if err == nil && !ok {
			err = errors.New("there is none")
		}
		does(err)
	}
	is(c.GetVersion(ctx))
	is(c.GetConfiguration(ctx))
	is(c.CheckSharedStoragePath(ctx, api.PathCheckInput{Path: "/farm"}))
	is(c.FindBlenderExePath(ctx))
	is(c.CheckBlenderExePath(ctx, api.PathCheckInput{Path: "blender"}))
	is(c.GetConfigurationFile(ctx))
	does(c.UpdateConfigurationFile(ctx, configuration()))
	is(c.GetVariables(ctx, "users", "linux"))
	is(c.GetSharedStorage(ctx, "users", "linux"))
	is(c.GetFarmStatus(ctx))

	is(c.RegisterWorker(ctx, api.WorkerRegistration{Secret: "s", Platform: "linux", Name: "n"}))
	is(c.SignOn(ctx, api.WorkerSignOn{Name: "n", SoftwareVersion: "1"}))
	does(c.SignOff(ctx))
	is(c.WorkerState(ctx, time.Second))
	does(c.WorkerStateChanged(ctx, api.WorkerStateChanged{Status: "awake"}))
	is(c.ScheduleTask(ctx, time.Minute))
	does(c.TaskUpdate(ctx, task, api.TaskUpdate{TaskStatus: "active", StepsCompleted: new(0)}))
	is(c.MayWorkerRun(ctx, task, 0))
	does(c.TaskOutputProduced(ctx, task, "image/png", []byte("\x89PNG")))

	is(c.FetchWorkers(ctx))
	is(c.FetchWorker(ctx, worker))
	does(c.DeleteWorker(ctx, worker))
	does(c.RequestWorkerStatusChange(ctx, worker, request))
	does(c.SetWorkerTags(ctx, worker, api.WorkerTagChangeRequest{}))
	has(c.FetchWorkerSleepSchedule(ctx, worker))
	does(c.SetWorkerSleepSchedule(ctx, worker, api.WorkerSleepSchedule{}))
	is(c.FetchWorkerTags(ctx))
	is(c.CreateWorkerTag(ctx, fullTag))
	is(c.FetchWorkerTag(ctx, tag))
	does(c.UpdateWorkerTag(ctx, tag, api.WorkerTag{Name: "cpu"}))
	does(c.DeleteWorkerTag(ctx, tag))

	is(c.GetJobTypes(ctx))
	is(c.GetJobType(ctx, "simple-blender-render"))
	is(c.SubmitJob(ctx, api.SubmittedJob{Name: "a", Type: "b", SubmitterPlatform: "linux"}))
	does(c.SubmitJobCheck(ctx, api.SubmittedJob{Name: "a", Type: "b", SubmitterPlatform: "linux"}))
	is(c.FetchJobs(ctx, api.JobsQuery{After: job, Limit: 3, Status: []string{"active", "queued"}}))
	is(c.FetchJob(ctx, job))
	is(c.FetchJobTasks(ctx, job, api.TasksQuery{After: 3, Limit: 10}))
	does(c.SetJobStatus(ctx, job, api.JobStatusChange{Status: "requeueing"}))
	does(c.SetJobPriority(ctx, job, api.JobPriorityChange{Priority: 100}))
	does(c.SetJobTag(ctx, job, api.JobTagChange{}))
	does(c.DeleteJob(ctx, job))
	is(c.DeleteJobWhatWouldItDo(ctx, job))
	does(c.DeleteJobMass(ctx, api.JobMassDeletionSelection{LastUpdatedMax: updated}))
	is(c.FetchJobBlocklist(ctx, job))
	does(c.RemoveJobBlocklist(ctx, job, api.JobBlocklist{blocking}))
	has(c.FetchJobLastRenderedInfo(ctx, job))
	has(c.FetchGlobalLastRenderedInfo(ctx))
	is(c.FetchTask(ctx, task))
	has(c.FetchTaskLogInfo(ctx, task))
	has(c.FetchTaskLogTail(ctx, task))
	does(c.SetTaskStatus(ctx, task, api.TaskStatusChange{Status: "queued"}))
	return all
}
