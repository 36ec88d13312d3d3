package server

import (
	"encoding/json"
	"io"
	"net/http"
	"os"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/manager"
)

// submission reads a submitted job.
func (s *Server) submission(w http.ResponseWriter, r *http.Request) (farm.Submission, error) {
	var job api.SubmittedJob
	if err := s.readUpTo(w, r, bodyOfJob, &job); err != nil {
		return farm.Submission{}, err
	}
	sub := farm.Submission{
		Name: job.Name, Type: job.Type, TypeETag: job.TypeETag, Priority: job.Priority, SubmitterPlatform: job.SubmitterPlatform,
		Settings: job.Settings, Metadata: job.Metadata, Tag: job.WorkerTag,
	}
	if job.Storage != nil {
		sub.ShamanCheckout = job.Storage.ShamanCheckoutID
	}
	if sub.Settings == nil {
		sub.Settings = map[string]any{}
	}
	if sub.Metadata == nil {
		sub.Metadata = map[string]string{}
	}
	if err := blenderNeed(&sub, job); err != nil {
		return sub, err
	}
	switch job.InitialStatus {
	case "", farm.JobQueued.String(), farm.JobActive.String():
	case farm.JobPaused.String(), farm.JobPauseRequested.String():
		sub.Intent = farm.IntentHold
	default:
		return sub, farm.Errorf(farm.Invalid, `"initial_status" is %q: submit a job as queued or paused`, job.InitialStatus)
	}
	return sub, nil
}

// blenderNeed reads what the submitter knows and wants of Blenders. A match may also be
// a setting of the job type.
func blenderNeed(sub *farm.Submission, job api.SubmittedJob) error {
	version, ok := farm.ParseBlenderVersion(job.BlenderVersion)
	if job.BlenderVersion != "" && !ok {
		return farm.Errorf(farm.Invalid, `"blender_version" is %.40q: write it like 4.2, or leave it out`, job.BlenderVersion)
	}
	sub.Blender.Version = version
	match := job.BlenderMatch
	if set, ok := job.Settings["blender_match"].(string); ok && match == "" {
		match = set
	}
	if match == "" {
		return nil
	}
	if sub.Blender.Match, ok = farm.ParseBlenderMatch(match); !ok {
		return farm.Errorf(farm.Invalid, `"blender_match" is %.40q: choose same, newer or any`, match)
	}
	sub.BlenderMatchSet = true
	return nil
}

// submitJob plans and stores a job, and answers with it when it is on the disk.
func (s *Server) submitJob(w http.ResponseWriter, r *http.Request) error {
	sub, err := s.submission(w, r)
	if err != nil {
		return err
	}
	job, detail, warnings, err := s.m.Submit(r.Context(), sub, by(r))
	if farm.KindOf(err) == farm.UnknownTag {
		return farm.Errorf(farm.Invalid, "%w", err) // in a submission it is a value like any other
	}
	if err != nil {
		return err
	}
	for _, warning := range warnings {
		w.Header().Add("Farm-Warning", oneLine(warning))
	}
	return writeJSON(w, http.StatusOK, apiJob(job, detail, nil))
}

// oneLine makes text fit for a header: printable ASCII only.
func oneLine(text string) string {
	line := []byte(text)
	for i, c := range line {
		if c < ' ' || c > '~' {
			line[i] = '?'
		}
	}
	return string(line)
}

// submitJobCheck does all that submitJob does but storing the job.
func (s *Server) submitJobCheck(w http.ResponseWriter, r *http.Request) error {
	sub, err := s.submission(w, r)
	if err != nil {
		return err
	}
	if err := s.m.CheckSubmission(r.Context(), sub); err != nil {
		return err
	}
	return noContent(w)
}

// fetchJob shows a job with its settings and metadata.
func (s *Server) fetchJob(w http.ResponseWriter, r *http.Request) error {
	id, err := jobID(r)
	if err != nil {
		return err
	}
	giveBack, err := s.m.BulkyTurn(r.Context(), id)
	if err != nil {
		return err
	}
	if giveBack != nil {
		return s.writeBulkyJob(w, id, giveBack)
	}
	job, detail, err := s.m.Job(id)
	if err != nil {
		return err
	}
	costs, err := s.m.Costs(id)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, apiJob(job, detail, costs.Left))
}

// writeBulkyJob answers with a job of which only one may be in memory at a time: it waits
// in a file for a client that takes it slowly.
func (s *Server) writeBulkyJob(w http.ResponseWriter, id farm.JobID, giveBack func()) error {
	file, err := os.CreateTemp("", "farm-answer-*")
	if err != nil {
		giveBack()
		return err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	err = func() error {
		defer giveBack()
		job, detail, err := s.m.Job(id)
		if err != nil {
			return err
		}
		costs, err := s.m.Costs(id)
		if err != nil {
			return err
		}
		return json.NewEncoder(file).Encode(apiJob(job, detail, costs.Left))
	}()
	if err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	io.Copy(w, file)
	return nil
}

// deleteJob only begins with it: the job leaves the lists at once, its files and records
// go in the background, also after a crash.
func (s *Server) deleteJob(w http.ResponseWriter, r *http.Request) error {
	id, err := jobID(r)
	if err != nil {
		return err
	}
	if err := s.m.DeleteJob(id, by(r)); err != nil {
		return err
	}
	return noContent(w)
}

// deleteJobWhatWouldItDo tells whether the checkout would go with the job.
func (s *Server) deleteJobWhatWouldItDo(w http.ResponseWriter, r *http.Request) error {
	id, err := jobID(r)
	if err != nil {
		return err
	}
	removes, err := s.m.DeletionRemovesCheckout(id)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, api.JobDeletionInfo{ShamanCheckout: removes})
}

