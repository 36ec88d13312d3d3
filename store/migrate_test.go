package store

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"renderfarm/farm"
)

// migrateEnv has the test program be a version of Farm that knows one layout more:
// it opens the database that the variable names, and says how that went. If
// migrateHang is set as well, it hangs in the middle of the migration.
const (
	migrateEnv  = "STORE_TEST_MIGRATE"
	migrateHang = "STORE_TEST_MIGRATE_HANG"
)

// openAsNewer is that version.
func openAsNewer(path string) {
	migrations = append(migrations, migration{"every tag is renamed", func(tx *bolt.Tx) error {
		err := rewrite(tx, tagBucket, func(payload []byte) ([]byte, error) {
			return bytes.ReplaceAll(payload, []byte("GPU"), []byte("graphics")), nil
		})
		if os.Getenv(migrateHang) != "" {
			fmt.Println("in the middle")
			select {}
		}
		return err
	}})
	s, err := Open(Options{Path: path, Program: "9.8.7"})
	if err != nil {
		fmt.Println("error", err)
		return
	}
	s.View(func(v *View) error {
		tags, err := v.Tags()
		fmt.Println("tags", tags, err)
		return nil
	})
	fmt.Println("closed", s.Close())
}

// newer returns a process of that version.
func newer(t *testing.T, path string, env ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self)
	c.Env = append(append(os.Environ(), migrateEnv+"="+path), env...)
	return c
}

// A process is killed in the middle of a migration. The database is what it was,
// and the next start migrates it. The program of before refuses the new one, says
// how to go back, and that works.
func TestKilledWhileMigrating(t *testing.T) {
	path := formatFile(t, 1)
	dir := filepath.Dir(path)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		c := newer(t, path, migrateHang+"=1")
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(out).ReadString('\n')
		if err != nil || line != "in the middle\n" {
			t.Fatalf("it says %q: %v", line, err)
		}
		c.Process.Kill()
		c.Wait()
		if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, before) {
			t.Fatal("the database was changed", err)
		}
	}
	out, err := newer(t, path).Output()
	if err != nil || !strings.Contains(string(out), "graphics") || !strings.Contains(string(out), "closed <nil>") {
		t.Fatalf("the next start says %s: %v", out, err)
	}
	if got := fileNames(t, dir); !slices.Equal(got, []string{"farm.db", "farm.db.v1"}) {
		t.Error("the folder has", got)
	}
	if kept, err := os.ReadFile(path + ".v1"); err != nil || !bytes.Equal(kept, before) {
		t.Error("the old database is not what it was", err)
	}

	// This program knows layout 2 at most, and no file that it could go back to.
	_, err = Open(Options{Path: path, Program: "0.1.0"})
	want := fmt.Sprintf("the database %s needs Farm 9.8.7 or newer: its layout is %d, and this version (0.1.0) knows layouts up to %d. Start that version; "+
		"to go back to this version, put %s.v1 in its place, the database as it was before the upgrade", path, newestLayout()+1, newestLayout(), path)
	if farm.KindOf(err) != farm.Unsupported || err.Error() != want {
		t.Fatalf("it says\n\t%v\ninstead of\n\t%s", err, want)
	}
	if err := os.Rename(path+".v1", path); err != nil {
		t.Fatal(err)
	}
	compareValues(t, 1, values(t, path))
}

