package manager_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/manager"
)

// checkout stores contents as files a, b, … and puts them into a checkout.
func (f *testFarm) checkout(path string, contents ...string) string {
	f.t.Helper()
	var list []manager.File
	for i, content := range contents {
		sum := sha256.Sum256([]byte(content))
		k := manager.FileKey{SHA: hex.EncodeToString(sum[:]), Size: int64(len(content))}
		_, err := f.StoreFile(f.t.Context(), manager.Upload{Key: k, Body: strings.NewReader(content), Length: -1})
		f.must(err)
		list = append(list, manager.File{Key: k, Path: string(rune('a' + i))})
	}
	at, err := f.Checkout(f.t.Context(), path, list)
	f.must(err)
	return at
}

// ageFiles makes all that is stored so old.
func (f *testFarm) ageFiles(by time.Duration) {
	f.t.Helper()
	then := time.Now().Add(-by)
	err := filepath.WalkDir(filepath.Join(f.home, "storage", "file-store"), func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			err = os.Chtimes(name, then, then)
		}
		return err
	})
	f.must(err)
}

// stored returns how many files are stored, and how many checkouts there are.
func (f *testFarm) stored() (files, checkouts int) {
	f.t.Helper()
	u, err := f.FileUsage(f.t.Context())
	f.must(err)
	return u.Stored.Files, u.Checkouts
}

// TestFilesAreCollected lets days pass: what nobody uses goes soon after the start,
// then once a day, and not at all when that is switched off.
func TestFilesAreCollected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFarm(t)
		want := func(files, checkouts int) {
			t.Helper()
			synctest.Wait()
			if gotFiles, gotCheckouts := f.stored(); gotFiles != files || gotCheckouts != checkouts {
				t.Errorf("%d files and %d checkouts, want %d and %d", gotFiles, gotCheckouts, files, checkouts)
			}
		}
		const longAgo = 40 * 24 * time.Hour
		f.submit(frames(1), func(s *farm.Submission) { s.ShamanCheckout = f.checkout("job", "of the job", "of both") })
		f.checkout("given up", "of nobody", "of both")
		f.ageFiles(longAgo)
		time.Sleep(29 * time.Second)
		want(3, 2)
		time.Sleep(time.Second)
		want(2, 1)

		f.checkout("given up", "again")
		f.ageFiles(longAgo)
		f.checkout("a moment ago", "new")
		time.Sleep(23 * time.Hour)
		want(4, 3)
		time.Sleep(time.Hour)
		want(3, 2)

		config := f.Config()
		config.Shaman.GarbageCollect.Period = 0
		f.must(f.SetConfig(config))
		f.ageFiles(longAgo)
		time.Sleep(48 * time.Hour)
		want(3, 2)
		config.Shaman.GarbageCollect.Period = farm.Duration(time.Hour)
		f.must(f.SetConfig(config))
		want(2, 1)
		if content, err := os.ReadFile(filepath.Join(f.Storage(), "job", "b")); err != nil || string(content) != "of both" {
			t.Errorf("the job's file: %q, %v", content, err)
		}
	})
}

// TestCollectLeavesWhatIsNew asks a running manager to remove everything.
func TestCollectLeavesWhatIsNew(t *testing.T) {
	f := newFarm(t)
	f.checkout("somebody is submitting this", "x")
	got, err := f.CollectFiles(t.Context(), true, 0)
	if err != nil || got.Stored.Files+got.Checkouts > 0 {
		t.Errorf("%+v, %v", got, err)
	}
	// When the manager does not run, nobody can be submitting.
	f.Manager.Close()
	off := manager.Offline{Store: f.store, Config: f.Config(), Home: f.home}
	if got, err = off.CollectFiles(t.Context(), false, 0); err != nil || got.Stored.Files != 1 || got.Checkouts != 1 {
		t.Errorf("offline: %+v, %v", got, err)
	}
	if got, err = off.CollectFiles(t.Context(), true, -1); err != nil || got.Stored.Files+got.Checkouts > 0 {
		t.Errorf("offline, with the age of the configuration: %+v, %v", got, err)
	}
}

