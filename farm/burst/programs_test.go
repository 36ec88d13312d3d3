package burst

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
)

// cloudScript is a cloud of files in a folder.
const cloudScript = `#!/bin/sh
set -eu
cd "$1"
case $2 in
start) [ "$3" = "$FARM_WORKER_NAME" ]; echo "${STATE:-running}" >"$3" ;;
list) for f in farm-*; do [ ! -e "$f" ] || echo "$f $(cat "$f")"; done; echo "a line about something else" ;;
stop) rm "$3" ;;
esac
`

// programs returns an engine of a cloud, and which workers its farm has.
func programs(t *testing.T) (p *Programs, workers map[string]bool) {
	t.Helper()
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("there is no sh")
	}
	dir := t.TempDir()
	script := filepath.Join(dir, "cloud.sh")
	if err := os.WriteFile(script, []byte(cloudScript), 0o755); err != nil {
		t.Fatal(err)
	}
	cloud := func(args ...string) []string { return append([]string{"sh", script, dir}, args...) }
	workers = map[string]bool{}
	p = &Programs{Name: "test", Begin: cloud("start", "{name}"), Show: cloud("list"), End: cloud("stop", "{name}"), Log: slog.New(slog.DiscardHandler),
		Workers: func(context.Context) (map[string]bool, error) { return workers, nil }}
	if err := p.Check(); err != nil {
		t.Fatal(err)
	}
	return p, workers
}

// list returns the names of the members.
func list(t *testing.T, p *Programs) (names []string) {
	t.Helper()
	members, err := p.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range members {
		names = append(names, m.ID)
	}
	return names
}

func TestPrograms(t *testing.T) {
	p, workers := programs(t)
	if err := p.Start(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	names := list(t, p)
	if len(names) != 3 || !strings.HasPrefix(names[0], "farm-test-") {
		t.Fatalf("after 3 were started: %q", names)
	}
	workers[names[0]], workers[names[1]] = true, true
	if got := list(t, p); !slices.Equal(got, names) {
		t.Errorf("while they work: %q", got)
	}
	workers[names[0]] = false // it signed off
	delete(workers, names[1]) // it left for good
	if got := list(t, p); !slices.Equal(got, names[2:]) {
		t.Errorf("after two have ended, and one did not begin yet: %q", got)
	}
	if err := p.Cancel(t.Context(), names[2:]); err != nil || list(t, p) != nil {
		t.Error("it is still there", err)
	}
	p.Begin = []string{"false"}
	if err := p.Start(t.Context(), 1); farm.KindOf(err) != farm.Unavailable {
		t.Error(err)
	}
}

// A computer that does not become a worker is ended.
func TestProgramsThatDoNotBegin(t *testing.T) {
	p, _ := programs(t)
	if err := p.Start(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	names := list(t, p)
	p.seen[names[0]].first = time.Now().Add(-startWithin - time.Second)
	if got := list(t, p); got != nil {
		t.Errorf("still there: %q", got)
	}
}

func TestProgramsParse(t *testing.T) {
	p := &Programs{Name: "a", Show: []string{"list"}}
	got, err := p.parse("farm-a-1\nfarm-a-night-5\nfarm-b-2 running\n farm-a-3 pending\nfarm-a-4\trunning\n\n")
	if want := []Member{{"farm-a-1", false}, {"farm-a-3", true}, {"farm-a-4", false}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{"farm-a-1 gone", "farm-a-1 running now", "farm-a-$(rm)"} {
		if _, err := p.parse(bad); farm.KindOf(err) != farm.Invalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if farm.KindOf((&Programs{Name: "a", Begin: []string{"x"}, Show: []string{"y"}}).Check()) != farm.Invalid {
		t.Error("no program that ends is accepted")
	}
}
