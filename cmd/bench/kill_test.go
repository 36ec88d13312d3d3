package bench

import (
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/store"
)

// BenchmarkKill kills the manager under the load of BenchmarkThroughput and
// proves that what it acknowledged is on the disk: the price of durability is
// in those figures.
func BenchmarkKill(b *testing.B) {
	l := newLoad(nil)
	acked, doubtful, again := killUnderLoad(b, *workers, 50_000, l.warm+l.measured/2)
	report(b, "behind=50000", []figure{{"acknowledged", float64(acked)}, {"lost", 0}, {"unacknowledged", float64(doubtful)}, {"restart-ms", milliseconds(again)}})
}

// TestKill is the same in small.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds and runs the whole program")
	}
	killUnderLoad(t, 20, 1000, 500)
}

// killUnderLoad ends the manager with SIGKILL at the moment at which a number
// of tasks is completed, with all workers in the middle of something. It
// returns how many completions were acknowledged, how many more are stored, of
// which no worker was told, and how long the next start took. It fails if one
// that was acknowledged is not stored, or if the database is not in order.
func killUnderLoad(tb testing.TB, workers, size, after int) (acked, doubtful int, again time.Duration) {
	tb.Helper()
	l := &load{warm: 2 * size, keep: true} // the end never comes
	home := filledHome(tb, size+after+2*workers)
	p := start(tb, home, "serve")
	l.p = p
	l.at = func(n int) {
		if n == after {
			p.kill()
		}
	}
	l.measured = after + 2*workers
	all := hire(tb, p, workers, 10*time.Minute, "blender")
	if err := l.run(all); int(l.completed.Load()) < after {
		tb.Fatalf("%v\nlog of the manager:\n%s", err, p.log.String())
	}

	for err := range store.Check(p.database()) {
		tb.Errorf("after the kill: %v", err)
	}
	completed := map[string]bool{}
	for _, s := range all {
		for _, id := range s.acked {
			completed[id] = true
		}
	}
	stored := countCompleted(tb, p.database(), completed)
	if doubtful = stored - len(completed); doubtful < 0 || doubtful > workers {
		tb.Errorf("%d tasks are completed in the database, and %d were acknowledged to %d workers", stored, len(completed), workers)
	}
	began := time.Now()
	p = start(tb, home, "serve")
	again = time.Since(began)
	p.stop()
	p.complaints()
	return len(completed), doubtful, again
}

// countCompleted fails for each of the tasks that is not completed in the
// database, and returns how many are.
func countCompleted(tb testing.TB, path string, tasks map[string]bool) (all int) {
	tb.Helper()
	s, err := store.Open(store.Options{Path: path})
	if err != nil {
		tb.Fatal(err)
	}
	defer s.Close()
	for _, err := range s.Check() {
		tb.Errorf("after the kill, the rebuilt index: %v", err)
	}
	err = s.View(func(v *store.View) error {
		for id := range tasks {
			t, err := v.Task(farm.TaskID(id))
			if err != nil {
				return err
			}
			if t.Status != farm.TaskCompleted {
				tb.Errorf("task %s was acknowledged as completed and is %s", id, t.Status)
			}
		}
		jobs, err := v.Jobs("", 1<<20)
		for i := range jobs {
			all += jobs[i].Counts[farm.TaskCompleted]
		}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return all
}
