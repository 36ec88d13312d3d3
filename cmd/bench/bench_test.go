// Package bench measures the program from outside: it builds the binary, runs
// it as a process of its own on a real disk, and talks to it over HTTP as
// workers and submitters do. README.md says what each benchmark measures, how
// to run them, and what they found.
package bench

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

var (
	rounds   = flag.Int("rounds", 3, "how often each load is measured; medians are reported")
	measured = flag.Int("tasks", 30_000, "tasks per round of a load")
	workers  = flag.Int("workers", 300, "simulated workers of a load")
	profile  = flag.String("profile", "", "write a CPU profile of the manager under load to this `file`")
)

// patience bounds every wait for something that must happen.
const patience = 2 * time.Minute

// scratch is where everything is written; it is removed at the end. TMPDIR
// chooses the disk.
var scratch string

func TestMain(m *testing.M) {
	if os.Getenv(bareEnv) != "" {
		serveBare()
		return
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "farm-bench-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	scratch = dir
	spread(dir) // other file systems than ext4 do not need it
	return m.Run()
}

// build builds the program once, as "make build" does, and returns its path.
var build = sync.OnceValues(func() (string, error) {
	path := filepath.Join(scratch, "farm.exe") // the suffix is needed on Windows and harmless elsewhere
	c := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-buildvcs=false", "-o", path, "renderfarm")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return path, nil
})

// program returns the path of the built program.
func program(tb testing.TB) string {
	tb.Helper()
	path, err := build()
	if err != nil {
		tb.Fatal(err)
	}
	return path
}

// A figure is one result and its unit.
type figure struct {
	unit  string
	value float64
}

// report prints figures as the result of a sub-benchmark. What was measured
// took as long as it took, so the time per iteration would say nothing.
func report(b *testing.B, name string, figures []figure) {
	b.Helper()
	b.Run(name, func(b *testing.B) {
		b.ReportMetric(0, "ns/op")
		for _, f := range figures {
			b.ReportMetric(f.value, f.unit)
		}
	})
}

// medians returns the median of each figure over rounds that have the same ones.
func medians(rounds [][]figure) []figure {
	var all []figure
	for i, f := range rounds[0] {
		var values []float64
		for _, r := range rounds {
			values = append(values, r[i].value)
		}
		all = append(all, figure{f.unit, quantile(values, 0.5)})
	}
	return all
}

// quantile returns the value below which the share q of the values lies, and
// between two values what lies between them in proportion. It sorts values.
func quantile[T ~int64 | ~float64](values []T, q float64) T {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	at := q * float64(len(values)-1)
	low := int(at)
	high := min(low+1, len(values)-1)
	part := at - float64(low)
	return T(float64(values[low])*(1-part) + float64(values[high])*part)
}

func milliseconds(d time.Duration) float64 { return float64(d) / 1e6 }

func megabytes(bytes int64) float64 { return float64(bytes) / 1e6 }

// await asks again at every interval until done says yes.
func await(tb testing.TB, what string, every time.Duration, done func() bool) {
	tb.Helper()
	awaitWithin(tb, what, every, patience, done)
}

func awaitWithin(tb testing.TB, what string, every, patience time.Duration, done func() bool) {
	tb.Helper()
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for end := time.Now().Add(patience); !done(); <-ticker.C {
		if time.Now().After(end) {
			tb.Fatalf("%s did not happen within %s", what, patience)
		}
	}
}

// rest lets the machine be idle, for measuring what idleness costs.
func rest(d time.Duration) { <-time.NewTimer(d).C }

func TestQuantile(t *testing.T) {
	tests := []struct {
		values []float64
		q      float64
		want   float64
	}{
		{nil, 0.5, 0},
		{[]float64{7}, 0.99, 7},
		{[]float64{3, 1, 2}, 0.5, 2},
		{[]float64{4, 1, 2, 3}, 0.5, 2.5},
		{[]float64{0, 100}, 0.99, 99},
	}
	for _, test := range tests {
		if got := quantile(slices.Clone(test.values), test.q); got != test.want {
			t.Errorf("quantile %v of %v is %v, want %v", test.q, test.values, got, test.want)
		}
	}
}

func TestMedians(t *testing.T) {
	got := medians([][]figure{{{"tasks/s", 10}, {"ms", 3}}, {{"tasks/s", 30}, {"ms", 1}}, {{"tasks/s", 20}, {"ms", 2}}})
	if want := []figure{{"tasks/s", 20}, {"ms", 2}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
