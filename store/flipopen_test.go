package store

import (
	"bytes"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"renderfarm/farm"
)

// A farm with one wrong bit anywhere in its database starts, or refuses with the
// command that restores a backup. If it starts, all lists are there, and every job
// can be deleted.
func TestFlippedBitsOfARunningFarm(t *testing.T) {
	good := mixed(t)
	path := inMemory(t)
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	var refused, quarantined, started int
	for range 200 {
		bit := 2*pageSize*8 + r.IntN((len(good)-2*pageSize)*8)
		bad := bytes.Clone(good)
		bad[bit/8] ^= 1 << (bit % 8)
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(Options{Path: path})
		if err != nil {
			refused++
			if !strings.Contains(err.Error(), "farm restore") {
				t.Errorf("seed %d: bit %d of page %d: no way on: %v", seed, bit%(pageSize*8), bit/8/pageSize, err)
			}
			continue
		}
		started++
		if len(s.Damaged()) > 0 {
			quarantined++
		}
		if err := removeAll(s); err != nil {
			t.Errorf("seed %d: bit %d of page %d: %v", seed, bit%(pageSize*8), bit/8/pageSize, err)
		}
		s.Close()
	}
	t.Logf("%d refused, %d started, %d of these with a job in quarantine", refused, started, quarantined)
	if refused == 0 || quarantined == 0 {
		t.Error("too little was hit to say anything")
	}
}

// removeAll reads all lists and then removes every job.
func removeAll(s *Store) error {
	var jobs []farm.Job
	err := s.View(func(v *View) (err error) {
		if jobs, err = v.Jobs("", 0); err != nil {
			return err
		}
		if _, err = v.Workers(); err != nil {
			return err
		}
		if _, err = v.Tags(); err != nil {
			return err
		}
		_, err = v.Blocks()
		return err
	})
	if err != nil {
		return err
	}
	for _, listed := range jobs {
		for done := false; !done; {
			err := s.Update(func(tx *Tx) error {
				j, err := tx.JobToRemove(listed.ID)
				if err == nil {
					done = tx.RemoveJob(j, 1000)
				}
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// Keys that are out of order in a small bucket, which lies within a page, are no records
// that nobody finds: the file is refused.
func TestKeysOutOfOrder(t *testing.T) {
	path := formatFile(t, newestLayout())
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// Of job 14 there are three changes; the second becomes one of a later job.
	key := key64(14, 2)
	if !bytes.Contains(whole, key) {
		t.Fatal("there is no such record")
	}
	bad := bytes.ReplaceAll(whole, append(key, recordVersion, '{'), append(key64(14|1<<24, 2), recordVersion, '{'))
	if err := os.WriteFile(path, bad, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{Path: path}); err == nil || !strings.Contains(err.Error(), "not in order") || !strings.Contains(err.Error(), "farm restore") {
		t.Error(err)
	}
}
