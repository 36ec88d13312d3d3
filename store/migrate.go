package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"

	"renderfarm/farm"
	"renderfarm/farm/fsync"
)

// A migration makes the next layout of a file of the one before. All it writes
// is one transaction. It must not use the decoders of records, which know the
// newest layout only, and it is never changed once it was given to people.
type migration struct {
	what  string                  // what it does, for the log
	apply func(tx *bolt.Tx) error // nil if only older programs must not open the file any more
}

// migrations lead from layout 1 to the newest, in order. Whatever changes the
// bytes of records, or the meaning of a number in them, is one: a new status, too,
// because older programs would take it for damage. Databases of every layout are
// in testdata/db, and a test opens them.
//
// Records could be read in their old form instead and be written in the new one
// when they change. But an older program that opened such a file would find a few
// records that it takes for damage, so the layout has a new number in any case, and
// the file is copied in any case to have a way back; every decoder would be kept
// for ever, and be tried only by the few files that still have the old form.
var migrations = []migration{
	{"the record of a job says how many statuses it counts; audits have a bucket", countTheCounts},
	{"what workers failed in a row has a bucket", addInRow},
	{"tasks have causes of their failures; jobs a time of the next try", nil},
	{"what frames cost has buckets; tasks may render some of their frames again", addFrames},
	{"jobs know which Blender they want", nil},
	{"what frames cost has flat frames, devices, processor time along the job, and forecasts", addForecasts},
	{"jobs know whether they need the shared storage; there are notices", nil},
}

// countTheCounts makes layout 2. Job records had as many counts as the program knew
// statuses, without saying how many, so that one more made the rest unreadable.
// Files made before there were audits had no buckets for them.
func countTheCounts(tx *bolt.Tx) error {
	for _, name := range []string{"audit", "workeraudit"} {
		if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
			return err
		}
	}
	return rewrite(tx, jobBucket, func(payload []byte) ([]byte, error) {
		const statuses = 6
		r := &reader{rest: payload}
		for range 16 + 2 { // UUID, flags, intent
			r.byte()
		}
		for range 3 { // name, type, tag
			r.bytes()
		}
		r.int() // priority
		if r.err != nil {
			return nil, r.err
		}
		before := payload[:len(payload)-len(r.rest)]
		return append(append(before[:len(before):len(before)], statuses), r.rest...), nil
	})
}

// addInRow makes layout 3. Nobody knows which failures so far came in a row: each
// row begins with the next failure.
func addInRow(tx *bolt.Tx) error {
	_, err := tx.CreateBucketIfNotExists([]byte("inrow"))
	return err
}

// addFrames makes layout 5. Nobody was told of frames before.
func addFrames(tx *bolt.Tx) error {
	for _, name := range []string{"frame", "framecost"} {
		if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
			return err
		}
	}
	return nil
}

// addForecasts makes layout 7. Nobody foresaw anything before: it is all zero.
func addForecasts(tx *bolt.Tx) error {
	return rewrite(tx, costBucket, func(payload []byte) ([]byte, error) {
		const size = 1 + 1 + 2*4 + 2*4 + farm.CostBins + 1
		return append(payload[:len(payload):len(payload)], make([]byte, size)...), nil
	})
}

// rewrite replaces the payload of every record of a bucket.
func rewrite(tx *bolt.Tx, b *bucket, change func(payload []byte) ([]byte, error)) error {
	var set writeSet // bbolt's cursors do not like changes meanwhile
	set.lists, set.at = make([][]write, len(buckets)), make([]map[string]int, len(buckets))
	set.at[b.slot] = map[string]int{}
	err := records(tx, b, nil, func(key, payload []byte) error {
		changed, err := change(payload)
		if err != nil {
			return err
		}
		key = append([]byte(nil), key...)
		set.put(b, key, b.seal(key, append([]byte{recordVersion}, changed...)))
		return nil
	})
	if err != nil {
		return err
	}
	return set.apply(tx)
}

// migrate gives the open database the newest layout. It works on a copy, which is
// checked before anything is done to it and when all is done, and which then gets
// the database's name; the old file is kept beside it. A crash at any moment
// leaves the old database under its name, or the new one. It closes db, whose lock
// keeps other processes away until the new file is in place.
func migrate(db *bolt.DB, path string, from layout, o Options) error {
	began := time.Now()
	temp, kept, err := migratedCopy(db, path, filepath.Dir(path), &from, o.Program)
	if temp != "" {
		defer os.Remove(temp)
	}
	if err == nil {
		err = replace(db, temp, path, kept)
	}
	if err := errors.Join(err, db.Close()); err != nil {
		return farm.Errorf(farm.Internal, "the database %s cannot be upgraded from layout %d to %d, and is unchanged: %w. Make sure that the folder has as much free space as the database, or use the version of Farm before this one",
			path, from.number, newestLayout(), err)
	}
	o.Log.LogAttrs(context.Background(), slog.LevelInfo, "database upgraded", slog.Int("from", from.number), slog.Int("to", newestLayout()),
		slog.String("kept", filepath.Join(filepath.Dir(path), kept)), slog.Duration("took", time.Since(began)))
	return nil
}

