package manager_test

import (
	"fmt"
	"testing"

	"renderfarm/farm"
)

// BenchmarkSecondRuns measures a request for a task, with render_last_frames_twice and
// without: of a worker that gets and completes one, and of one that finds nothing while
// a thousand others render.
//
//	go test ./farm/manager -run '^$' -bench SecondRuns
func BenchmarkSecondRuns(b *testing.B) {
	for _, twice := range []bool{false, true} {
		b.Run(fmt.Sprintf("busy/twice=%v", twice), func(b *testing.B) {
			f, w := openFarm(b), farm.WorkerID("")
			defer f.stop()
			f.configure(func(c *farm.Config) { c.RenderLastFramesTwice = twice })
			f.submitFilm("1-20000", 1)
			w = f.worker("w")
			f.KnowsSecond(w, true)
			for b.Loop() {
				task := f.take(w)
				f.report(w, task, farm.TaskCompleted)
			}
		})
		b.Run(fmt.Sprintf("idle/twice=%v", twice), func(b *testing.B) {
			f := openFarm(b)
			defer f.stop()
			f.configure(func(c *farm.Config) { c.RenderLastFramesTwice = twice })
			f.submitFilm("1-1001", 1)
			for i := range 1000 {
				w := f.worker(fmt.Sprint("w", i))
				f.KnowsSecond(w, true)
				if i == 0 {
					f.render(w, 3600) // all are expected to take as long
				}
				f.begins(w)
			}
			w := f.worker("idle")
			f.KnowsSecond(w, true)
			for b.Loop() {
				if task := f.take(w); task != "" {
					b.Fatal("it got", task)
				}
			}
		})
	}
}
