package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// An adviser follows what the farm advises: it types the commands of actions.
type adviser struct {
	*testFarm
	t     *testing.T
	typed []farm.ActionVerb // what was done
}

// follow types the command of the action with the verb, which must be among those of the
// answer and in its line for people, and returns what it wrote.
func (a *adviser) follow(verb farm.ActionVerb, why api.Why, err error) string {
	a.t.Helper()
	i := slices.IndexFunc(why.Actions, func(o api.Action) bool { return o.Verb == string(verb) })
	if err != nil || i < 0 {
		a.t.Fatalf("%v: %s is not among %+v of %q", err, verb, why.Actions, why.Reason)
	}
	command := why.Actions[i].Command
	words, err := farm.SplitShell(command)
	if err != nil || len(words) < 2 || words[0] != "farm" {
		a.t.Fatalf("%v: %s", err, command)
	}
	a.typed = append(a.typed, verb)
	status, out, said := a.said(a.t, words[1:]...)
	if status != exitOK {
		a.t.Fatalf("%s ends with %d: %s%s", command, status, out, said)
	}
	return out + said
}

// followJob is follow of what is advised about a job, which has the status then.
func (a *adviser) followJob(verb farm.ActionVerb, job farm.JobID, status string) (out string) {
	a.t.Helper()
	why, err := a.client.FetchJobWhy(a.t.Context(), job)
	out = a.follow(verb, why, err)
	j, err := a.client.FetchJob(a.t.Context(), job)
	if err != nil || j.Status != status {
		a.t.Errorf("after %s the job is %s, and not %s: %v", verb, j.Status, status, err)
	}
	return out
}

func (a *adviser) setJob(job farm.JobID, status string) {
	a.t.Helper()
	if err := a.client.SetJobStatus(a.t.Context(), job, api.JobStatusChange{Status: status, Reason: "a test"}); err != nil {
		a.t.Fatal(err)
	}
}

// newAdviser starts a farm that blocks a worker with its first failure.
func newAdviser(t *testing.T) *adviser {
	t.Helper()
	f := &testFarm{session: testSession(t, map[string]string{"FARM_LISTEN": "127.0.0.1:0"})}
	writeConfig(t, f.session, "blocklist_threshold: 1\nworker_timeout: 1h\napprove_workers: true\n")
	f.start(t)
	t.Cleanup(func() { f.stop(t) })
	return &adviser{testFarm: f, t: t}
}

// TestAdviceIsTyped types every command that is advised, and looks whether it does what the
// button of its action does; see TestAdviceIsDone of package ui for those.
func TestAdviceIsTyped(t *testing.T) {
	a := newAdviser(t)
	adviceAboutJobs(a)
	adviceAboutWorkers(a)
	adviceAboutFrames(a)
	for _, verb := range []farm.ActionVerb{farm.DoResume, farm.DoRequeueJob, farm.DoRequeueTask, farm.DoRerender, farm.DoPriority, farm.DoUnblock,
		farm.DoAddTag, farm.DoWake, farm.DoApprove, farm.DoShowLog, farm.DoShowJobs, farm.DoShowWorker} {
		if !slices.Contains(a.typed, verb) {
			t.Errorf("nobody was advised to %s", verb)
		}
	}
}

func adviceAboutJobs(a *adviser) {
	t := a.t
	job := a.submit(t, 1).ID
	a.setJob(job, "pause-requested")
	a.followJob(farm.DoResume, job, "queued")
	a.setJob(job, "cancel-requested")
	a.followJob(farm.DoRequeueJob, job, "queued")

	w := a.worker(t, "render 01")
	w.take(t)
	task := w.task
	w.tell(t, api.TaskUpdate{TaskStatus: "failed", Log: "Error: Cannot render, no camera\n"})
	if out := a.followJob(farm.DoShowLog, job, "failed"); !strings.Contains(out, "no camera") {
		t.Error(out)
	}
	a.followJob(farm.DoRequeueJob, job, "queued")
	w.take(t)
	w.tell(t, api.TaskUpdate{TaskStatus: "failed", Log: "it broke\n"})
	a.followJob(farm.DoUnblock, job, "queued")
	if list, err := a.client.FetchJobBlocklist(t.Context(), job); err != nil || len(list) > 0 {
		t.Errorf("%v is still blocked: %v", list, err)
	}
	w.take(t)
	w.tell(t, api.TaskUpdate{TaskStatus: "failed"})
	a.setJob(job, "cancel-requested")
	why, err := a.client.FetchTaskWhy(t.Context(), task, "")
	a.follow(farm.DoRequeueTask, why, err)
	if got, err := a.client.FetchTask(t.Context(), task); err != nil || got.Status != "queued" {
		t.Errorf("the task is %s: %v", got.Status, err)
	}
	a.setJob(job, "cancel-requested")

	first, then := a.submit(t, 2).ID, a.submit(t, 2).ID
	for _, id := range []farm.JobID{first, then} {
		if err := a.client.SetJobPriority(t.Context(), id, api.JobPriorityChange{Priority: 60}); err != nil {
			t.Fatal(err)
		}
	}
	w.take(t)
	more := a.submit(t, 3).ID
	a.followJob(farm.DoPriority, more, "queued")
	if j, err := a.client.FetchJob(t.Context(), more); err != nil || j.Priority != 100 {
		t.Errorf("its priority is %d: %v", j.Priority, err)
	}
	for _, id := range []farm.JobID{first, then, more} {
		a.setJob(id, "cancel-requested")
	}
}