// migratedCopy writes a copy of the database to a folder, makes sure that it is whole,
// and migrates it. It returns the copy's path, and the name for the old file.
func migratedCopy(db *bolt.DB, path, dir string, from *layout, program string) (temp, kept string, err error) {
	f, err := os.CreateTemp(dir, filepath.Base(path)+unfinished+"*")
	if err != nil {
		return "", "", err
	}
	temp = f.Name()
	err = db.View(func(tx *bolt.Tx) error {
		_, err := tx.WriteTo(f)
		return err
	})
	if err := errors.Join(err, f.Sync(), f.Close(), alike(temp, path)); err != nil {
		return temp, "", err
	}
	if err := checkSeals(temp); err != nil {
		return temp, "", err
	}
	kept = freeName(path, from.number)
	to := layout{program: program, kept: append(from.kept, older{from.number, kept})}
	if err := applyMigrations(temp, from.number, to); err != nil {
		return temp, "", err
	}
	for err := range Check(temp) {
		return temp, "", fmt.Errorf("after the upgrade %w", err)
	}
	return temp, kept, syncFile(temp)
}

// applyMigrations brings a copy to the newest layout, each step in a transaction.
func applyMigrations(temp string, from int, to layout) error {
	o := boltOptions()
	o.InitialMmapSize = 0
	db, err := openBolt(temp, o)
	if err != nil {
		return err
	}
	for i, m := range migrations[from-1:] {
		err := db.Update(func(tx *bolt.Tx) error {
			if m.apply != nil {
				if err := m.apply(tx); err != nil {
					return fmt.Errorf("%s: %w", m.what, err)
				}
			}
			to.number = from + i + 1
			return to.put(tx)
		})
		if err != nil {
			return errors.Join(err, db.Close())
		}
	}
	return db.Close()
}

// checkSeals makes sure that the pages of a file make sense and that every record
// of it has its checksum. It does not know what is in them.
func checkSeals(path string) error {
	for err := range checkPages(path) {
		return err
	}
	db, err := openBolt(path, &bolt.Options{ReadOnly: true, PageSize: pageSize})
	if err != nil {
		return err
	}
	defer db.Close()
	return db.View(func(tx *bolt.Tx) error {
		for _, b := range buckets {
			if tx.Bucket(b.name) == nil {
				continue // it came later
			}
			if err := records(tx, b, nil, func(_, _ []byte) error { return nil }); err != nil {
				return err
			}
		}
		return nil
	})
}

// freeName returns a name beside the database for a file of the layout. It is
// the one that a crash just before the end has given it already.
func freeName(path string, number int) string {
	name := fmt.Sprintf("%s.v%d", filepath.Base(path), number)
	for n := 2; ; n++ {
		info, err := os.Stat(filepath.Join(filepath.Dir(path), name))
		if now, e := os.Stat(path); err != nil || e == nil && os.SameFile(info, now) {
			return name
		}
		name = fmt.Sprintf("%s.v%d-%d", filepath.Base(path), number, n)
	}
}

// replace keeps the open database under another name, and puts the new one in
// its place.
func replace(db *bolt.DB, temp, path, kept string) error {
	dir := filepath.Dir(path)
	kept = filepath.Join(dir, kept)
	if !exists(kept) {
		if err := os.Link(path, kept); err != nil { // there are no links here
			if err := copyDatabase(db, kept); err != nil {
				return err
			}
		}
		if err := fsync.Dir(dir); err != nil {
			return err
		}
	}
	return replaceOpen(db, temp, path)
}

// copyDatabase copies the open database to a file that appears when it is whole.
func copyDatabase(db *bolt.DB, path string) error {
	temp := path + ".new"
	err := db.View(func(tx *bolt.Tx) error { return tx.CopyFile(temp, 0o600) })
	if err := errors.Join(err, syncFile(temp)); err != nil {
		os.Remove(temp)
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	return fsync.Dir(filepath.Dir(path))
}

// checkOlder checks a file of an older layout: it must come through its migration.
func checkOlder(db *bolt.DB, path string, from layout, yield func(error) bool) {
	if err := checkSeals(path); err != nil {
		yield(openError(path, err))
		return
	}
	// Where a backup is nothing may be writable.
	temp, _, err := migratedCopy(db, path, filepath.Dir(path), &from, "")
	if temp == "" && err != nil {
		temp, _, err = migratedCopy(db, path, os.TempDir(), &from, "")
	}
	if temp != "" {
		defer os.Remove(temp)
	}
	if err != nil {
		yield(farm.Errorf(farm.Internal, "the database %s cannot be upgraded from layout %d to %d: %w. Keep the version of Farm before this one until that is solved", path, from.number, newestLayout(), err))
	}
}
