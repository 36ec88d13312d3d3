package cmd

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"renderfarm/jsjobs"
)

// newJobtypeCheck returns the command that looks for mistakes in scripts.
func newJobtypeCheck(s *session) *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use:   "check SCRIPT...",
		Short: "Look for mistakes in scripts of job types",
		Long: `Look for mistakes in scripts of job types: whether they can be read and define a
job type, and whether its settings make sense. SCRIPT is a file, or the name of a
job type of this home or of those that come with Farm.

The Python in eval is not run, since that needs Blender: only texts and brackets
that do not end, missing operators, statements, and names that an eval does not
have are found. compileJob(job) is not run either: "farm jobtype plan" does.

The exit status is 1 if a script cannot be used or has a mistake. Warnings, of
what is allowed and hardly meant, do not count. With --json it prints an array of
file, line, column, message, source (the line) and warning.`,
		Example:           "  farm jobtype check scripts/*.js\n  farm jobtype check shot_bake.js --json",
		Args:              args("SCRIPT..."),
		ValidArgsFunction: s.completeScripts,
		RunE: func(c *cobra.Command, given []string) error {
			return runJobtypeCheck(c.Context(), s, given, dir)
		},
	}
	scriptsFlag(c, &dir, "in which names are looked for (default: scripts in the home folder)")
	s.jsonFlag(c)
	return c
}

// runJobtypeCheck checks every script, and fails if one of them is wrong.
func runJobtypeCheck(ctx context.Context, s *session, scripts []string, dir string) error {
	// Not nil, so that scripts get [] and not null if all is well.
	all, wrong := []jsjobs.Finding{}, 0
	for _, script := range scripts {
		file, err := s.findScript(script, dir)
		if err != nil {
			return err
		}
		// An error here is one of this computer, such as a script that cannot be read. Mistakes in
		// it are findings.
		found, err := file.Check(ctx, file.name)
		if err != nil {
			return err
		}
		mistakes := 0
		// The child process that reads scripts knows them by name, and people by their path.
		for i := range found {
			found[i].File = file.path(found[i].File)
			if !found[i].Warning {
				mistakes++
			}
			if !s.json {
				s.printFinding(found[i])
			}
		}
		if mistakes > 0 {
			wrong++
		} else if !s.json {
			fmt.Fprintf(s.out, "%s is fine\n", printable(script))
		}
		all = append(all, found...)
	}
	if s.json {
		if err := s.printJSON(all); err != nil {
			return err
		}
	}
	if wrong > 0 {
		return &statusError{exitFailed, fmt.Sprintf("%d of %d scripts cannot be used as they are", wrong, len(scripts))}
	}
	return nil
}

// printFinding prints a finding like compilers do: place, message, the line and
// a mark below the place.
func (s *session) printFinding(f jsjobs.Finding) {
	kind, c := "error", red
	if f.Warning {
		kind, c = "warning", yellow
	}
	place := f.File
	if f.Line > 0 {
		place += fmt.Sprintf(":%d:%d", f.Line, max(1, f.Column))
	}
	fmt.Fprintf(s.out, "%s: %s %s\n", printable(place), paint(kind+":", c, s.colors(s.out)), printableLines(f.Message))
	if f.Line == 0 || strings.TrimSpace(f.Source) == "" {
		return
	}
	line, mark := excerpt(f.Source, f.Column)
	fmt.Fprintf(s.out, "    %s\n    %s\n", printable(line), paint(mark, c, s.colors(s.out)))
}

// excerpt returns as much of a line as fits on a screen, with the column, which
// counts bytes from 1, and a caret to be put below that. Tabs become blanks, so
// that both agree.
func excerpt(source string, column int) (line, mark string) {
	const most, before = 100, 60
	at := min(max(column-1, 0), len(source))
	// Columns are counted in bytes, what is on the screen in runes.
	runes := []rune(strings.ReplaceAll(source, "\t", " "))
	caret := len([]rune(source[:at]))
	indent := len(runes) - len([]rune(strings.TrimLeft(string(runes), " ")))
	from := min(indent, caret)
	cut := ""
	if caret-from > before {
		from, cut = caret-before, "…"
	}
	end := ""
	if len(runes)-from > most {
		runes, end = runes[:from+most], "…"
	}
	return cut + string(runes[from:]) + end, strings.Repeat(" ", len([]rune(cut))+caret-from) + "^"
}
