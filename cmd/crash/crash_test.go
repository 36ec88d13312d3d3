// Package crash attacks the program: it builds the binary, runs managers and
// workers as processes of their own under load, and kills them, stops them, cuts
// their power and networks, fills their disks and turns their clocks. Every
// request is recorded, and the history is checked afterwards: what was
// acknowledged is kept, nothing is doubled, and nobody reads what is older than
// what was read before.
//
//	make crash               some minutes; needs Linux, and root for most of it
//	make crash SEED=17       the same choices again
//	FARM_CRASH=5 go test -v -timeout 0 -run TestProgram/power ./cmd/crash
//
// FARM_CRASH is how often everything is done, as a multiple of what make crash
// does. Without it, only the checker is tested, on a small farm.
package crash

import (
	"cmp"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	seedFlag = flag.Uint64("seed", 0, "choose moments and changes by this number; 0 for another one each time")
	seed     uint64
	scratch  string // where everything is written; removed at the end
)

// patience bounds every wait for something that must happen.
const patience = 3 * time.Minute

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if seed = *seedFlag; seed == 0 {
		seed = uint64(time.Now().UnixNano()) % 1_000_000
	}
	var err error
	if scratch, err = os.MkdirTemp("", "farm-crash-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(scratch)
	status := m.Run()
	if text := table.String(); text != "" {
		fmt.Printf("\nseed %d\n%s", seed, text)
	}
	return status
}

// times returns how often something is done that make crash does n times. Without
// FARM_CRASH it is not done at all.
func times(t *testing.T, n int) int {
	t.Helper()
	factor, err := strconv.ParseFloat(cmp.Or(os.Getenv("FARM_CRASH"), "0"), 64)
	if err != nil {
		t.Fatalf("FARM_CRASH is no number: %v", err)
	}
	if factor == 0 {
		t.Skip("make crash does this")
	}
	return max(1, int(factor*float64(n)))
}

// randomFor returns a source that depends on the seed and on what it is for, so that a
// part of the program does the same alone.
func randomFor(name string) *rand.Rand {
	var sum uint64
	for _, c := range name {
		sum = sum*31 + uint64(c)
	}
	return rand.New(rand.NewPCG(seed, sum))
}

// build builds the program once, as "make build" does. Files of overlay replace those of
// the same path, of the program or of Go's library.
func build(name, overlay string) (string, error) {
	path := filepath.Join(scratch, name)
	c := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-buildvcs=false", "-o", path)
	if overlay != "" {
		c.Args = append(c.Args, "-overlay", overlay)
	}
	c.Args = append(c.Args, "renderfarm")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return path, nil
}

var program = sync.OnceValues(func() (string, error) { return build("farm", "") })

// A row of the table is a kind of fault: how often it was produced, and what was found.
type row struct {
	fault    string
	runs     int // faults that were produced
	requests int
	open     int // requests that nobody answered
	findings int
	note     string
}

// A summary is all rows, printed at the end.
type summary struct {
	mu   sync.Mutex // guards rows
	rows []row
}

var table summary

func (s *summary) add(r row) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows = append(s.rows, r)
}

// String returns the table in Markdown, "" without rows.
func (s *summary) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.rows) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| %-44s | %5s | %8s | %10s | %8s | |\n|---|---:|---:|---:|---:|---|\n", "fault", "times", "requests", "unanswered", "findings")
	for _, r := range s.rows {
		fmt.Fprintf(&b, "| %-44s | %5d | %8d | %10d | %8d | %s |\n", r.fault, r.runs, r.requests, r.open, r.findings, r.note)
	}
	return b.String()
}
