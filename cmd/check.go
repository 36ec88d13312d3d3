package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/store"
)

// newCheck returns the command that looks for damage.
func newCheck(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:   "check",
		Short: "Check the database of a manager that is not running",
		Long: `Check every record of the manager's database, and that they agree with each
other. The manager must not be running. Nothing is changed.

It ends with status 1 if anything is wrong.`,
		Example: "  farm check --home /srv/farm",
		Args:    args(),
		RunE: func(c *cobra.Command, _ []string) error {
			return runCheck(c.Context(), s)
		},
	}
	s.jsonFlag(c)
	return c
}

// A checked is what "farm check --json" prints.
type checked struct {
	Database string   `json:"database"` // path
	Problems []string `json:"problems"` // sentences; empty and never null if all is well
}

// runCheck reads the whole database, and prints what is wrong as it finds it. It ends
// with exitFailed if anything is, and with exitInUse while a manager has the database.
func runCheck(ctx context.Context, s *session) error {
	config, err := s.config()
	if err != nil {
		return err
	}
	found := checked{Database: filepath.Join(s.home, config.Database), Problems: []string{}}
	if _, err := os.Stat(found.Database); errors.Is(err, fs.ErrNotExist) {
		s.tellForeignFiles()
		return farm.Errorf(farm.Invalid, "there is no database %s: no manager has ever run on this home folder. Is it the right --home?", found.Database)
	}
	for problem := range store.Check(found.Database) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if taken := inUse(problem); taken != problem {
			return taken
		}
		found.Problems = append(found.Problems, problem.Error())
		if !s.json {
			fmt.Fprintln(s.out, printable(problem.Error()))
		}
	}
	if s.json {
		if err := s.printJSON(found); err != nil {
			return err
		}
	}
	if n := len(found.Problems); n > 0 {
		were := "problems were"
		if n == 1 {
			were = "problem was"
		}
		return &statusError{exitFailed, fmt.Sprintf("%d %s found in %s. Keep a copy of the home folder before you go on", n, were, found.Database)}
	}
	if !s.json {
		fmt.Fprintf(s.out, "%s is in order\n", found.Database)
	}
	return nil
}
