package store

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"renderfarm/farm"
)

func exported(t *testing.T, path string) []byte {
	t.Helper()
	var out bytes.Buffer
	n, err := Export(path, &out, testTime)
	if err != nil || bytes.Count(out.Bytes(), []byte("\n")) != n+2 {
		t.Fatalf("%d records, %v", n, err)
	}
	return out.Bytes()
}

// An import of an export is the database that was exported, record by record, and its
// own export is the same. So is that of every database that people may have.
func TestExportImport(t *testing.T) {
	for version := 1; version <= newestLayout(); version++ {
		t.Run(fmt.Sprint("v", version), func(t *testing.T) {
			path := formatFile(t, version)
			upgrade(t, path)
			lines := exported(t, path)
			to := filepath.Join(t.TempDir(), "farm.db")
			if kept, err := Import(bytes.NewReader(lines), to, testTime); err != nil || kept != "" {
				t.Fatal(kept, err)
			}
			compareLines(t, withoutLayout(dumpRecords(t, path)), withoutLayout(dumpRecords(t, to)))
			if again := exported(t, to); !bytes.Equal(again, lines) {
				t.Error("its own export is another")
			}
			upgrade(t, to)
			compareValues(t, version, values(t, to))
		})
	}
}

// The documentation says of every bucket what its records are, and which have no raw.
func TestEveryBucketIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/export.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range buckets {
		row := regexp.MustCompile(fmt.Sprintf("(?m)^\\| [^|]*`%s`[^|]*\\|.*$", b.name)).FindString(string(page))
		if row == "" || strings.Contains(row, "No `raw`") != isJSON(b) {
			t.Errorf("of bucket %s it says %q", b.name, row)
		}
	}
}

// withoutLayout leaves out the record of the layout, which names older files that are
// beside a database.
func withoutLayout(dump []byte) string {
	layout := regexp.MustCompile(fmt.Sprintf("(?m)^meta %x .*$", layoutKey))
	return layout.ReplaceAllString(string(dump), "")
}

// An export of an older layout is imported as what it is, and upgraded at the start.
func TestImportOfOlderLayout(t *testing.T) {
	for version := 1; version < newestLayout(); version++ {
		t.Run(fmt.Sprint("v", version), func(t *testing.T) {
			to := filepath.Join(t.TempDir(), "farm.db")
			if _, err := Import(bytes.NewReader(olderExport(t, formatFile(t, version), version)), to, testTime); err != nil {
				t.Fatal(err)
			}
			upgrade(t, to)
			compareValues(t, version, values(t, to))
		})
	}
}

