package worker

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files")

// Output of Blender 3.4 (recorded) and 5.2 (its log format), and what each line means.
func TestBlenderOutput(t *testing.T) {
	names := map[blenderWhat]string{blenderSaved: "saved", blenderTimed: "timed", blenderSkipped: "skipped", blenderError: "error"}
	files, err := filepath.Glob("testdata/blender-*.txt")
	if err != nil || len(files) < 2 {
		t.Fatalf("recordings: %v %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		for i, line := range strings.Split(string(text), "\n") {
			if e := parseBlender(line); e.what != blenderOther {
				fmt.Fprintf(&got, "%d %s %s\n", i+1, names[e.what], e.text)
			}
		}
		golden := strings.TrimSuffix(file, ".txt") + ".golden"
		if *update {
			if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if got.String() != string(want) {
			t.Errorf("%s:\n%s\nwant\n%s", file, got.String(), want)
		}
	}
}

func TestBlenderLinesThatMeanNothing(t *testing.T) {
	for _, line := range []string{
		"", "Saved: ''", `Info: Saved "t.blend"`, "x Saved: '/a.png'", "Time:00:00.10", "Time: soon",
		"Fra:1 Mem:8.83M (Peak 10.19M) | Time:00:00.06 | Mem:0.75M | Scene | Sample 1/1",
		"00:01.0  blend | Saved: '/a.png'", "00:01.0  prerender | Saved: '/a.png'", "Errors were found", "No error: fine",
	} {
		if e := parseBlender(line); e != (blenderEvent{}) {
			t.Errorf("%q means %+v", line, e)
		}
	}
}

func FuzzParseBlender(f *testing.F) {
	for _, seed := range []string{"Saved: '/a'", "render | Time: 1", "skipping existing frame \"", "1 a | ERROR x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) { parseBlender(line) })
}
