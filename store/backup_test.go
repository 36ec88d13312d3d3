package store

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"renderfarm/farm"
)

// Of each kind the newest are kept, and none of them pushes out the other kind's.
// What is not a backup stays.
func TestBackupToFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "farm.db")
	now := testTime
	s, err := Open(Options{Path: path, Clock: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	addJob(t, s, frames(3, true))
	os.MkdirAll(BackupsDir(path), 0o700)
	mine := filepath.Join(BackupsDir(path), "farm-of-mine.db")
	left := filepath.Join(BackupsDir(path), backupName(now.Add(-time.Hour), BackupDaily)+".new")
	for _, f := range []string{mine, left} {
		if err := os.WriteFile(f, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 5 {
		now = now.Add(24 * time.Hour)
		for _, kind := range []string{BackupDaily, BackupManual} {
			b, err := s.BackupToFolder(t.Context(), kind, 3)
			if err != nil {
				t.Fatal(err)
			}
			if err := CheckBackup(b.Path); err != nil || b.Size == 0 || !b.Made.Equal(now.Truncate(time.Second)) {
				t.Errorf("%+v: %v", b, err)
			}
		}
	}
	list, err := Backups(path)
	if err != nil || len(list) != 6 {
		t.Fatalf("%v, %v", list, err)
	}
	for i, b := range list {
		if want := now.Add(-time.Duration(i/2) * 24 * time.Hour).Truncate(time.Second); !b.Made.Equal(want) {
			t.Errorf("%v, and not of %v", b, want)
		}
	}
	if _, err := os.Stat(mine); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(left); err == nil {
		t.Error("what a crash left is still there")
	}
	if info, err := os.Stat(list[0].Path); err != nil || info.Mode().Perm()&0o077 != 0 && filepath.Separator == '/' {
		t.Errorf("others may read the backup: %v, %v", info.Mode(), err)
	}
}

// While a record is damaged, the rest is backed up: under a name of its own, so that it
// pushes out none that has everything.
func TestBackupOfDamage(t *testing.T) {
	for name, b := range map[string]*bucket{"settings": jobdefBucket, "a job": jobBucket, "a task": taskBucket, "an audit": auditBucket,
		"a worker": workerBucket, "a tag": tagBucket, "an id": jobuuidBucket, "frames": frameBucket} {
		t.Run(name, func(t *testing.T) {
			path := formatFile(t, newestLayout())
			s := open(t, path)
			good, err := s.BackupToFolder(t.Context(), BackupDaily, 1)
			if err != nil || good.Kind != BackupDaily {
				t.Fatal(good, err)
			}
			// It happens while the store is open, which has the file mapped.
			damageFirst(t, path, b)
			rest, err := s.BackupToFolder(t.Context(), BackupDaily, 1)
			if err != nil || rest.Kind != BackupPartial || len(rest.Lacks) == 0 || rest.Size == 0 {
				t.Fatalf("%+v, %v", rest, err)
			}
			for _, file := range []string{good.Path, rest.Path} {
				if err := CheckBackup(file); err != nil {
					t.Error(err)
				}
			}
			whole, left := jobsIn(t, good.Path), jobsIn(t, rest.Path)
			lost := b == jobdefBucket || b == jobBucket || b == taskBucket
			if lost && left != whole-1 || !lost && left != whole {
				t.Errorf("of %d jobs %d are left: %v", whole, left, rest.Lacks)
			}
			to := filepath.Join(t.TempDir(), "farm.db")
			if err := s.Backup(t.Context(), to); err == nil || !strings.Contains(err.Error(), "bucket "+string(b.name)) || exists(to) {
				t.Error(err)
			}
		})
	}
}

// damageFirst changes a byte in every copy of the first record of a bucket.
func damageFirst(t *testing.T, path string, b *bucket) {
	t.Helper()
	var value []byte
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	look := filepath.Join(t.TempDir(), "look.db")
	if err := os.WriteFile(look, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := bolt.Open(look, 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	db.View(func(tx *bolt.Tx) error {
		_, v := tx.Bucket(b.name).Cursor().First()
		value = bytes.Clone(v)
		return nil
	})
	db.Close()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for from := 0; ; {
		at := bytes.Index(whole[from:], value)
		if at < 0 {
			return
		}
		at += from + len(value)/2
		if _, err := f.WriteAt([]byte{whole[at] ^ 4}, int64(at)); err != nil {
			t.Fatal(err)
		}
		from = at
	}
}

// A backup that is broken off leaves nothing.
func TestBackupBrokenOff(t *testing.T) {
	s := newStore(t)
	random := rand.NewChaCha8([32]byte{})
	for range 20 { // more than is written without a pause
		noise := make([]byte, 60_000)
		random.Read(noise)
		p := frames(3, true)
		p.Settings["text"] = hex.EncodeToString(noise)
		addJob(t, s, p)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := t.TempDir()
	if err := s.Backup(ctx, filepath.Join(dir, "b.db")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if files, _ := os.ReadDir(dir); len(files) > 0 {
		t.Error(files)
	}
}

// A database that nobody uses is backed up without opening it for writing; one that
// a manager has is not.
func TestBackupIdle(t *testing.T) {
	path, _ := backedUp(t)
	to := filepath.Join(t.TempDir(), "b.db")
	if err := BackupIdle(t.Context(), path, to); err != nil || CheckBackup(to) != nil || jobsIn(t, to) != 2 {
		t.Error(err)
	}
	further := filepath.Join(t.TempDir(), "further.db")
	if err := CopyBackup(t.Context(), to, further); err != nil || CheckBackup(further) != nil || CheckBackup(to) != nil {
		t.Error(err)
	}
	s := open(t, path)
	if err := BackupIdle(t.Context(), path, to); farm.KindOf(err) != farm.Conflict {
		t.Error(err)
	}
	clean(t, s)
}
