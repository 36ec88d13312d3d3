package store

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"renderfarm/farm"
)

// testdata/db has a database of every layout that there ever was:
//
//	farm.db.gz     the file, as the program of that time wrote it
//	values.jsonl   what is in it, value by value
//	records.txt    its records: bucket, key and value, with what is packed unpacked
//	numbers.txt    what the numbers in its records mean; from layout 2 on
//
// The first two are never written anew: a program that reads what people have on
// their disks must read them. -write-format adds the folder of a new layout.
var writeFormat = flag.Bool("write-format", false, "write testdata/db for the present layout, which must be new")

func TestWriteFormat(t *testing.T) {
	if !*writeFormat {
		t.Skip("only with -write-format")
	}
	dir := formatDir(newestLayout())
	if exists(filepath.Join(dir, "farm.db.gz")) {
		t.Fatalf("%s is there already: a layout that was given to people does not change. Add a migration", dir)
	}
	path := filepath.Join(t.TempDir(), "farm.db")
	fillFormat(t, path)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	w, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	w.Write(raw)
	w.Close()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"farm.db.gz": packed.Bytes(), "values.jsonl": values(t, path), "records.txt": dumpRecords(t, path), "numbers.txt": numbers()} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// formatFile unpacks the database of a layout and returns its path.
func formatFile(t testing.TB, version int) string {
	t.Helper()
	packed, err := os.Open(filepath.Join(formatDir(version), "farm.db.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	r, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "farm.db")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Every database that people may have opens, whatever its layout, passes every
// check, and has every value that it had.
func TestEveryLayoutOpens(t *testing.T) {
	for version := 1; version <= newestLayout(); version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			path := formatFile(t, version)
			s := open(t, path)
			clean(t, s)
			s.Close()
			compareValues(t, version, values(t, path))
			for err := range Check(path) {
				t.Error("check:", err)
			}
		})
	}
}

