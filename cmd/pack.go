package cmd

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"renderfarm/addon"
	"renderfarm/farm"
	"renderfarm/farm/blendfile"
	"renderfarm/farm/pack"
	"renderfarm/farm/submit"
)

// packOptions are the flags of pack.
type packOptions struct {
	blender string
	project string
	exclude []string
}

// traceFlags gives a command the flags for looking for what a .blend needs.
func traceFlags(c *cobra.Command, blender, project *string, exclude *[]string) {
	f := c.Flags()
	f.StringVar(blender, "blender", "", "`path` of the Blender that reads the file (default: the one on the PATH)")
	f.StringVar(project, "project", "", "`folder` of the project (default: the nearest one above the file with .blender_project, .git or .svn in it, else that of the file)")
	f.StringArrayVar(exclude, "exclude", nil, "leave files out whose name or path in the pack matches the `pattern`, such as '*.mov' or 'renders/*'; may be repeated")
}

// newPack returns the command that makes a copy of a .blend with all it needs.
func newPack(s *session) *cobra.Command {
	var o packOptions
	c := &cobra.Command{
		Use:   "pack FILE.blend [OUT.zip|DIR]",
		Short: "Copy a Blender file with everything it needs",
		Long: `Copy a Blender file with everything it needs, to any depth: textures, sequences,
UDIM tiles, movies, sounds, fonts, volumes, caches, simulations and libraries.

The copy works from any folder on any computer: what is outside the project goes
into the folder _outside, and the paths in the copies are changed. Your files are
only read. What is missing is listed, and the rest is packed. Nothing that is
there already is overwritten. Without OUT nothing is written, and what would be
packed is listed.`,
		Example: `  farm pack shot.blend
  farm pack shot.blend shot.zip
  farm pack shot.blend /mnt/usb/shot --exclude '*.mov' --exclude 'renders/*'
  farm pack shot.blend shot.zip --json | jq '.missing[].path'`,
		Args: func(c *cobra.Command, given []string) error {
			if len(given) < 2 {
				return args("FILE.blend")(c, given)
			}
			return args("FILE.blend", "OUT.zip|DIR")(c, given)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"blend"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(c *cobra.Command, given []string) error {
			if len(given) == 1 {
				return listPack(c.Context(), s, o, given[0])
			}
			return runPack(c.Context(), s, o, given[0], given[1])
		},
	}
	traceFlags(c, &o.blender, &o.project, &o.exclude)
	s.jsonFlag(c)
	return c
}

// packAnswer is what pack prints with --json.
type packAnswer struct {
	Out   string `json:"out"`
	Bytes int64  `json:"bytes"`
	*blendfile.Pack
}

// runPack looks for what the file needs, and copies it.
func runPack(ctx context.Context, s *session, o packOptions, file, out string) error {
	out, err := filepath.Abs(out)
	if err != nil {
		return err
	}
	// A name that is taken is told before Blender takes its time.
	// Lstat: a link that leads nowhere is a name that is taken, too.
	if info, err := os.Lstat(out); err == nil && (!info.IsDir() || isZip(out)) {
		return farm.Errorf(farm.Conflict, "%s is there already, and nothing is overwritten: choose another name, or remove it first", out)
	}
	work, err := os.MkdirTemp("", "farm-blends-*")
	if err != nil {
		return farm.Errorf(farm.Invalid, "cannot make a temporary folder: %w", err)
	}
	defer os.RemoveAll(work)
	p, err := s.trace(ctx, file, blendfile.TraceOptions{Blender: o.blender, Project: o.project, Exclude: o.exclude, Work: work})
	if err != nil {
		return err
	}
	bar := s.transferBar()
	// A folder that is there has to be empty; see pack.ToFolder.
	move := pack.ToFolder
	if isZip(out) {
		move = pack.ToZip
	}
	err = move(ctx, p, out, func(done pack.Progress) {
		bar.show(submit.Progress{Stage: "Packing", Files: done.Files, FilesTotal: len(p.Files), Bytes: done.Bytes, BytesTotal: p.Size()})
	})
	bar.end()
	if err != nil {
		return err
	}
	s.tellPack(p)
	if s.json {
		return s.printJSON(packAnswer{out, p.Size(), p})
	}
	_, err = fmt.Fprintf(s.out, "Packed %s, %s: %s\n", farm.Count(len(p.Files), "file"), farm.Size(p.Size()), printable(filepath.Join(out, filepath.FromSlash(p.Blend))))
	return err
}

// listPack lists what the file needs, and writes nothing.
func listPack(ctx context.Context, s *session, o packOptions, file string) error {
	p, err := s.trace(ctx, file, blendfile.TraceOptions{Blender: o.blender, Project: o.project, Exclude: o.exclude, LookOnly: true})
	if err != nil {
		return err
	}
	s.tellPack(p)
	if s.json {
		return s.printJSON(packAnswer{"", p.Size(), p})
	}
	t := s.table("size", "from", "in the pack")
	for _, f := range p.Files {
		from := "project"
		// Where files from outside the project go, by the rule of package pack.
		if strings.HasPrefix(f.Target, "_outside/") {
			from = "outside"
		}
		t.row(farm.Size(f.Size), from, f.Target)
	}
	t.row(farm.Size(p.Size()), "", farm.Count(len(p.Files), "file"))
	return t.print()
}

// isZip reports whether a name is that of a zip file.
func isZip(name string) bool { return strings.EqualFold(filepath.Ext(name), ".zip") }

// trace looks for what the file needs, and shows how far it is.
func (s *session) trace(ctx context.Context, file string, o blendfile.TraceOptions) (*blendfile.Pack, error) {
	bar := s.transferBar()
	defer bar.end()
	o.Scripts = addon.Pack()
	o.Progress = func(p blendfile.TraceProgress) { bar.show(submit.Tracing(p)) }
	return blendfile.Trace(ctx, file, o)
}

// tellPack says what a pack lacks.
func (s *session) tellPack(p *blendfile.Pack) {
	for _, warning := range p.Warnings {
		fmt.Fprintf(s.errOut, "Warning: %s\n", printable(warning))
	}
	if len(p.Missing) > 0 {
		fmt.Fprintf(s.errOut, "Warning: %s cannot be packed:\n%s", farm.Count(len(p.Missing), "file"), printableLines(submit.ListMissing(p.Missing)))
	}
}
