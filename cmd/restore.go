package cmd

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/store"
)

// newRestore returns the command that puts a backup in place of the database.
func newRestore(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:   "restore [FILE]",
		Short: "Restore the database from a backup",
		Long: `Put a backup in place of the manager's database. The manager must not be running.
Without FILE it takes the newest backup in the folder backups of the home folder
that is whole.

The backup is checked first. The present database is not deleted: it gets another
name, which is printed, and can be restored in the same way. What happened since
the backup was made is not in it. Frames and other files stay as they are.`,
		Example: "  farm restore\n  farm restore --yes --home /srv/farm\n  farm restore /mnt/nas/farm-before-the-move.db",
		Args:    optionalFile,
		RunE: func(c *cobra.Command, given []string) error {
			return runRestore(c.Context(), s, given)
		},
	}
	s.yesFlag(c)
	return c
}

// optionalFile checks the arguments of commands that take one file or none.
func optionalFile(c *cobra.Command, given []string) error {
	if len(given) > 1 {
		return usageErrorf("%s takes one file, and not also %q", c.CommandPath(), given[1])
	}
	return nil
}

// runRestore asks before it replaces anything.
func runRestore(ctx context.Context, s *session, given []string) error {
	config, err := s.config()
	if err != nil {
		return err
	}
	database := filepath.Join(s.home, config.Database)
	backup := ""
	if len(given) > 0 {
		backup = given[0]
		// A backup is read to its end before the user is asked, and before anything is moved.
		err = store.CheckBackup(backup)
	} else {
		backup, err = s.newestWhole(ctx, database)
	}
	if err != nil {
		return inUse(err)
	}
	if err := s.mayReplace(database, backup); err != nil {
		return err
	}
	if err := prepareHome(s.home); err != nil { // of a new computer
		return err
	}
	kept, err := store.Restore(backup, database, time.Now())
	if err != nil {
		return inUse(err)
	}
	s.tellReplaced(database, "restored", backup, kept)
	return nil
}

// mayReplace asks whether a file should replace the database, unless --yes says so.
func (s *session) mayReplace(database, file string) error {
	if s.yes {
		return nil
	}
	// Questions are asked on standard error, as standard output may be a pipe.
	if !isTerminal(s.in) || !isTerminal(s.errOut) {
		return usageErrorf("there is no terminal to ask at whether %s should replace the database: add --yes", file)
	}
	if !s.ask(fmt.Sprintf("Replace %s with %s?", database, file)) {
		return &statusError{exitFailed, "nothing was changed"}
	}
	return nil
}

// tellReplaced says what was done, and where the database is that was there, if one was.
func (s *session) tellReplaced(database, verb, file, kept string) {
	fmt.Fprintf(s.out, "%s was %s from %s\n", database, verb, file)
	if kept != "" {
		fmt.Fprintf(s.out, "the database that was there is kept as %s\n", kept)
	}
}

// newestWhole returns the newest backup that can be used, and tells of those that
// cannot.
func (s *session) newestWhole(ctx context.Context, database string) (string, error) {
	list, err := store.Backups(database)
	if err != nil {
		return "", err
	}
	for _, b := range list {
		if err := ctx.Err(); err != nil {
			return "", context.Cause(ctx)
		}
		err := store.CheckBackup(b.Path)
		if err == nil {
			if b.Kind == store.BackupPartial {
				s.tellOfWhole(b.Path, list)
			}
			return b.Path, nil
		}
		fmt.Fprintln(s.errOut, printable(err.Error()))
	}
	if len(list) > 0 {
		return "", farm.Errorf(farm.Invalid, "no backup in %s can be used: name another file", store.BackupsDir(database))
	}
	return "", farm.Errorf(farm.NotFound, "there is no backup in %s: name the file to restore", store.BackupsDir(database))
}

// tellOfWhole says that a backup was made of a damaged database, and which one has
// everything.
func (s *session) tellOfWhole(partial string, list []store.BackupFile) {
	for _, b := range list {
		if b.Kind != store.BackupPartial {
			fmt.Fprintf(s.errOut, "%s was made while the database was damaged, and lacks what was; the newest that has everything is %s\n", partial, b.Path)
			return
		}
	}
}
