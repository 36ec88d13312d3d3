package cmd

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"renderfarm/addon"
	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/blendfile"
	"renderfarm/farm/submit"
)

// submitOptions are the flags of submit.
type submitOptions struct {
	submit.Options
	set    []string // settings of the job type, as KEY=VALUE
	noWait bool
	script string // file with all of this, "-" is the standard input
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
shared storage is used where it is. Any other goes into the farm's file store,
with everything it needs: textures, caches, linked files and what they need in
turn. What the farm has already is not sent again, and what no job needs any
more is removed. A farm without a file store gets a copy in its shared storage,
which is removed with its job. Files that are missing are listed before anything
is submitted.

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
	completeFlag(c, "type", func(c *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return s.completeJobTypes(c, nil, begun)
	})
	completeFlag(c, "tag", s.completeTags)
	return c
}

// jobFlags gives the command the flags that say what the job is.
func (o *submitOptions) jobFlags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.Name, "name", "", "`name` of the job (default: that of the file)")
	f.StringVar(&o.Type, "type", submit.DefaultType, "job `type`")
	f.StringVar(&o.Frames, "frames", "", "`frames` to render, such as 1-24 or 1,5,10-20")
	f.IntVar(&o.ChunkSize, "chunk-size", 0, "`number` of frames that one task renders")
	f.Float64Var(&o.FPS, "fps", 0, "frames per `second` of the video")
	f.StringVar(&o.Format, "format", "", "image `format`, by Blender's name: PNG, JPEG, OPEN_EXR, ...")
	f.StringVar(&o.Ext, "ext", "", "`extension` of the image files, such as .png (default: that of the format)")
	f.StringVar(&o.Scene, "scene", "", "`scene` to render (default: the one that was active when the file was saved)")
	f.StringVarP(&o.Output, "output", "o", "", "`folder` for the renders, as every worker sees it (default: renders in the shared storage)")
	f.IntVar(&o.Priority, "priority", api.DefaultPriority, "`priority` of the job, 0 to 100; higher goes first")
	f.StringVar(&o.Tag, "tag", "", "only workers with this `tag`")
	f.StringArrayVar(&o.set, "set", nil, "a setting of the job type, as `KEY=VALUE`; may be repeated")
	f.StringSliceVar(&o.Notify, "notify", nil, "`whom` to tell of the job: a way that \"farm notify list\" names, a mail address or a URL; may be repeated")
	f.BoolVar(&o.Paused, "paused", false, "submit without starting; \"farm jobs resume\" starts it")
	f.BoolVar(&o.noWait, "no-wait", false, "print the job's id and end at once")
}

// fileFlags gives the command the flags that say where its files come from.
func (o *submitOptions) fileFlags(c *cobra.Command) {
	f := c.Flags()
	traceFlags(c, &o.Blender, &o.Project, &o.Exclude)
	f.BoolVar(&o.Pack, "pack", false, "copy the file and what it needs even if it is in the shared storage")
	f.BoolVar(&o.Upload, "upload", false, "upload the file and what it needs to the manager even if it is in the shared storage")
	f.BoolVar(&o.AllowMissing, "allow-missing", false, "submit although files are missing")
	f.StringVar(&o.script, "script", "", "read the job from a YAML `file`, - for the standard input; flags win over it")
}

// flagOf returns the flag of an option, by its key in a script.
func flagOf(key string) string {
	if key == "settings" {
		return "--set"
	}
	return "--" + strings.ReplaceAll(key, "_", "-")
}