// fileNames returns the names of what is in a folder.
func fileNames(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// A crash just before the new file gets its name leaves the old one with two, and
// the copy. One of an earlier upgrade that somebody went back from is not touched.
func TestMigrationAfterACrashAtItsEnd(t *testing.T) {
	path := formatFile(t, 1)
	os.WriteFile(path+".unfinished-77", []byte("left over"), 0o600)
	if err := os.Link(path, path+".v1"); err != nil {
		t.Skip("no links here:", err)
	}
	open(t, path).Close()
	if got := fileNames(t, filepath.Dir(path)); !slices.Equal(got, []string{"farm.db", "farm.db.v1"}) {
		t.Error("the folder has", got)
	}
	old, _ := os.ReadFile(formatFile(t, 1))
	os.Rename(path, path+".mine")
	os.WriteFile(path, old, 0o640)
	open(t, path).Close()
	if got := fileNames(t, filepath.Dir(path)); !slices.Equal(got, []string{"farm.db", "farm.db.mine", "farm.db.v1", "farm.db.v1-2"}) {
		t.Error("the folder has", got)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
		t.Error("the database is not as readable as it was", info.Mode(), err)
	}
}

// A migration that fails, or makes something that is not in order, leaves the
// database as it was. So does one whose database is damaged.
func TestMigrationFails(t *testing.T) {
	for _, c := range []struct {
		name   string
		apply  func(*bolt.Tx) error
		damage func(*bolt.Tx) error
		says   string
	}{
		{"by itself", func(*bolt.Tx) error { return errors.New("no idea how") }, nil, "no idea how"},
		{"by what it makes", func(tx *bolt.Tx) error {
			return tx.Bucket(jobuuidBucket.name).Delete(bytes.Clone(first(tx, jobuuidBucket)))
		}, nil, "after the upgrade job"},
		{"by damage", nil, func(tx *bolt.Tx) error { return tx.Bucket(seenBucket.name).Put(key32(2), []byte("12345678")) }, "bucket seen with key 00000002"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := formatFile(t, 1)
			if c.damage != nil {
				boltUpdate(t, path, c.damage)
			}
			before, _ := os.ReadFile(path)
			defer func(list []migration) { migrations = list }(migrations)
			migrations = append(slices.Clone(migrations), migration{"it fails", c.apply})
			s, err := Open(Options{Path: path})
			if err == nil {
				s.Close()
				t.Fatal("it was opened")
			}
			for _, want := range []string{path, "is unchanged", c.says} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			found := 0
			for err := range Check(path) {
				t.Log("check:", err)
				found++
			}
			if found == 0 {
				t.Error("check finds nothing")
			}
			if now, _ := os.ReadFile(path); !bytes.Equal(now, before) {
				t.Error("the database was changed")
			}
			if got := fileNames(t, filepath.Dir(path)); !slices.Equal(got, []string{"farm.db"}) {
				t.Error("the folder has", got)
			}
		})
	}
}

func first(tx *bolt.Tx, b *bucket) []byte {
	key, _ := tx.Bucket(b.name).Cursor().First()
	return key
}

// Check tells of an older database whether its upgrade will go well, and changes
// nothing.
func TestCheckOfAnOlderLayout(t *testing.T) {
	path := formatFile(t, 1)
	before, _ := os.ReadFile(path)
	for err := range Check(path) {
		t.Error("check:", err)
	}
	if now, _ := os.ReadFile(path); !bytes.Equal(now, before) {
		t.Error("the database was changed")
	}
	if got := fileNames(t, filepath.Dir(path)); !slices.Equal(got, []string{"farm.db"}) {
		t.Error("the folder has", got)
	}
}

// Of two managers that find an old database at the same moment, one gets it.
func TestTwoMigrateAtOnce(t *testing.T) {
	for round := range 8 {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			t.Parallel() // the one that is refused waits a second
			path := formatFile(t, 1)
			opened := make(chan *Store, 2)
			for range 2 {
				go func() {
					s, err := Open(Options{Path: path})
					if err != nil && farm.KindOf(err) != farm.Conflict {
						t.Error(err)
					}
					opened <- s
				}()
			}
			a, b := <-opened, <-opened
			if a == nil {
				a, b = b, nil
			}
			if a == nil || b != nil {
				t.Fatal("not one of them opened it")
			}
			addWorker(t, a, "blender")
			a.Close()
			s := open(t, path)
			clean(t, s)
			s.View(func(v *View) error {
				if workers, err := v.Workers(); err != nil || len(workers) != 10 {
					t.Errorf("%d workers are in the file: %v", len(workers), err)
				}
				return nil
			})
		})
	}
}
