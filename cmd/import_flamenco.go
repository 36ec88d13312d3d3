package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/flamenco"
	"renderfarm/farm/fsync"
	"renderfarm/farm/manager"
	"renderfarm/jsjobs"
	"renderfarm/store"
)

// newImportFlamenco returns the command that takes over from a Flamenco manager.
func newImportFlamenco(s *session) *cobra.Command {
	keep := false
	c := &cobra.Command{
		Use:   "flamenco DIR",
		Short: "Take over from a Flamenco manager",
		Long: `Take over from a Flamenco manager: its settings and variables, job types, tags,
workers with their sleep schedules, and its shared storage with the file store. DIR is
the folder with flamenco-manager.yaml. First it is shown what would happen; without
--yes it is asked for, and where nobody can be asked nothing is changed.

Nothing is written into DIR, and its manager may run meanwhile. The manager of this home
must not run. Workers sign on with the secrets they have, once they are told the new
address, or the new manager answers at the old one. Jobs stay behind: let them end, or
submit them again.

What is here already stays: workers, tags, and job types with the same name. Importing
again adds what is new.`,
		Example: "  farm import flamenco /srv/flamenco\n  farm import flamenco /srv/flamenco --yes --home /srv/farm\n  farm import flamenco /srv/flamenco --json | jq .workers[].name",
		Args:    args("DIR"),
		RunE: func(c *cobra.Command, given []string) error {
			return s.importFlamenco(c.Context(), given[0], keep)
		},
	}
	c.Flags().BoolVar(&keep, "keep-storage", false, "do not take over the shared storage")
	s.yesFlag(c)
	s.jsonFlag(c)
	return c
}

// A takeover is what an import changes, or would.
type takeover struct {
	From     string            `json:"from"`
	Home     string            `json:"home"`
	Done     bool              `json:"done"` // false: nothing was changed
	Settings []flamenco.Change `json:"settings"`
	JobTypes []string          `json:"job_types"`
	Tags     []string          `json:"tags"`
	Workers  []takenWorker     `json:"workers"`
	Known    []string          `json:"known"` // workers that are here already
	Left     []string          `json:"left"`  // what stays behind, and why

	config  farm.Config // with the settings
	scripts []string    // files to copy
}

// takenWorker is a worker for people and programs.
type takenWorker struct {
	ID       farm.WorkerID `json:"id"`
	Name     string        `json:"name"`
	Platform string        `json:"platform"`
	Tags     []string      `json:"tags"`
	Schedule string        `json:"schedule"`
}

func (s *session) importFlamenco(ctx context.Context, dir string, keepStorage bool) error {
	temp := ""
	if _, err := os.Stat(s.home); err == nil {
		temp = s.home
	}
	if real(dir) == real(s.home) {
		return farm.Errorf(farm.Invalid, "%s is the home folder of Farm itself, and nothing may be written into that of a Flamenco manager: choose another with --home", dir)
	}
	found, err := flamenco.Read(ctx, dir, temp)
	if err != nil {
		return err
	}
	config, err := s.config()
	if err != nil {
		return err
	}
	t := &takeover{From: found.Dir, Home: s.home, config: config.file.Config, Left: found.Left,
		Settings: []flamenco.Change{}, JobTypes: []string{}, Tags: []string{}, Workers: []takenWorker{}, Known: []string{}}
	t.takeSettings(found, config, keepStorage)
	if err := t.takeScripts(ctx, found); err != nil {
		return err
	}
	if found.Jobs > 0 {
		t.Left = append(t.Left, fmt.Sprintf("jobs: %d with %d tasks. Let them end there, or submit them again", found.Jobs, found.Tasks))
	}
	if err := s.adopt(t, found, config, true); err != nil {
		return err
	}
	return s.confirmTakeover(t, func() error { return s.takeOver(t, found, config) })
}

// real returns the folder that a path leads to, as far as that can be told.
func real(path string) string {
	path, _ = filepath.Abs(path)
	if to, err := filepath.EvalSymlinks(path); err == nil {
		return to
	}
	return path
}

