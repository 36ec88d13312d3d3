package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"renderfarm/farm"
)

// mixed makes a database with every kind of record and returns its bytes.
func mixed(t *testing.T) []byte {
	path := filepath.Join(t.TempDir(), "farm.db")
	s := open(t, path)
	w := addWorker(t, s, "blender")
	for n := range 2 {
		p := frames(260, true)
		p.Settings["text"] = fmt.Sprintf("%4000d", n)
		id := addJob(t, s, p)
		update(t, s, func(tx *Tx) {
			live, _ := tx.Worker(w)
			for range 40 {
				task, _ := assign(tx, w)
				finish(tx, task, farm.TaskCompleted)
			}
			task, _ := assign(tx, w)
			j, _ := tx.Job(id)
			tx.Block(j, live, "ffmpeg")
			live.LastTask = task.ID()
			tx.SaveWorker(live)
			tx.PutTag(farm.Tag{ID: farm.TagID(fmt.Sprint("tag", n)), Name: "tag"})
			tx.SetLastRendered(id)
		})
	}
	clean(t, s)
	s.Close()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, pages, err := newestMeta(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return b[:pages*pageSize] // the rest is spare
}

// dump writes out everything that a View can tell.
func dump(path string) (string, error) {
	s, err := Open(Options{Path: path})
	if err != nil {
		return "", err
	}
	defer s.Close()
	var out bytes.Buffer
	err = s.View(func(v *View) error {
		enc := json.NewEncoder(&out)
		jobs, err := v.Jobs("", 0)
		if err != nil {
			return err
		}
		workers, err := v.Workers()
		if err != nil {
			return err
		}
		tags, err := v.Tags()
		if err != nil {
			return err
		}
		enc.Encode([]any{jobs, workers, tags, v.LastRendered(), v.JobsDeleting()})
		for _, j := range jobs {
			detail, err := v.JobDetail(j.ID)
			if err != nil {
				return err
			}
			blocks, err := v.Blocklist(j.ID)
			if err != nil {
				return err
			}
			tasks, err := v.Tasks(j.ID, -1, 0)
			if err != nil {
				return err
			}
			enc.Encode([]any{detail, blocks, tasks})
			for i := 0; i < len(tasks); i += 50 {
				task, err := v.Task(tasks[i].ID)
				if err != nil {
					return err
				}
				enc.Encode(task)
			}
		}
		return nil
	})
	return out.String(), err
}

// flippedBits is how many bits are wrong, one after the other, and soakFlippedBits how
// many when FARM_SOAK is set.
const flippedBits, soakFlippedBits = 40, 400

// A wrong bit anywhere, the two head pages apart, is found by Check, or it
// changes nothing: it was in a byte that nobody uses. Opening the file then
// either fails with a sentence or succeeds; it never panics.
func TestFlippedBits(t *testing.T) {
	good := mixed(t)
	path := inMemory(t)
	write := func(b []byte) {
		t.Helper()
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(good)
	want, err := dump(path)
	if err != nil {
		t.Fatal(err)
	}
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	var found, refused, harmless int
	bits := flippedBits
	if os.Getenv("FARM_SOAK") != "" {
		bits = soakFlippedBits
	}
	for range bits {
		bit := 2*pageSize*8 + r.IntN((len(good)-2*pageSize)*8)
		bad := bytes.Clone(good)
		bad[bit/8] ^= 1 << (bit % 8)
		write(bad)
		errs := 0
		for err := range Check(path) {
			errs++
			if err.Error() == "" {
				t.Error("an error says nothing")
			}
		}
		if errs > 0 {
			found++
			if s, err := Open(Options{Path: path}); err != nil {
				refused++
			} else {
				s.Close()
			}
			continue
		}
		got, err := dump(path)
		switch {
		case err != nil:
			t.Errorf("seed %d: bit %d of page %d: found by reading, not by Check: %v", seed, bit%(pageSize*8), bit/8/pageSize, err)
		case got != want:
			t.Errorf("seed %d: bit %d of page %d: silently changed", seed, bit%(pageSize*8), bit/8/pageSize)
		default:
			harmless++
		}
	}
	t.Logf("%d found, of which %d by opening too; %d harmless", found, refused, harmless)
	if found == 0 {
		t.Error("nothing was found")
	}
}

// A wrong bit in a record is a sentence that names the bucket and the key.
func TestFlippedRecordIsNamed(t *testing.T) {
	good := mixed(t)
	path := inMemory(t)
	os.WriteFile(path, good, 0o600)
	type record struct {
		bucket string
		key    []byte
		value  []byte
	}
	var all []record
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	db.View(func(tx *bolt.Tx) error {
		for _, b := range buckets {
			k, v := tx.Bucket(b.name).Cursor().First()
			all = append(all, record{string(b.name), bytes.Clone(k), bytes.Clone(v)})
		}
		return nil
	})
	db.Close()
	if len(all) != len(buckets) {
		t.Fatal(len(all))
	}
	for _, rec := range all {
		for n := 0; n < len(rec.value); n += 1 + len(rec.value)/3 {
			bad := bytes.Clone(good)
			for from := 0; ; { // copies in free pages come to no harm
				at := bytes.Index(good[from:], rec.value)
				if at < 0 {
					break
				}
				bad[from+at+n] ^= 4
				from += at + 1
			}
			os.WriteFile(path, bad, 0o600)
			place := fmt.Sprintf("bucket %s with key %x", rec.bucket, rec.key)
			named := false
			for err := range Check(path) {
				named = named || strings.Contains(err.Error(), place)
			}
			if !named {
				t.Errorf("byte %d in %s is not reported", n, place)
			}
		}
	}
}
