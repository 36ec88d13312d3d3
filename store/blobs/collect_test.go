package blobs

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func TestCollect(t *testing.T) {
	s := newStore(t)
	inUse := func(checkout string) bool { return checkout == "used" }
	s.mustCheckout(t, "used", "a", "a", "b", "shared")
	s.mustCheckout(t, "orphan", "c", "c", "b", "shared")
	s.mustPut(t, "alone")
	foreign := s.mustPut(t, "linked by hand")
	s.Close()
	if err := os.Symlink(filepath.Join(s.o.Dir, "file-store", filepath.FromSlash(foreign.stored())), filepath.Join(s.o.Dir, "jobs", "by hand")); err != nil {
		t.Skip("no symbolic links here: ", err)
	}
	if _, err := s.Put(t.Context(), Upload{Key: keyOf("broken off"), Body: io.MultiReader(strings.NewReader("broken"), iotest.ErrReader(io.ErrUnexpectedEOF)), Length: -1}); err == nil {
		t.Fatal("it was not broken off")
	}
	collect := func(c Collecting) Collected {
		t.Helper()
		c.InUse = inUse
		got, err := s.Collect(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := collect(Collecting{OlderThan: time.Hour, Delete: true}); got.Checkouts != 0 || got.Stored.Files != 0 || got.Uploads.Files != 0 || got.Kept.Files != 5 {
		t.Errorf("of new files: %+v", got)
	}
	s.age(t, 48*time.Hour)
	before := append(s.tree(t, "jobs"), s.tree(t, "file-store")...)
	dry := collect(Collecting{OlderThan: 47 * time.Hour})
	if dry.Deleted || dry.Checkouts != 1 || dry.Uploads != (Count{1, 6}) || dry.Stored != (Count{2, 6}) || dry.Kept.Files != 3 {
		t.Errorf("dry run: %+v", dry)
	}
	if after := append(s.tree(t, "jobs"), s.tree(t, "file-store")...); !slices.Equal(before, after) {
		t.Errorf("a dry run changed something: %v", after)
	}
	s.wantStatus(t, keyOf("alone"), Present, 0) // asked for a moment ago: stays
	got := collect(Collecting{OlderThan: 47 * time.Hour, Delete: true})
	if !got.Deleted || got.Checkouts != 1 || got.Uploads.Files != 1 || got.Stored != (Count{1, 1}) || got.Kept.Files != 4 {
		t.Errorf("%+v", got)
	}
	s.age(t, 48*time.Hour)
	if got := collect(Collecting{OlderThan: 47 * time.Hour, Delete: true}); got.Stored != (Count{1, 5}) || got.Kept.Files != 3 {
		t.Errorf("later: %+v", got)
	}
	if s.read(t, "used/a") != "a" || s.read(t, "used/b") != "shared" || s.read(t, "by hand") != "linked by hand" {
		t.Error("something that is used was removed")
	}
	if left := s.tree(t, "file-store/uploading"); len(left) > 0 {
		t.Errorf("left of uploads: %v", left)
	}
	usage, err := s.Usage(t.Context())
	if err != nil || usage.Checkouts != 1 || usage.Stored.Files != 3 || usage.Uploads.Files != 0 {
		t.Errorf("%+v, %v", usage, err)
	}
}

// TestCollectHardLinks keeps the files of hard-linked checkouts, which no symbolic link leads to.
func TestCollectHardLinks(t *testing.T) {
	s := newStore(t)
	s.linkMethod.Store(byHardLink)
	s.mustCheckout(t, "job", "a", "a")
	s.age(t, 48*time.Hour)
	got, err := s.Collect(t.Context(), Collecting{Delete: true, InUse: func(string) bool { return true }})
	if err != nil || got.Stored.Files != 0 || got.Kept.Files != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestCollectAfterCrash finds what a crash in the middle of a checkout leaves.
func TestCollectAfterCrash(t *testing.T) {
	s := newStore(t)
	a := s.mustPut(t, "a")
	s.Close()
	d, err := s.open()
	if err != nil {
		t.Fatal(err)
	}
	m := &manifest{Time: time.Now(), Files: []manifestFile{{"dir/a", a.SHA, a.Size}, {"dir/b", a.SHA, a.Size}}}
	if err := s.takeName(d, m, "films/one"); err != nil {
		t.Fatal(err)
	}
	if err := d.jobs.Mkdir("films/one/dir", 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := s.put(t.Context(), d, "films/one/dir/a", a, m.Time); err != nil {
		t.Fatal(err)
	}
	d.close()
	if in, err := s.CheckoutOf("films/one/dir/a"); in != "" || err != nil {
		t.Errorf("half a checkout counts as one: %q, %v", in, err)
	}
	collecting := Collecting{OlderThan: time.Hour, Delete: true, InUse: func(string) bool { return false }}
	if got, err := s.Collect(t.Context(), collecting); err != nil || got.Checkouts != 0 {
		t.Errorf("while it is being made: %+v, %v", got, err)
	}
	again := storeIn(t, s.o)
	if got, err := again.Collect(t.Context(), collecting); err != nil || got.Checkouts != 1 {
		t.Errorf("after the crash: %+v, %v", got, err)
	}
	if left := append(again.tree(t, "jobs"), again.tree(t, "file-store/checkouts")...); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// TestDamagedList must not remove anything.
func TestDamagedList(t *testing.T) {
	s := newStore(t)
	got := s.mustCheckout(t, "job", "a", "a")
	name := filepath.Join(s.o.Dir, "file-store", manifestName(got)+complete)
	for _, list := range []string{"", "{", `{"path":"../../etc","files":[]}`, `{"path":"job","files":[{"path":"../../x","sha":"","size":1}]}`} {
		if err := os.WriteFile(name, []byte(list), 0o600); err != nil {
			t.Fatal(err)
		}
		s.age(t, 48*time.Hour)
		if collected, err := s.Collect(t.Context(), Collecting{Delete: true, InUse: func(string) bool { return false }}); err == nil {
			t.Errorf("%q: %+v", list, collected)
		}
		if err := s.Remove(got); err == nil {
			t.Errorf("%q was removed by", list)
		}
	}
	if s.read(t, "job/a") != "a" {
		t.Error("the checkout is gone")
	}
}
