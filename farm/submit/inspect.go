package submit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/blendfile"
)

// inspect asks the local Blender about the file, or reads what can be read
// without one. If that fails too nothing is known, which is fine if the options
// say everything the job type needs.
func (u *Submission) inspect(ctx context.Context) (err error) {
	u.progress(Progress{Stage: Reading})
	u.info, err = blendfile.Inspect(ctx, u.options.Blender, u.file)
	if err == nil || !errors.Is(err, blendfile.ErrBlender) || u.options.Blender != "" { // who names a Blender means it
		return err
	}
	info, readErr := blendfile.Read(ctx, u.file)
	if ctx.Err() != nil {
		return readErr
	}
	if readErr == nil {
		u.info = info
		u.note(fmt.Sprintf("No Blender looked into the file, so Farm read what it could: %v", err))
		return nil
	}
	// A studio's build machine may have no Blender and know everything anyway.
	if needed := u.options.unknown(u.jobType, u.option); len(needed) > 0 {
		return farm.Errorf(farm.Invalid, "%w. Or give the values yourself with %s", err, strings.Join(needed, ", "))
	}
	u.note(fmt.Sprintf("The file was not looked into: %v", err))
	return nil
}

// trace finds what has to go with the file. Without a Blender some of it cannot
// be seen, and nothing can be rewritten.
func (u *Submission) trace(ctx context.Context) error {
	work, done, err := u.workFolder()
	if err != nil {
		return err
	}
	u.cleanup = done
	o := blendfile.TraceOptions{
		Blender: u.options.Blender, Scripts: u.Scripts, Project: u.options.Project, Work: work, Exclude: u.options.Exclude, Progress: u.tracing,
	}
	u.files, err = blendfile.Trace(ctx, u.file, o)
	if errors.Is(err, blendfile.ErrBlender) {
		u.files, err = blendfile.TraceUnaided(ctx, u.file, o)
	}
	if err != nil {
		return err
	}
	u.warn()
	return nil
}

// Needs returns the paths of all that a .blend in a project's folder needs, whether it
// was found or not, and of the file itself. Blender looks for it, or without one as much
// is seen as can be; nothing is changed.
func (s *Submitter) Needs(ctx context.Context, file, project string) (paths []string, err error) {
	o := blendfile.TraceOptions{Scripts: s.Scripts, Project: project, LookOnly: true}
	found, err := blendfile.Trace(ctx, file, o)
	if errors.Is(err, blendfile.ErrBlender) {
		found, err = blendfile.TraceUnaided(ctx, file, o)
	}
	if err != nil {
		return nil, err
	}
	for _, f := range found.Files {
		paths = append(paths, f.Source)
	}
	for _, m := range found.Missing {
		paths = append(paths, m.Path)
	}
	return paths, nil
}

// lookAround finds what is missing of a file that is used where it is, and what
// workers may not see because it is outside of the shared storage.
func (u *Submission) lookAround(ctx context.Context) error {
	p, err := blendfile.Trace(ctx, u.file, blendfile.TraceOptions{
		Blender: u.options.Blender, Scripts: u.Scripts, Project: u.storage.path, Exclude: u.options.Exclude, LookOnly: true, Progress: u.tracing,
	})
	if errors.Is(err, blendfile.ErrBlender) {
		return nil // inspect has said so
	}
	if err != nil {
		return err
	}
	u.files = p
	u.warn()
	var outside []string
	for _, f := range p.Files {
		if !u.storage.contains(f.Source) {
			outside = append(outside, f.Source)
		}
	}
	if len(outside) > 0 {
		u.note(fmt.Sprintf("Warning: the file needs %s outside of the shared storage, such as %s, which workers may not see: %s copies everything there.",
			farm.Count(len(outside), "file"), outside[0], u.option("pack")))
	}
	return nil
}

// warn passes on what the search for files has to say.
func (u *Submission) warn() {
	for _, warning := range u.files.Warnings {
		u.note("Warning: " + warning)
	}
}

// tracing passes on how far a search for files is.
func (u *Submission) tracing(p blendfile.TraceProgress) { u.progress(Tracing(p)) }

