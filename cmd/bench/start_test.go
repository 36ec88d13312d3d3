package bench

import (
	"fmt"
	"os"
	"testing"
	"time"
)

// manyTasks is how many tasks are queued in the measures of a large farm.
const manyTasks = 1_000_000

const startRuns = 9

// BenchmarkStart measures from starting the process to its first answer: in an
// empty home, with a million queued tasks, and the same when the computer has
// nothing of the database in its memory.
func BenchmarkStart(b *testing.B) {
	var empty, many, cold []time.Duration
	home := filledHome(b, manyTasks)
	for range startRuns {
		empty = append(empty, startTime(b, newHome(b)))
		many = append(many, startTime(b, home))
		if err := forget(home + "/farm.db"); err != nil {
			b.Logf("no figure for a cold start: %v", err)
			continue
		}
		cold = append(cold, startTime(b, home))
	}
	report(b, "tasks=0", startFigures(empty))
	report(b, "tasks=1000000", startFigures(many))
	if len(cold) > 0 {
		report(b, "tasks=1000000-cold", startFigures(cold))
	}
}

func startFigures(runs []time.Duration) []figure {
	return []figure{{"start-ms", milliseconds(quantile(runs, 0.5))}, {"start-max-ms", milliseconds(quantile(runs, 1))}}
}

// startTime starts the manager and asks for its version until it answers.
func startTime(b *testing.B, home string) time.Duration {
	b.Helper()
	address := freeAddress(b)
	program(b)
	began := time.Now()
	p := launch(b, home, address, "serve")
	var c *conn
	await(b, "the first connection", 500*time.Microsecond, func() (ok bool) {
		var err error
		c, err = dial(address, patience)
		return err == nil
	})
	status, err := c.do([]byte("GET /api/v3/version HTTP/1.1\r\nHost: " + address + "\r\n\r\n"))
	took := time.Since(began)
	c.Close()
	if err != nil || status != 200 {
		b.Fatalf("status %d, %v, log of the manager:\n%s", status, err, p.log.String())
	}
	p.awaitReady() // an interrupt before that is an error
	p.stop()
	p.complaints()
	return took
}

// BenchmarkIdle measures what the manager uses when nothing happens: the memory
// it holds, and the CPU time while workers wait for work. The queue has only
// tasks that the workers cannot do.
func BenchmarkIdle(b *testing.B) {
	info, err := os.Stat(program(b))
	if err != nil {
		b.Fatal(err)
	}
	report(b, "binary", []figure{{"binary-MB", megabytes(info.Size())}})
	if _, err := memoryOf(os.Getpid()); err != nil {
		b.Logf("no figures of memory and CPU time: %v", err)
		return
	}
	for _, test := range []struct {
		name  string
		tasks int
	}{{"tasks=0", 0}, {"tasks=1000000", manyTasks}} {
		report(b, test.name, idle(b, filledHome(b, test.tasks)))
	}
}

const (
	idleWorkers = 100
	settleTime  = 5 * time.Second
	idleTime    = 10 * time.Second
	waitTime    = 65 * time.Second // a little longer than a worker waits: all ask again
)

func idle(b *testing.B, home string) []figure {
	b.Helper()
	p := start(b, home, "serve")
	rest(settleTime)
	alone := memory(b, p)
	cpuAlone := cpuShare(b, p, idleTime)

	all := hire(b, p, idleWorkers, 5*time.Minute, "ffmpeg")
	failed := make(chan error, len(all))
	for _, s := range all {
		go func() { failed <- s.waitForWork() }()
	}
	rest(settleTime)
	cpuWaited := cpuShare(b, p, waitTime)
	waited := memory(b, p)
	select {
	case err := <-failed:
		b.Fatalf("a worker does not wait: %v", err)
	default:
	}
	p.kill() // ends the waits
	for range all {
		<-failed
	}
	return []figure{
		{"rss-MB", megabytes(alone.resident)}, {"rss-anon-MB", megabytes(alone.anonymous)}, {"rss-file-MB", megabytes(alone.file)}, {"cpu-%", cpuAlone},
		{"rss-100-waiting-MB", megabytes(waited.resident)}, {"cpu-100-waiting-%", cpuWaited},
	}
}

// waitForWork asks for work that does not come, until something else does.
func (s *simulated) waitForWork() error {
	for {
		status, err := s.do(s.wait)
		if err != nil {
			return err
		}
		if status != 204 {
			return fmt.Errorf("asked for a task that nobody has, and the manager answered %d %s", status, s.body)
		}
	}
}

func memory(b *testing.B, p *process) resident {
	b.Helper()
	m, err := memoryOf(p.pid())
	if err != nil {
		b.Fatal(err)
	}
	return m
}

// cpuShare returns the CPU time the process uses for so long, in percent of one CPU.
func cpuShare(b *testing.B, p *process, d time.Duration) float64 {
	b.Helper()
	before, err := cpuTime(p.pid())
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	rest(d)
	after, err := cpuTime(p.pid())
	if err != nil {
		b.Fatal(err)
	}
	return 100 * float64(after-before) / float64(time.Since(began))
}
