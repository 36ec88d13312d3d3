package api_test

import (
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// A shape is a type of the wire: a value with every key, and one with the
// keys that are always there.
type shape struct {
	name      string // of the schema, and of the golden files
	full, min any
}

// Ids and times of the values. Anything that looks real will do.
const (
	job    = "0b7a2e1c-5a34-4b6f-9a51-3f5f1d0c9e01"
	task   = "0b7a2e1c-5a34-4b6f-9a51-3f5f1d0c9e02"
	worker = "6f0d9c7a-1f52-4c0e-8b3d-7d0f6f0a1b03"
	tag    = "c9f6b0de-77f4-4b0a-9d1c-2f3e4a5b6c04"
)

var (
	created = time.Date(2026, 11, 23, 10, 50, 51, 691_000_000, time.UTC)
	stuck   = api.StuckTask{ID: task, JobID: job, JobName: "shot 7", Name: "render-37", Index: 4, Worker: taskWorker, Seconds: 900, Usual: 60, Silent: 600}
	rolled  = api.RolloutWorker{ID: worker, Name: "workhorse", State: farm.UpdateFailed, Reason: "it did not come back", Since: updated}
	day     = api.WorkerDay{Date: "2026-11-30", Frames: 240, Seconds: 7200, FramesPerHour: 120}
	part    = api.WorkerPart{JobID: job, JobName: "shot 7", Last: updated, Rendered: 240, Seconds: 7200, FramesPerHour: 120}
	attempt = api.TaskAttempt{Number: 2, Worker: taskWorker, Began: created, Ended: updated, Status: "soft-failed", Reason: "The graphics card ran out of memory", Log: "/job-files/job-0b7a/x/task-y.txt.1"}
	comment = farm.Comment{ID: 2, Frame: 37, Text: "too dark", Tag: "redo", By: farm.Actor{Name: "anna", Address: "192.0.2.1", Agent: "Firefox"}, Time: updated}
	updated = time.Date(2026, 11, 23, 11, 2, 3, 0, time.UTC)
)

var (
	command = api.Command{Name: "blender-render", Parameters: map[string]any{
		"exe": "{blender}", "argsBefore": []any{}, "args": []any{"--render-frame", "1..10"}, "blendfile": "/farm/<scene> & co.blend"}, Steps: 10}
	taskWorker  = api.TaskWorker{ID: worker, Name: "workhorse", Address: "192.168.0.7"}
	taskSummary = api.TaskSummary{ID: task, Name: "render-1-10", Status: "active", IndexInJob: 1, Priority: 50, TaskType: "blender",
		Updated: updated, Worker: taskWorker, StepsCompleted: 3, StepsTotal: 10}
	newTask         = api.TaskSummary{ID: task, Name: "render-1-10", Status: "queued", IndexInJob: 1, Priority: 50, TaskType: "blender", Updated: created, StepsTotal: 10}
	notificationWay = api.NotificationWay{Name: "page", Kind: "webhook", URL: "https://studio.example/told", Secret: "s", Token: "t", Room: "!r:studio.example", To: []string{"td@studio.example"},
		Program: []string{"/bin/told"}, Has: []string{"secret"}, Fixed: true}
	notifications = api.Notifications{Link: "https://farm.studio.example/", DigestAt: "08:00", StuckAfter: farm.Duration(15 * time.Minute), DiskFree: 10e9, Ways: []api.NotificationWay{notificationWay},
		Rules:  []api.NotificationRule{{Events: []string{"job-failed"}, Ways: []string{"page"}, Jobs: "shot_*"}},
		Mail:   api.NotificationMail{Server: "smtp.studio.example:587", From: "farm@studio.example", Username: "farm", Password: "p", Security: "starttls", Has: []string{"password"}},
		PerJob: api.NotificationPerJob{Mail: []string{"*@studio.example"}, URLs: []string{"https://studio.example/"}},
		Events: []api.NotificationEvent{{Name: "job-failed", About: "a job failed"}}, Kinds: []api.NotificationWayKind{{Name: "webhook", About: "JSON", Fields: []string{"url"}, Needs: []string{"url"}}}, MayChange: true}
	delivery = api.NotificationDelivery{ID: "8c1f", Event: "job-failed", Way: "page", Job: job, Title: "shot 7 failed", Time: updated, State: "waiting", Attempts: 2, Next: updated, Error: "away"}
	stored   = api.FileCount{Files: 2, Bytes: 3 << 20}
	request  = api.WorkerStatusChangeRequest{Status: "asleep", IsLazy: true}

	frame = farm.FrameResult{Frame: 37, Wall: 4210, CPU: 8010, Load: 730, Render: 3300, Save: 180, Memory: 244_000, GPUMemory: 612_000, Energy: 840,
		Device: "OPTIX", Saved: updated, Source: created, Flags: farm.FrameFlat | farm.FrameRenderedAgain}

	timeLeft   = &api.TimeLeft{Earliest: updated, Likely: updated.Add(time.Minute), Latest: updated.Add(time.Hour), FramesPerHour: 12.5}
	workerCost = api.WorkerCost{ID: worker, Name: "workhorse", Rendered: 120, Seconds: 4210.5, FramesPerHour: 102.5, EnergyKWh: 1.25, Price: 0.5, Device: "OPTIX"}
	jobFrame   = api.JobFrame{Frame: 37, Task: 4, TaskID: task, Status: "completed", File: "/farm/000037.png", Worker: taskWorker, Old: true, Picture: true, Warns: true, Price: 0.02, Comments: []farm.Comment{comment}, Result: &frame}

	program   = api.SetUpProgram{Input: "blender", Path: "/usr/bin/blender", Version: "4.2.1", Source: "path", Usable: true, Cause: "it runs"}
	configKey = api.ConfigurationKey{Name: "task_timeout", Label: "Task time-out", Group: "Time-outs and failures", Kind: "duration", Choices: []string{"a"}, About: "Text.", Unit: "tasks",
		Least: "1m", Most: "24h", Zero: "never", Empty: "none", See: "docs/failures.html", Restart: true, Guarded: true, Value: "10m0s", Default: "20m0s", From: "farm.yaml"}
	configChange = api.ConfigurationChange{Name: "listen", From: ":8080", To: ":9090", Restart: true}

	unable        = []farm.Unable{{TaskTypes: []string{"blender"}, Reason: "cannot find Blender"}}
	workerSummary = api.WorkerSummary{ID: worker, Name: "workhorse", Status: "awake", StatusChange: &request, LastSeen: updated,
		Version: "1.0.0", CanRestart: true, InUse: "in use by its owner", Unable: unable, Unapproved: true}
	newWorker = api.WorkerSummary{ID: worker, Name: "workhorse"}
	device    = farm.RenderDevice{Type: "OPTIX", Name: "NVIDIA RTX A4000", ID: "CUDA_NVIDIA RTX A4000_0000:01:00_OptiX"}
	installed = farm.WorkerBlender{Version: "4.2.1 LTS", Path: "/opt/blender/blender", Devices: []farm.RenderDevice{device}, EEVEE: new(true)}
	finding   = farm.Finding{Name: "storage-read-only", Level: farm.FindingError, What: "the shared storage is read-only", Why: "frames are saved there", Fix: "mount it with write access"}
	facts     = api.WorkerFacts{Arch: "amd64", CPUs: 16, Memory: 64 << 30, Blenders: []farm.WorkerBlender{installed}, Wake: "00:1a:2b:3c:4d:5e", Fetchable: []string{"5.2.0"}, Storage: farm.StorageMirrored, Findings: []farm.Finding{finding}, Updates: true, UpdateTrouble: "its folder cannot be written", Variables: map[string]string{"storage": "/srv/farm"}}
	card      = farm.GPULoad{Name: "NVIDIA RTX A4000", Memory: 16 << 30, MemoryFree: 3 << 30}
	loaded    = api.WorkerLoad{CPU: new(37), MemoryFree: 12 << 30, GPUs: []farm.GPULoad{card}}
	busyOne   = api.EventWorkerLoad{ID: worker, LastSeen: updated, Load: &loaded}
	offer     = farm.BlenderOffer{Name: "blender-5.2.0-linux-x64.tar.xz", Version: "5.2.0", Platform: "linux", Arch: "amd64", Size: 350_000_000, SHA256: "f00d"}
	joinCode  = api.JoinCode{ID: "0badcafe", Code: "K7Q2-M7XW-3FTP", Link: "http://192.168.1.10:8080/join/K7Q2-M7XW-3FTP", Note: "shelf", Uses: 5, Used: []string{"workhorse"},
		Created: created, Expires: updated, QR: []string{"10", "01"}, Missing: []string{"linux-arm64"},
		Commands: &api.JoinCommands{Unix: "curl … | sh", Windows: "irm … | iex", UnixService: "curl … | sh", WindowsService: "irm … | iex"}}
	fullTag = api.WorkerTag{ID: tag, Name: "gpu", Description: new("Machines with a big graphics card")}

	wholeJob = api.Job{Metadata: map[string]string{"project": "Spring"}, Name: "shot 010", Priority: 50,
		Settings: map[string]any{"frames": "1-100", "chunk_size": 10.0, "nothing": nil}, SubmitterPlatform: "linux", Type: "simple-blender-render",
		WorkerTag: tag, Storage: &api.JobStorageInfo{ShamanCheckoutID: "shot-010"}, Activity: "rendering", Created: created, Updated: updated,
		ID: job, Status: "active", StepsCompleted: 3, StepsTotal: 101, DeleteRequestedAt: updated, BlenderVersion: "4.2", BlenderMatch: "same", TimeLeft: timeLeft, TaskCounts: map[string]int{"active": 1}}
	newJob = api.Job{Name: "shot 010", Priority: 50, Type: "simple-blender-render", Created: created, Updated: created, ID: job, Status: "queued"}

	blender  = api.BlenderPathCheckResult{Input: "blender", Path: "/usr/bin/blender", Source: api.BlenderFromPath, IsUsable: true, Cause: "Blender 4.5.3 LTS"}
	images   = api.JobLastRenderedImageInfo{Base: "/job-files/job-0b7a/" + job, Suffixes: []string{"last-rendered.jpg", "last-rendered-small.jpg", "last-rendered-tiny.jpg"}}
	file     = api.ShamanFileSpec{SHA: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", Size: 123456, Path: "textures/wood.png"}
	needed   = api.ShamanFileSpecWithStatus{ShamanFileSpec: file, Status: api.ShamanUnknown}
	blocking = api.JobBlocklistEntry{WorkerID: worker, TaskType: "blender", WorkerName: "workhorse"}

	jobType = farm.JobType{Description: "Renders frames, then makes a video", ETag: "eba586e16d6b55baaa43e32f9e78ae514b457fee",
		Label: "Simple Blender Render", Name: "simple-blender-render", Settings: []farm.Setting{setting, {Key: "frames", Type: farm.SettingString}}}
	setting = farm.Setting{Choices: []string{"PNG", "JPEG"}, Default: "PNG", Description: "File format", Editable: new(true),
		Eval: "C.scene.render.image_settings.file_format", EvalInfo: &farm.EvalInfo{Description: "As in the scene", ShowLinkButton: true},
		Key: "format", Label: "Format", Propargs: map[string]any{"min": 1.0}, Required: new(true), Subtype: "file_path", Type: farm.SettingString, Visible: "web"}
)

// configuration is a farm.Config with every key.
func configuration() farm.Config {
	c := farm.DefaultConfig()
	c.SlowRetry = true
	c.RenderLastFramesTwice = true
	c.LocalManagerStoragePath, c.SharedStoragePath = "/var/farm", "/farm"
	c.Shaman.Enabled, c.PricePerKWh = true, 0.5
	c.TLS, c.TLSCert, c.TLSKey, c.TrustedAddresses, c.ApproveWorkers = "self", "cert.pem", "key.pem", []string{"192.168.1.0/24"}, true
	c.AllowedHosts = []string{"farm.studio.example"}
	c.MQTT.Client = farm.MQTTClient{Enabled: true, Broker: "tcp://mqtt.local:1883", ClientID: "farm", TopicPrefix: "flamenco", Username: "farm", Password: "secret"}
	c.Variables = farm.Variables{"projects": {IsTwoWay: true, Values: []farm.VariableValue{
		{Audience: "workers", Platform: "linux", Platforms: []string{"linux", "darwin"}, Value: "/farm/projects"}}}}
	return c
}

// shapes is every type of the wire.
func shapes() []shape {
	var all []shape
	all = append(all, metaShapes()...)
	all = append(all, workerShapes()...)
	all = append(all, workerMgtShapes()...)
	all = append(all, jobShapes()...)
	all = append(all, taskShapes()...)
	all = append(all, shamanShapes()...)
	return append(all, eventShapes()...)
}

func metaShapes() []shape {
	return []shape{
		{"Error", api.Error{Code: 404, Message: "there is no such job"}, api.Error{}},
		{"Version", api.Version{Version: "1.0.0", ShortVersion: "3.8.5", Name: "Farm", Git: "a1b2c3d"}, api.Version{}},
		{"SetUp", api.SetUp{FirstRun: true, MaySetUp: true, Platform: "linux", File: "/srv/farm/farm.yaml", Storage: "/mnt/farm", DefaultStorage: "/srv/farm/storage", StorageFrom: "--shared-storage", OnlyHere: true, MayMove: true, Listen: ":8080"}, api.SetUp{}},
		{"SetUpFolder", api.SetUpFolder{Path: "/mnt/farm", Create: true, Use: true}, api.SetUpFolder{}},
		{"SetUpFolderFound", api.SetUpFolderFound{Path: "/mnt/farm", Usable: true, Missing: true, Cause: "it works", Advice: []string{"Mount it."}, Free: 1 << 40, Used: true}, api.SetUpFolderFound{}},
		{"SetUpPrograms", api.SetUpPrograms{Blenders: []api.SetUpProgram{program}, FFmpeg: program}, api.SetUpPrograms{}},
		{"SetUpProgram", program, api.SetUpProgram{}},
		{"SetUpBlender", api.SetUpBlender{Path: "/opt/blender", Use: true}, api.SetUpBlender{}},
		{"SetUpNetwork", api.SetUpNetwork{OnlyHere: true}, api.SetUpNetwork{}},
		{"Notifications", notifications, api.Notifications{}},
		{"NotificationWay", notificationWay, api.NotificationWay{}},
		{"NotificationRule", notifications.Rules[0], api.NotificationRule{}},
		{"NotificationMail", notifications.Mail, api.NotificationMail{}},
		{"NotificationPerJob", notifications.PerJob, api.NotificationPerJob{}},
		{"NotificationEvent", notifications.Events[0], api.NotificationEvent{}},
		{"NotificationWayKind", notifications.Kinds[0], api.NotificationWayKind{}},
		{"NotificationTest", api.NotificationTest{Way: "page"}, api.NotificationTest{}},
		{"NotificationResults", api.NotificationResults{Results: []api.NotificationResult{{Way: "page", Error: "away"}}}, api.NotificationResults{}},
		{"NotificationResult", api.NotificationResult{Way: "page", OK: true, Error: "away"}, api.NotificationResult{}},
		{"NotificationDeliveries", api.NotificationDeliveries{Waiting: 1, Deliveries: []api.NotificationDelivery{delivery}}, api.NotificationDeliveries{}},
		{"NotificationDelivery", delivery, api.NotificationDelivery{State: "sent"}},
		{"FarmConfiguration", api.FarmConfiguration{File: "/srv/farm/farm.yaml", MayChangeGuarded: true, Pending: []string{"listen"}, Keys: []api.ConfigurationKey{configKey}}, api.FarmConfiguration{}},
		{"ConfigurationKey", configKey, api.ConfigurationKey{Kind: "text", Value: "", Default: ""}},
		{"ConfigurationChanges", api.ConfigurationChanges{Changes: map[string]any{"task_timeout": "20m"}, Check: true}, api.ConfigurationChanges{}},
		{"ConfigurationChanged", api.ConfigurationChanged{Changes: []api.ConfigurationChange{configChange}}, api.ConfigurationChanged{}},
		{"ConfigurationChange", configChange, api.ConfigurationChange{From: "", To: ""}},
		{"ManagerConfiguration", api.ManagerConfiguration{StorageLocation: "/farm", ShamanEnabled: true, IsFirstRun: true}, api.ManagerConfiguration{}},
		{"PathCheckInput", api.PathCheckInput{Path: "/farm"}, api.PathCheckInput{}},
		{"PathCheckResult", api.PathCheckResult{Path: "/farm", IsUsable: true, Cause: "files can be made here"}, api.PathCheckResult{}},
		{"BlenderPathCheckResult", blender, api.BlenderPathCheckResult{}},
		{"SetupAssistantConfig", api.SetupAssistantConfig{StorageLocation: "/farm", BlenderExecutable: blender}, api.SetupAssistantConfig{}},
		{"ManagerVariables", api.ManagerVariables{"jobs": {Value: "/farm/jobs", IsTwoWay: true}}, api.ManagerVariables(nil)},
		{"ManagerVariable", api.ManagerVariable{Value: "/farm/jobs", IsTwoWay: true}, api.ManagerVariable{}},
		{"SharedStorageLocation", api.SharedStorageLocation{Location: `F:\farm`, Audience: "users", Platform: "windows", ShamanEnabled: true}, api.SharedStorageLocation{}},
		{"FarmStatus", api.FarmStatus{Status: farm.FarmActive}, api.FarmStatus{Status: farm.FarmIdle}},
		{"Configuration", configuration(), farm.Config{}},
	}
}

func workerShapes() []shape {
	types := []string{"blender", "ffmpeg"}
	return []shape{
		{"WorkerRegistration", api.WorkerRegistration{Secret: "f00d", Platform: "linux", SupportedTaskTypes: types, Name: "workhorse"}, api.WorkerRegistration{}},
		{"RegisteredWorker", api.RegisteredWorker{UUID: worker, Name: "workhorse", Address: "192.168.0.7", Status: "awake", Platform: "linux",
			Software: "1.0.0", SupportedTaskTypes: types}, api.RegisteredWorker{UUID: worker}},
		{"WorkerSignOn", api.WorkerSignOn{Name: "workhorse", SupportedTaskTypes: types, SoftwareVersion: "1.0.0", CanRestart: true, Facts: &facts}, api.WorkerSignOn{}},
		{"WorkerStateChange", api.WorkerStateChange{StatusRequested: "awake"}, api.WorkerStateChange{StatusRequested: "asleep"}},
		{"WorkerStateChanged", api.WorkerStateChanged{Status: "awake"}, api.WorkerStateChanged{Status: "asleep"}},
		{"AssignedTask", api.AssignedTask{UUID: task, Job: job, Name: "render-1-10", Status: "active", Priority: 50, JobPriority: 60,
			JobType: "simple-blender-render", TaskType: "blender", Commands: []api.Command{command}, StepsCompleted: 3, StepsTotal: 10,
			Rendered: []farm.RenderedFrame{{Frame: 1, Saved: frame.Saved, Source: frame.Source}}, LeaveOut: "7-10"},
			api.AssignedTask{UUID: task, Job: job, Status: "active"}},
		{"RenderedFrame", farm.RenderedFrame{Frame: 1, Saved: frame.Saved, Source: frame.Source}, farm.RenderedFrame{}},
		{"Command", command, api.Commands([]farm.Command{{}})[0]},
		{"TaskUpdate", api.TaskUpdate{TaskStatus: "completed", Activity: "Completed", Log: "done\n", StepsCompleted: new(10), Frames: []farm.FrameResult{frame}, LeftOut: "7-10"}, api.TaskUpdate{}},
		{"FrameResult", frame, farm.FrameResult{}},
		{"MayKeepRunning", api.MayKeepRunning{MayKeepRunning: true, Reason: "no reason", StatusChangeRequested: true}, api.MayKeepRunning{}},
	}
}

func workerMgtShapes() []shape {
	return []shape{
		{"WorkerList", api.WorkerList{Workers: []api.WorkerSummary{workerSummary, newWorker}}, api.WorkerList{}},
		{"WorkerSummary", workerSummary, newWorker},
		{"Worker", api.Worker{WorkerSummary: workerSummary, IPAddress: "192.168.0.7", Platform: "linux", SupportedTaskTypes: []string{"blender"},
			Task: &api.WorkerTask{TaskSummary: taskSummary, JobID: job}, Tags: []api.WorkerTag{fullTag}, Facts: &facts, Load: &loaded}, api.Worker{WorkerSummary: newWorker}},
		{"WorkersAtWork", api.WorkersAtWork{Workers: []api.WorkerAtWork{{Worker: api.Worker{WorkerSummary: newWorker}, JobName: "shot 010", Idle: "no job waits for a worker"}}}, api.WorkersAtWork{}},
		{"WorkerAtWork", api.WorkerAtWork{Worker: api.Worker{WorkerSummary: workerSummary, IPAddress: "192.168.0.7", Platform: "linux", SupportedTaskTypes: []string{"blender"},
			Task: &api.WorkerTask{TaskSummary: taskSummary, JobID: job}, Tags: []api.WorkerTag{fullTag}, Facts: &facts, Load: &loaded}, JobName: "shot 010", Idle: "no job waits for a worker"},
			api.WorkerAtWork{Worker: api.Worker{WorkerSummary: newWorker}}},
		{"JoinCodeRequest", api.JoinCodeRequest{Uses: 5, Valid: "24h", Note: "shelf"}, api.JoinCodeRequest{}},
		{"JoinCode", joinCode, api.JoinCode{ID: "0badcafe", Uses: 1, Created: created, Expires: updated}},
		{"JoinCodes", api.JoinCodes{Codes: []api.JoinCode{joinCode}}, api.JoinCodes{}},
		{"WorkerUpdate", api.WorkerUpdate{Version: "1.0.0", SHA256: "f00d", Size: 4}, api.WorkerUpdate{}},
		{"RolloutRequest", api.RolloutRequest{Workers: []farm.WorkerID{worker}}, api.RolloutRequest{}},
		{"Rollout", api.Rollout{Version: "1.0.0", Began: &updated, Over: true, Stopped: "workhorse was not updated", Workers: []api.RolloutWorker{rolled}}, api.Rollout{}},
		{"RolloutWorker", rolled, api.RolloutWorker{State: farm.UpdateWaiting}},
		{"JoinOffer", api.JoinOffer{Name: "Farm", FarmID: string(job), Version: "1.0.0", Left: 1, Expires: updated}, api.JoinOffer{Expires: updated}},
		{"Unable", unable[0], farm.Unable{TaskTypes: []string{}}},
		{"WorkerFacts", facts, api.WorkerFacts{}},
		{"WorkerLoad", loaded, api.WorkerLoad{}},
		{"GPULoad", card, farm.GPULoad{}},
		{"MirrorFile", farm.MirrorFile{Path: "jobs/shot/a.blend", Size: 4096, Modified: updated, SHA256: "f00d", Optional: true}, farm.MirrorFile{}},
		{"MirrorFiles", api.MirrorFiles{Files: []farm.MirrorFile{{Path: "jobs/shot/a.blend", Size: 4096, Modified: updated, SHA256: "f00d", Optional: true}}}, api.MirrorFiles{}},
		{"MirrorUploadState", api.MirrorUploadState{Offset: 4096, Whole: true}, api.MirrorUploadState{}},
		{"WorkerBlender", installed, farm.WorkerBlender{}},
		{"BlenderOffers", api.BlenderOffers{Blenders: []farm.BlenderOffer{offer}}, api.BlenderOffers{}},
		{"BlenderOffer", offer, farm.BlenderOffer{}},
		{"RenderDevice", device, farm.RenderDevice{}},
		{"SecondRun", api.SecondRun{Rendered: true, Reason: "no reason"}, api.SecondRun{}},
		{"SecondRunAnswer", api.SecondRunAnswer{Yours: true, Reason: "no reason"}, api.SecondRunAnswer{}},
		{"WorkerInUse", api.WorkerInUse{InUse: "in use by its owner", GiveBack: true}, api.WorkerInUse{}},
		{"WorkerUnable", api.WorkerUnable{Unable: unable}, api.WorkerUnable{}},
		{"WorkerNeeds", api.WorkerNeeds{Storage: "/mnt/farm", StorageID: string(worker), Blender: "blender", FFmpeg: "ffmpeg", Mirror: true}, api.WorkerNeeds{}},
		{"WorkerTask", api.WorkerTask{TaskSummary: taskSummary, JobID: job}, api.WorkerTask{TaskSummary: newTask, JobID: job}},
		{"WorkerStatusChangeRequest", request, api.WorkerStatusChangeRequest{Status: "awake"}},
		{"WorkerTagChangeRequest", api.WorkerTagChangeRequest{TagIDs: []farm.TagID{tag}}, api.WorkerTagChangeRequest{}},
		{"WorkerSchedule", api.WorkerSchedule{Active: true, Windows: []api.SleepWindow{{Days: "fr sa", From: "22:00", To: "06:00"}}, TimeZone: "Europe/Berlin",
			Wants: "asleep", NextChange: updated}, api.WorkerSchedule{}},
		{"SleepWindow", api.SleepWindow{Days: "fr sa", From: "22:00", To: "06:00"}, api.SleepWindow{}},
		{"WorkerSleepSchedule", api.WorkerSleepSchedule{IsActive: true, DaysOfWeek: "mo tu we th fr", StartTime: "09:00", EndTime: "18:00"}, api.WorkerSleepSchedule{}},
		{"WorkerTagList", api.WorkerTagList{Tags: []api.WorkerTag{fullTag}}, api.WorkerTagList{}},
		{"WorkerTag", fullTag, api.WorkerTag{Name: "gpu"}},
		{"Finding", finding, farm.Finding{Level: farm.FindingWarning}},
		{"Findings", api.Findings{Findings: api.List[farm.Finding]{finding}, Checked: updated}, api.Findings{}},
		{"Demand", api.Demand{Recommended: 9, Missing: 3, Idle: 2, Busy: 4, Asleep: 1, Tasks: 50, Seconds: 1000.5, Classes: []api.DemandClass{demanded}}, api.Demand{}},
		{"DemandClass", demanded, api.DemandClass{TaskType: "blender", Match: "same"}},
	}
}

var demanded = api.DemandClass{Tag: "gpu", TaskType: "blender", Blender: "4.2", Match: "same", GPU: true, Memory: 1 << 30, Tasks: 50, Guessed: 5, Seconds: 1000.5, Longest: 40.25,
	Idle: 2, Busy: 4, Asleep: 1, Recommended: 9}

func jobShapes() []shape {
	broken := farm.BrokenType{Name: "my-type", File: "my_type.js", Error: "SyntaxError: Unexpected token ; at my_type.js:3:12"}
	return []shape{
		{"AvailableJobTypes", api.JobTypes([]farm.JobType{jobType}), api.JobTypes(nil)},
		{"BrokenJobTypes", api.BrokenJobTypes{Broken: []farm.BrokenType{broken}}, api.BrokenJobTypes{}},
		{"BrokenJobType", broken, farm.BrokenType{}},
		{"AvailableJobType", jobType, api.JobType(farm.JobType{})},
		{"AvailableJobSetting", setting, farm.Setting{Key: "frames", Type: farm.SettingString}},
		{"SubmittedJob", api.SubmittedJob{Name: "shot 010", Type: "simple-blender-render", TypeETag: jobType.ETag, Priority: 60, SubmitterPlatform: "linux",
			Settings: map[string]any{"frames": "1-100"}, Metadata: map[string]string{"project": "Spring"},
			Storage: &api.JobStorageInfo{ShamanCheckoutID: "shot-010"}, WorkerTag: tag, InitialStatus: "paused", BlenderVersion: "4.2", BlenderMatch: "newer"},
			api.SubmittedJob{Name: "shot 010", Type: "simple-blender-render", Priority: api.DefaultPriority, SubmitterPlatform: "linux"}},
		{"JobStorageInfo", api.JobStorageInfo{ShamanCheckoutID: "shot-010"}, api.JobStorageInfo{}},
		{"Job", wholeJob, newJob},
		{"JobsQueryResult", api.JobsQueryResult{Jobs: []api.Job{wholeJob, newJob}}, api.JobsQueryResult{}},
		{"Audit", api.Audit{Dropped: 12, Changes: []farm.Change{{Time: updated, By: farm.Actor{Name: "anna", Address: "192.0.2.1", Agent: "Farm/1.0"}, What: "Priority changed from 50 to 80"}}},
			api.Audit{}},
		{"Change", farm.Change{Time: updated, By: farm.Actor{Name: "anna", Address: "192.0.2.1", Agent: "Farm/1.0"}, What: "Paused: lunch"}, farm.Change{}},
		{"TimeLeft", *timeLeft, api.TimeLeft{}},
		{"JobCosts", api.JobCosts{Frames: 100, Rendered: 120, Warnings: 1, Seconds: 4210.5, CPU: 8000.25, Load: 12.5, Save: 30, Memory: 1 << 30, GPUMemory: 1 << 29,
			EnergyKWh: 1.25, Price: 0.5, TimeLeft: timeLeft, Slowest: []api.SlowFrame{{Frame: 37, Seconds: 90.5}}, Workers: []api.WorkerCost{workerCost}}, api.JobCosts{}},
		{"WorkerCost", workerCost, api.WorkerCost{}},
		{"WorkerCosts", api.WorkerCosts{Job: job, JobName: "shot 010", WorkerCost: workerCost}, api.WorkerCosts{}},
		{"JobsFound", api.JobsFound{Jobs: []api.EventJobUpdate{{ID: job, Status: "active"}}, Total: 1, All: 3, Statuses: map[string]int{"active": 1}, Types: map[string]int{"a": 1}, Tags: map[string]int{api.NoTag: 1}, Submitters: map[string]int{"anna": 1}}, api.JobsFound{}},
		{"JobFrames", api.JobFrames{Frames: []api.JobFrame{jobFrame}, Next: 256}, api.JobFrames{}},
		{"JobFrame", jobFrame, api.JobFrame{Status: "queued"}},
		{"Backup", api.Backup{Path: "/srv/farm/backups/farm-20261123-110203-manual.db", Kind: "partial", Made: updated, Size: 3 << 20, Lacks: []string{"the job 1 is not in it"}}, api.Backup{Kind: "daily"}},
		{"FileCount", stored, api.FileCount{}},
		{"FileUsage", api.FileUsage{Stored: stored, Uploads: stored, Checkouts: 1, Free: 5 << 30, Quota: 9 << 30, KeepFree: 1 << 30}, api.FileUsage{}},
		{"CollectFiles", api.CollectFiles{Delete: true, OlderThan: new(farm.Duration(time.Hour))}, api.CollectFiles{}},
		{"CollectedFiles", api.CollectedFiles{Deleted: true, Stored: stored, Uploads: stored, Kept: stored, Checkouts: 1, Names: []string{"file-store/stored/ab/cd"}}, api.CollectedFiles{}},
		{"JobTypeSource", api.JobTypeSource{Name: "still-frames", File: "still_frames.js", Source: "const JOB_TYPE = {}"}, api.JobTypeSource{}},
		{"StorageFolder", api.StorageFolder{Path: "shots", Entries: []api.StorageEntry{{Name: "a.blend", Size: 1 << 20, Modified: updated}}, More: 3}, api.StorageFolder{}},
		{"SubmissionFile", api.SubmissionFile{Path: "shots/a.blend", Name: "a.blend", Size: 1 << 20, Files: []api.FolderFile{{Path: "wood.png", Size: 7, SHA: file.SHA}}}, api.SubmissionFile{}},
		{"FolderFile", api.FolderFile{Path: "wood.png", Size: 7, SHA: file.SHA}, api.FolderFile{}},
		{"SubmissionFiles", api.SubmissionFiles{Files: []api.FolderFile{{Path: "wood.png", Size: 7, SHA: file.SHA}}}, api.SubmissionFiles{}},
		{"SubmissionNeeds", api.SubmissionNeeds{Send: []string{"wood.png"}, First: true, Needed: 2, Bytes: 9}, api.SubmissionNeeds{}},
		{"Submission", api.Submission{ID: string(task), Name: "a.blend", Store: true}, api.Submission{ID: string(task)}},
		{"SubmissionOptions", api.SubmissionOptions{Name: "shot", Type: "simple-blender-render", Priority: new(70), Tag: string(tag), Settings: map[string]string{"frames": "1-3"}, Paused: true, AllowMissing: true, Notify: []string{"td@studio.example"}}, api.SubmissionOptions{}},
		{"SubmissionReport", api.SubmissionReport{Name: "shot", Settings: map[string]any{"frames": "1-3"}, Missing: []api.MissingFile{{Path: "wood.png", Kind: "image", Owner: "wood.png", Library: "kitchen.blend", Why: "there is no such file"}}, More: 2, Notes: []string{"no Blender looked into the file"}},
			api.SubmissionReport{Settings: map[string]any{}}},
		{"JobRerender", api.JobRerender{Frames: "37,41-44", Reason: "the light was on"}, api.JobRerender{}},
		{"JobRerendered", api.JobRerendered{Frames: "37,41", Waiting: "42-44", Tasks: 2, Kept: "20261123-110203"}, api.JobRerendered{}},
		{"JobComments", api.JobComments{Comments: []farm.Comment{comment}}, api.JobComments{}},
		{"TaskAttempts", api.TaskAttempts{Attempts: []api.TaskAttempt{attempt}}, api.TaskAttempts{}},
		{"TaskAttempt", attempt, api.TaskAttempt{Number: 1, Status: "active"}},
		{"Comment", comment, farm.Comment{ID: 1, Text: "too dark"}},
		{"NewComment", api.NewComment{Frame: 3, Text: "too dark", Tag: "redo"}, api.NewComment{}},
		{"EventComments", api.EventComments{JobID: job}, api.EventComments{}},
		{"FarmNow", api.FarmNow{Frames: []int{0, 12, 3}, Stuck: []api.StuckTask{stuck}, Disks: []api.DiskFree{{Of: "storage", Free: 3 << 30}}}, api.FarmNow{}},
		{"StuckTask", stuck, api.StuckTask{ID: task, JobID: job, Index: 1}},
		{"WorkerHistory", api.WorkerHistory{Jobs: []api.WorkerPart{part}, Days: []api.WorkerDay{day}}, api.WorkerHistory{}},
		{"WorkerDay", day, api.WorkerDay{Date: "2026-11-29"}},
		{"WorkerPart", part, api.WorkerPart{JobID: job}},
		{"DiskFree", api.DiskFree{Of: "storage", Free: 3 << 30}, api.DiskFree{Of: "logs"}},
		{"JobOutput", api.JobOutput{Folder: "/shared/renders/shot 7", Stored: true, Video: "shot 7.mp4", VideoReady: true}, api.JobOutput{}},
		{"JobRequeue", api.JobRequeue{Tasks: api.RequeueFailed, Reason: "the texture is there"}, api.JobRequeue{}},
		{"JobStatusChange", api.JobStatusChange{Status: "cancel-requested", Reason: "wrong camera"}, api.JobStatusChange{Status: "requeueing"}},
		{"Why", api.Why{Running: true, Reason: "all 2 workers that could do it are asleep", Next: "wake it with: farm workers wake render07", Details: []string{"worker a does no blender tasks"},
			Advice: "see whether it runs", Actions: []api.Action{{Verb: "wake-worker", Target: api.ActionTarget{Job: "a", Task: "b", Worker: "c", WorkerName: "render07"},
				Parameters: &api.ActionParameters{Tasks: "failed", Priority: 100, Tag: "d", TagName: "gpu", TaskType: "blender", JobStatus: "paused", Frames: "3,7-9"}, Label: "Wake render07", Command: "farm workers wake render07"}}, Warnings: []string{"task 7 takes long: it has run for 1h"},
			Cause: &api.Cause{Class: "gpu-memory", Means: "The scene does not fit into the memory of this graphics card.", Next: "Render it on a larger card.", Line: "Error: Out of memory in CUDA"}}, api.Why{}},
		{"Action", api.Action{Verb: "resume-job", Target: api.ActionTarget{Job: job}, Parameters: &api.ActionParameters{Tasks: "failed"}, Label: "Resume", Command: "farm jobs resume 1f2e3d4c"}, api.Action{Verb: "show-log"}},
		{"Cause", api.Cause{Class: "no-camera", Means: "The scene has no camera.", Next: "Add one in Blender.", Line: "Error: Cannot render, no camera"}, api.Cause{}},
		{"JobPriorityChange", api.JobPriorityChange{Priority: 100}, api.JobPriorityChange{}},
		{"JobTagChange", api.JobTagChange{ID: tag, Name: "gpu"}, api.JobTagChange{}},
		{"JobDeletionInfo", api.JobDeletionInfo{ShamanCheckout: true}, api.JobDeletionInfo{}},
		{"JobMassDeletionSelection", api.JobMassDeletionSelection{LastUpdatedMax: updated}, api.JobMassDeletionSelection{}},
		{"JobBlocklist", api.JobBlocklist{blocking}, api.JobBlocklist(nil)},
		{"JobBlocklistEntry", blocking, api.JobBlocklistEntry{}},
		{"JobLastRenderedImageInfo", images, api.JobLastRenderedImageInfo{}},
	}
}

func taskShapes() []shape {
	return []shape{
		{"JobTasksSummary", api.JobTasksSummary{Tasks: []api.TaskSummary{taskSummary, newTask}}, api.JobTasksSummary{}},
		{"TaskSummary", taskSummary, newTask},
		{"TaskWorker", taskWorker, api.TaskWorker{}},
		{"Task", api.Task{ID: task, Created: created, Updated: updated, JobID: job, IndexInJob: 1, Name: "render-1-10", Status: "active", Priority: 50,
			TaskType: "blender", Activity: "Progress", Commands: []api.Command{command}, StepsCompleted: 3, StepsTotal: 10, Worker: taskWorker,
			LastTouched: updated, FailedByWorkers: []api.TaskWorker{{ID: worker}}},
			api.Task{ID: task, JobID: job, IndexInJob: 1, Status: "queued"}},
		{"TaskLogInfo", api.TaskLogInfo{TaskID: task, JobID: job, URL: "/job-files/job-0b7a/" + job + "/task-" + task + ".txt", Size: 1 << 40}, api.TaskLogInfo{TaskID: task, JobID: job}},
		{"TaskStatusChange", api.TaskStatusChange{Status: "queued", Reason: "once more"}, api.TaskStatusChange{Status: "canceled"}},
	}
}

func shamanShapes() []shape {
	return []shape{
		{"ShamanFileSpec", file, api.ShamanFileSpec{}},
		{"ShamanRequirementsRequest", api.ShamanRequirementsRequest{Files: []api.ShamanFileSpec{file}}, api.ShamanRequirementsRequest{}},
		{"ShamanRequirementsResponse", api.ShamanRequirementsResponse{Files: []api.ShamanFileSpecWithStatus{needed}}, api.ShamanRequirementsResponse{}},
		{"ShamanFileSpecWithStatus", needed, api.ShamanFileSpecWithStatus{Status: api.ShamanUploading}},
		{"ShamanSingleFileStatus", api.ShamanSingleFileStatus{Status: api.ShamanStored}, api.ShamanSingleFileStatus{Status: api.ShamanUnknown}},
		{"ShamanCheckout", api.ShamanCheckout{Files: []api.ShamanFileSpec{file}, CheckoutPath: "shot-010"}, api.ShamanCheckout{}},
		{"ShamanCheckoutResult", api.ShamanCheckoutResult{CheckoutPath: "shot-010-x7k2"}, api.ShamanCheckoutResult{}},
	}
}

func eventShapes() []shape {
	return []shape{
		{"EventLifeCycle", api.EventLifeCycle{Type: api.LifeCycleStartup}, api.EventLifeCycle{Type: api.LifeCycleShutdown}},
		{"EventFarmStatus", api.EventFarmStatus{Status: farm.FarmActive}, api.EventFarmStatus{Status: farm.FarmAsleep}},
		{"EventJobUpdate", api.EventJobUpdate{ID: job, Name: "shot 010", Updated: updated, Status: "active", PreviousStatus: "queued",
			Type: "simple-blender-render", Priority: 50, RefreshTasks: true, StepsCompleted: 3, StepsTotal: 101, DeleteRequestedAt: updated, TimeLeft: timeLeft, WasDeleted: true,
			Created: created, Activity: "rendering", WorkerTag: tag, TaskCounts: map[string]int{"active": 1}, LastRendered: &images, Submitter: "anna"},
			api.EventJobUpdate{ID: job}},
		{"EventTaskUpdate", api.EventTaskUpdate{ID: task, JobID: job, Name: "render-1-10", Updated: updated, Status: "active", PreviousStatus: "queued",
			Activity: "Progress", StepsCompleted: 3, StepsTotal: 10, Worker: &api.EventTaskWorker{Name: "workhorse", UUID: worker}},
			api.EventTaskUpdate{ID: task, JobID: job, Status: "queued"}},
		{"EventTaskLogUpdate", api.EventTaskLogUpdate{TaskID: task, Log: "Fra:1\n"}, api.EventTaskLogUpdate{TaskID: task}},
		{"EventLastRenderedUpdate", api.EventLastRenderedUpdate{JobID: job, Thumbnail: images}, api.EventLastRenderedUpdate{JobID: job}},
		{"EventWorkerUpdate", api.EventWorkerUpdate{ID: worker, Name: "workhorse", Updated: updated, LastSeen: updated, Status: "awake",
			PreviousStatus: "starting", StatusChange: &request, Version: "1.0.0", DeletedAt: updated, CanRestart: true, InUse: "in use by its owner", Unable: unable, Unapproved: true}, api.EventWorkerUpdate{ID: worker}},
		{"EventWorkerLoads", api.EventWorkerLoads{Workers: []api.EventWorkerLoad{busyOne}}, api.EventWorkerLoads{}},
		{"EventWorkerLoad", busyOne, api.EventWorkerLoad{ID: worker}},
		{"EventWorkerTagUpdate", api.EventWorkerTagUpdate{Tag: fullTag, WasDeleted: true}, api.EventWorkerTagUpdate{Tag: api.WorkerTag{ID: tag}}},
	}
}