func TestCheckoutOfAJob(t *testing.T) {
	f := newFarm(t)
	first, second := f.checkout("first/one", "x"), f.checkout("second", "x")
	tests := map[string]struct {
		named    string
		settings map[string]any
		want     string
	}{
		"named":          {second, nil, second},
		"by its file":    {"", map[string]any{"blendfile": "{jobs}/first/one/a"}, first},
		"by any setting": {"", map[string]any{"cache": "{jobs}/second/deep/in/it"}, second},
		"file first":     {"", map[string]any{"a": "{jobs}/second/a", "blendfile": "{jobs}/first/one/a"}, first},
		"named first":    {second, map[string]any{"blendfile": "{jobs}/first/one/a"}, second},
		"elsewhere":      {"", map[string]any{"blendfile": "{jobs}/first/a", "b": "/second/a", "c": "{jobs}/../second/a", "d": "{jobs}"}, ""},
		"hostile":        {"../../second", nil, "../../second"},
	}
	for name, test := range tests {
		settings := frames(1)
		for k, v := range test.settings {
			settings[k] = v
		}
		id := f.submit(settings, func(s *farm.Submission) { s.ShamanCheckout = test.named })
		if _, detail, err := f.Job(id); err != nil || detail.ShamanCheckout != test.want {
			t.Errorf("%s: the checkout is %q, %v", name, detail.ShamanCheckout, err)
		}
	}
}

// TestSubmitWhileDeleting submits a job of a checkout while the other job that
// uses it is deleted: if the new one found the checkout, it keeps it.
func TestSubmitWhileDeleting(t *testing.T) {
	f := newFarm(t)
	settings := frames(1)
	settings["blendfile"] = "{jobs}/job/a"
	for range 30 {
		at := f.checkout("job", "x")
		old := f.submit(settings, func(*farm.Submission) {})
		follow := f.events.Follow()
		deleted := make(chan error, 1)
		go func() { deleted <- f.DeleteJob(old) }()
		id := f.submit(settings, func(*farm.Submission) {})
		f.must(<-deleted)
		awaitDeletion(t, follow, old)
		_, detail, err := f.Job(id)
		f.must(err)
		if detail.ShamanCheckout == "" {
			continue // it came too late, and the checkout was gone
		}
		if _, err := os.Stat(filepath.Join(f.Storage(), at, "a")); err != nil {
			t.Fatalf("the job has lost its file: %v", err)
		}
		follow = f.events.Follow()
		f.must(f.DeleteJob(id))
		awaitDeletion(t, follow, id)
	}
}

// TestDeleteWithoutStorage deletes a job while its checkout cannot be reached: the
// checkout is collected when it is back.
func TestDeleteWithoutStorage(t *testing.T) {
	f := newFarm(t)
	at := f.checkout("job", "x")
	job := f.submit(frames(1), func(s *farm.Submission) { s.ShamanCheckout = at })
	storage := filepath.Join(f.home, "storage")
	f.must(os.Rename(storage, storage+" unplugged"))
	follow := f.events.Follow()
	f.must(f.DeleteJob(job))
	awaitDeletion(t, follow, job)
	f.must(os.Rename(storage+" unplugged", storage))
	f.ageFiles(1000 * time.Hour)
	if got, err := f.CollectFiles(t.Context(), true, -1); err != nil || got.Checkouts != 1 || got.Stored.Files != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := os.Lstat(filepath.Join(storage, "jobs", at)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the checkout: %v", err)
	}
}

// TestStorageOfFiles moves the shared storage while the manager runs.
func TestStorageOfFiles(t *testing.T) {
	f := newFarm(t)
	f.checkout("old", "x")
	config := f.Config()
	config.SharedStoragePath = t.TempDir()
	f.must(f.SetConfig(config))
	if want := filepath.Join(config.SharedStoragePath, "jobs"); f.Storage() != want || f.Variables(farm.AudienceWorkers, "linux")["jobs"].Value != filepath.ToSlash(want) {
		t.Errorf("jobs are in %s", f.Storage())
	}
	f.checkout("new", "y")
	if files, checkouts := f.stored(); files != 1 || checkouts != 1 {
		t.Errorf("the new storage has %d files, %d checkouts", files, checkouts)
	}
}

// TestUnknownPlatform submits from platforms of all kinds: one that no variable can
// have a value for is taken, as the compatible system takes it, with a warning.
func TestUnknownPlatform(t *testing.T) {
	f := newFarm(t)
	for platform, warned := range map[string]bool{"linux": false, "windows": false, "freebsd": false, "manager": false, "linxu": true, "": true, "all": true} {
		id := f.submit(nil, func(s *farm.Submission) { s.SubmitterPlatform = platform })
		job, _, err := f.Job(id)
		f.must(err)
		if got := strings.Contains(job.Activity, "is not a platform that Farm knows"); got != warned {
			t.Errorf("%q: %q", platform, job.Activity)
		}
	}
}
