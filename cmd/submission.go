package cmd

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"

	"renderfarm/addon"
	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/blendfile"
)

// A submission is one .blend on its way to the farm. prepare finds out all that
// can go wrong and changes nothing anywhere; submit then moves the files and
// hands the job in. Between the two a caller can look at what is missing.
type submission struct {
	s       *session
	client  *api.Client
	options submitOptions
	file    string            // the user's .blend
	say     func(text string) // told what the submitter should know, a sentence at a time

	jobType farm.JobType
	storage storage
	info    *blendfile.Info // what the file says of itself; nil if nothing could
	files   *blendfile.Pack // what it needs; nil if it stays alone
	place   place           // where it will be for the farm; nil if the job type wants no file
	job     api.SubmittedJob
	work    func() // removes what was made on the way; nil if there is nothing
}

// A place is where a .blend will be for the farm.
type place interface {
	// blend is its path, as far as it is known before it is there.
	blend() string
	// deliver puts it there, whole or not at all, and returns the path that
	// settings should name. It may add to the job what the manager should know.
	deliver(ctx context.Context, job *api.SubmittedJob) (string, error)
	// undo takes away what deliver made, and nothing else.
	undo() error
}

// done removes what was made on the way.
func (u *submission) done() {
	if u.work != nil {
		u.work()
		u.work = nil
	}
}

// prepare looks at the file, asks the job type what it needs, and has the
// manager check the job.
func (u *submission) prepare(ctx context.Context) (err error) {
	if u.file, err = filepath.Abs(u.file); err != nil {
		return err
	}
	// What is wrong with the file is told before anything else, without Blender.
	if err := blendfile.Check(u.file); err != nil {
		return err
	}
	if u.jobType, err = findJobType(ctx, u.client, u.options.jobType); err != nil {
		return err
	}
	p := plan{options: u.options, jobType: u.jobType, file: u.file, name: u.options.name}
	if p.name == "" {
		p.name = strings.TrimSuffix(filepath.Base(u.file), filepath.Ext(u.file))
	}
	if err := u.settle(ctx, p.name); err != nil {
		return err
	}
	p.storage, p.info = u.storage.path, u.info
	if u.place != nil {
		p.blend = u.place.blend()
	}
	settings, err := p.settings()
	if err != nil {
		return err
	}
	for _, note := range p.notes {
		u.say(note)
	}
	if err := u.describe(ctx, p.name, settings); err != nil {
		return err
	}
	return u.client.SubmitJobCheck(ctx, u.job)
}

// settle decides where the file goes, and finds what goes with it.
func (u *submission) settle(ctx context.Context, name string) (err error) {
	if err := u.findStorage(ctx); err != nil {
		return err
	}
	if err := u.inspect(ctx); err != nil {
		return err
	}
	if _, wanted := setting(u.jobType, "blendfile"); !wanted {
		return nil
	}
	if inside, ok := u.storage.relative(u.file); ok && !u.options.pack && !u.options.upload {
		u.place = inPlace(filepath.Join(u.storage.path, inside))
		return u.lookAround(ctx)
	}
	if err := u.trace(ctx); err != nil {
		return err
	}
	if u.uploads() {
		u.place = &uploaded{files: u.files, client: u.client, name: checkoutName(name), s: u.s, say: u.say}
		return nil
	}
	u.place = u.storage.place(u.files, name, u.s.now())
	return nil
}

// uploads reports whether files go to the manager, and not into the storage.
func (u *submission) uploads() bool { return u.storage.away != nil || u.options.upload }

// describe makes the job of its settings. With the ETag the manager refuses
// settings made for another version of the job type than the one it has by then.
func (u *submission) describe(ctx context.Context, name string, settings map[string]any) (err error) {
	u.job = api.SubmittedJob{
		Name: name, Type: u.jobType.Name, TypeETag: u.jobType.ETag, Priority: u.options.priority,
		SubmitterPlatform: runtime.GOOS, Settings: settings, Metadata: map[string]string{},
	}
	for key, value := range u.options.metadata {
		u.job.Metadata[key] = value
	}
	if u.options.paused {
		u.job.InitialStatus = farm.JobPaused.String()
	}
	if u.options.tag != "" {
		u.job.WorkerTag, err = tagID(ctx, u.client, u.options.tag)
	}
	return err
}

