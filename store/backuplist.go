package store

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"renderfarm/farm"
)

// Kinds of backups. Each has a ring of its own in the folder of backups, so that
// backups that people ask for push out none that the manager made.
const (
	BackupDaily  = "daily"  // made by the manager, every backup_period
	BackupManual = "manual" // made because somebody asked
	// BackupPartial is either of them, made while records of the database were damaged,
	// without these and what cannot do without them.
	BackupPartial = "partial"
)

// A BackupFile is a backup in the folder of backups.
type BackupFile struct {
	Path string    `json:"path"`
	Kind string    `json:"kind"` // BackupDaily, BackupManual or BackupPartial
	Made time.Time `json:"made"` // in UTC, to the second
	Size int64     `json:"size"` // bytes

	// Lacks says of a partial backup, when it is made, what is not in it.
	Lacks []string `json:"lacks,omitempty"`
}

// BackupsDir returns the folder of backups of a database: beside it.
func BackupsDir(database string) string { return filepath.Join(filepath.Dir(database), "backups") }

// backupTime is how the time is written in the names of backups, in UTC. Their
// alphabetical order is that of time, and all systems can have such names.
const backupTime = "20060102-150405"

// backupName returns the name of a backup in the folder of backups.
func backupName(at time.Time, kind string) string {
	return fmt.Sprintf("farm-%s-%s.db", at.UTC().Format(backupTime), kind)
}

// Backups returns the backups in the folder of backups of a database, the newest
// first. Other files there are left alone. No folder is no backup.
func Backups(database string) ([]BackupFile, error) {
	dir := BackupsDir(database)
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	var list []BackupFile
	for _, e := range entries {
		stem, ours := strings.CutPrefix(strings.TrimSuffix(e.Name(), ".db"), "farm-")
		if !ours || !e.Type().IsRegular() || len(stem) <= len(backupTime) {
			continue
		}
		at, err := time.Parse(backupTime, stem[:len(backupTime)])
		if err != nil {
			continue
		}
		b := BackupFile{Path: filepath.Join(dir, e.Name()), Made: at}
		for _, kind := range []string{BackupDaily, BackupManual, BackupPartial} {
			if e.Name() == backupName(at, kind) {
				b.Kind = kind
			}
		}
		if info, err := e.Info(); err == nil && b.Kind != "" {
			b.Size = info.Size()
			list = append(list, b)
		}
	}
	slices.SortFunc(list, func(a, b BackupFile) int { return cmp.Or(b.Made.Compare(a.Made), cmp.Compare(a.Kind, b.Kind)) })
	return list, nil
}

// restoreAdvice is the next step for who has a database that cannot be used.
func restoreAdvice(path string) string {
	home := farm.QuoteFor(runtime.GOOS, "--home", filepath.Dir(path))
	if list, err := Backups(path); err == nil && len(list) > 0 {
		return fmt.Sprintf("Restore the newest backup, %s, with \"farm restore %s\"", list[0].Path, home)
	}
	return fmt.Sprintf("There is no backup in %s; if you have one elsewhere, restore it with \"farm restore FILE %s\"", BackupsDir(path), home)
}

// restoreJobAdvice is the next step for who has lost a job: no partial backup has it.
func restoreJobAdvice(path string) string {
	list, _ := Backups(path)
	for _, b := range list {
		if b.Kind != BackupPartial {
			return fmt.Sprintf("The newest backup that can have it is restored with \"farm restore %s\"", farm.QuoteFor(runtime.GOOS, b.Path, "--home", filepath.Dir(path)))
		}
	}
	return restoreAdvice(path)
}
