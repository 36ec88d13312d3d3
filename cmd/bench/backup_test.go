package bench

import (
	"context"
	"sync"
	"testing"
	"time"
)

// backupBehind is how many tasks stay queued: their database is one that takes a backup
// some seconds.
const backupBehind = 1_000_000

// BenchmarkBackup is BenchmarkThroughput with and without backups of the database, one
// after the other, being made meanwhile; the rounds are interleaved.
func BenchmarkBackup(b *testing.B) {
	b.Log(machine())
	results := map[bool][][]figure{}
	for range *rounds {
		for _, backups := range []bool{false, true} {
			results[backups] = append(results[backups], underBackup(b, backups))
		}
	}
	b.Logf("without, rounds: %s", each(results[false], "tasks/s"))
	b.Logf("with, rounds: %s", each(results[true], "tasks/s"))
	report(b, "without", medians(results[false]))
	report(b, "with", medians(results[true]))
}

// underBackup measures one load.
func underBackup(b *testing.B, backups bool) []figure {
	b.Helper()
	l := newLoad(nil)
	p := start(b, filledHome(b, backupBehind+l.total()), "serve")
	l.p = p
	all := hire(b, p, *workers, 10*time.Minute, "blender", "ffmpeg", "file-management", "misc")
	ctx, cancel := context.WithCancel(b.Context())
	var made int
	var making sync.WaitGroup
	if backups {
		making.Go(func() {
			for ctx.Err() == nil {
				if _, err := p.client().MakeBackup(ctx); err == nil {
					made++
				} else if ctx.Err() == nil {
					b.Errorf("backup %d: %v", made+1, err)
					return
				}
			}
		})
	}
	if err := l.run(all); err != nil {
		b.Fatalf("%v\nlog of the manager:\n%s", err, p.log.String())
	}
	cancel()
	making.Wait()
	figures := append(l.figures(b, all), figure{"backups", float64(made)})
	p.stop()
	p.complaints()
	return figures
}