// deleteJobMass deletes all jobs that did not change since a time; 416 if there are none.
func (s *Server) deleteJobMass(w http.ResponseWriter, r *http.Request) error {
	var selection api.JobMassDeletionSelection
	if err := s.read(w, r, &selection); err != nil {
		return err
	}
	if err := s.m.DeleteJobs(selection.LastUpdatedMax, by(r)); err != nil {
		return err
	}
	return noContent(w)
}

// setJobStatus takes a wish: see farm.VerbFor for which there are.
func (s *Server) setJobStatus(w http.ResponseWriter, r *http.Request) error {
	id, err := jobID(r)
	if err != nil {
		return err
	}
	var change api.JobStatusChange
	if err := s.read(w, r, &change); err != nil {
		return err
	}
	status, _ := farm.ParseJobStatus(change.Status) // checked by read
	if err := s.m.SetJobStatus(id, status, change.Reason, by(r)); err != nil {
		return err
	}
	return noContent(w)
}

// requeueJob does again all of a job, as setJobStatus does, or only what failed.
func (s *Server) requeueJob(w http.ResponseWriter, r *http.Request) error {
	id, err := jobID(r)
	if err != nil {
		return err
	}
	var again api.JobRequeue
	if err := s.read(w, r, &again); err != nil {
		return err
	}
	if again.Tasks == api.RequeueFailed {
		err = s.m.RequeueFailed(id, again.Reason, by(r))
	} else {
		err = s.m.SetJobStatus(id, farm.JobRequeueing, again.Reason, by(r))
	}
	if err != nil {
		return err
	}
	return noContent(w)
}

// setJobPriority counts from the next task that is handed out; none is taken back.
func (s *Server) setJobPriority(w http.ResponseWriter, r *http.Request) error {
	id, err := jobID(r)
	if err != nil {
		return err
	}
	var change api.JobPriorityChange
	if err := s.read(w, r, &change); err != nil {
		return err
	}
	if err := s.m.SetJobPriority(id, change.Priority, by(r)); err != nil {
		return err
	}
	return noContent(w)
}

// setJobTag restricts the job to workers with the tag; without one, any worker may do it.
func (s *Server) setJobTag(w http.ResponseWriter, r *http.Request) error {
	id, err := jobID(r)
	if err != nil {
		return err
	}
	var change api.JobTagChange
	if err := s.read(w, r, &change); err != nil {
		return err
	}
	if err := s.m.SetJobTag(id, change.ID, change.Name, by(r)); err != nil {
		return err
	}
	return noContent(w)
}

// fetchJobBlocklist answers with an array, not an object, as the protocol has it.
func (s *Server) fetchJobBlocklist(w http.ResponseWriter, r *http.Request) error {
	id, err := jobID(r)
	if err != nil {
		return err
	}
	blocked, err := s.m.Blocklist(id)
	if err != nil {
		return err
	}
	list := api.JobBlocklist{}
	for _, b := range blocked {
		name, _ := s.m.WorkerName(b.Worker)
		list = append(list, api.JobBlocklistEntry{WorkerID: b.Worker, TaskType: b.TaskType, WorkerName: name})
	}
	return writeJSON(w, http.StatusOK, list)
}

// removeJobBlocklist lifts the blocks in its body. Those that do not exist are ignored.
func (s *Server) removeJobBlocklist(w http.ResponseWriter, r *http.Request) error {
	id, err := jobID(r)
	if err != nil {
		return err
	}
	var list api.JobBlocklist
	if err := s.read(w, r, &list); err != nil {
		return err
	}
	if len(list) == 0 {
		return farm.Errorf(farm.Invalid, "the list is empty: name the blocks to lift")
	}
	var blocks []manager.Block
	for _, entry := range list {
		blocks = append(blocks, manager.Block{Worker: entry.WorkerID, TaskType: entry.TaskType})
	}
	if err := s.m.Unblock(id, blocks, by(r)); err != nil {
		return err
	}
	return noContent(w)
}

// fetchJobLastRenderedInfo says where the previews of a job are, 204 if it has none yet.
func (s *Server) fetchJobLastRenderedInfo(w http.ResponseWriter, r *http.Request) error {
	id, err := jobID(r)
	if err != nil {
		return err
	}
	ok, err := s.m.HasPreview(id)
	if err != nil {
		return err
	}
	if !ok {
		return noContent(w)
	}
	return writeJSON(w, http.StatusOK, s.lastRendered(id))
}

// fetchGlobalLastRenderedInfo is fetchJobLastRenderedInfo for the job with the newest preview.
func (s *Server) fetchGlobalLastRenderedInfo(w http.ResponseWriter, r *http.Request) error {
	id, ok, err := s.m.LastRendered()
	if err != nil {
		return err
	}
	if !ok {
		return noContent(w)
	}
	return writeJSON(w, http.StatusOK, s.lastRendered(id))
}
