package bench

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"renderfarm/store"
)

var (
	steady      = flag.Duration("steady", time.Minute, "how long BenchmarkSteady goes on")
	steadyJobs  = flag.Int("steady-jobs", 100_000, "jobs of BenchmarkSteady, of ten tasks each")
	steadyPause = flag.Duration("steady-task", 2*time.Second, "how long its workers take for a task")
)

const (
	steadyWorkers = 1000
	steadyTasks   = 10 // of each job
)

// BenchmarkSteady is a large farm on an ordinary day: 1,000 workers whose tasks take
// two seconds, and 100,000 jobs with 1,000,000 tasks. It reports what each request takes,
// and how much memory, processor and disk the manager needs meanwhile.
func BenchmarkSteady(b *testing.B) {
	b.Log(machine())
	program(b) // is not part of the start
	home := quickHome(b)
	fillJobs(b, filepath.Join(home, "farm.db"), *steadyJobs)
	before, err := os.Stat(filepath.Join(home, "farm.db"))
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	p := start(b, home, "serve")
	ready := time.Since(began)
	all := hire(b, p, steadyWorkers, *steady+10*time.Minute, "blender", "misc")
	d := &day{p: p, end: time.Now().Add(*steady)}
	from := look(p)
	if err := d.run(all); err != nil {
		b.Fatalf("%v\nlog of the manager:\n%s", err, p.log.String())
	}
	to := look(p)
	seconds := to.at.Sub(from.at).Seconds()
	figures := []figure{{"start-ms", milliseconds(ready)}, {"tasks", float64(len(d.takes))}, {"tasks/s", float64(len(d.takes)) / seconds},
		{"take-p50-ms", milliseconds(quantile(d.takes, 0.50))}, {"take-p99-ms", milliseconds(quantile(d.takes, 0.99))}, {"take-most-ms", milliseconds(quantile(d.takes, 1))},
		{"report-p50-ms", milliseconds(quantile(d.reports, 0.50))}, {"report-p99-ms", milliseconds(quantile(d.reports, 0.99))}, {"report-most-ms", milliseconds(quantile(d.reports, 1))},
		{"file-before-MB", megabytes(before.Size())}}
	if err := errors.Join(from.err, to.err); err != nil {
		b.Log(err)
	} else {
		manager, client := to.manager-from.manager, to.client-from.client
		figures = append(figures, figure{"manager-cpus", manager.Seconds() / seconds}, figure{"other-cpus", (to.busy - from.busy - manager - client).Seconds() / seconds})
	}
	figures = append(figures, d.figures(b)...)
	report(b, fmt.Sprintf("jobs=%d", *steadyJobs), figures)
	p.stop()
	p.complaints()
}

// fillJobs makes a database with so many queued jobs of a few tasks.
func fillJobs(tb testing.TB, path string, jobs int) {
	tb.Helper()
	s, err := store.Open(store.Options{Path: path})
	if err != nil {
		tb.Fatal(err)
	}
	const group = 100 // jobs in a commit
	for done := 0; done < jobs; done += group {
		var prepared []*store.NewJob
		for i := range min(group, jobs-done) {
			n, err := store.Prepare(renderPlan(done+i, steadyTasks))
			if err != nil {
				tb.Fatal(err)
			}
			prepared = append(prepared, n)
		}
		if err := s.Update(func(tx *store.Tx) error {
			for _, n := range prepared {
				tx.AddJob(n)
			}
			return nil
		}); err != nil {
			tb.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		tb.Fatal(err)
	}
}

// A day is what the workers do, and what is measured of it.
type day struct {
	p    *process
	end  time.Time
	most resident // that the manager had at any time

	mu             sync.Mutex // guards what follows
	takes, reports []time.Duration
}

// run has the workers work until the end of the day.
func (d *day) run(all []*simulated) error {
	errs := make([]error, len(all))
	over := make(chan struct{})
	var workers, watch sync.WaitGroup
	watch.Go(func() { d.watch(over) })
	for i, s := range all {
		workers.Go(func() { errs[i] = d.work(s) })
	}
	workers.Wait()
	close(over)
	watch.Wait()
	return errors.Join(errs...)
}

// watch looks every second at how much memory the manager has.
func (d *day) watch(over <-chan struct{}) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-over:
			return
		case <-tick.C:
		}
		if m, err := memoryOf(d.p.pid()); err == nil {
			d.most = resident{max(d.most.resident, m.resident), max(d.most.anonymous, m.anonymous), max(d.most.file, m.file)}
		}
	}
}

// work is one worker: it takes a task, reports on it as it goes on, and takes the next.
func (d *day) work(s *simulated) error {
	var takes, told []time.Duration
	pause := func(share float64) { rest(time.Duration(share * float64(*steadyPause))) }
	pause(rand.Float64()) // they do not all begin at once
	for time.Now().Before(d.end) {
		began := time.Now()
		status, err := s.do(s.take)
		if err == nil {
			err = s.taken(status)
		}
		if err != nil {
			return err
		}
		takes = append(takes, time.Since(began))
		for i := range s.reports {
			began := time.Now()
			if err := s.report(i); err != nil {
				return err
			}
			if status, err := s.answer(); err != nil || status != http.StatusNoContent {
				return fmt.Errorf("reported %s: status %d, %w", reports[i], status, err)
			}
			told = append(told, time.Since(began))
			if i < len(s.reports)-1 {
				pause(1 / float64(len(s.reports)-1))
			}
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.takes, d.reports = append(d.takes, takes...), append(d.reports, told...)
	return nil
}

// figures are those of the manager at the end: its memory, and what it tells itself.
func (d *day) figures(tb testing.TB) []figure {
	tb.Helper()
	told, err := scrape("http://" + d.p.address + "/metrics")
	if err != nil {
		tb.Fatal(err)
	}
	if n := told[`farm_tasks_ended_total{result="completed"}`]; int(n) != len(d.takes) {
		tb.Errorf("the workers completed %d tasks, and the manager says %v", len(d.takes), n)
	}
	commits := told["farm_store_commit_duration_seconds_count"]
	return []figure{{"rss-MB", megabytes(d.most.resident)}, {"own-MB", megabytes(d.most.anonymous)},
		{"file-MB", told["farm_store_size_bytes"] / 1e6}, {"free-MB", told["farm_store_free_bytes"] / 1e6},
		{"commits", commits}, {"commit-ms", 1e3 * told["farm_store_commit_duration_seconds_sum"] / commits}}
}

// scrape reads figures as Prometheus does.
func scrape(url string) (map[string]float64, error) {
	res, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	values := map[string]float64{}
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		if name, text, ok := strings.Cut(lines.Text(), " "); ok && !strings.HasPrefix(name, "#") {
			if v, err := strconv.ParseFloat(text, 64); err == nil {
				values[name] = v
			}
		}
	}
	return values, lines.Err()
}