// confirmTakeover shows what would be done, and does it if that is wanted.
func (s *session) confirmTakeover(t *takeover, do func() error) error {
	asked := !s.yes && isTerminal(s.in) && isTerminal(s.errOut)
	if !s.json || asked {
		out := s.out
		if s.json { // standard output gets nothing but JSON
			s.out = s.errOut
		}
		err := s.printTakeover(t)
		s.out = out
		if err != nil {
			return err
		}
	}
	if s.yes || asked && s.ask(fmt.Sprintf("Take this over into %s?", s.home)) {
		if err := do(); err != nil {
			return err
		}
		t.Done = true
	}
	if s.json {
		return s.printJSON(t)
	}
	if !t.Done {
		_, err := fmt.Fprintln(s.out, "Nothing was changed. To take it over, add --yes.")
		return err
	}
	fmt.Fprintf(s.out, "Taken over into %s.\n", s.home)
	_, err := fmt.Fprintln(s.out, t.next())
	return err
}

// next says what to do after the import.
func (t *takeover) next() string {
	return fmt.Sprintf("Now stop Flamenco's manager, and start this one: farm serve. It answers at %s, and workers that know another address need the new one, as manager_url in their flamenco-worker.yaml.", t.config.Listen)
}

// takeSettings puts the settings into the configuration.
func (t *takeover) takeSettings(found *flamenco.Home, config *settled, keepStorage bool) {
	changes, unusable := found.Settings.Apply(&t.config)
	t.Settings = append(t.Settings, changes...)
	t.Left = append(t.Left, unusable...)
	shared, was := found.Settings.Shared, config.file.SharedStoragePath
	switch info, err := os.Stat(shared); {
	case shared == "" || keepStorage || shared == below(t.Home, was):
	case err != nil || !info.IsDir():
		t.Left = append(t.Left, fmt.Sprintf("the shared storage %s, as this computer has no such folder: shared_storage_path in farm.yaml says where it is", shared))
	default:
		t.config.SharedStoragePath = shared
		t.Settings = append(t.Settings, flamenco.Change{Key: "shared_storage_path", From: was, To: shared})
	}
	for _, c := range t.Settings {
		if from := config.from[c.Key]; from != "" && from != "default" && from != "farm.yaml" {
			t.Left = append(t.Left, fmt.Sprintf("%s is written into farm.yaml, but %s says something else and wins", c.Key, from))
		}
	}
}

// takeScripts finds out which job types are new here and can be used.
func (t *takeover) takeScripts(ctx context.Context, found *flamenco.Home) error {
	if len(found.Scripts) == 0 {
		return nil
	}
	library := jsjobs.New(jsjobs.Options{Dir: found.ScriptsDir()})
	types, err := library.Types(ctx)
	if err != nil {
		return err
	}
	broken := library.Broken(ctx)
	for _, file := range found.Scripts {
		if _, err := os.Lstat(filepath.Join(t.Home, "scripts", file)); err == nil {
			t.Left = append(t.Left, fmt.Sprintf("the script %s, as there is one in %s", file, filepath.Join(t.Home, "scripts")))
			continue
		}
		name := jsjobs.TypeName(file)
		text := file
		for _, known := range types {
			if known.Name == name {
				text = fmt.Sprintf("%s (%s)", cmp.Or(known.Label, name), file)
			}
		}
		for _, b := range broken {
			if b.File == file {
				why, _, _ := strings.Cut(b.Error, "\n")
				t.Left = append(t.Left, fmt.Sprintf("%s is copied, but cannot be used yet: %s", file, why))
			}
		}
		t.JobTypes, t.scripts = append(t.JobTypes, text), append(t.scripts, file)
	}
	return nil
}

