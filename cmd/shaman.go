package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/manager"
	"renderfarm/store"
)

// newShaman returns the commands about the store for submitted files.
func newShaman(s *session) *cobra.Command {
	c := group(&cobra.Command{
		Use:   "shaman",
		Short: "Manage the store for submitted files",
		Long: `Manage Shaman, the store for submitted files: how full it is, and what of it
nobody needs any more.

The commands ask the manager that runs. If none does, they work on the home
folder themselves.`,
		Example: "  farm shaman show\n  farm shaman gc\n  farm shaman gc --delete",
	})
	c.AddCommand(newShamanShow(s), newShamanGC(s))
	return c
}

// newShamanShow returns the command that says how full the store is.
func newShamanShow(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:     "show",
		Short:   "Show how full the store is",
		Long:    "Show how full the store is, and its limits. With --json it prints what GET /api/farm/files answers.",
		Example: "  farm shaman show\n  farm shaman show --json | jq .stored.bytes",
		Args:    args(),
		RunE: func(c *cobra.Command, _ []string) error {
			return runShamanShow(c.Context(), s)
		},
	}
	s.jsonFlag(c)
	return c
}

// runShamanShow prints files and bytes of the store, its quota, and how much of the
// disk is free. It works without a manager too, see offline.
func runShamanShow(ctx context.Context, s *session) error {
	client, err := s.client(ctx)
	if err != nil {
		return err
	}
	u, err := client.FilesInfo(ctx)
	// It answers, but knows no such route.
	if foreign(err) {
		return farm.Errorf(farm.Invalid, "this manager is not Farm, and cannot say how full its file store is: look into the folder file-store of its shared storage")
	}
	if s.noManager(err) {
		err = s.offline(func(o manager.Offline) error {
			usage, err := o.FileUsage(ctx)
			return errors.Join(err, sameJSON(usage, &u))
		})
	}
	if err != nil {
		return err
	}
	if s.json {
		return s.printJSON(u)
	}
	t := s.table("", "files", "size")
	t.row("stored files", u.Stored.Files, farm.Size(u.Stored.Bytes))
	t.row("uploads", u.Uploads.Files, farm.Size(u.Uploads.Bytes))
	t.row("checkouts", u.Checkouts, "")
	// 0 is no quota.
	if u.Quota > 0 {
		t.row("quota", "", farm.Size(u.Quota))
	}
	// -1 if the system does not say.
	if u.Free >= 0 {
		t.row("free on the disk", "", farm.Size(u.Free))
	}
	t.row("kept free", "", farm.Size(u.KeepFree))
	return t.print()
}

// gcOptions are the flags of "farm shaman gc".
type gcOptions struct {
	remove bool
	dryRun bool   // says what is the default; only together with remove a mistake
	age    string // a duration; "": what the configuration says
	list   bool   // print each name, too
}

// newShamanGC returns the command that cleans the store.
func newShamanGC(s *session) *cobra.Command {
	var o gcOptions
	c := &cobra.Command{
		Use:   "gc",
		Short: "Show what nobody needs any more, or remove it",
		Long: `Show what nobody needs any more, or remove it with --delete: stored files in no
checkout, checkouts of no job, and what is left of uploads that broke off.

Nothing goes that somebody asked for within shaman.garbageCollect.maxAge. A
manager that runs does the same by itself, every shaman.garbageCollect.period;
it leaves everything alone for at least an hour, and broken-off uploads are
never kept for more than a day.`,
		Example: "  farm shaman gc\n  farm shaman gc --list\n  farm shaman gc --delete --older-than 48h",
		Args:    args(),
		RunE: func(c *cobra.Command, _ []string) error {
			return runShamanGC(c.Context(), s, o)
		},
	}
	c.Flags().BoolVar(&o.remove, "delete", false, "remove it")
	c.Flags().BoolVar(&o.dryRun, "dry-run", false, "only show it, which is the default")
	c.Flags().StringVar(&o.age, "older-than", "", "for this `long` nobody asked for it (default: shaman.garbageCollect.maxAge)")
	c.Flags().BoolVar(&o.list, "list", false, "list the names as well")
	s.jsonFlag(c)
	return c
}

