package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
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
	contract.Require("fetchFrameFile", "fetchJobVideo", "downloadFrames", // which browsers ask for
		"saveSetupAssistantConfig", "shamanCheckoutRequirements", "shamanCheckout", "shamanFileStoreCheck", "shamanFileStore")
}

// operationOf finds the name of a request's operation. Paths with fewer
// placeholders go first.
func operationOf(r *http.Request) string {
	best, fewest := "", 99
	for line := range strings.Lines(strings.TrimSpace(operations)) {
		f := strings.Fields(line)
		pattern := regexp.MustCompile(`\{\w+\}`).ReplaceAllString(pathOf(f[1]), "[^/]+")
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
		"fetchWorkers": "WorkerList", "fetchWorker": "Worker", "fetchWorkerSleepSchedule": "WorkerSleepSchedule", "fetchWorkerSchedule": "WorkerSchedule", "fetchWorkerTags": "WorkerTagList",
		"createWorkerTag": "WorkerTag", "fetchWorkerTag": "WorkerTag", "getJobTypes": "AvailableJobTypes", "getJobType": "AvailableJobType", "getBrokenJobTypes": "BrokenJobTypes",
		"searchJobs": "JobsFound", "fetchWorkersAtWork": "WorkersAtWork", "fetchDemand": "Demand", "fetchFindings": "Findings",
		"getJobTypeSource": "JobTypeSource", "fetchStorageFolder": "StorageFolder", "beginSubmission": "Submission", "findSubmissionNeeds": "SubmissionNeeds", "checkSubmission": "SubmissionReport", "submitSubmission": "Job",
		"fetchUpdate": "WorkerUpdate", "startRollout": "Rollout", "fetchRollout": "Rollout", "createJoinCode": "JoinCode", "fetchJoinCodes": "JoinCodes", "fetchJoinOffer": "JoinOffer",
		"fetchJobWhy": "Why", "fetchTaskWhy": "Why", "fetchWorkerWhy": "Why",
		"fetchJobs": "JobsQueryResult", "submitJob": "Job", "fetchGlobalLastRenderedInfo": "JobLastRenderedImageInfo", "fetchJob": "Job",
		"deleteJobWhatWouldItDo": "JobDeletionInfo", "fetchJobLastRenderedInfo": "JobLastRenderedImageInfo", "fetchJobTasks": "JobTasksSummary",
		"fetchJobBlocklist": "JobBlocklist", "fetchTask": "Task", "fetchTaskLogInfo": "TaskLogInfo",
		"workerNeeds": "WorkerNeeds", "fetchTaskFiles": "MirrorFiles", "fetchTaskUpload": "MirrorUploadState", "endSecondRun": "SecondRunAnswer", "fetchBlenderOffers": "BlenderOffers", "fetchJobAudit": "Audit", "fetchWorkerAudit": "Audit",
		"fetchJobCosts": "JobCosts", "fetchJobFrames": "JobFrames", "fetchJobOutput": "JobOutput", "fetchFarmNow": "FarmNow", "fetchWorkerHistory": "WorkerHistory", "fetchJobComments": "JobComments", "fetchTaskAttempts": "TaskAttempts", "addJobComment": "Comment", "rerenderJob": "JobRerendered", "fetchWorkerCosts": "WorkerCosts",
		"fetchNotifications": "Notifications", "testNotifications": "NotificationResults", "fetchNotificationDeliveries": "NotificationDeliveries",
		"makeBackup": "Backup", "fetchSetUp": "SetUp", "setUpStorage": "SetUpFolderFound", "findSetUpPrograms": "SetUpPrograms", "setUpBlender": "SetUpProgram", "setUpNetwork": "SetUp", "fetchConfiguration": "FarmConfiguration", "changeConfiguration": "ConfigurationChanged", "reloadConfiguration": "ConfigurationChanged", "fetchFileUsage": "FileUsage", "collectFiles": "CollectedFiles",
	}
	switch name, ok := bodies[operation]; {
	case ok:
		return full(name)
	case operation == "findBlenderExePath":
		return []api.BlenderPathCheckResult{blender}
	case operation == "fetchTaskLogTail":
		w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
		return "the last line"
	case operation == "fetchFramePicture":
		w.Header().Set("Content-Type", "image/jpeg")
		io.WriteString(w, "picture")
	case operation == "fetchBlender", operation == "fetchUpdateProgram":
		w.Header().Set("Content-Type", "application/octet-stream")
		io.WriteString(w, "archive")
	case operation == "fetchTaskFile":
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set(api.FileSHA256, "f00d")
		io.WriteString(w, "file")
	case operation == "taskOutputProduced":
		w.WriteHeader(http.StatusAccepted)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
	return nil
}

// calls collects the errors of calls: does of those without an answer, is of
// those with one, has of those that may answer that there is none.
type calls struct{ errs []error }

func (l *calls) does(err error) { l.errs = append(l.errs, err) }

func (l *calls) is(_ any, err error) { l.does(err) }

func (l *calls) has(_ any, ok bool, err error) {
	if err == nil && !ok {
		err = errors.New("there is none")
	}
	l.does(err)
}

// callAll calls every method and returns their errors.
func callAll(ctx context.Context, c *api.Client) []error {
	var l calls
	l.meta(ctx, c)
	l.workers(ctx, c)
	l.jobs(ctx, c)
	return l.errs
}

func (l *calls) meta(ctx context.Context, c *api.Client) {
	l.is(c.GetVersion(ctx))
	l.is(c.GetConfiguration(ctx))
	l.is(c.CheckSharedStoragePath(ctx, api.PathCheckInput{Path: "/farm"}))
	l.is(c.FindBlenderExePath(ctx))
	l.is(c.CheckBlenderExePath(ctx, api.PathCheckInput{Path: "blender"}))
	l.is(c.GetConfigurationFile(ctx))
	l.does(c.UpdateConfigurationFile(ctx, configuration()))
	l.is(c.GetVariables(ctx, "users", "linux"))
	l.is(c.GetSharedStorage(ctx, "users", "linux"))
	l.is(c.GetFarmStatus(ctx))
	l.is(c.FetchSetUp(ctx))
	l.is(c.SetUpStorage(ctx, api.SetUpFolder{Path: "/farm"}))
	l.is(c.FindSetUpPrograms(ctx))
	l.is(c.SetUpBlender(ctx, api.SetUpBlender{Path: "blender"}))
	l.is(c.SetUpNetwork(ctx, api.SetUpNetwork{OnlyHere: true}))
	l.does(c.EndSetUp(ctx))
	l.is(c.FetchConfiguration(ctx))
	l.is(c.FetchNotifications(ctx))
	l.does(c.SetNotifications(ctx, notifications))
	l.is(c.TestNotifications(ctx, api.NotificationTest{}))
	l.is(c.FetchNotificationDeliveries(ctx))
	l.is(c.ChangeConfiguration(ctx, api.ConfigurationChanges{Changes: map[string]any{"task_timeout": "20m"}}))
	l.is(c.ReloadConfiguration(ctx))
	l.is(c.MakeBackup(ctx))
	l.is(c.FilesInfo(ctx))
	l.is(c.CollectFiles(ctx, api.CollectFiles{Delete: true}))
}

func (l *calls) workers(ctx context.Context, c *api.Client) {
	l.is(c.RegisterWorker(ctx, api.WorkerRegistration{Secret: "s", Platform: "linux", Name: "n"}))
	l.is(c.SignOn(ctx, api.WorkerSignOn{Name: "n", SoftwareVersion: "1"}))
	l.does(c.SignOff(ctx))
	l.is(c.WorkerState(ctx, time.Second))
	l.does(c.WorkerStateChanged(ctx, api.WorkerStateChanged{Status: "awake"}))
	l.is(c.ScheduleTask(ctx, time.Minute))
	l.does(c.TaskUpdate(ctx, task, api.TaskUpdate{TaskStatus: "active", StepsCompleted: new(0)}))
	l.is(c.MayWorkerRun(ctx, task, 0))
	l.does(c.TaskOutputProduced(ctx, task, "image/png", []byte("\x89PNG")))
	l.is(c.WorkerNeeds(ctx, "linux"))
	l.is(c.FetchBlenderOffers(ctx))
	l.does(c.FetchBlender(ctx, "f00d", 1, io.Discard))
	l.is(c.FetchUpdate(ctx, "amd64"))
	l.does(c.FetchUpdateProgram(ctx, "f00d", 1, io.Discard))
	l.is(c.FetchTaskFiles(ctx, task))
	l.is(c.FetchTaskFile(ctx, task, "jobs/a.blend", 0))
	l.is(c.FetchTaskUpload(ctx, task, api.TaskUpload{Path: "renders/1.png", SHA256: "f00d", Size: 4}))
	l.does(c.SaveTaskFile(ctx, task, api.TaskUpload{Path: "renders/1.png", SHA256: "f00d", Size: 4, Body: strings.NewReader("file")}))
	l.does(c.SetWorkerFacts(ctx, facts))
	l.does(c.SetWorkerUnable(ctx, unable))
	l.is(c.EndSecondRun(ctx, task, api.SecondRun{Rendered: true}, time.Minute))
	l.does(c.SetWorkerInUse(ctx, api.WorkerInUse{InUse: "in use by its owner", GiveBack: true}))

	l.is(c.FetchWorkers(ctx))
	l.is(c.FetchWorker(ctx, worker))
	l.does(c.ApproveWorker(ctx, worker))
	l.is(c.StartRollout(ctx, api.RolloutRequest{Workers: []farm.WorkerID{worker}}))
	l.is(c.FetchRollout(ctx))
	l.does(c.StopRollout(ctx))
	l.is(c.CreateJoinCode(ctx, api.JoinCodeRequest{Uses: 5, Valid: "24h", Note: "shelf"}))
	l.is(c.FetchJoinCodes(ctx))
	l.does(c.DeleteJoinCode(ctx, "0badcafe"))
	l.is(c.FetchJoinOffer(ctx, "K7Q2M7XW3FTP"))
	l.does(c.DeleteWorker(ctx, worker))
	l.does(c.RequestWorkerStatusChange(ctx, worker, request))
	l.does(c.SetWorkerTags(ctx, worker, api.WorkerTagChangeRequest{}))
	l.has(c.FetchWorkerSleepSchedule(ctx, worker))
	l.does(c.SetWorkerSleepSchedule(ctx, worker, api.WorkerSleepSchedule{}))
	l.has(c.FetchWorkerSchedule(ctx, worker))
	l.is(c.FetchWorkerWhy(ctx, worker))
	l.does(c.SetWorkerSchedule(ctx, worker, api.WorkerSchedule{}))
	l.does(c.RemoveWorkerSchedule(ctx, worker))
	l.is(c.FetchWorkerTags(ctx))
	l.is(c.CreateWorkerTag(ctx, fullTag))
	l.is(c.FetchWorkerTag(ctx, tag))
	l.does(c.UpdateWorkerTag(ctx, tag, api.WorkerTag{Name: "cpu"}))
	l.does(c.DeleteWorkerTag(ctx, tag))
}

func (l *calls) jobs(ctx context.Context, c *api.Client) {
	l.is(c.GetJobTypes(ctx))
	l.is(c.GetJobType(ctx, "simple-blender-render"))
	l.is(c.GetBrokenJobTypes(ctx))
	l.is(c.GetJobTypeSource(ctx, "simple-blender-render"))
	l.is(c.FetchStorageFolder(ctx, "shots"))
	l.is(c.BeginSubmission(ctx, api.SubmissionFile{Name: "shot.blend", Size: 4}))
	l.does(c.SendSubmissionFile(ctx, string(task), "wood.png", []byte("file")))
	l.does(c.TakeSubmissionFiles(ctx, string(task), api.SubmissionFiles{Files: []api.FolderFile{{Path: "wood.png", Size: 4, SHA: file.SHA}}}))
	l.is(c.FindSubmissionNeeds(ctx, string(task)))
	l.is(c.CheckSubmission(ctx, string(task), api.SubmissionOptions{Type: "simple-blender-render"}))
	l.is(c.SubmitSubmission(ctx, string(task), api.SubmissionOptions{Type: "simple-blender-render", Paused: true}))
	l.does(c.DiscardSubmission(ctx, string(task)))
	l.is(c.SubmitJob(ctx, api.SubmittedJob{Name: "a", Type: "b", SubmitterPlatform: "linux"}))
	l.does(c.SubmitJobCheck(ctx, api.SubmittedJob{Name: "a", Type: "b", SubmitterPlatform: "linux"}))
	l.is(c.FetchJobs(ctx, api.JobsQuery{After: job, Limit: 3, Status: []string{"active", "queued"}}))
	l.is(c.SearchJobs(ctx, api.JobsSearch{Status: []string{"active"}, Text: "shot", Sort: "-priority", Offset: 3, Limit: 10}))
	l.is(c.FetchWorkersAtWork(ctx))
	l.is(c.FetchFindings(ctx))
	l.is(c.FetchDemand(ctx, farm.Scaling{Min: 1, Max: 20, ScaleOut: 5, Idle: farm.DefaultIdle, StandBy: 2}))
	l.is(c.FetchJob(ctx, job))
	l.is(c.FetchJobTasks(ctx, job, api.TasksQuery{After: 3, Limit: 10}))
	l.does(c.SetJobStatus(ctx, job, api.JobStatusChange{Status: "requeueing"}))
	l.is(c.FetchJobAudit(ctx, job))
	l.is(c.FetchWorkerAudit(ctx, worker))
	l.does(c.RequeueJob(ctx, job, api.JobRequeue{Tasks: api.RequeueFailed, Reason: "again"}))
	l.is(c.FetchJobCosts(ctx, job))
	l.is(c.FetchJobFrames(ctx, job, 7))
	l.is(c.FetchFramePicture(ctx, task, 3))
	l.is(c.FetchJobComments(ctx, job))
	l.is(c.FetchTaskAttempts(ctx, task))
	l.is(c.AddJobComment(ctx, job, api.NewComment{Frame: 3, Text: "too dark", Tag: "redo"}))
	l.does(c.RemoveJobComment(ctx, job, 1))
	l.is(c.FetchFarmNow(ctx))
	l.is(c.FetchWorkerHistory(ctx, worker))
	l.is(c.FetchJobOutput(ctx, job, "linux"))
	l.is(c.RerenderJob(ctx, job, api.JobRerender{Frames: "3", Reason: "again"}))
	l.is(c.FetchWorkerCosts(ctx, worker))
	l.is(c.FetchJobWhy(ctx, job))
	l.is(c.FetchTaskWhy(ctx, task, worker))
	l.does(c.SetJobPriority(ctx, job, api.JobPriorityChange{Priority: 100}))
	l.does(c.SetJobTag(ctx, job, api.JobTagChange{}))
	l.does(c.DeleteJob(ctx, job))
	l.is(c.DeleteJobWhatWouldItDo(ctx, job))
	l.does(c.DeleteJobMass(ctx, api.JobMassDeletionSelection{LastUpdatedMax: updated}))
	l.is(c.FetchJobBlocklist(ctx, job))
	l.does(c.RemoveJobBlocklist(ctx, job, api.JobBlocklist{blocking}))
	l.has(c.FetchJobLastRenderedInfo(ctx, job))
	l.has(c.FetchGlobalLastRenderedInfo(ctx))
	l.is(c.FetchTask(ctx, task))
	l.has(c.FetchTaskLogInfo(ctx, task))
	l.has(c.FetchTaskLogTail(ctx, task))
	l.does(c.SetTaskStatus(ctx, task, api.TaskStatusChange{Status: "queued"}))
}
