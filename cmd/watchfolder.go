package cmd

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/dropfolder"
	"renderfarm/farm/yamlfile"
)

// watchFolder starts to watch the folder that files are dropped into, if the
// configuration names one. It submits through HTTP like everybody: there is one
// code path.
func (h *host) watchFolder() error {
	folder := h.config.WatchFolder
	if folder == "" {
		return nil
	}
	client, err := api.New(h.url)
	if err != nil {
		return err
	}
	client.UserAgent = "Farm/" + version
	// Nothing of it goes to the terminal the manager was started on.
	quiet := *h.s
	quiet.errOut, quiet.out, quiet.json = io.Discard, io.Discard, true
	o := dropfolder.Options{
		Folder: folder, Records: filepath.Join(h.s.home, "watch-folder"), Notify: dropfolder.Notify, Log: h.s.log,
		Farm: &dropTarget{s: &quiet, client: client, folder: folder, web: h.webAddress()},
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := dropfolder.Run(ctx, o); err != nil {
			h.s.log.Error("the watched folder is not watched any more: mend this, and start the manager again", "folder", folder, "error", err)
		}
	}()
	h.s.log.Info("files put into the watched folder are submitted", "folder", folder)
	h.later(func() error {
		cancel()
		<-done
		client.HTTP.CloseIdleConnections()
		return nil
	})
	return nil
}

// webAddress returns where other computers find the pages, as far as it is known here.
func (h *host) webAddress() string {
	u, err := url.Parse(h.url)
	if err != nil {
		return h.url
	}
	if name, err := os.Hostname(); h.open && err == nil {
		u.Host = name + ":" + u.Port()
	}
	return u.String()
}

// dropTarget is the farm as the watched folder sees it.
type dropTarget struct {
	s      *session
	client *api.Client
	folder string
	web    string
}

var _ dropfolder.Farm = (*dropTarget)(nil)

// tokenKey is the key of a job's metadata that tells which drop it came from.
const tokenKey = "watch-folder-token"

// Submit submits a file with the defaults beside it.
func (d *dropTarget) Submit(ctx context.Context, file, token string, planned func(copies string) error) (dropfolder.Job, error) {
	job, notes, err := d.submit(ctx, file, token, planned)
	if err != nil {
		return dropfolder.Job{}, refusalOf(err)
	}
	answer := d.job(ctx, job)
	answer.Notes = notes
	return answer, nil
}

// refusalOf gives errors that stay as they are until somebody mends the file a
// kind that says so.
func refusalOf(err error) error {
	var usage *usageError
	switch status := api.StatusOf(err); {
	case status == http.StatusRequestTimeout, status == http.StatusPreconditionFailed, status == http.StatusTooEarly, status == http.StatusTooManyRequests:
		// Over by the next try, which asks for the job type anew.
		return &farm.Error{Kind: farm.Busy, Msg: err.Error(), Err: err}
	case errors.As(err, &usage), status >= 400 && status < 500:
		return &farm.Error{Kind: farm.Invalid, Msg: err.Error(), Err: err}
	}
	return err
}

// submit is what Submit does, in the words of the command line.
func (d *dropTarget) submit(ctx context.Context, file, token string, planned func(copies string) error) (job api.Job, notes []string, err error) {
	o := submitOptions{jobType: defaultJobType, priority: api.DefaultPriority}
	var script jobScript
	defaults := filepath.Join(d.folder, dropfolder.DefaultsName)
	if _, err := yamlfile.Read(defaults, &script); err != nil {
		return job, nil, err
	}
	switch {
	case script.Blend != "":
		return job, nil, farm.Errorf(farm.Invalid, "%s has the key blend, but every file in the folder is submitted: remove the key", defaults)
	case script.Blender != "": // whoever may write into the folder may not choose what the manager runs
		return job, nil, farm.Errorf(farm.Invalid, "%s has the key blender, which a watched folder cannot choose: remove the key; the manager takes the Blender on its PATH", defaults)
	}
	o.apply(script, d.folder, func(string) bool { return false })
	if err := o.check(func(string) bool { return false }); err != nil {
		return job, nil, fmt.Errorf("%s: %w", defaults, err)
	}
	u := &submission{s: d.s, client: d.client, options: o, file: file, say: func(text string) { notes = append(notes, text) }}
	defer u.done()
	if err := u.prepare(ctx); err != nil {
		return job, nil, err
	}
	if u.files != nil && len(u.files.Missing) > 0 && !o.allowMissing {
		return job, nil, farm.Errorf(farm.Invalid, "%s that the file needs cannot be found or read:\n\n%s\nMend the paths in Blender (File > External Data > Find Missing Files), or write \"allow_missing: true\" into %s.",
			count(len(u.files.Missing), "file"), missingList(u.files.Missing), dropfolder.DefaultsName)
	}
	if err := d.keepOwn(u); err != nil {
		return job, nil, err
	}
	u.job.Metadata[tokenKey] = token
	if c, ok := u.place.(*copied); ok {
		if err := planned(c.dir); err != nil {
			return job, nil, err
		}
	}
	job, err = u.submit(ctx)
	return job, notes, err
}