func adviceAboutWorkers(a *adviser) {
	t, ctx := a.t, a.t.Context()
	w := a.worker(t, "second one")
	id := farm.WorkerID(w.User)
	fast, err := a.client.CreateWorkerTag(ctx, api.WorkerTag{Name: "fast"})
	if err != nil {
		t.Fatal(err)
	}
	gpu, err := a.client.CreateWorkerTag(ctx, api.WorkerTag{Name: "with a card"})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.client.SetWorkerTags(ctx, id, api.WorkerTagChangeRequest{TagIDs: []farm.TagID{fast.ID}}); err != nil {
		t.Fatal(err)
	}
	job := a.submit(t, 1).ID
	if err := a.client.SetJobTag(ctx, job, api.JobTagChange{ID: gpu.ID}); err != nil {
		t.Fatal(err)
	}
	why, err := a.client.FetchWorkerWhy(ctx, id)
	a.follow(farm.DoAddTag, why, err)
	if is, err := a.client.FetchWorker(ctx, id); err != nil || len(is.Tags) != 2 {
		t.Errorf("it carries %v, and not both: %v", is.Tags, err)
	}
	a.setJob(job, "pause-requested")
	why, err = a.client.FetchWorkerWhy(ctx, id)
	if out := a.follow(farm.DoShowJobs, why, err); !strings.Contains(out, string(job)[:8]) {
		t.Error(out)
	}
	if err := w.WorkerStateChanged(ctx, api.WorkerStateChanged{Status: "asleep"}); err != nil {
		t.Fatal(err)
	}
	why, err = a.client.FetchWorkerWhy(ctx, id)
	a.follow(farm.DoWake, why, err)
	if is, err := a.client.FetchWorker(ctx, id); err != nil || is.StatusChange == nil || is.StatusChange.Status != "awake" {
		t.Errorf("it is asked for %+v: %v", is.StatusChange, err)
	}

	// A name that a shell would take for something else.
	stranger := a.registerFromElsewhere("-x; rm -rf ~")
	why, err = a.client.FetchWorkerWhy(ctx, stranger)
	a.follow(farm.DoApprove, why, err)
	if is, err := a.client.FetchWorker(ctx, stranger); err != nil || is.Unapproved {
		t.Errorf("it is not approved: %v", err)
	}
}