// inspect asks the local Blender about the file, or reads what can be read
// without one. If that fails too nothing is known, which is fine if the flags
// say everything the job type needs.
func (u *submission) inspect(ctx context.Context) (err error) {
	u.info, err = blendfile.Inspect(ctx, u.options.blender, u.file)
	if err == nil || !errors.Is(err, blendfile.ErrBlender) {
		return err
	}
	info, readErr := blendfile.Read(ctx, u.file)
	if ctx.Err() != nil {
		return readErr
	}
	if readErr == nil {
		u.info = info
		u.say(fmt.Sprintf("No Blender looked into the file, so Farm read what it could: %v", err))
		return nil
	}
	// A studio's build machine may have no Blender and know everything anyway.
	if missing := u.options.missing(u.jobType); len(missing) > 0 {
		return farm.Errorf(farm.Invalid, "%w. Or say what it would tell with %s", err, strings.Join(missing, ", "))
	}
	u.say(fmt.Sprintf("The file was not looked into: %v", err))
	return nil
}

// trace finds what has to go with the file. Without a Blender some of it cannot
// be seen, and nothing can be rewritten.
func (u *submission) trace(ctx context.Context) error {
	files, done, err := u.s.trace(ctx, u.options.packOptions, u.file, u.uploads())
	if errors.Is(err, blendfile.ErrBlender) {
		files, err = blendfile.TraceUnaided(ctx, u.file, blendfile.TraceOptions{Project: u.options.project, Exclude: u.options.exclude})
		done = nil
	}
	if err != nil {
		return err
	}
	u.files, u.work = files, done
	u.warn()
	return nil
}

// lookAround finds what is missing of a file that is used where it is, and what
// workers may not see because it is outside of the shared storage.
func (u *submission) lookAround(ctx context.Context) error {
	p, err := blendfile.Trace(ctx, u.file, blendfile.TraceOptions{
		Blender: u.options.blender, Scripts: addon.Pack(), Project: u.storage.path, Exclude: u.options.exclude, LookOnly: true,
	})
	if errors.Is(err, blendfile.ErrBlender) {
		return nil // said already
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
		u.say(fmt.Sprintf("Warning: the file needs %s outside of the shared storage, such as %s, which workers may not see: --pack copies everything there.", count(len(outside), "file"), outside[0]))
	}
	return nil
}

// warn passes on what the search for files has to say.
func (u *submission) warn() {
	for _, warning := range u.files.Warnings {
		u.say("Warning: " + warning)
	}
}

// submit moves the files and hands the job in. Files nobody will use are taken
// away again.
func (u *submission) submit(ctx context.Context) (job api.Job, err error) {
	if u.place != nil {
		blend, err := u.place.deliver(ctx, &u.job)
		if err != nil {
			return job, err
		}
		u.job.Settings["blendfile"] = filepath.ToSlash(blend)
	}
	job, err = u.client.SubmitJob(ctx, u.job)
	if err != nil {
		// Without an answer nobody knows whether there is a job now that needs the file.
		if api.StatusOf(err) != 0 && u.place != nil {
			err = errors.Join(err, u.place.undo())
		}
		return job, err
	}
	if p, ok := u.place.(*copied); ok {
		u.say(fmt.Sprintf("Copied %s, %s, to %s", count(len(p.files.Files), "file"), byteSize(p.files.Size()), p.dir))
	}
	// The manager has no other place for what the submitter should know.
	if strings.HasPrefix(job.Activity, "Warning:") {
		u.say(job.Activity)
	}
	return job, nil
}