// Tracing returns the progress of a search for what a .blend needs.
func Tracing(p blendfile.TraceProgress) Progress {
	switch p.Phase {
	case "files":
		return Progress{Stage: Searching, Files: p.Files}
	case "rewrite":
		return Progress{Stage: Rewriting, Files: p.Number, FilesTotal: p.Of}
	}
	return Progress{Stage: Searching}
}

// workFolder returns the folder for rewritten copies, and how to be done with
// it. Uploads keep theirs: Blender never writes the same file twice, and a
// library that has not changed is not to be uploaded again.
func (u *Submission) workFolder() (string, func(), error) {
	if u.Cache != "" && u.storage.uploads && os.MkdirAll(u.Cache, 0o700) == nil {
		return u.Cache, func() { tidy(u.Cache, time.Now().Add(-keepBlends)) }, nil
	}
	work, err := os.MkdirTemp("", "farm-blends-*")
	if err != nil {
		return "", nil, farm.Errorf(farm.Invalid, "cannot make a temporary folder: %w", err)
	}
	return work, func() { os.RemoveAll(work) }, nil
}

// keepBlends is how long rewritten copies are kept that nobody uses.
const keepBlends = 14 * 24 * time.Hour

// tidy removes the rewritten copies that were last used before a time.
func tidy(work string, before time.Time) {
	list, err := os.ReadDir(work)
	if err != nil {
		return // nothing depends on it
	}
	for _, e := range list {
		if info, err := e.Info(); err == nil && info.ModTime().Before(before) && strings.Contains(e.Name(), ".blend") {
			_ = os.Remove(filepath.Join(work, e.Name()))
		}
	}
}

// describe makes the job of its settings. With the ETag the manager refuses
// settings made for another version of the job type than the one it has by then.
func (u *Submission) describe(ctx context.Context, name string, settings map[string]any) (err error) {
	u.job = api.SubmittedJob{
		Name: name, Type: u.jobType.Name, TypeETag: u.jobType.ETag, Priority: u.options.Priority,
		SubmitterPlatform: runtime.GOOS, Settings: settings, Metadata: map[string]string{},
	}
	if len(u.options.Notify) > 0 {
		u.job.Metadata[farm.MetadataNotify] = strings.Join(u.options.Notify, ", ")
	}
	for key, value := range u.options.Metadata {
		u.job.Metadata[key] = value
	}
	if u.options.Paused {
		u.job.InitialStatus = farm.JobPaused.String()
	}
	if u.options.Tag != "" {
		u.job.WorkerTag, err = tagID(ctx, u.Client, u.options.Tag)
	}
	return err
}

// findJobType returns the job type, or an error that lists those there are.
func findJobType(ctx context.Context, client *api.Client, name string) (farm.JobType, error) {
	jobType, err := client.GetJobType(ctx, name)
	if !api.IsNotFound(err) {
		return jobType, err
	}
	// A misspelt name is the likely cause, and the right one is in the list.
	all, listErr := client.GetJobTypes(ctx)
	if listErr != nil {
		return jobType, err
	}
	var names []string
	for _, t := range all.JobTypes {
		names = append(names, t.Name)
	}
	return jobType, farm.Errorf(farm.NotFound, "the farm has no job type %q; it has %s", name, strings.Join(names, ", "))
}

// tagID returns the id of the tag that a person means.
func tagID(ctx context.Context, client *api.Client, name string) (farm.TagID, error) {
	list, err := client.FetchWorkerTags(ctx)
	if err != nil {
		return "", err
	}
	tag, err := list.Find(name)
	return tag.ID, err
}

// missingShown bounds the list of missing files that people are shown.
const missingShown = 20

// ListMissing returns a line for each missing file, up to a bound.
func ListMissing(missing []blendfile.MissingFile) string {
	var b strings.Builder
	for _, m := range missing[:min(missingShown, len(missing))] {
		fmt.Fprintf(&b, "  %s  (%s %q: %s", m.Path, m.Kind, m.Owner[1], m.Why)
		if m.Library != "" {
			fmt.Fprintf(&b, "; asked for by %s", m.Library)
		}
		b.WriteString(")\n")
	}
	if n := len(missing) - missingShown; n > 0 {
		fmt.Fprintf(&b, "  and %d more\n", n)
	}
	return b.String()
}
