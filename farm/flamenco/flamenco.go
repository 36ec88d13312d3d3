// Package flamenco reads the folder of a Flamenco manager, so that a farm can go on
// with its settings, tags, workers, sleep schedules and job types. It writes nothing
// into that folder, whether its manager runs or not.
//
//	flamenco-manager.yaml     settings and variables
//	flamenco-manager.sqlite   tags, workers and schedules; or what the settings call it
//	                  -wal    what of it a manager that runs did not write there yet
//	scripts/*.js              job types
//
// Jobs are not read: their tasks are in the middle of something that only the manager
// that planned them knows.
package flamenco

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"renderfarm/farm"
)

const (
	configName   = "flamenco-manager.yaml"
	databaseName = "flamenco-manager.sqlite" // unless the configuration has another
	scriptsName  = "scripts"
)

// A Home is what was found in the folder of a Flamenco manager.
type Home struct {
	Dir      string // absolute
	Settings Settings
	Database string // the file; "" if there is none
	Tags     []farm.Tag
	Workers  []farm.Worker // with their ids, and their secrets as Flamenco keeps them, see manager.Offline.Adopt
	Jobs     int64         // that stay behind
	Tasks    int64         // of them
	Scripts  []string      // file names in ScriptsDir
	Left     []string      // what cannot be taken along, and why, for people
}

// ScriptsDir is where the job types are.
func (h *Home) ScriptsDir() string { return filepath.Join(h.Dir, scriptsName) }

// leave notes something that cannot be taken along.
func (h *Home) leave(format string, args ...any) {
	h.Left = append(h.Left, farm.Errorf(farm.Invalid, format, args...).Error())
}

// Read reads the folder. temp is one in which it may make files, on a disk with room
// for a copy of the database.
//
// NotFound: it is not the folder of a manager; Unsupported: it is one of a version
// that is not known; Invalid: a file of it is damaged; Busy: its manager changes the
// database faster than it can be read.
func Read(ctx context.Context, dir, temp string) (*Home, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, farm.Errorf(farm.NotFound, "%s is not a folder: name the one in which flamenco-manager.yaml is", dir)
	}
	h := &Home{Dir: dir}
	haveSettings, err := h.readSettings()
	if err != nil {
		return nil, err
	}
	database := below(dir, cmp.Or(h.Settings.Database, databaseName))
	switch info, err := os.Stat(database); {
	case err == nil && info.Mode().IsRegular():
		h.Database = database
	case err == nil || errors.Is(err, fs.ErrNotExist):
		if !haveSettings {
			return nil, farm.Errorf(farm.NotFound, "%s is not the folder of a Flamenco manager: it has neither %s nor %s", dir, configName, databaseName)
		}
		h.leave("there is no database %s, so no tags, workers and schedules", database)
	default:
		return nil, farm.Errorf(farm.Invalid, "the database cannot be read: %w", err)
	}
	if h.Database != "" {
		if err := h.readDatabase(ctx, temp); err != nil {
			return nil, err
		}
	}
	return h, h.findScripts()
}

// below returns a path that may be relative to dir.
func below(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// findScripts lists the job types. Links are left alone: they lead to somewhere else.
func (h *Home) findScripts() error {
	entries, err := os.ReadDir(h.ScriptsDir())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return farm.Errorf(farm.Invalid, "the job types cannot be listed: %w", err)
	}
	for _, e := range entries {
		switch {
		case !strings.EqualFold(filepath.Ext(e.Name()), ".js"):
		case !e.Type().IsRegular():
			h.leave("%s in %s is no file: copy what it leads to into the folder scripts of the new home", e.Name(), h.ScriptsDir())
		default:
			h.Scripts = append(h.Scripts, e.Name())
		}
	}
	return nil
}
