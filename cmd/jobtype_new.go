package cmd

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"renderfarm/farm"
)

// starter is the script that "farm jobtype new" writes. NAME in it becomes the
// label.
//
//go:embed jobtype_new.js
var starter string

// newJobtypeNew returns the command that writes a script to start with.
func newJobtypeNew(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:   "new NAME",
		Short: "Write a script to start a job type with",
		Long: `Write a script to start a job type with: one that works, renders frames, and says
in comments what else there is. NAME is the job type or a path; the file is NAME
with .js behind it and _ for -. A file that exists is never replaced.

Put the file into the folder scripts of the manager's home to have it on the farm.`,
		Example: "  farm jobtype new shot-bake\n  farm jobtype new ~/.local/share/farm/scripts/shot-bake",
		Args:    args("NAME"),
		RunE: func(c *cobra.Command, given []string) error {
			return runJobtypeNew(s, given[0])
		},
	}
	return c
}

// jobtypeName is what job types may be called, to be files everywhere.
var jobtypeName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,59}$`)

// runJobtypeNew writes the script.
func runJobtypeNew(s *session, path string) error {
	name := strings.ReplaceAll(strings.TrimSuffix(filepath.Base(path), ".js"), "_", "-")
	if !jobtypeName.MatchString(name) {
		return usageErrorf("%q is not a valid name for a job type: use lower-case letters, digits and -, at most 60", name)
	}
	file := filepath.Join(filepath.Dir(path), strings.ReplaceAll(name, "-", "_")+".js")
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	switch {
	case errors.Is(err, fs.ErrExist):
		return farm.Errorf(farm.Conflict, "%s exists already, and is left as it is: choose another name", file)
	case errors.Is(err, fs.ErrNotExist):
		return farm.Errorf(farm.NotFound, "there is no folder %s", filepath.Dir(file))
	case err != nil:
		return err
	}
	label := strings.ReplaceAll(name, "-", " ")
	label = strings.ToUpper(label[:1]) + label[1:]
	_, err = f.WriteString(strings.ReplaceAll(starter, "NAME", label))
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(file))
	}
	fmt.Fprintln(s.out, file)
	quoted := farm.QuoteFor(runtime.GOOS, file)
	fmt.Fprintf(s.errOut, "Next: \"farm jobtype check %s\", then \"farm jobtype plan %s --set frames=1-10 --set blendfile=/farm/shot.blend --set output=/farm/out\".\n", quoted, quoted)
	return nil
}
