package cmd

import (
	"context"
	"fmt"
	"path/filepath"
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
	priority int
	set      []string
	metadata map[string]string // only scripts can say it
	paused   bool
	noWait   bool

	packOptions
	pack         bool   // copy the file even if it is in the shared storage
	upload       bool   // through the manager, even if the shared storage can be reached
	allowMissing bool   // submit although files are missing
	script       string // file with all of this, "-" is the standard input
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
shared storage is used where it is. Any other is copied there, with everything
it needs: textures, caches, linked files and what they need in turn. If the
storage cannot be reached from here, all that the farm does not have yet is
uploaded. Files that are missing are listed before anything is submitted.

With --script all of this is in a file, for pipelines; flags win over it.

Ctrl-C stops watching; the job goes on.`,
		Example: `  farm submit shot.blend
  farm submit shot.blend --frames 1-24,60 --chunk-size 4 --name "shot 7, take 2"
  farm submit --script job.yaml --set samples=256
  id=$(farm submit shot.blend --no-wait --allow-missing)`,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"blend"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(c *cobra.Command, given []string) error {
			file, err := o.complete(s, c, given)
			if err != nil {
				return err
			}
			return runSubmit(c.Context(), s, o, file)
		},
	}
	o.jobFlags(c)
	o.fileFlags(c)
	s.jsonFlag(c)
	// Its error is that there is no such flag, which a test would notice.
	_ = c.RegisterFlagCompletionFunc("type", func(c *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return s.completeJobTypes(c, nil, begun)
	})
	return c
}

// defaultJobType is what a file is submitted as if nobody says otherwise.
const defaultJobType = "simple-blender-render"

// jobFlags gives the command the flags that say what the job is.
func (o *submitOptions) jobFlags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.name, "name", "", "`name` of the job (default: that of the file)")
	f.StringVar(&o.jobType, "type", defaultJobType, "job `type`")
	f.StringVar(&o.frames, "frames", "", "`frames` to render, such as 1-24 or 1,5,10-20")
	f.IntVar(&o.chunk, "chunk-size", 0, "`number` of frames that one task renders")
	f.Float64Var(&o.fps, "fps", 0, "frames per `second` of the video")
	f.StringVar(&o.format, "format", "", "image `format`, by Blender's name: PNG, JPEG, OPEN_EXR, ...")
	f.StringVar(&o.ext, "ext", "", "`ending` of the image files, such as .png (default: that of the format)")
	f.StringVar(&o.scene, "scene", "", "`scene` to render (default: the one that was active when the file was saved)")
	f.StringVarP(&o.output, "output", "o", "", "`folder` for the renders, as every worker sees it (default: renders in the shared storage)")
	f.IntVar(&o.priority, "priority", api.DefaultPriority, "`priority` of the job, 0 to 100; higher goes first")
	f.StringVar(&o.tag, "tag", "", "only workers with this `tag`")
	f.StringArrayVar(&o.set, "set", nil, "a setting of the job type, as `KEY=VALUE`; may be repeated")
	f.BoolVar(&o.paused, "paused", false, "submit without starting; \"farm jobs resume\" starts it")
	f.BoolVar(&o.noWait, "no-wait", false, "print the job's id and end at once")
}

// fileFlags gives the command the flags that say where its files come from.
func (o *submitOptions) fileFlags(c *cobra.Command) {
	f := c.Flags()
	o.packOptions.flags(c)
	f.BoolVar(&o.pack, "pack", false, "copy the file and what it needs even if it is in the shared storage")
	f.BoolVar(&o.upload, "upload", false, "upload the file and what it needs to the manager even if the shared storage can be reached")
	f.BoolVar(&o.allowMissing, "allow-missing", false, "submit although files are missing")
	f.StringVar(&o.script, "script", "", "read the job from a YAML `file`, - for the standard input; flags win over it")
}

// complete settles the options: what the flags leave open is read from the
// script, if there is one. It returns the file to submit.
func (o *submitOptions) complete(s *session, c *cobra.Command, given []string) (file string, err error) {
	if len(given) > 1 {
		return "", usageErrorf("%s does not take %q", c.CommandPath(), given[1])
	}
	if o.script != "" {
		if file, err = o.readScript(s, c.Flags().Changed); err != nil {
			return "", err
		}
	}
	if len(given) == 1 {
		file = given[0]
	}
	if file == "" && o.script != "" {
		return "", usageErrorf("the script has no key blend: name the file there, or after the command")
	}
	if file == "" {
		return "", usageErrorf("%s needs FILE.blend", c.CommandPath())
	}
	return file, o.check(c.Flags().Changed)
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
	case o.chunk < 0, changed("chunk-size") && o.chunk < 1:
		return usageErrorf("--chunk-size must be at least 1")
	case o.fps < 0, changed("fps") && o.fps == 0:
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

// runSubmit goes from a file to a job, and to its end.
func runSubmit(ctx context.Context, s *session, o submitOptions, file string) error {
	client, err := s.client(ctx)
	if err != nil {
		return err
	}
	u := &submission{s: s, client: client, options: o, file: file, say: func(text string) { fmt.Fprintln(s.errOut, printable(text)) }}
	defer u.done()
	if err := u.prepare(ctx); err != nil {
		return err
	}
	if err := s.acceptMissing(u); err != nil {
		return err
	}
	job, err := u.submit(ctx)
	if err != nil {
		return err
	}
	if o.noWait || o.paused {
		return s.submitted(job, o)
	}
	return s.watch(ctx, client, job)
}

// acceptMissing asks whether to submit although files are missing. Where nobody
// can answer, --allow-missing must have been given.
func (s *session) acceptMissing(u *submission) error {
	if u.files == nil || len(u.files.Missing) == 0 {
		return nil
	}
	missing := u.files.Missing
	lack := "is " + count(len(missing), "file")
	if len(missing) > 1 {
		lack = "are " + count(len(missing), "file")
	}
	list := fmt.Sprintf("There %s that %s needs and that cannot be found or read:\n%s", lack, printable(filepath.Base(u.file)), missingList(missing))
	if u.options.allowMissing {
		fmt.Fprint(s.errOut, "Warning: ", list)
		return nil
	}
	if !isTerminal(s.in) || !isTerminal(s.errOut) {
		return farm.Errorf(farm.Invalid, "%sNothing was submitted. Mend the paths in Blender (File > External Data > Find Missing Files), or submit without them with --allow-missing.", list)
	}
	fmt.Fprint(s.errOut, list)
	if !s.ask("Submit without them?") {
		return &statusError{exitFailed, "nothing was submitted"}
	}
	return nil
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