// adopt adds tags and workers to the database of this home, or only finds out which.
func (s *session) adopt(t *takeover, found *flamenco.Home, config *settled, dryRun bool) error {
	database := filepath.Join(s.home, config.Database)
	var done manager.Adopted
	_, err := os.Stat(database)
	if missing := errors.Is(err, fs.ErrNotExist); missing && dryRun {
		done, err = manager.Offline{}.Adopt(found.Tags, found.Workers, true)
	} else {
		var db *store.Store
		if db, err = store.Open(store.Options{Path: database, Program: version, Log: s.log, Fatal: s.storeFailed}); err != nil {
			return inUse(err)
		}
		done, err = manager.Offline{Store: db}.Adopt(found.Tags, found.Workers, dryRun)
		err = errors.Join(err, db.Close())
	}
	if err != nil || !dryRun {
		return err
	}
	names := map[farm.TagID]string{}
	for _, tag := range found.Tags {
		names[tag.ID] = tag.Name
	}
	for _, tag := range done.Tags {
		t.Tags = append(t.Tags, tag.Name)
	}
	for _, w := range done.Workers {
		taken := takenWorker{ID: w.ID, Name: w.Name, Platform: w.Platform, Tags: []string{}, Schedule: scheduleText(w.Schedule)}
		for _, tag := range w.Tags {
			taken.Tags = append(taken.Tags, names[tag])
		}
		t.Workers = append(t.Workers, taken)
	}
	t.Known, t.Left = append(t.Known, done.Known...), append(t.Left, done.Left...)
	return nil
}

// scheduleText is a schedule in one line, "" for none.
func scheduleText(s farm.Schedule) string {
	if !s.Defined() {
		return ""
	}
	var parts []string
	for _, w := range s.Windows {
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("%s %s-%s", cmp.Or(w.Days.String(), "every day"), cmp.Or(w.From.String(), "00:00"), cmp.Or(w.To.String(), "24:00"))))
	}
	text := strings.Join(parts, ", ")
	if !s.Active {
		text += " (off)"
	}
	return text
}

// takeOver does what was shown. Each step may be done again, so that an import that
// broke off is completed by the next one.
func (s *session) takeOver(t *takeover, found *flamenco.Home, config *settled) error {
	if err := prepareHome(s.home); err != nil {
		return err
	}
	if err := s.adopt(t, found, config, false); err != nil {
		return err
	}
	if len(t.scripts) > 0 {
		if err := os.MkdirAll(filepath.Join(s.home, "scripts"), 0o755); err != nil {
			return err
		}
	}
	for _, file := range t.scripts {
		text, err := os.ReadFile(filepath.Join(found.ScriptsDir(), file))
		if err != nil {
			return farm.Errorf(farm.Invalid, "the script %s cannot be read: %w. What came before it is taken over; import again when that is repaired", file, err)
		}
		if err := fsync.Replace(filepath.Join(s.home, "scripts", file), text); err != nil {
			return err
		}
	}
	if len(t.Settings) == 0 {
		return nil
	}
	return config.save(config.file.Config, t.config)
}

// printTakeover prints what would be done, or was.
func (s *session) printTakeover(t *takeover) error {
	fmt.Fprintf(s.out, "From %s into %s:\n", printable(t.From), printable(t.Home))
	settings := s.table("setting", "is now", "becomes")
	for _, c := range t.Settings {
		settings.row(c.Key, cmp.Or(c.From, "-"), c.To)
	}
	workers := s.table("worker", "platform", "tags", "asleep")
	for _, w := range t.Workers {
		workers.row(w.Name, w.Platform, cmp.Or(strings.Join(w.Tags, ", "), "-"), cmp.Or(w.Schedule, "-"))
	}
	for _, table := range []*table{settings, workers} {
		if len(table.rows) > 1 {
			fmt.Fprintln(s.out)
		}
		if err := table.print(); err != nil {
			return err
		}
	}
	fmt.Fprintln(s.out)
	for _, line := range []struct {
		what  string
		names []string
	}{{"new tags", t.Tags}, {"job types", t.JobTypes}, {"workers that are here already", t.Known}} {
		if len(line.names) > 0 {
			fmt.Fprintf(s.out, "%s: %s\n", line.what, printable(strings.Join(line.names, ", ")))
		}
	}
	if len(t.Left) > 0 {
		fmt.Fprintln(s.out, "not taken along, or to be looked at:")
	}
	for _, text := range t.Left {
		fmt.Fprintf(s.out, "  %s\n", printable(text))
	}
	return nil
}
