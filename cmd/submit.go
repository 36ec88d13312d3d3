package cmd

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/blendfile"
)

// submitOptions are the flags of submit. A zero value, unless said otherwise,
// means that the file or the job type decides.
type submitOptions struct {
	name     string
	jobType  string
	frames   string
	chunk    int
	fps      float64
	format   string
	ext      string
	scene    string
	output   string
	tag      string
	blender  string
	priority int
	set      []string
	paused   bool
	noWait   bool
}

// newSubmit returns the command that artists use most: from a file to frames.
func newSubmit(s *session) *cobra.Command {
	o := submitOptions{}
	c := &cobra.Command{
		Use:   "submit FILE.blend",
		Short: "Render a Blender file on the farm",
		Long: `Render a Blender file on the farm, and watch it until it is done.

Frame range, frame rate, output format and scene are read from the file with
the Blender of this computer; flags win over the file. A file in the farm's
shared storage is used where it is. Any other is copied there, but not the
textures, caches and linked files that it refers to.

Ctrl-C stops watching; the job goes on.`,
		Example: `  farm submit shot.blend
  farm submit shot.blend --frames 1-24,60 --chunk-size 4 --name "shot 7, take 2"
  id=$(farm submit shot.blend --no-wait)`,
		Args: args("FILE.blend"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"blend"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(c *cobra.Command, given []string) error {
			if err := o.check(c.Flags().Changed); err != nil {
				return err
			}
			return runSubmit(c.Context(), s, o, given[0])
		},
	}
	f := c.Flags()
	f.StringVar(&o.name, "name", "", "`name` of the job (default: that of the file)")
	f.StringVar(&o.jobType, "type", "simple-blender-render", "job `type`")
	f.StringVar(&o.frames, "frames", "", "`frames` to render, such as 1-24 or 1,5,10-20")
	f.IntVar(&o.chunk, "chunk-size", 0, "`number` of frames that one task renders")
	f.Float64Var(&o.fps, "fps", 0, "frames per `second` of the video")
	f.StringVar(&o.format, "format", "", "image `format`, by Blender's name: PNG, JPEG, OPEN_EXR, ...")
	f.StringVar(&o.ext, "ext", "", "`ending` of the image files, such as .png (default: that of the format)")
	f.StringVar(&o.scene, "scene", "", "`scene` to render (default: the one that was active when the file was saved)")
	f.StringVarP(&o.output, "output", "o", "", "`folder` for the renders, as every worker sees it (default: renders in the shared storage)")
	f.IntVar(&o.priority, "priority", api.DefaultPriority, "`priority` of the job, 0 to 100; higher goes first")
	f.StringVar(&o.tag, "tag", "", "only workers with this `tag`")
	f.StringVar(&o.blender, "blender", "", "`path` of the Blender that reads the file (default: the one on the PATH)")
	f.StringArrayVar(&o.set, "set", nil, "a setting of the job type, as `KEY=VALUE`; may be repeated")
	f.BoolVar(&o.paused, "paused", false, "submit without starting; \"farm jobs resume\" starts it")
	f.BoolVar(&o.noWait, "no-wait", false, "print the job's id and end at once")
	s.jsonFlag(c)
	return c
}

// check refuses what cannot be meant, before anything is asked or copied.
func (o *submitOptions) check(changed func(flag string) bool) error {
	if o.frames != "" {
		if _, err := farm.CountFrames(o.frames); err != nil {
			return usageErrorf("--frames: %v", err)
		}
	}
	o.format = strings.ToUpper(o.format)
	switch {
	case blendfile.IsVideo(o.format):
		return usageErrorf("--format %s makes one film of all frames, which cannot be rendered in parts; choose an image format such as PNG, and the farm makes a video of the images", o.format)
	case changed("chunk-size") && o.chunk < 1:
		return usageErrorf("--chunk-size must be at least 1")
	case changed("fps") && o.fps <= 0:
		return usageErrorf("--fps must be more than 0")
	case o.priority < 0 || o.priority > 100:
		return usageErrorf("--priority must be 0 to 100")
	}
	// Endings are written with and without their dot; Blender has them with it.
	if o.ext != "" && !strings.HasPrefix(o.ext, ".") {
		o.ext = "." + o.ext
	}
	return nil
}

// runSubmit goes from a file to a job: look at the file, ask the job type what
// it needs, have the manager check it, copy the file, submit, watch.
func runSubmit(ctx context.Context, s *session, o submitOptions, file string) error {
	file, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	// What is wrong with the file is told before anything else, without Blender.
	if err := blendfile.Check(file); err != nil {
		return err
	}
	client, err := s.client(ctx)
	if err != nil {
		return err
	}
	jobType, err := findJobType(ctx, client, o.jobType)
	if err != nil {
		return err
	}
	storage, err := findStorage(ctx, client)
	if err != nil {
		return err
	}
	p := plan{options: o, jobType: jobType, file: file, storage: storage.path, name: o.name}
	if p.name == "" {
		p.name = strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	}
	if p.info, err = s.inspect(ctx, o, jobType, file); err != nil {
		return err
	}
	// Where the file will be is decided now and made later: the settings name it,
	// and a job that the manager refuses must leave nothing behind.
	placed := storage.place(file, p.name, s.now())
	p.blend = placed.path
	settings, err := p.settings()
	if err != nil {
		return err
	}
	for _, note := range p.notes {
		fmt.Fprintln(s.errOut, note)
	}
	// With the ETag the manager refuses settings made for another version of the
	// job type than the one it has by then.
	job := api.SubmittedJob{
		Name: p.name, Type: jobType.Name, TypeETag: jobType.ETag, Priority: o.priority,
		SubmitterPlatform: runtime.GOOS, Settings: settings, Metadata: map[string]string{},
	}
	if o.paused {
		job.InitialStatus = farm.JobPaused.String()
	}
	if o.tag != "" {
		if job.WorkerTag, err = tagID(ctx, client, o.tag); err != nil {
			return err
		}
	}
	if err := client.SubmitJobCheck(ctx, job); err != nil {
		return err
	}
	return s.submit(ctx, client, o, job, placed, p.info)
}

// submit copies the file if it has to be, hands the job in, and watches it. A
// copy nobody will use is taken away again.
func (s *session) submit(ctx context.Context, client *api.Client, o submitOptions, wanted api.SubmittedJob, file placed, info *blendfile.Info) error {
	if err := file.copy(ctx); err != nil {
		return err
	}
	job, err := client.SubmitJob(ctx, wanted)
	if err != nil {
		// Without an answer nobody knows whether there is a job now that needs the file.
		if api.StatusOf(err) != 0 {
			err = errors.Join(err, file.remove())
		}
		return err
	}
	if file.isCopy() {
		fmt.Fprintf(s.errOut, "Copied the file to %s\n", printable(file.path))
		warnExternal(s.errOut, info)
	}
	// The manager has no other place for what the submitter should know.
	if strings.HasPrefix(job.Activity, "Warning:") {
		fmt.Fprintln(s.errOut, printable(job.Activity))
	}
	if o.noWait || o.paused {
		return s.submitted(job, o)
	}
	return s.watch(ctx, client, job)
}

// submitted ends a submission that nobody waits for.
func (s *session) submitted(job api.Job, o submitOptions) error {
	if s.json {
		return s.printJSON(submitAnswer{ID: job.ID, Name: job.Name, Status: job.Status})
	}
	fmt.Fprintln(s.out, job.ID)
	if o.paused && !o.noWait {
		fmt.Fprintf(s.errOut, "The job is paused; start it with \"farm jobs resume %s\"\n", shortID(string(job.ID)))
	}
	return nil
}

// findJobType returns the job type, or an error that lists those there are.
func findJobType(ctx context.Context, client *api.Client, name string) (farm.JobType, error) {
	jobType, err := client.GetJobType(ctx, name)
	if err == nil || exitStatus(err) != exitNotFound {
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
	tag, err := findTag(list.Tags, name)
	return tag.ID, err
}
