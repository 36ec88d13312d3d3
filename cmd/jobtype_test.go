package cmd

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The caret is below the column, whatever is in the line.
func TestExcerpt(t *testing.T) {
	long := strings.Repeat("x", 80)
	for _, c := range []struct {
		source     string
		column     int
		line, mark string
	}{
		{"abc", 2, "abc", " ^"},
		{"\t\tlet a;", 7, "let a;", "    ^"},
		{"\tx", 1, " x", "^"},
		{"äöü = 1", 8, "äöü = 1", "    ^"},
		{"abc", 4, "abc", "   ^"},
		{"abc", 0, "abc", "^"},
		{"abc", 99, "abc", "   ^"},
		{long + "!" + long, 81, "…" + long[:60] + "!" + long[:39] + "…", strings.Repeat(" ", 61) + "^"},
		{long + long, 1, long + long[:20] + "…", "^"},
	} {
		if line, mark := excerpt(c.source, c.column); line != c.line || mark != c.mark {
			t.Errorf("%q at %d:\n%s\n%s\nwant\n%s\n%s", c.source, c.column, line, mark, c.line, c.mark)
		}
	}
}

func TestTaskRanges(t *testing.T) {
	for want, indexes := range map[string][]int{"-": nil, "1": {0}, "1-3,5,7-8": {0, 1, 2, 4, 6, 7}} {
		if got := taskRanges(indexes); got != want {
			t.Errorf("%v: %s, want %s", indexes, got, want)
		}
	}
}

// What "new" writes passes "check" without a word, and plans.
func TestStarter(t *testing.T) {
	dir := t.TempDir()
	jobtype := func(args ...string) (out, errOut string, status int) {
		var o, e bytes.Buffer
		s := testSession(t, nil)
		s.out, s.errOut = &o, &e
		status = run(t.Context(), s, append([]string{"--home", dir, "jobtype"}, args...))
		return o.String(), e.String(), status
	}
	file := filepath.Join(dir, "my_first.js")
	if out, errOut, status := jobtype("new", filepath.Join(dir, "my-first")); status != exitOK || strings.TrimSpace(out) != file {
		t.Fatal(status, out, errOut)
	}
	if out, errOut, status := jobtype("check", file, "--json"); status != exitOK || strings.TrimSpace(out) != "[]" {
		t.Errorf("%d: %s%s", status, out, errOut)
	}
	out, errOut, status := jobtype("plan", file, "--json", "--set", "frames=-2..1,7", "--set", "chunk_size=4", "--set", "blendfile=/s/a.blend", "--set", "output=/r", "--set", "more=1")
	var plan struct {
		Tasks []struct {
			Name         string
			TaskType     string `json:"task_type"`
			Priority     int
			Dependencies []int
			Commands     []struct {
				Name       string
				Parameters map[string]any
				Steps      int `json:"total_step_count"`
			}
		}
		Settings map[string]any
		Log      []string
	}
	d := json.NewDecoder(strings.NewReader(out))
	d.DisallowUnknownFields()
	if err := d.Decode(&plan); err != nil || status != exitOK {
		t.Fatalf("%d: %v: %s", status, err, errOut)
	}
	first, last := plan.Tasks[0], plan.Tasks[len(plan.Tasks)-1]
	if len(plan.Tasks) != 3 || first.TaskType != "blender" || first.Priority != 50 || first.Commands[0].Steps != 4 || first.Dependencies == nil ||
		len(last.Dependencies) != 2 || last.Dependencies[0] != 1 || plan.Settings["chunk_size"] != 4.0 || plan.Settings["more"] != "1" || plan.Log[0] != "5 frames" {
		t.Errorf("%+v", plan)
	}
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, errOut, status := jobtype("new", file); status != exitFailed || !strings.Contains(errOut, "exists already") {
		t.Errorf("%d: %s", status, errOut)
	}
	if after, err := os.ReadFile(file); err != nil || !bytes.Equal(before, after) {
		t.Error("the script was replaced")
	}
	for _, name := range []string{"", "a b", "Über", "..", "-x", dir + "/.js", strings.Repeat("x", 61)} {
		if _, errOut, status := jobtype("new", "--", name); status == exitOK {
			t.Errorf("%q: %s", name, errOut)
		}
	}
}