// compareValues compares what was read with the description of a layout's database.
func compareValues(t *testing.T, version int, read []byte) {
	t.Helper()
	want, err := os.ReadFile(filepath.Join(formatDir(version), "values.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	wanted, got := strings.Split(string(want), "\n"), strings.Split(string(read), "\n")
	if len(wanted) != len(got) {
		t.Errorf("it has %d values, not %d", len(got), len(wanted))
	}
	differ := 0
	for i := range min(len(wanted), len(got)) {
		if wanted[i] == got[i] {
			continue
		}
		var a, b any
		json.Unmarshal([]byte(wanted[i]), &a)
		json.Unmarshal([]byte(got[i]), &b)
		if !extends(b, a) {
			if differ++; differ < 10 {
				t.Errorf("line %d was\n\t%s\nand is read as\n\t%s", i+1, wanted[i], got[i])
			}
		}
	}
	if differ >= 10 {
		t.Errorf("%d lines differ", differ)
	}
}

// extends reports whether got is what was wanted. Things that did not exist when
// the database was made may be there, and must be nothing.
func extends(got, want any) bool {
	switch want := want.(type) {
	case map[string]any:
		m, ok := got.(map[string]any)
		for k, v := range m {
			if old, had := want[k]; had && !extends(v, old) || !had && !nothing(v) {
				return false
			}
		}
		return ok && !slices.ContainsFunc(slices.Collect(maps.Keys(want)), func(k string) bool { _, has := m[k]; return !has })
	case []any:
		l, ok := got.([]any)
		if !ok || len(l) < len(want) || slices.ContainsFunc(l[len(want):], func(v any) bool { return !nothing(v) }) {
			return false
		}
		for i := range want {
			if !extends(l[i], want[i]) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(got, want)
}

func nothing(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		return !slices.ContainsFunc(slices.Collect(maps.Values(v)), func(e any) bool { return !nothing(e) })
	case []any:
		return !slices.ContainsFunc(v, func(e any) bool { return !nothing(e) })
	}
	return v == nil || v == false || v == 0.0 || v == "" || v == "0001-01-01T00:00:00Z"
}

// The bytes of every record are those that the present layout has: whoever
// changes one adds a migration, because older files have the old bytes and older
// programs read the new ones.
func TestRecordsKeepTheirBytes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "farm.db")
	fillFormat(t, path)
	want, err := os.ReadFile(filepath.Join(formatDir(newestLayout()), "records.txt"))
	if err != nil {
		t.Fatal(err)
	}
	compareLines(t, string(want), string(dumpRecords(t, path)))
	compareLines(t, string(want), string(dumpRecords(t, formatFile(t, newestLayout()))))
}

// A number in a record goes on meaning what it meant, and one that older programs
// do not know needs a migration, if only one that does nothing: they would take
// the record for damaged.
func TestNumbersKeepTheirMeaning(t *testing.T) {
	want, err := os.ReadFile(filepath.Join(formatDir(newestLayout()), "numbers.txt"))
	if err != nil {
		t.Fatal(err)
	}
	compareLines(t, string(want), string(numbers()))
}

// numbers returns what is stored as a number, in order.
func numbers() []byte {
	var out bytes.Buffer
	out.WriteString("task")
	for i := range farm.TaskStatuses {
		fmt.Fprintf(&out, " %v", farm.TaskStatus(i))
	}
	out.WriteString("\nworker")
	for i := range farm.WorkerRestart + 1 {
		fmt.Fprintf(&out, " %q", i)
	}
	fmt.Fprintf(&out, "\nintent run %d hold %d abort %d\n", farm.IntentRun, farm.IntentHold, farm.IntentAbort)
	for kind := farm.PassKind(0); (&farm.Pass{Kind: kind}).Valid(); kind++ {
		steps := 0
		for (&farm.Pass{Kind: kind, Step: steps}).Valid() && kind != farm.NoPass {
			steps++
		}
		fmt.Fprintf(&out, "pass %d has %d steps\n", kind, steps)
	}
	return out.Bytes()
}

func compareLines(t *testing.T, want, got string) {
	t.Helper()
	wanted, read := strings.Split(want, "\n"), strings.Split(got, "\n")
	differ := 0
	for _, w := range wanted {
		if !slices.Contains(read, w) {
			if differ++; differ < 5 {
				t.Errorf("no record is\n\t%.400s", w)
			}
		}
	}
	for _, g := range read {
		if !slices.Contains(wanted, g) {
			if differ++; differ < 10 {
				t.Errorf("a record is\n\t%.400s", g)
			}
		}
	}
	if differ > 0 {
		t.Errorf("%d lines differ: the layout of the file has changed. Add a migration (migrate.go), and the folder of the new layout with -write-format", differ)
	}
}

// dumpRecords returns all records but the database's own id: bucket, key and value
// without checksum, with what is packed unpacked. How well deflate packs is no
// part of the format.
func dumpRecords(t testing.TB, path string) []byte {
	t.Helper()
	var out bytes.Buffer
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.View(func(tx *bolt.Tx) error {
		for _, b := range buckets {
			err := tx.Bucket(b.name).ForEach(func(key, value []byte) error {
				if b == metaBucket && bytes.Equal(key, uuidKey) {
					return nil
				}
				payload, err := b.open(key, value)
				if err != nil {
					return err
				}
				parts, err := unpacked(b, payload)
				fmt.Fprintf(&out, "%s %x %d", b.name, key, value[0])
				for _, p := range parts {
					fmt.Fprintf(&out, " %x", p)
				}
				out.WriteByte('\n')
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// unpacked takes the packed parts of a payload apart.
func unpacked(b *bucket, payload []byte) ([][]byte, error) {
	switch b {
	case jobdefBucket, planBucket:
		raw, err := unpack(payload, maxPlanSize)
		return [][]byte{raw}, err
	case defBucket:
		r := &reader{rest: payload}
		n := r.count(chunkTasks)
		heads, err := unpack(r.bytes(), maxChunkPart)
		if err != nil {
			return nil, err
		}
		commands, err := unpack(r.rest, maxChunkPart)
		return [][]byte{binary.AppendUvarint(nil, uint64(n)), heads, commands}, err
	}
	return [][]byte{payload}, nil
}

// values returns all that can be read from a database, a line of JSON for each
// job, task, worker, and so on.
func values(t testing.TB, path string) []byte {
	t.Helper()
	s := open(t, path)
	defer s.Close()
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	say := func(kind string, v any) {
		if err := enc.Encode(map[string]any{"kind": kind, "value": v}); err != nil {
			t.Fatal(err)
		}
	}
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	var jobs []farm.Job
	must(s.View(func(v *View) error {
		tags, err := v.Tags()
		must(err)
		say("tags", tags)
		workers, err := v.Workers()
		must(err)
		for _, w := range workers {
			audit, err := v.WorkerAudit(w.ID)
			must(err)
			say("worker", map[string]any{"worker": w, "status": w.Status.String(), "requested": w.Request.Status.String(), "audit": audit})
		}
		blocks, err := v.Blocks()
		must(err)
		say("blocks", blocks)
		say("last rendered", v.LastRendered())
		say("deleting", v.JobsDeleting())
		jobs, err = v.Jobs("", 0)
		must(err)
		for _, j := range jobs {
			detail, err := v.JobDetail(j.ID)
			must(err)
			audit, err := v.Audit(j.ID)
			must(err)
			say("job", map[string]any{"job": j, "status": j.Status().String(), "detail": detail, "audit": audit})
			results, err := v.Frames(j.ID, allFrames(-64, 128))
			must(err)
			if len(results) > 0 {
				costs, err := v.Costs(j.ID)
				must(err)
				say("frames", map[string]any{"results": results, "costs": costs})
			}
			tasks, err := v.Tasks(j.ID, -1, 0)
			must(err)
			for _, task := range tasks {
				whole, err := v.Task(task.ID)
				must(err)
				say("task", map[string]any{"task": whole, "status": whole.Status.String()})
			}
		}
		return nil
	}))
	must(s.Update(func(tx *Tx) error {
		for _, job := range jobs {
			j, err := tx.Job(job.ID)
			must(err)
			needs := map[string][]int{}
			for i := range j.Len() {
				for need := range j.Task(i).Needs() {
					needs[fmt.Sprint(i)] = append(needs[fmt.Sprint(i)], need.Index)
				}
			}
			say("needs", map[string]any{"job": job.ID, "needs": needs})
		}
		n := tx.x.numbers
		say("counters", map[string]any{"commit": n.commit, "event": n.event, "job": n.job, "worker": n.worker})
		return nil
	}))
	return out.Bytes()
}
