package store

import (
	"bytes"
	"crypto/sha256"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	bolt "go.etcd.io/bbolt"
	"pgregory.net/rapid"
)

// bootedCommits is how many commits of random histories are booted, and soakBootedCommits
// how many when FARM_SOAK is set.
const bootedCommits, soakBootedCommits = 60, 1000

// A power cut at any moment of any commit leaves a file that boots as of the last commit
// that was answered, or of this one. After each commit of random histories, three files
// are opened and checked: the file as it is, as after kill -9; what all of the commit's
// writes leave but for the head page, which is written last; and what is left if any of
// its sectors reached the disk before that, and others did not.
func TestEveryCommitBoots(t *testing.T) {
	most := bootedCommits
	if os.Getenv("FARM_SOAK") != "" {
		most = soakBootedCommits
	}
	dir, err := os.MkdirTemp(memoryDir(), "store")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	b := &booter{t: t, path: filepath.Join(dir, "image.db")}
	for b.commits < most && !t.Failed() {
		rapid.Check(t, func(rt *rapid.T) {
			if b.commits >= most {
				return
			}
			path := filepath.Join(dir, "farm.db")
			if err := os.RemoveAll(path); err != nil {
				rt.Fatal(err)
			}
			m := &machine{path: path, model: newModel()}
			if m.s, err = Open(Options{Path: path}); err != nil {
				rt.Fatal(err)
			}
			defer func() { m.s.Close() }()
			b.last = nil
			m.committed = func() { b.boot(path) }
			m.committed()
			rt.Repeat(m.actions())
		})
	}
	t.Logf("%d commits, %d files, of which %d as after a power cut", b.commits, b.files, b.cuts)
	if b.cuts == 0 {
		t.Error("no power was cut")
	}
}

// A booter opens what crashes leave of a database.
type booter struct {
	t    *testing.T
	path string // of the file that is tried
	last []byte // the file after the commit before, nil at the beginning of a history
	sum  [sha256.Size]byte

	commits, files, cuts int
}

// boot tries the file as it is, and what a crash in its last commit would have left.
func (b *booter) boot(path string) {
	now, err := os.ReadFile(path)
	if err != nil {
		b.t.Fatal(err)
	}
	if bytes.Equal(now, b.last) {
		return // nothing was written
	}
	b.commits++
	before, last := b.sum, b.last
	b.sum, b.last = b.try(now), now
	if last == nil || newestCommit(b.t, now) != newestCommit(b.t, last)+1 {
		return // the history begins, or a start wrote something besides
	}
	all := bytes.Clone(now)
	copy(all, last[:2*pageSize])
	some := bytes.Clone(all)
	const sector = 512
	for at := 2 * pageSize; at < len(last); at += sector {
		if rand.IntN(2) == 0 {
			copy(some[at:at+sector], last[at:])
		}
	}
	for at := max(len(last), 2*pageSize); at < len(some); at += sector {
		if rand.IntN(2) == 0 {
			clear(some[at : at+sector])
		}
	}
	for _, image := range [][]byte{all, some} {
		b.cuts++
		if b.try(image) != before {
			b.t.Fatalf("commit %d: a power cut in it leaves other records than those before it", b.commits)
		}
	}
}

// try opens and checks a file, and returns a sum of its records.
func (b *booter) try(image []byte) (sum [sha256.Size]byte) {
	b.files++
	if err := os.WriteFile(b.path, image, 0o600); err != nil {
		b.t.Fatal(err)
	}
	for err := range Check(b.path) {
		b.t.Fatalf("commit %d: %v", b.commits, err)
	}
	s, err := Open(Options{Path: b.path})
	if err != nil {
		b.t.Fatalf("commit %d: %v", b.commits, err)
	}
	for _, err := range s.Check() {
		b.t.Errorf("commit %d: %v", b.commits, err)
	}
	hash := sha256.New()
	s.db.View(func(tx *bolt.Tx) error {
		for _, bucket := range buckets {
			hash.Write(bucket.name)
			tx.Bucket(bucket.name).ForEach(func(key, value []byte) error {
				hash.Write(key)
				hash.Write(value)
				return nil
			})
		}
		return nil
	})
	s.Close()
	return [sha256.Size]byte(hash.Sum(nil))
}

// newestCommit returns the number of the newest transaction of a file.
func newestCommit(t *testing.T, file []byte) (newest uint64) {
	if _, _, err := newestMeta(bytes.NewReader(file)); err != nil {
		t.Fatal(err)
	}
	for page := range 2 {
		newest = max(newest, order.Uint64(file[page*pageSize+pageHeader+48:]))
	}
	return newest
}