// olderExport writes what the program of the layout would have.
func olderExport(t *testing.T, path string, version int) []byte {
	t.Helper()
	var out bytes.Buffer
	enc, n := json.NewEncoder(&out), 0
	enc.Encode(exportHead{exportVersion, version, "0.0.1", testTime})
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.View(func(tx *bolt.Tx) error {
		for _, b := range buckets {
			if tx.Bucket(b.name) == nil {
				continue
			}
			if err := records(tx, b, nil, func(key, payload []byte) error {
				if string(key) == string(layoutKey) {
					return nil
				}
				line := exportLine{Bucket: string(b.name), Key: hex.EncodeToString(key), Raw: payload}
				if isJSON(b) {
					line.Raw, line.Value = nil, payload
					if b == jobdefBucket {
						line.Value, _ = unpack(payload, maxDetail)
					}
				}
				n++
				return enc.Encode(line)
			}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	enc.Encode(exportEnd{&n})
	return out.Bytes()
}

// upgrade opens a database, which brings it to the newest layout, and checks it.
func upgrade(t *testing.T, path string) {
	t.Helper()
	s := open(t, path)
	clean(t, s)
	s.Close()
}

// A file that is no export, or not a whole one, is refused with the line at fault, and
// the database that is there is left alone.
func TestImportRefuses(t *testing.T) {
	whole := strings.SplitAfter(string(exported(t, formatFile(t, newestLayout()))), "\n")
	count := len(whole) - 1
	lineOf := func(bucket string) int { // from 1
		for i, line := range whole {
			if strings.HasPrefix(line, `{"bucket":"`+bucket+`"`) {
				return i + 1
			}
		}
		t.Fatal(bucket)
		return 0
	}
	change := func(n int, f func(line string) string) string {
		lines := append([]string(nil), whole...)
		lines[n-1] = f(lines[n-1])
		return strings.Join(lines, "")
	}
	without := func(n int) string { return change(n, func(string) string { return "" }) }
	job, task, def, detail := lineOf("job"), lineOf("task"), lineOf("def"), lineOf("jobdef")
	for name, c := range map[string]struct {
		export string
		says   string
	}{
		"empty":             {"", "line 1 "},
		"another file":      {"Dear diary!\n", "line 1 "},
		"other JSON":        {`{"a":1}` + "\n", "line 1 "},
		"no version":        {change(1, func(string) string { return "{}\n" }), "line 1 "},
		"newer":             {change(1, func(s string) string { return strings.Replace(s, `"layout":`, `"layout":9`, 1) }), "needs Farm"},
		"newer lines":       {change(1, func(s string) string { return strings.Replace(s, `"farm_export":1`, `"farm_export":2`, 1) }), "needs Farm"},
		"cut off":           {strings.Join(whole[:count-1], ""), fmt.Sprintf("line %d ", count)},
		"cut in a line":     {strings.Join(whole[:count/2], "") + whole[count/2][:20], fmt.Sprintf("line %d ", count/2+1)},
		"a line is missing": {without(lineOf("audit")), fmt.Sprintf("line %d ", count-1)},
		"something follows": {strings.Join(whole, "") + "{}\n", fmt.Sprintf("line %d ", count+1)},
		"twice":             {change(task, func(s string) string { return s + s }), fmt.Sprintf("line %d ", task+1)},
		"unknown bucket":    {change(task, func(s string) string { return strings.Replace(s, `"task"`, `"tusk"`, 1) }), fmt.Sprintf("line %d ", task)},
		"unknown key":       {change(task, func(s string) string { return strings.Replace(s, `"key"`, `"more":1,"key"`, 1) }), fmt.Sprintf("line %d ", task)},
		"bad key":           {change(task, func(s string) string { return strings.Replace(s, `"key":"0`, `"key":"x`, 1) }), fmt.Sprintf("line %d ", task)},
		"bad base64":        {change(task, func(s string) string { return strings.Replace(s, `"raw":"`, `"raw":"?`, 1) }), fmt.Sprintf("line %d ", task)},
		"a raw too much":    {change(detail, func(s string) string { return strings.Replace(s, `"key"`, `"raw":"AAAA","key"`, 1) }), fmt.Sprintf("line %d ", detail)},
		"no raw":            {change(job, func(s string) string { return s[:strings.Index(s, `,"raw"`)] + "}\n" }), fmt.Sprintf("line %d ", job)},
		"no job":            {change(job, func(s string) string { return strings.Replace(s, `"raw":"`, `"raw":"AAAA`, 1) }), fmt.Sprintf("line %d ", job)},
		"no definition":     {change(def, func(s string) string { return s[:strings.Index(s, `"raw":"`)] + "\"raw\":\"AAAA\"}\n" }), fmt.Sprintf("line %d ", def)},
		"another job":       {change(task, func(s string) string { return strings.Replace(s, `"key":"0000000`, `"key":"0000001`, 1) }), "line "},
		"the layout":        {change(2, func(s string) string { return `{"bucket":"meta","key":"736368656d61","raw":"AAAA"}` + "\n" }), "line 2 "},
		"too long":          {change(detail, func(s string) string { return strings.Repeat(" ", maxExportLine) + s }), fmt.Sprintf("line %d ", detail)},
	} {
		t.Run(name, func(t *testing.T) {
			path, _ := backedUp(t)
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Import(strings.NewReader(c.export), path, testTime); err == nil || !strings.Contains(err.Error(), c.says) || farm.KindOf(err) == farm.Internal {
				t.Errorf("%v", err)
			}
			if after, _ := os.ReadFile(path); !bytes.Equal(after, before) {
				t.Error("the database was changed")
			}
			if left, _ := filepath.Glob(path + ".*"); len(left) > 0 {
				t.Error(left)
			}
		})
	}
}

// brokenExports is how many exports with a wrong byte are imported.
const brokenExports, soakBrokenExports = 40, 2000

// Whatever an export says, importing it ends with a sentence, or with a database that is
// in order.
func TestImportOfAnything(t *testing.T) {
	whole := exported(t, formatFile(t, newestLayout()))
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	rounds, refused := brokenExports, 0
	if os.Getenv("FARM_SOAK") != "" {
		rounds = soakBrokenExports
	}
	for range rounds {
		at := r.IntN(len(whole))
		bad := bytes.Clone(whole)
		bad[at] = byte(r.IntN(256))
		path := inMemory(t)
		if _, err := Import(bytes.NewReader(bad), path, testTime); err != nil {
			if refused++; farm.KindOf(err) == farm.Internal {
				t.Errorf("seed %d, byte %d: %v", seed, at, err)
			}
			continue
		}
		for err := range Check(path) {
			t.Errorf("seed %d, byte %d: %v", seed, at, err)
		}
	}
	t.Logf("%d of %d were refused", refused, rounds)
}
