//go:build !windows

package worker

import (
	"fmt"
	"path/filepath"
	"testing"

	"renderfarm/farm/blendertest"
)

// BenchmarkWarmMemory tells how the memory of a Blender that stays open grows with the
// frames that it renders; see cmd/bench/README.md.
func BenchmarkWarmMemory(b *testing.B) {
	exe := blendertest.Find(b)
	scene, err := filepath.Abs("../../testdata/scenes/tiny.blend")
	if err != nil {
		b.Fatal(err)
	}
	w, err := New(Options{Manager: "http://localhost", Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	args := []string{"-b", "--factory-startup", scene, "-o", filepath.Join(b.TempDir(), "######"), "-F", "PNG", "--python-expr", warmScript}
	open, err := startWarm(w, warmKey{exe: exe}, args)
	if err != nil {
		b.Fatal(err)
	}
	defer open.close()
	open.listen(&warmListener{line: func(int, string) {}, event: func(blenderEvent) {}, crash: func(string) {}})
	if err := open.begin(b.Context()); err != nil {
		b.Fatal(err)
	}
	early := 0
	for n := range b.N {
		a, err := open.ask(b.Context(), fmt.Sprint("render ", 1+n%10))
		if err != nil || a.verb != "done" {
			b.Fatalf("frame %d: %v %v", n, a, err)
		}
		var kib int
		fmt.Sscan(a.text, &kib)
		if n <= b.N/10 {
			early = kib
		}
		if n == b.N-1 && early > 0 {
			b.ReportMetric(float64(kib)/1024, "MB")
			b.ReportMetric(float64(kib)/float64(early), "end/tenth")
		}
	}
}
