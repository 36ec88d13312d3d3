package bench

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync/atomic"
	"testing"
	"time"
)

// A load is so many tasks for all workers together: some to warm up, those that
// are measured, and some so that all workers are busy to the end of the measure.
type load struct {
	warm, measured, cool int
	p                    *process     // the manager; nil if there is none
	keep                 bool         // workers keep the ids of what they completed
	at                   func(n int)  // called with each number of completed tasks; nil for nothing
	taken, completed     atomic.Int64 // tickets given out, and tasks done
	from, to             snapshot     // around the measured tasks
}

// warmUp is how many tasks are done before measuring: enough for every worker
// to have had some, and for the manager's memory to settle.
const warmUp = 3000

func newLoad(p *process) *load {
	return &load{warm: warmUp, measured: *measured, cool: 2 * *workers, p: p}
}

func (l *load) total() int { return l.warm + l.measured + l.cool }

// ticket reports whether there is one more task to do.
func (l *load) ticket() bool { return l.taken.Add(1) <= int64(l.total()) }

// done counts a completed task and reports whether it was one of those that
// are measured.
func (l *load) done() bool {
	n := int(l.completed.Add(1))
	if l.at != nil {
		l.at(n)
	}
	switch n {
	case l.warm:
		l.from = look(l.p)
	case l.warm + l.measured:
		l.to = look(l.p)
	}
	return n > l.warm && n <= l.warm+l.measured
}

// A snapshot is the time, and what was used until then.
type snapshot struct {
	at      time.Time
	commits uint64        // of the manager's database
	manager time.Duration // CPU time of the manager
	client  time.Duration // CPU time of this process
	busy    time.Duration // CPU time of everything on the computer
	err     error
}

// look takes a snapshot; without a process, only of the time.
func look(p *process) (s snapshot) {
	var errs [4]error
	if s.at = time.Now(); p == nil {
		return s
	}
	s.manager, errs[0] = cpuTime(p.pid())
	s.client, errs[1] = cpuTime(os.Getpid())
	s.busy, errs[2] = busyTime()
	s.commits, errs[3] = commits(p.database())
	s.err = errors.Join(errs[:]...)
	return s
}

// commits returns how many write transactions a bbolt file of 4 KiB pages has
// seen: the larger of the numbers in its two meta pages. Each of them was two
// syncs of the file.
func commits(path string) (uint64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	const pageSize, transaction = 4096, 64 // where a meta page has its transaction's number
	var most uint64
	for page := range int64(2) {
		var number [8]byte
		if _, err := f.ReadAt(number[:], page*pageSize+transaction); err != nil {
			return 0, err
		}
		most = max(most, binary.LittleEndian.Uint64(number[:]))
	}
	return most, nil
}

// answered are the figures of a load that its workers know.
func (l *load) answered(all []*simulated) []figure {
	var takes []time.Duration
	for _, s := range all {
		takes = append(takes, s.takes...)
	}
	tasks, seconds := float64(l.measured), l.seconds()
	return []figure{
		{"tasks/s", tasks / seconds},
		{"requests/s", tasks * float64(1+len(reports)) / seconds},
		{"take-p50-ms", milliseconds(quantile(takes, 0.50))},
		{"take-p99-ms", milliseconds(quantile(takes, 0.99))},
	}
}

func (l *load) seconds() float64 { return l.to.at.Sub(l.from.at).Seconds() }

// figures are the results of a load on the manager.
func (l *load) figures(tb testing.TB, all []*simulated) []figure {
	tb.Helper()
	f := l.answered(all)
	if err := errors.Join(l.from.err, l.to.err); err != nil {
		tb.Logf("without figures of CPU time and commits: %v", err)
		return f
	}
	tasks, seconds := float64(l.measured), l.seconds()
	manager, client, busy := l.to.manager-l.from.manager, l.to.client-l.from.client, l.to.busy-l.from.busy
	return append(f,
		figure{"syncs/s", 2 * float64(l.to.commits-l.from.commits) / seconds},
		figure{"manager-cpu-us/task", float64(manager.Microseconds()) / tasks},
		figure{"client-cpu-us/task", float64(client.Microseconds()) / tasks},
		figure{"other-cpus", (busy - manager - client).Seconds() / seconds})
}

// saveProfile writes a CPU profile of the manager for so long. It returns at
// once; the function it returns waits for the end.
func (p *process) saveProfile(path string, d time.Duration) (wait func()) {
	done := make(chan error, 1)
	go func() { done <- p.fetchProfile(path, d) }()
	return func() {
		p.tb.Helper()
		if err := <-done; err != nil {
			p.tb.Errorf("profile the manager: %v", err)
		}
	}
}

func (p *process) fetchProfile(path string, d time.Duration) (err error) {
	res, err := http.Get(fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", p.pprof, int(d.Seconds())))
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the profiler answered %s", res.Status)
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, res.Body)
	return errors.Join(err, f.Close())
}