// keepOwn refuses files that name what is the manager's own, such as the
// configuration with its passwords: the manager reads files for whoever may write
// into the folder, and copies them to where everybody may read them.
func (d *dropTarget) keepOwn(u *submission) error {
	if u.files == nil {
		return nil
	}
	home := storage{path: d.s.home}
	for _, f := range u.files.Files {
		if !f.Rewritten && home.contains(f.Source) && !u.storage.contains(f.Source) {
			return farm.Errorf(farm.Invalid, "the file names %s, which is the farm's own and not copied: use a file from elsewhere", f.Source)
		}
	}
	return nil
}

// findPage is how many jobs are looked through at a time.
const findPage = 500

// Find looks for the job among all: it is asked only after a crash.
func (d *dropTarget) Find(ctx context.Context, token string) (dropfolder.Job, bool, error) {
	after := farm.JobID("")
	for {
		page, err := d.client.FetchJobs(ctx, api.JobsQuery{After: after, Limit: findPage})
		if err != nil {
			return dropfolder.Job{}, false, err
		}
		for _, job := range page.Jobs {
			if job.Metadata[tokenKey] == token {
				return d.job(ctx, job), true, nil
			}
			after = job.ID
		}
		if len(page.Jobs) < findPage {
			return dropfolder.Job{}, false, nil
		}
	}
}

// Look fetches a job.
func (d *dropTarget) Look(ctx context.Context, id farm.JobID) (dropfolder.Job, error) {
	job, err := d.client.FetchJob(ctx, id)
	if exitStatus(err) == exitNotFound {
		return dropfolder.Job{}, farm.Errorf(farm.NotFound, "%w", err)
	}
	if err != nil {
		return dropfolder.Job{}, err
	}
	return d.job(ctx, job), nil
}

// job says what there is to say of a job. What cannot be asked is left out.
func (d *dropTarget) job(ctx context.Context, job api.Job) dropfolder.Job {
	v := newJobView(job)
	j := dropfolder.Job{ID: job.ID, Name: job.Name, Status: job.Status, Over: isOver(job.Status), Web: d.web + "/app/jobs/" + string(job.ID)}
	j.Done, j.Total, j.Unit = v.progress()
	if r, err := findResult(ctx, d.client, job); err == nil {
		j.Frames, j.Video = r.frames, r.video
	}
	if job.Status == farm.JobFailed.String() {
		j.Problem = d.problem(ctx, job)
	}
	return j
}

// problem says why a job failed.
func (d *dropTarget) problem(ctx context.Context, job api.Job) string {
	failed, err := failedTasks(ctx, d.client, job.ID)
	if err != nil || len(failed) == 0 {
		return job.Activity
	}
	tail, _, err := d.client.FetchTaskLogTail(ctx, failed[0].ID)
	if err != nil {
		return job.Activity
	}
	return fmt.Sprintf("%s failed. The first, %s on %s, ended with:\n\n%s", count(len(failed), "task"), failed[0].Name, cmp.Or(failed[0].Worker.Name, "no worker"), lastLines(tail, linesShown))
}

// Follow reads the manager's stream of events, and begins again when it breaks.
func (d *dropTarget) Follow(ctx context.Context, changed func(farm.JobID)) {
	for ctx.Err() == nil {
		if body, err := d.client.Open(ctx, "/api/farm/events"); err == nil {
			changed("") // what happened before is not in the stream
			d.followBody(ctx, body, changed)
		}
		if api.Sleep(ctx, time.Second) != nil {
			return
		}
	}
}

// followBody reads one connection to its end.
func (d *dropTarget) followBody(ctx context.Context, body io.ReadCloser, changed func(farm.JobID)) {
	defer body.Close()
	messages := make(chan message)
	go readMessages(ctx, body, messages)
	for m := range messages {
		switch m.name {
		case "reset":
			changed("")
		case "job":
			var e api.EventJobUpdate
			if json.Unmarshal(m.data, &e) == nil {
				changed(e.ID)
			}
		}
	}
}

// Abandon removes a folder that was made, or begun, for a job that never was.
func (d *dropTarget) Abandon(copies string) error {
	if filepath.Base(filepath.Dir(copies)) != submittedFolder {
		return farm.Errorf(farm.Invalid, "%s is no folder that Farm made", copies)
	}
	parts, err := filepath.Glob(globQuoted(copies) + ".farm-part-*")
	errs := []error{err}
	for _, dir := range append(parts, copies) {
		errs = append(errs, os.RemoveAll(dir))
	}
	return errors.Join(errs...)
}
