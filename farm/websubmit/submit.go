package websubmit

import (
	"context"
	"net/http"
	"path/filepath"
	"slices"
	"strings"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/submit"
)

// maxMissing bounds the missing files that are told.
const maxMissing = 200

// Check says what the job would be, and what is missing. It changes nothing.
func (d *Desk) Check(ctx context.Context, id string, o api.SubmissionOptions) (report api.SubmissionReport, err error) {
	err = d.prepare(ctx, id, o, func(_ *submission, _ *submit.Submission, found api.SubmissionReport) error {
		report = found
		return nil
	})
	return report, err
}

// Submit makes a job of a submission, and ends it. With missing files it is Missing,
// unless the options allow them.
func (d *Desk) Submit(ctx context.Context, id string, o api.SubmissionOptions) (job api.Job, err error) {
	again := true
	for again && err == nil {
		job, again, err = d.try(ctx, id, o)
	}
	if err != nil {
		return job, err
	}
	_ = d.Discard(id) // the job is there, and does not need it
	return job, nil
}

// try makes a job of a submission, or brings what it lacks for that; then it has to be
// tried again.
func (d *Desk) try(ctx context.Context, id string, o api.SubmissionOptions) (job api.Job, again bool, err error) {
	err = d.prepare(ctx, id, o, func(s *submission, u *submit.Submission, report api.SubmissionReport) error {
		if n := len(report.Missing) + report.More; n > 0 && !o.AllowMissing {
			return farm.Errorf(farm.Missing, "%s that the file needs cannot be found, such as %s. Put them there, or submit without them", farm.Count(n, "file"), report.Missing[0].Path)
		}
		if name := s.waiting(u); name != "" {
			return farm.Errorf(farm.Conflict, "the file needs %q of the folder, which has not arrived yet: send it, and submit again", farm.CutText(name, 200))
		}
		var err error
		if again, err = d.bring(ctx, s, u); again || err != nil {
			return err
		}
		job, err = u.Submit(ctx)
		return err
	})
	return job, again, err
}

// prepare looks into the file of a submission as the options want it, and hands on what
// was found.
func (d *Desk) prepare(ctx context.Context, id string, given api.SubmissionOptions, then func(*submission, *submit.Submission, api.SubmissionReport) error) error {
	s, done, err := d.use(id)
	if err != nil {
		return err
	}
	defer done()
	if s.folder != "" && !s.files[s.main].here {
		return farm.Errorf(farm.Conflict, "the file has not arrived yet")
	}
	o, err := s.options(given)
	if err != nil {
		return err
	}
	leave, err := d.look(ctx)
	if err != nil {
		return err
	}
	defer leave()
	report := api.SubmissionReport{Name: o.Name}
	by := &submit.Submitter{
		Client: d.Client, Scripts: d.Scripts, Cache: d.Cache, Option: called, Stored: s.stored,
		Note: func(text string) { report.Notes = append(report.Notes, text) },
	}
	if s.lacks() { // what Blender rewrites beside empty files is not to be kept
		by.Cache = ""
	}
	u, err := d.within(ctx, by, s, o)
	if err != nil {
		return refusal(err)
	}
	defer u.Close()
	report.Settings = u.Job().Settings
	d.addMissing(&report, s, u)
	return refusal(then(s, u, report))
}

// within prepares a submission that takes no files of this computer along but those that
// were sent for it and those of the storage.
func (d *Desk) within(ctx context.Context, by *submit.Submitter, s *submission, o submit.Options) (*submit.Submission, error) {
	u, err := by.Prepare(ctx, s.file, o)
	if err != nil {
		return nil, err
	}
	if outside := d.outside(s, u); len(outside) > 0 {
		u.Close()
		return nil, farm.Errorf(farm.Invalid, "the file needs %s of the manager's computer, such as %q, which is outside of the shared storage. Put them into the storage, or submit with \"farm submit\" or from Blender, which take them along",
			farm.Count(len(outside), "file"), filepath.Base(outside[0]))
	}
	return u, nil
}

// outside returns what a sent file would take along and may not.
func (d *Desk) outside(s *submission, u *submit.Submission) []string {
	return slices.DeleteFunc(u.Sources(), func(source string) bool {
		return s.folder != "" && submit.Contains(s.folder, source)
	})
}

// addMissing adds the files that the submission misses.
func (d *Desk) addMissing(report *api.SubmissionReport, s *submission, u *submit.Submission) {
	missing := u.Missing()
	for _, m := range missing[:min(maxMissing, len(missing))] {
		path := m.Path
		if s.folder != "" { // where the file waits says nothing to anybody
			path = strings.TrimPrefix(strings.TrimPrefix(path, s.folder), string(filepath.Separator))
		}
		report.Missing = append(report.Missing, api.MissingFile{Path: path, Kind: m.Kind, Owner: m.Owner[1], Library: filepath.Base(m.Library), Why: m.Why})
		if m.Library == "" {
			report.Missing[len(report.Missing)-1].Library = ""
		}
	}
	report.More = len(missing) - len(report.Missing)
}

// options are those of the page as those of a submission.
func (s *submission) options(given api.SubmissionOptions) (submit.Options, error) {
	o := submit.Defaults()
	o.Name, o.Tag, o.Paused, o.AllowMissing = given.Name, given.Tag, given.Paused, given.AllowMissing
	o.Notify = given.Notify
	if o.Name == "" {
		o.Name = s.title
	}
	if given.Type != "" {
		o.Type = given.Type
	}
	if given.Priority != nil {
		o.Priority = *given.Priority
	}
	o.Settings = map[string]string{}
	for key, value := range given.Settings {
		switch key {
		case "scene": // other settings follow from it
			o.Scene = value
		case "format":
			o.Format = value
		default:
			o.Settings[key] = value
		}
	}
	o.Project, o.Upload = s.folder, s.inStore()
	o.Metadata = map[string]string{"submitted-with": "browser"}
	return o, o.Check(called)
}

// called is what messages call an option: the page has a field for each.
func called(key string) string {
	if key == "settings" {
		return "the setting"
	}
	return strings.ReplaceAll(key, "_", " ")
}

// refusal gives what the manager answered to a submission the kind of a request that
// cannot be met.
func refusal(err error) error {
	switch status := api.StatusOf(err); {
	case farm.KindOf(err) == farm.NotFound: // a job type, or a file that was there: the submission is
		return &farm.Error{Kind: farm.Invalid, Msg: err.Error(), Err: err}
	case status == http.StatusPreconditionFailed:
		return &farm.Error{Kind: farm.PreconditionFailed, Msg: err.Error(), Err: err}
	case status >= 400 && status < 500:
		return &farm.Error{Kind: farm.Invalid, Msg: err.Error(), Err: err}
	}
	return err
}
