package manager_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"renderfarm/farm"
	"renderfarm/store"
)

// The manager reads its whole database in every database_check_period, and finds
// what is damaged meanwhile although nobody asks for it: here the record of a tag, which
// it knows by heart and writes again.
func TestVerifyDatabase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := openFarm(t)
		defer func() { f.stop() }()
		f.configure(func(c *farm.Config) { c.DatabaseCheckPeriod, c.BackupPeriod = 0, 0 })
		f.must(f.store.Update(func(tx *store.Tx) error {
			tx.PutTag(farm.Tag{ID: farm.TagID(farm.NewUUID().String()), Name: "a name to be found"})
			return nil
		}))
		changeBytes(t, filepath.Join(f.home, "farm.db"), "a name to be found", "a name to be lost!")
		f.wait(time.Hour)
		if found := f.store.Check(); len(found) == 0 {
			t.Error("nothing is damaged, or it is checked although that is switched off")
		}
		f.configure(func(c *farm.Config) { c.DatabaseCheckPeriod = farm.Duration(10 * time.Minute) })
		f.wait(9 * time.Minute)
		if found := f.store.Check(); len(found) == 0 {
			t.Error("it was checked too early")
		}
		f.wait(2 * time.Minute)
		if found := f.store.Check(); len(found) > 0 {
			t.Errorf("after a period it is still damaged: %v", found)
		}
	})
}

// changeBytes changes all copies of a text in a file that is in use.
func changeBytes(t *testing.T, path, from, to string) {
	t.Helper()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for at := 0; ; at++ {
		n := bytes.Index(whole[at:], []byte(from))
		if n < 0 {
			return
		}
		at += n
		if _, err := f.WriteAt([]byte(to), int64(at)); err != nil {
			t.Fatal(err)
		}
	}
}
