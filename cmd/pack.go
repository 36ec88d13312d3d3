package cmd

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"renderfarm/addon"
	"renderfarm/farm"
	"renderfarm/farm/blendfile"
	"renderfarm/farm/pack"
)

// packOptions are the flags of the commands that look for what a .blend needs.
type packOptions struct {
	blender string
	project string
	exclude []string
}

// flags gives a command the flags.
func (o *packOptions) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.blender, "blender", "", "`path` of the Blender that reads the file (default: the one on the PATH)")
	f.StringVar(&o.project, "project", "", "`folder` of the project (default: the nearest one above the file with .blender_project, .git or .svn in it, else that of the file)")
	f.StringArrayVar(&o.exclude, "exclude", nil, "leave files out whose name or path in the pack matches the `pattern`, such as '*.mov' or 'renders/*'; may be repeated")
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
	o.flags(c)
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
	if info, err := os.Lstat(out); err == nil && (!info.IsDir() || isZip(out)) {
		return farm.Errorf(farm.Conflict, "%s is there already, and nothing is overwritten: choose another name, or remove it first", out)
	}
	p, done, err := s.trace(ctx, o, file, false)
	if err != nil {
		return err
	}
	defer done()
	bar := s.transferBar("Packing", len(p.Files), p.Size())
	if isZip(out) {
		err = pack.ToZip(ctx, p, out, bar.show)
	} else {
		err = pack.ToFolder(ctx, p, out, bar.show)
	}
	bar.end()
	if err != nil {
		return err
	}
	s.tellPack(p)
	if s.json {
		return s.printJSON(packAnswer{out, p.Size(), p})
	}
	_, err = fmt.Fprintf(s.out, "Packed %s, %s: %s\n", count(len(p.Files), "file"), byteSize(p.Size()), printable(filepath.Join(out, filepath.FromSlash(p.Blend))))
	return err
}

// listPack lists what the file needs, and writes nothing.
func listPack(ctx context.Context, s *session, o packOptions, file string) error {
	looking := s.lookingBar()
	p, err := blendfile.Trace(ctx, file, blendfile.TraceOptions{
		Blender: o.blender, Scripts: addon.Pack(), Project: o.project, Exclude: o.exclude, LookOnly: true, Progress: looking.show,
	})
	looking.end()
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
		if strings.HasPrefix(f.Target, "_outside/") {
			from = "outside"
		}
		t.row(byteSize(f.Size), from, f.Target)
	}
	t.row(byteSize(p.Size()), "", count(len(p.Files), "file"))
	return t.print()
}

// isZip reports whether a name is that of a zip file.
func isZip(name string) bool { return strings.EqualFold(filepath.Ext(name), ".zip") }

// trace looks for what the file needs. done removes what was made for it; keep
// leaves the copies for another time.
func (s *session) trace(ctx context.Context, o packOptions, file string, keep bool) (p *blendfile.Pack, done func(), err error) {
	work, done, err := s.packFolder(keep)
	if err != nil {
		return nil, nil, err
	}
	looking := s.lookingBar()
	p, err = blendfile.Trace(ctx, file, blendfile.TraceOptions{
		Blender: o.blender, Scripts: addon.Pack(), Project: o.project, Work: work, Exclude: o.exclude, Progress: looking.show,
	})
	looking.end()
	if err != nil {
		done()
		return nil, nil, err
	}
	return p, done, nil
}

// packFolder returns the folder for rewritten copies, and how to be done with
// it. Uploads keep theirs in the home folder: Blender never writes the same file
// twice, and a library that has not changed is not to be uploaded again.
func (s *session) packFolder(keep bool) (string, func(), error) {
	var work string
	var err error
	if keep {
		work = filepath.Join(s.home, "cache", "blends")
		if err = os.MkdirAll(work, 0o700); err == nil {
			return work, func() { tidy(work, s.now().Add(-keepBlends)) }, nil
		}
	}
	if work, err = os.MkdirTemp("", "farm-blends-*"); err != nil {
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

// missingShown bounds the list of missing files that people are shown.
const missingShown = 20

// tellPack says what a pack lacks.
func (s *session) tellPack(p *blendfile.Pack) {
	for _, warning := range p.Warnings {
		fmt.Fprintf(s.errOut, "Warning: %s\n", printable(warning))
	}
	if len(p.Missing) > 0 {
		fmt.Fprintf(s.errOut, "Warning: %s cannot be packed:\n%s", count(len(p.Missing), "file"), missingList(p.Missing))
	}
}

// missingList returns a line for each missing file.
func missingList(missing []blendfile.MissingFile) string {
	var b strings.Builder
	for _, m := range missing[:min(missingShown, len(missing))] {
		fmt.Fprintf(&b, "  %s  (%s %q: %s", printable(m.Path), m.Kind, m.Owner[1], printable(m.Why))
		if m.Library != "" {
			fmt.Fprintf(&b, "; asked for by %s", printable(m.Library))
		}
		b.WriteString(")\n")
	}
	if n := len(missing) - missingShown; n > 0 {
		fmt.Fprintf(&b, "  and %d more\n", n)
	}
	return b.String()
}

// count says how many there are of something.
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
