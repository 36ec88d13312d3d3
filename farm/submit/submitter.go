package submit

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/blendfile"
)

// A Submitter hands in jobs for somebody. It may be used again, but for one
// submission at a time.
type Submitter struct {
	Client  *api.Client
	Scripts fs.FS  // the Python package "pack", which looks into a .blend; see package addon
	Cache   string // folder that keeps rewritten copies from one upload to the next; "": none

	// Note is told what the submitter should know, a sentence at a time.
	Note func(text string)
	// Progress is told how far it is; it should be quick.
	Progress func(Progress)
	// Option says what messages call an option, by its key in Script.
	Option func(key string) string
	// Stored returns the checksum and size of a file whose content the farm's file store
	// has already, by its path on this computer; there, it may be empty. May be nil.
	Stored func(source string) (sha string, size int64, ok bool)
	// Copying is told of the folder in the shared storage that is to be made for
	// the files, before it is made. An error ends the submission.
	Copying func(folder string) error
}

// A Stage is what a submission is doing, as people read it.
type Stage string

// The stages, in their order; those that are not needed are left out.
const (
	Asking    Stage = "Asking the manager"
	Reading   Stage = "Reading the file"
	Searching Stage = "Looking for what the file needs" // Files found so far
	Rewriting Stage = "Looking into .blend"             // Files of FilesTotal
	Copying   Stage = "Copying"
	Hashing   Stage = "Hashing"
	Uploading Stage = "Uploading"
	Waiting   Stage = "Waiting for the farm to put the files into their folder"
	HandingIn Stage = "Submitting the job"
	Done      Stage = ""
)

// Progress is how far a stage is. Totals of 0 are not known.
type Progress struct {
	Stage             Stage
	Files, FilesTotal int
	Bytes, BytesTotal int64
}

func (s *Submitter) note(text string) {
	if s.Note != nil {
		s.Note(text)
	}
}

func (s *Submitter) progress(p Progress) {
	if s.Progress != nil {
		s.Progress(p)
	}
}

func (s *Submitter) option(key string) string {
	if s.Option == nil {
		return key
	}
	return s.Option(key)
}

// A Submission is one .blend on its way to the farm.
type Submission struct {
	*Submitter
	file    string // the user's .blend, absolute
	options Options

	jobType farm.JobType
	storage storage
	info    *blendfile.Info // what the file says of itself; nil if nothing could
	files   *blendfile.Pack // what it needs; nil if it stays alone
	place   place           // where it will be for the farm; nil if the job type wants no file
	job     api.SubmittedJob
	cleanup func() // removes what was made on the way; nil if there is nothing
}

// Prepare looks at the file, asks the job type what it needs, and has the manager
// check the job. It changes nothing, but for copies on this computer that Close
// removes. Kinds of errors: those of an option (OptionError), of a file that
// cannot be rendered (farm.Invalid), of the manager (api.Error).
func (s *Submitter) Prepare(ctx context.Context, file string, o Options) (_ *Submission, err error) {
	u := &Submission{Submitter: s, options: o}
	defer func() {
		s.progress(Progress{Stage: Done})
		if err != nil {
			u.Close()
		}
	}()
	if u.file, err = filepath.Abs(file); err != nil {
		return nil, err
	}
	// What is wrong with the file is told before anything else, without Blender.
	if err := blendfile.Check(u.file); err != nil {
		return nil, err
	}
	s.progress(Progress{Stage: Asking})
	if u.jobType, err = findJobType(ctx, s.Client, o.Type); err != nil {
		return nil, err
	}
	p := plan{options: o, option: s.option, jobType: u.jobType, file: u.file, name: o.Name}
	if p.name == "" {
		p.name = strings.TrimSuffix(filepath.Base(u.file), filepath.Ext(u.file))
	}
	if err := u.settle(ctx, p.name); err != nil {
		return nil, err
	}
	p.storage, p.info = u.storage.path, u.info
	if u.place != nil {
		p.blend = u.place.blend()
	}
	settings, err := p.settings()
	if err != nil {
		return nil, err
	}
	for _, note := range p.notes {
		s.note(note)
	}
	s.progress(Progress{Stage: Asking})
	if err := u.describe(ctx, p.name, settings); err != nil {
		return nil, err
	}
	return u, s.Client.SubmitJobCheck(ctx, u.job)
}

// settle decides where the file goes, and finds what goes with it.
func (u *Submission) settle(ctx context.Context, name string) (err error) {
	if u.storage, err = findStorage(ctx, u.Client, u.options.Upload); err != nil {
		return err
	}
	if err := u.inspect(ctx); err != nil {
		return err
	}
	if _, wanted := u.jobType.Setting("blendfile"); !wanted {
		return nil
	}
	if inside, ok := u.storage.relative(u.file); ok && !u.options.Pack && !u.options.Upload {
		u.place = inPlace(filepath.Join(u.storage.path, inside))
		return u.lookAround(ctx)
	}
	if err := u.trace(ctx); err != nil {
		return err
	}
	if u.storage.uploads {
		u.place = &uploaded{s: u.Submitter, files: u.files, name: farm.FolderName(name)}
	} else {
		u.place = &copied{s: u.Submitter, files: u.files, dir: u.storage.folder(name)}
	}
	return nil
}

// File returns the path of the .blend.
func (u *Submission) File() string { return u.file }

// Job returns what will be handed in. Submit gives it the place of the file.
func (u *Submission) Job() api.SubmittedJob { return u.job }

// Missing returns what the file needs and cannot be found. Whether that matters
// is up to the caller.
func (u *Submission) Missing() []blendfile.MissingFile {
	if u.files == nil {
		return nil
	}
	return u.files.Missing
}

// Files returns what was found of what the file needs, and it itself.
func (u *Submission) Files() []blendfile.PackFile {
	if u.files == nil {
		return nil
	}
	return u.files.Files
}

// Sources returns the paths on this computer of all files that go with the job
// to where others may read them.
func (u *Submission) Sources() (paths []string) {
	if _, stays := u.place.(inPlace); stays || u.files == nil {
		return nil
	}
	for _, f := range u.files.Files {
		if !f.Rewritten && !u.storage.contains(f.Source) {
			paths = append(paths, f.Source)
		}
	}
	return paths
}

// Mark adds a value to the job's metadata.
func (u *Submission) Mark(key, value string) { u.job.Metadata[key] = value }

// Close removes what was made on the way.
func (u *Submission) Close() {
	if u.cleanup != nil {
		u.cleanup()
		u.cleanup = nil
	}
}

// Submit moves the files and hands the job in. Files nobody will use are taken
// away again; without an answer of the manager they stay, as nobody knows
// whether there is a job now that needs them.
func (u *Submission) Submit(ctx context.Context) (job api.Job, err error) {
	defer u.progress(Progress{Stage: Done})
	if u.place != nil {
		blend, err := u.place.deliver(ctx, &u.job)
		if err != nil {
			return job, err
		}
		u.job.Settings["blendfile"] = filepath.ToSlash(blend)
	}
	u.progress(Progress{Stage: HandingIn})
	job, err = u.Client.SubmitJob(ctx, u.job)
	if err != nil {
		if api.StatusOf(err) != 0 && u.place != nil {
			err = errors.Join(err, u.place.undo())
		}
		return job, err
	}
	if u.place != nil {
		if note := u.place.delivered(); note != "" {
			u.note(note)
		}
	}
	// The manager has no other place for what the submitter should know.
	if strings.HasPrefix(job.Activity, "Warning:") {
		u.note(job.Activity)
	}
	return job, nil
}