// complete settles the options: what the flags leave open is read from the
// script, if there is one. It returns the file to submit.
func (o *submitOptions) complete(s *session, c *cobra.Command, given []string) (file string, err error) {
	if len(given) > 1 {
		return "", usageErrorf("%s does not take %q", c.CommandPath(), given[1])
	}
	// Whether a flag was given, even with its default: only then it wins over the script.
	changed := func(key string) bool { return c.Flags().Changed(strings.TrimPrefix(flagOf(key), "--")) }
	for _, text := range o.set {
		key, value, ok := strings.Cut(text, "=")
		if !ok {
			return "", usageErrorf("--set %q: write it as KEY=VALUE", text)
		}
		if o.Settings == nil {
			o.Settings = map[string]string{}
		}
		o.Settings[key] = value
	}
	if o.script != "" {
		script, err := o.readScript(s)
		if err != nil {
			return "", err
		}
		o.Fill(script, changed)
		file = script.File()
	}
	if len(given) == 1 {
		file = given[0]
	}
	switch {
	case file == "" && o.script != "":
		return "", usageErrorf("the script has no key blend: name the file there, or after the command")
	case file == "":
		return "", usageErrorf("%s needs FILE.blend", c.CommandPath())
	case changed("chunk_size") && o.ChunkSize == 0: // in a script it means what is left out
		return "", usageErrorf("--chunk-size must be at least 1")
	case changed("fps") && o.FPS == 0:
		return "", usageErrorf("--fps must be more than 0")
	}
	return file, o.Check(flagOf)
}

// readScript reads the script that --script names.
func (o *submitOptions) readScript(s *session) (*submit.Script, error) {
	if o.script == "-" {
		return submit.DecodeScript("standard input", s.in)
	}
	return submit.ReadScript(o.script)
}

// runSubmit goes from a file to a job, and to its end, unless nobody waits for it or it
// waits for a user itself. Once the job is sent, Ctrl-C stops only the watching. A job
// that fails or is canceled while it is watched is exitJobFailed.
func runSubmit(ctx context.Context, s *session, o submitOptions, file string) error {
	client, err := s.client(ctx)
	if err != nil {
		return err
	}
	// One bar for all stages, from reading the file to the last byte that is sent.
	bar := s.transferBar()
	defer bar.end()
	u := &submit.Submitter{
		Client: client, Scripts: addon.Pack(), Cache: s.blendCache(), Option: flagOf, Progress: bar.show,
		Note: func(text string) { bar.end(); fmt.Fprintln(s.errOut, printable(text)) },
	}
	// Until Submit nothing is changed anywhere, so giving up costs nothing.
	p, err := u.Prepare(ctx, file, o.Options)
	if err != nil {
		return err
	}
	defer p.Close()
	if err := s.acceptMissing(p.File(), p.Missing(), o.AllowMissing); err != nil {
		return err
	}
	job, err := p.Submit(ctx)
	if err != nil {
		return err
	}
	bar.end()
	// A paused job would be watched for ever.
	if o.noWait || o.Paused {
		return s.submitted(job, o)
	}
	return s.watch(ctx, client, job)
}

// blendCache is where rewritten copies of .blend files are kept for the next upload.
func (s *session) blendCache() string { return filepath.Join(s.home, "cache", "blends") }

// acceptMissing asks whether to submit although files are missing. Where nobody
// can answer, allow must have been given.
func (s *session) acceptMissing(file string, missing []blendfile.MissingFile, allow bool) error {
	if len(missing) == 0 {
		return nil
	}
	verb := "are"
	if len(missing) == 1 {
		verb = "is"
	}
	list := fmt.Sprintf("There %s %s that %s needs and that cannot be found or read:\n%s", verb, farm.Count(len(missing), "file"), printable(filepath.Base(file)), printableLines(submit.ListMissing(missing)))
	if allow {
		fmt.Fprint(s.errOut, "Warning: ", list)
		return nil
	}
	if !isTerminal(s.in) || !isTerminal(s.errOut) {
		return farm.Errorf(farm.Invalid, "%sNothing was submitted. Correct the paths in Blender (File > External Data > Find Missing Files), or submit without them with --allow-missing.", list)
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
	// The id alone, for ID=$(farm submit ...).
	fmt.Fprintln(s.out, job.ID)
	if o.Paused && !o.noWait {
		fmt.Fprintf(s.errOut, "The job is paused; start it with \"farm jobs resume %s\"\n", shortID(string(job.ID)))
	}
	return nil
}