// adviceAboutFrames has a film of which some frames are of an older file, and one has
// pixels that are no numbers.
func adviceAboutFrames(a *adviser) {
	t, ctx := a.t, a.t.Context()
	job, err := a.client.SubmitJob(ctx, api.SubmittedJob{Name: "film", Type: "simple-blender-render", Priority: 50, SubmitterPlatform: "linux",
		Settings: map[string]any{"frames": "1-6", "chunk_size": 2, "blendfile": "/shots/7.blend", "scene": "", "format": "PNG", "image_file_extension": ".png", "has_previews": false, "preflight": false,
			"render_output_root": "/out", "add_path_components": 0, "render_output_path": "/out/######"}})
	if err != nil {
		t.Fatal(err)
	}
	w := a.worker(t, "renderer", "blender")
	saved := time.Now().UTC().Truncate(time.Second)
	for task := range 3 {
		w.take(t)
		var frames []farm.FrameResult
		for n := 2*task + 1; n <= 2*task+2; n++ {
			r := farm.FrameResult{Frame: n, Wall: 1000, Saved: saved, Source: saved}
			if task == 0 {
				r.Source = saved.Add(-time.Hour)
			}
			if n == 5 {
				r.Flags = farm.FrameNotFinite
			}
			frames = append(frames, r)
		}
		w.tell(t, api.TaskUpdate{TaskStatus: "completed", Frames: frames})
	}
	out := a.followJob(farm.DoRerender, job.ID, "active")
	if !strings.Contains(out, "rendering again: 5, in 1 task") {
		t.Error(out)
	}
	why, err := a.client.FetchJobWhy(ctx, job.ID)
	if err != nil || !slices.ContainsFunc(why.Warnings, func(text string) bool { return strings.Contains(text, "frames 1,2 were made from an older .blend") }) {
		t.Errorf("%v: %+v", err, why)
	}
	if out := a.follow(farm.DoRerender, why, nil); !strings.Contains(out, "rendering again: 1,2, in 1 task") {
		t.Error(out)
	}
	if why, err = a.client.FetchJobWhy(ctx, job.ID); err != nil || len(why.Warnings) > 0 {
		t.Errorf("%v: %q, when all are rendered again", err, why.Warnings)
	}
	a.setJob(job.ID, "cancel-requested")
	// Somebody wants a card, and it has none.
	facts := &farm.WorkerFacts{Blenders: []farm.WorkerBlender{{Version: "4.3.2", Path: "/b", Devices: []farm.RenderDevice{{Type: "CPU"}}}}}
	if _, err := w.SignOn(ctx, api.WorkerSignOn{Name: "renderer", SupportedTaskTypes: []string{"blender"}, SoftwareVersion: "1", Facts: facts}); err != nil {
		t.Fatal(err)
	}
	if err := w.WorkerStateChanged(ctx, api.WorkerStateChanged{Status: "awake"}); err != nil {
		t.Fatal(err)
	}
	needs, err := a.client.SubmitJob(ctx, api.SubmittedJob{Name: "card", Type: "simple-blender-render", Priority: 50, SubmitterPlatform: "linux", Settings: map[string]any{"frames": "1", "chunk_size": 1, "gpu": "require",
		"blendfile": "/shots/7.blend", "scene": "", "format": "PNG", "image_file_extension": ".png", "has_previews": false, "preflight": false, "render_output_root": "/out", "add_path_components": 0, "render_output_path": "/out/######"}})
	if err != nil {
		t.Fatal(err)
	}
	tasks, err := a.client.FetchJobTasks(ctx, needs.ID, api.TasksQuery{})
	if err != nil || len(tasks.Tasks) == 0 {
		t.Fatalf("no tasks: %v", err)
	}
	why, err = a.client.FetchTaskWhy(ctx, tasks.Tasks[0].ID, farm.WorkerID(w.User))
	if out := a.follow(farm.DoShowWorker, why, err); !strings.Contains(out, "renderer") {
		t.Error(out)
	}
}

// registerFromElsewhere registers and signs on a worker of a computer that is not the manager's.
func (a *adviser) registerFromElsewhere(name string) farm.WorkerID {
	a.t.Helper()
	text, err := json.Marshal(api.WorkerRegistration{Secret: strings.Repeat("s", 64), Platform: "linux", SupportedTaskTypes: []string{"misc"}, Name: name})
	if err != nil {
		a.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(a.t.Context(), patienceOfTests)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.host.url+"/api/v3/worker/register-worker", bytes.NewReader(text))
	if err != nil {
		a.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Forwarded-For", "192.0.2.9")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		a.t.Fatal(err)
	}
	defer answer.Body.Close()
	var registered struct{ UUID farm.WorkerID }
	if err := json.NewDecoder(answer.Body).Decode(&registered); err != nil || registered.UUID == "" {
		a.t.Fatalf("%s: %v", answer.Status, err)
	}
	w := a.client.WithCredentials(registered.UUID, strings.Repeat("s", 64))
	if _, err := w.SignOn(ctx, api.WorkerSignOn{Name: name, SupportedTaskTypes: []string{"misc"}, SoftwareVersion: "1"}); err != nil {
		a.t.Fatal(err)
	}
	if err := w.WorkerStateChanged(ctx, api.WorkerStateChanged{Status: "awake"}); err != nil {
		a.t.Fatal(err)
	}
	return registered.UUID
}