// runShamanGC collects the garbage, or only counts it. It works without a manager too,
// see offline.
func runShamanGC(ctx context.Context, s *session, o gcOptions) error {
	if o.remove && o.dryRun {
		return usageErrorf("--delete and --dry-run cannot be combined")
	}
	wanted := api.CollectFiles{Delete: o.remove}
	// 0 is an age, too: everything that nobody needs at this moment.
	age := farm.Duration(-1) // what the configuration says
	if o.age != "" {
		if err := age.UnmarshalText([]byte(o.age)); err != nil || age < 0 {
			return usageErrorf("--older-than: %q is not a duration: write it like 90m or 48h", o.age)
		}
		wanted.OlderThan = &age
	}
	client, err := s.client(ctx)
	if err != nil {
		return err
	}
	got, err := client.CollectFiles(ctx, wanted)
	if s.noManager(err) {
		err = s.offline(func(off manager.Offline) error {
			collected, err := off.CollectFiles(ctx, o.remove, time.Duration(age))
			return errors.Join(err, sameJSON(collected, &got))
		})
	}
	if err != nil {
		return err
	}
	if s.json {
		return s.printJSON(got)
	}
	return s.printCollected(got, o)
}

// printCollected says what was removed, or would be.
func (s *session) printCollected(got api.CollectedFiles, o gcOptions) error {
	heading := "would go"
	if got.Deleted {
		heading = "removed"
	}
	t := s.table(heading, "files", "size")
	t.row("stored files", got.Stored.Files, farm.Size(got.Stored.Bytes))
	t.row("broken-off uploads", got.Uploads.Files, farm.Size(got.Uploads.Bytes))
	t.row("checkouts", got.Checkouts, "")
	t.row("stored files that stay", got.Kept.Files, farm.Size(got.Kept.Bytes))
	if err := t.print(); err != nil {
		return err
	}
	if o.list {
		for _, name := range got.Names {
			fmt.Fprintln(s.out, printable(name))
		}
	}
	if !got.Deleted && got.Stored.Files+got.Uploads.Files+got.Checkouts > 0 {
		fmt.Fprintln(s.errOut, "Nothing was removed; --delete removes it.")
	}
	return nil
}

// sameJSON copies a value into another type with the same JSON: what the manager
// says itself, and what of it comes over the wire.
func sameJSON(from, to any) error {
	text, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, to)
}

// noManager reports whether an error means that no manager runs, and none was named:
// only then is the home folder of this computer meant. A manager that answered with
// an error runs, and of one that was named but is away nobody knows the home.
func (s *session) noManager(err error) bool {
	if farm.KindOf(err) != farm.Unavailable || api.StatusOf(err) != 0 {
		return false
	}
	c, configErr := s.config()
	return configErr == nil && c.ManagerURL == ""
}

// offline opens the database of a manager that does not run, for what is done with its
// files. The lock of the database keeps a manager from starting until f returns; if one
// holds it, the error has the status exitInUse.
func (s *session) offline(f func(manager.Offline) error) error {
	config, err := s.config()
	if err != nil {
		return err
	}
	database := filepath.Join(s.home, config.Database)
	if _, err := os.Stat(database); errors.Is(err, fs.ErrNotExist) {
		return farm.Errorf(farm.Unavailable, "no manager answers, and none has ever run on the home folder %s.", s.home)
	}
	db, err := store.Open(store.Options{Path: database, Program: version, Log: s.log, Fatal: s.storeFailed})
	if err != nil {
		return inUse(err)
	}
	return errors.Join(f(manager.Offline{Store: db, Config: config.Config, Home: s.home, Log: s.log}), db.Close())
}
