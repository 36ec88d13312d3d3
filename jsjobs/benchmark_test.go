package jsjobs

import (
	"fmt"
	"testing"
	"time"

	"renderfarm/farm"
)

// BenchmarkPlan is the way of a submission through the manager and the child
// up to the plan that is stored.
func BenchmarkPlan(b *testing.B) {
	for _, n := range []int{1000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n, " tasks"), func(b *testing.B) {
			l := New(Options{Timeout: time.Minute, Encoded: true})
			sub := renders(n)
			b.ReportAllocs()
			for b.Loop() {
				p, err := l.Plan(b.Context(), sub)
				if err != nil || len(p.Tasks) != n+1 {
					b.Fatal(err)
				}
			}
		})
	}
}

// renders is a job of so many render tasks and a video.
func renders(n int) farm.Submission {
	return farm.Submission{Type: "simple-blender-render", Created: created,
		Settings: blenderSettings(map[string]any{"frames": fmt.Sprint("1-", n), "chunk_size": 1.0})}
}

// BenchmarkCompile is the child's part of that, where a profile can see it.
func BenchmarkCompile(b *testing.B) {
	source, err := embedded.ReadFile("scripts/simple_blender_render.js")
	if err != nil {
		b.Fatal(err)
	}
	for _, n := range []int{1000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n, " tasks"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m, err := newMachine(nowhere{})
				if err != nil {
					b.Fatal(err)
				}
				job := renders(n)
				if err := m.carryOut(order{File: "t.js", Source: string(source), Job: &job}, &outcome{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// nowhere is a host with the built-in files, and without readers.
type nowhere struct{}

func (nowhere) find(names []string) (file, error) {
	for _, name := range names {
		if text, err := embedded.ReadFile("scripts/" + name); err == nil {
			return file{Name: name, Text: string(text)}, nil
		}
	}
	return file{}, nil
}
func (nowhere) print(line)   {}
func (nowhere) expect(int)   {}
func (nowhere) tasks([]byte) {}

// BenchmarkVM is what a run costs before the script's first line.
func BenchmarkVM(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := newMachine(nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkParse is what reading a script costs, once for each of its versions.
func BenchmarkParse(b *testing.B) {
	source, err := embedded.ReadFile("scripts/simple_blender_render.js")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if p := parse("t.js", string(source), false); p.err != nil {
			b.Fatal(p.err)
		}
	}
}

// BenchmarkTypes is what a list of job types costs while nothing changes.
func BenchmarkTypes(b *testing.B) {
	l := New(Options{})
	for b.Loop() {
		if _, err := l.Types(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
