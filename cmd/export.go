package cmd

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/store"
)

// newExport returns the command that writes the database as text.
func newExport(s *session) *cobra.Command {
	backup := ""
	c := &cobra.Command{
		Use:   "export [FILE]",
		Short: "Write the database as lines of JSON",
		Long: `Write everything that is in the manager's database as lines of JSON: jobs with their
settings, tasks with their commands and states, workers, tags, results of frames and the
history of who did what. "farm import" makes a database of it again. Without FILE it is
printed. Keep it as you keep the database: it has hashes of the workers' secrets.

The manager must not be running, unless --database names a backup: "farm backup" makes
one while it runs.`,
		Example: "  farm export farm.jsonl\n  farm export --database /srv/farm/backups/farm-20261130-120000-manual.db | jq -c 'select(.bucket==\"job\") | .value.job.Name'",
		Args:    optionalFile,
		RunE: func(_ *cobra.Command, given []string) error {
			database := backup
			if database == "" {
				config, err := s.config()
				if err != nil {
					return err
				}
				database = filepath.Join(s.home, config.Database)
			}
			// To standard output goes nothing but the export, so that it can be piped.
			if len(given) == 0 {
				_, err := store.Export(database, s.out, time.Now())
				return inUse(err)
			}
			return s.exportTo(database, given[0])
		},
	}
	c.Flags().StringVar(&backup, "database", "", "database or backup to export, instead of that of the home folder")
	return c
}

// exportTo writes an export to a file, which appears when it is whole and on the disk.
func (s *session) exportTo(database, file string) error {
	temp := file + ".new"
	// For the user alone, as the database: it has hashes of secrets.
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return farm.Errorf(farm.Invalid, "the export cannot be written: %w. Name a file in a folder that is there and writable", err)
	}
	defer os.Remove(temp)
	defer f.Close()
	n, err := store.Export(database, f, time.Now())
	if err != nil {
		return inUse(err)
	}
	// Only an export that is on the disk takes the place of an older one. That Close is called
	// again by the defer does no harm.
	for _, step := range []func() error{f.Sync, f.Close, func() error { return os.Rename(temp, file) }} {
		if err := step(); err != nil {
			return farm.Errorf(farm.Internal, "the export cannot be written: %w. Check that the disk is not full", err)
		}
	}
	fmt.Fprintf(s.errOut, "%d records of %s are in %s\n", n, database, file)
	return nil
}

// newImport returns the command that makes a database of an export.
func newImport(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:   "import FILE",
		Short: "Make a database of an export, or take over from Flamenco",
		Long: `Make the manager's database of what "farm export" wrote. The manager must not be running.
Every line is checked, and that the records agree with each other; if anything is wrong
nothing is changed, and the line is named.

A database that is there is not deleted: it gets another name, which is printed, and can
be restored with "farm restore".`,
		Example: "  farm import farm.jsonl --home /srv/farm2\n  farm import farm.jsonl --yes",
		Args:    args("FILE"),
		RunE: func(_ *cobra.Command, given []string) error {
			return s.importFrom(given[0])
		},
	}
	s.yesFlag(c)
	c.AddCommand(newImportFlamenco(s))
	return c
}

// importFrom asks before it replaces anything.
func (s *session) importFrom(file string) error {
	config, err := s.config()
	if err != nil {
		return err
	}
	f, err := os.Open(file)
	if err != nil {
		return farm.Errorf(farm.Invalid, "the export cannot be read: %w", err)
	}
	defer f.Close()
	// It is read again to name the line of a record that disagrees with others.
	if _, err := f.Seek(0, io.SeekCurrent); err != nil {
		return farm.Errorf(farm.Invalid, "%s cannot be read twice, as an import does: write the export to a file first", file)
	}
	database := filepath.Join(s.home, config.Database)
	// Nothing is replaced on a new home, and there is nothing to ask.
	if _, err := os.Stat(database); err == nil {
		if err := s.mayReplace(database, file); err != nil {
			return err
		}
	}
	if err := prepareHome(s.home); err != nil {
		return err
	}
	kept, err := store.Import(f, database, time.Now())
	if err != nil {
		return inUse(err)
	}
	s.tellReplaced(database, "imported", file, kept)
	return nil
}
