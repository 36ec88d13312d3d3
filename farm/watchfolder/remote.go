package watchfolder

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"path/filepath"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/submit"
)

// A Remote is the farm of a watch folder, reached over HTTP like everybody does:
// there is one code path.
type Remote struct {
	Client  *api.Client
	Scripts fs.FS  // see submit.Submitter
	Cache   string // see submit.Submitter
	Folder  string // that is watched
	Home    string // the manager's own files, which are in no job
	Web     string // address of the pages, for people
}

var _ Farm = (*Remote)(nil)

// tokenKey is the key of a job's metadata that tells which file it came from.
const tokenKey = "watch-folder-token"

// Submit submits a file with the defaults beside it.
func (r *Remote) Submit(ctx context.Context, file, token string, planned func(copies string) error) (Job, error) {
	var notes []string
	s := &submit.Submitter{
		Client: r.Client, Scripts: r.Scripts, Cache: r.Cache, Copying: planned,
		Note: func(text string) { notes = append(notes, text) },
	}
	job, err := r.submit(ctx, s, file, token)
	if err != nil {
		return Job{}, refusalOf(err)
	}
	answer := r.job(ctx, job)
	answer.Notes = notes
	return answer, nil
}

// submit is what Submit does, with errors as they come.
func (r *Remote) submit(ctx context.Context, s *submit.Submitter, file, token string) (job api.Job, err error) {
	o, err := r.defaults()
	if err != nil {
		return job, err
	}
	u, err := s.Prepare(ctx, file, o)
	if err != nil {
		return job, err
	}
	defer u.Close()
	if missing := u.Missing(); len(missing) > 0 && !o.AllowMissing {
		return job, farm.Errorf(farm.Invalid, "%s that the file needs cannot be found or read:\n\n%s\nCorrect the paths in Blender (File > External Data > Find Missing Files), or write \"allow_missing: true\" into %s.",
			farm.Count(len(missing), "file"), submit.ListMissing(missing), DefaultsName)
	}
	if err := r.refuseOwnFiles(u.Sources()); err != nil {
		return job, err
	}
	u.Mark(tokenKey, token)
	return u.Submit(ctx)
}

// defaults reads the options that all files of the folder are submitted with.
func (r *Remote) defaults() (submit.Options, error) {
	o := submit.Defaults()
	path := filepath.Join(r.Folder, DefaultsName)
	script, err := submit.ReadScript(path)
	switch {
	case farm.KindOf(err) == farm.NotFound:
		return o, nil
	case err != nil:
		return o, err
	case script.Blend != "":
		return o, farm.Errorf(farm.Invalid, "%s has the key blend, but every file in the folder is submitted: remove the key", path)
	case script.Blender != "": // whoever may write into the folder may not choose what the manager runs
		return o, farm.Errorf(farm.Invalid, "%s has the key blender, which a watch folder cannot choose: remove the key; the manager takes the Blender on its PATH", path)
	}
	o.Fill(script, func(string) bool { return false })
	if err := o.Check(nil); err != nil {
		return o, fmt.Errorf("%s: %w", path, err)
	}
	return o, nil
}

// refuseOwnFiles refuses files that are the manager's own, such as the configuration
// with its passwords: the manager reads files for whoever may write into the
// folder, and puts them where everybody may read them.
func (r *Remote) refuseOwnFiles(sources []string) error {
	for _, source := range sources {
		if submit.Contains(r.Home, source) {
			return farm.Errorf(farm.Invalid, "the file needs %s, which is the farm's own and not copied: use a file from elsewhere", source)
		}
	}
	return nil
}

// refusalOf gives errors that stay as they are until somebody corrects the file a
// kind that says so.
func refusalOf(err error) error {
	switch status := api.StatusOf(err); {
	case status == http.StatusPreconditionFailed, status != 0 && status < 500 && api.Transient(err):
		// Over by the next try, which asks for the job type anew.
		return &farm.Error{Kind: farm.Busy, Msg: err.Error(), Err: err}
	case status >= 400 && status < 500:
		return &farm.Error{Kind: farm.Invalid, Msg: err.Error(), Err: err}
	}
	return err
}

// findPage is how many jobs are looked through at a time.
const findPage = 500

// Find looks for the job among all: it is asked only after a crash.
func (r *Remote) Find(ctx context.Context, token string) (Job, bool, error) {
	after := farm.JobID("")
	for {
		page, err := r.Client.FetchJobs(ctx, api.JobsQuery{After: after, Limit: findPage})
		if err != nil {
			return Job{}, false, err
		}
		for _, job := range page.Jobs {
			if job.Metadata[tokenKey] == token {
				return r.job(ctx, job), true, nil
			}
			after = job.ID
		}
		if len(page.Jobs) < findPage {
			return Job{}, false, nil
		}
	}
}

// Look fetches a job.
func (r *Remote) Look(ctx context.Context, id farm.JobID) (Job, error) {
	job, err := r.Client.FetchJob(ctx, id)
	if api.IsNotFound(err) {
		return Job{}, farm.Errorf(farm.NotFound, "%w", err)
	}
	if err != nil {
		return Job{}, err
	}
	return r.job(ctx, job), nil
}

// job says what there is to say of a job. What cannot be asked is left out.
func (r *Remote) job(ctx context.Context, job api.Job) Job {
	j := Job{ID: job.ID, Name: job.Name, Status: job.Status, Over: api.JobIsOver(job.Status), Web: r.Web + "/app/jobs/" + string(job.ID)}
	j.Done, j.Total, j.Unit = submit.Steps(job, submit.FramesOf(job))
	if found, err := submit.FindResult(ctx, r.Client, job); err == nil {
		j.Frames, j.Video = found.Frames, found.Video
	}
	if job.Status == farm.JobFailed.String() {
		j.Problem = submit.WhyFailed(ctx, r.Client, job)
	}
	return j
}

// Follow reads the manager's stream of events, and begins again when it breaks.
func (r *Remote) Follow(ctx context.Context, changed func(farm.JobID)) {
	for ctx.Err() == nil {
		if events, err := r.Client.Events(ctx, ""); err == nil {
			changed("") // what happened before is not in the stream
			follow(events, changed)
			events.Close()
		}
		if api.Sleep(ctx, time.Second) != nil {
			return
		}
	}
}

// follow reads one connection to its end.
func follow(events *api.EventStream, changed func(farm.JobID)) {
	for m := range events.Messages {
		switch m.Name {
		case "reset":
			changed("")
		case "job":
			var e api.EventJobUpdate
			if json.Unmarshal(m.Data, &e) == nil {
				changed(e.ID)
			}
		}
	}
}

// Abandon removes a folder that was made, or begun, for a job that never was.
func (r *Remote) Abandon(copies string) error { return submit.Abandon(copies) }
