package jsjobs

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"renderfarm/farm"
)

// TestMain makes the test's own executable the child that runs scripts. Its
// time zone is one, whatever the computer's is.
func TestMain(m *testing.M) {
	if RunChild(os.Args) {
		return
	}
	os.Setenv("TZ", "Etc/GMT-2")
	os.Exit(m.Run())
}

// created is when the jobs of the tests are submitted.
var created = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// library returns a Library of the files, by path in its folder.
func library(t testing.TB, files map[string]string) *Library {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		write(t, filepath.Join(dir, filepath.FromSlash(name)), text)
	}
	return New(Options{Dir: dir})
}

func write(t testing.TB, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// emptyType is a JOB_TYPE that asks for nothing.
const emptyType = `var JOB_TYPE = {label: "T", settings: []};` + "\n"

// plan plans a job with the body of a compileJob(job).
func plan(t testing.TB, body string, settings map[string]any) (*farm.Plan, error) {
	t.Helper()
	l := library(t, map[string]string{"t.js": emptyType + "function compileJob(job) {\n" + body + "\n}\n"})
	return l.Plan(t.Context(), submission("t", settings))
}

// submission is one of a job type.
func submission(jobType string, settings map[string]any) farm.Submission {
	return farm.Submission{Type: jobType, Name: "job name", Priority: 50, Created: created, Settings: settings,
		ID: "7b1e6a52-0000-4000-8000-000000000001", Tag: "7b1e6a52-0000-4000-8000-000000000002",
		ShamanCheckout: "checkout", Metadata: map[string]string{"project": "P", "user": "u"}}
}

// evaluate returns the JSON of a JavaScript expression.
func evaluate(t testing.TB, expression string) (string, error) {
	t.Helper()
	p, err := plan(t, "job.metadata = {result: JSON.stringify("+expression+")};", nil)
	if err != nil {
		return "", err
	}
	return p.Metadata["result"], nil
}

// same reports whether two JSON texts say the same.
func same(t testing.TB, a, b string) bool {
	t.Helper()
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return a == b
	}
	p, _ := json.Marshal(x)
	q, _ := json.Marshal(y)
	return string(p) == string(q)
}

// wantError checks the kind of an error, and that it says everything in says.
func wantError(t testing.TB, err error, kind farm.Kind, says ...string) {
	t.Helper()
	if err == nil || farm.KindOf(err) != kind {
		t.Fatalf("error %v of kind %d; want kind %d", err, farm.KindOf(err), kind)
	}
	for _, s := range says {
		if !strings.Contains(err.Error(), s) {
			t.Errorf("error %q; want one that says %q", err, s)
		}
	}
}

// shape writes what a plan's tasks are on one line.
func shape(tasks []farm.PlannedTask) string {
	var words []string
	for _, task := range tasks {
		var commands []string
		for _, c := range task.Commands {
			commands = append(commands, fmt.Sprint(c.Name, " ", c.Parameters))
		}
		words = append(words, fmt.Sprintf("%s/%s/%d%s", task.Name, task.Type, task.Priority, commands))
		for _, need := range task.Needs {
			words = append(words, fmt.Sprint(need))
		}
	}
	return strings.Join(words, " ")
}
