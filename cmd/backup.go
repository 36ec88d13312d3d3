package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/store"
)

// newBackup returns the command that makes and lists backups of the database.
func newBackup(s *session) *cobra.Command {
	list := false
	c := &cobra.Command{
		Use:   "backup [FILE]",
		Short: "Back up the database",
		Long: `Make a backup of the manager's database: jobs, tasks, workers and tags, all as of one
moment. The manager may be running, and work goes on. Run it on the manager's computer.

Without FILE the backup goes into the folder backups of the home folder, where the
last backup_keep of them are kept. The manager makes backups there by itself as well, one
every backup_period. With FILE the backup is written there: as a further copy if the manager
is running, and only there if not. FILE is replaced if it exists. Frames, submitted files and
farm.yaml are not in a backup.`,
		Example: "  farm backup\n  farm backup /mnt/nas/farm.db\n  farm backup --list\n  farm backup --list --json | jq -r '.[0].path'",
		Args:    optionalFile,
		RunE: func(c *cobra.Command, given []string) error {
			if list && len(given) > 0 {
				return usageErrorf("--list shows the backups there are, and takes no file")
			}
			if list {
				return runBackupList(s)
			}
			return runBackup(c.Context(), s, given)
		},
	}
	c.Flags().BoolVar(&list, "list", false, "show the backups there are, the newest first, and make none")
	s.jsonFlag(c)
	return c
}

// runBackup asks the manager that runs on the home folder, and works on the
// database itself if none does.
func runBackup(ctx context.Context, s *session, given []string) error {
	config, err := s.config()
	if err != nil {
		return err
	}
	database := filepath.Join(s.home, config.Database)
	target := ""
	if len(given) > 0 {
		if target, err = backupTarget(given[0], database); err != nil {
			return err
		}
	}
	// A manager that runs has the file locked, and only it can read the database of one moment.
	b, err := s.backupByManager(ctx)
	switch {
	// Nobody answered. One that answers with an error runs, and its database is not touched.
	case farm.KindOf(err) == farm.Unavailable && api.StatusOf(err) == 0:
		b, err = s.backupIdle(ctx, database, target, config.BackupKeep)
	case err == nil && target != "" && b.Kind != store.BackupPartial: // which must not replace one that has everything
		err = store.CopyBackup(ctx, b.Path, target)
		b.Path = target
	}
	if err != nil {
		return inUse(err)
	}
	if s.json {
		err = s.printJSON(b)
	} else {
		_, err = fmt.Fprintf(s.out, "%s (%s)\n", b.Path, farm.Size(b.Size))
	}
	if err == nil && b.Kind == store.BackupPartial {
		return s.tellPartial(b, target)
	}
	return err
}

// tellPartial says what a backup of a damaged database lacks.
func (s *session) tellPartial(b api.Backup, target string) error {
	for _, what := range b.Lacks {
		fmt.Fprintln(s.errOut, printable(what))
	}
	instead := ""
	if target != "" {
		instead = ", and " + target + " was not written"
	}
	return &statusError{exitFailed, "records of the database are damaged, so the backup has only the rest" + instead + ". Delete what is damaged, or restore a backup of before"}
}

// backupTarget returns the file as an absolute path: it must not be the database itself.
func backupTarget(file, database string) (string, error) {
	target, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(target)
	if err != nil {
		return target, nil
	}
	// The name of a folder would be taken for that of the file, and the error come from deep below.
	if info.IsDir() {
		return "", usageErrorf("%s is a folder: name the file to write, such as %s", file, filepath.Join(file, "farm.db"))
	}
	if now, err := os.Stat(database); err == nil && os.SameFile(now, info) {
		return "", usageErrorf("%s is the database itself: name another file", file)
	}
	return target, nil
}

// backupByManager has the manager of this home make a backup. It is
// farm.Unavailable if none runs.
func (s *session) backupByManager(ctx context.Context) (api.Backup, error) {
	own := s.runningManager()
	if own.url == "" {
		return api.Backup{}, farm.Errorf(farm.Unavailable, "no manager runs on %s", s.home)
	}
	client, err := api.NewPinned(own.url, own.fingerprint)
	if err != nil {
		return api.Backup{}, err
	}
	client.UserAgent = "Farm/" + version
	client.Name = userName()
	return client.MakeBackup(ctx)
}

// backupIdle makes a backup of the database of a manager that does not run.
func (s *session) backupIdle(ctx context.Context, database, target string, keep int) (api.Backup, error) {
	if _, err := os.Stat(database); errors.Is(err, os.ErrNotExist) {
		return api.Backup{}, farm.Errorf(farm.NotFound, "there is no database %s: no manager has ever run on this home folder. Is it the right --home?", database)
	}
	if target == "" {
		b, err := store.BackupIdleToFolder(ctx, database, store.BackupManual, keep, time.Now())
		return api.Backup(b), err
	}
	if err := store.BackupIdle(ctx, database, target); err != nil {
		return api.Backup{}, err
	}
	b := api.Backup{Path: target, Kind: store.BackupManual, Made: time.Now().UTC().Truncate(time.Second)}
	if info, err := os.Stat(target); err == nil {
		b.Size = info.Size()
	}
	return b, nil
}

// kindUpgrade is what "farm backup --list" calls the database as it was before an
// upgrade of its layout.
const kindUpgrade = "upgrade"

// runBackupList shows the backups in the home folder, whether a manager runs or not.
func runBackupList(s *session) error {
	config, err := s.config()
	if err != nil {
		return err
	}
	database := filepath.Join(s.home, config.Database)
	list, err := store.Backups(database)
	if err != nil {
		return err
	}
	// An upgrade leaves the database as it was beside the new one, under the number of its layout.
	older, _ := filepath.Glob(database + ".v[0-9]*")
	for _, path := range older {
		if info, err := os.Stat(path); err == nil {
			list = append(list, store.BackupFile{Path: path, Kind: kindUpgrade, Made: info.ModTime().UTC().Truncate(time.Second), Size: info.Size()})
		}
	}
	if s.json {
		// Scripts get [] and not null.
		if list == nil {
			list = []store.BackupFile{}
		}
		return s.printJSON(list)
	}
	if len(list) == 0 {
		fmt.Fprintf(s.errOut, "No backups in %s.\n", store.BackupsDir(database))
		return nil
	}
	t := s.table("made", "kind", "size", "file")
	for _, b := range list {
		t.row(b.Made.Local().Format(time.DateTime), b.Kind, farm.Size(b.Size), b.Path)
	}
	return t.print()
}
