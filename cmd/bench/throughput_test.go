package bench

import (
	"fmt"
	"testing"
	"time"
)

// behind are the numbers of tasks that stay queued while others are done.
var behind = []int{1_000, 50_000, 1_000_000}

// BenchmarkThroughput has workers take tasks and report on them as fast as the
// manager answers, with few and with many tasks queued behind. The rounds are
// interleaved over the sizes, so that a change of the computer's mood hits all.
func BenchmarkThroughput(b *testing.B) {
	b.Log(machine())
	sizes := behind
	if testing.Short() {
		sizes = sizes[:1]
	}
	results := map[int][][]figure{}
	for round := range *rounds {
		for _, size := range sizes {
			last := round == *rounds-1 && size == sizes[len(sizes)-1]
			results[size] = append(results[size], throughput(b, size, last))
		}
	}
	for _, size := range sizes {
		b.Logf("%d queued behind, rounds: %s", size, each(results[size], "tasks/s"))
		report(b, fmt.Sprintf("behind=%d", size), medians(results[size]))
	}
}

// throughput measures one load.
func throughput(b *testing.B, size int, last bool) []figure {
	b.Helper()
	l := newLoad(nil)
	p := start(b, filledHome(b, size+l.total()), "serve")
	l.p = p
	all := hire(b, p, *workers, 10*time.Minute, "blender", "ffmpeg", "file-management", "misc")
	wait := func() {}
	if last && *profile != "" {
		wait = p.saveProfile(*profile, 4*time.Second)
	}
	if err := l.run(all); err != nil {
		b.Fatalf("%v\nlog of the manager:\n%s", err, p.log.String())
	}
	wait()
	figures := l.figures(b, all)
	if m, err := memoryOf(p.pid()); err == nil {
		figures = append(figures, figure{"rss-MB", megabytes(m.resident)})
	}
	p.stop()
	p.complaints()
	return figures
}

// each returns one figure of all rounds, for judging how they differ.
func each(rounds [][]figure, unit string) string {
	text := ""
	for _, r := range rounds {
		for _, f := range r {
			if f.unit == unit {
				text += fmt.Sprintf(" %.4g", f.value)
			}
		}
	}
	return text + " " + unit
}
