package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// BenchmarkRaw measures what the computer can do without the program, to tell
// how close it is: a disk that only syncs, and a server that does nothing.
func BenchmarkRaw(b *testing.B) {
	b.Log(machine())
	var appends, overwrites, creates, answers [][]figure
	for range *rounds {
		appends = append(appends, syncs(b, false))
		overwrites = append(overwrites, syncs(b, true))
		creates = append(creates, newFiles(b))
		answers = append(answers, bareServer(b))
	}
	report(b, "sync=append", medians(appends))
	report(b, "sync=overwrite", medians(overwrites))
	report(b, "create", medians(creates))
	report(b, "http", medians(answers))
}

const rawTime = 2 * time.Second

// syncs writes 4 KiB and has it on the disk, again and again: at the end of the
// file, or over what is there.
func syncs(b *testing.B, overwrite bool) []figure {
	b.Helper()
	f, err := os.Create(filepath.Join(newHome(b), "raw"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	page := make([]byte, 4096)
	var took []time.Duration
	began := time.Now()
	for at := int64(0); time.Since(began) < rawTime; {
		one := time.Now()
		_, err := f.WriteAt(page, at)
		if err == nil {
			err = syncData(f)
		}
		if err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(one))
		if !overwrite {
			at += int64(len(page))
		}
	}
	return []figure{{"syncs/s", float64(len(took)) / time.Since(began).Seconds()}, {"p50-ms", milliseconds(quantile(took, 0.5))}, {"p99-ms", milliseconds(quantile(took, 0.99))}}
}

// newFiles makes small files, as every task has one for its log.
func newFiles(b *testing.B) []figure {
	b.Helper()
	dir := newHome(b)
	const files = 3000
	began := time.Now()
	cpu, _ := cpuTime(os.Getpid())
	for i := range files {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint("task-", i, ".txt")), []byte("a line\n"), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	figures := []figure{{"files/s", files / time.Since(began).Seconds()}}
	if used, err := cpuTime(os.Getpid()); err == nil {
		figures = append(figures, figure{"cpu-us/file", float64((used - cpu).Microseconds()) / files})
	}
	return figures
}

// bareEnv turns the test binary into the server that does nothing.
const bareEnv = "FARM_BENCH_BARE_SERVER"

// serveBare prints its address, and answers workers with always the same task
// until its standard input ends.
func serveBare() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(l.Addr())
	task, err := json.Marshal(api.AssignedTask{UUID: farm.TaskID(farm.NewUUID().String()), Commands: renderPlan(1, 1).Tasks[0].Commands})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		if r.URL.Path != takePath {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Write(task)
	}))
	io.Copy(io.Discard, os.Stdin)
}

// bareServer measures the server that does nothing, with the same workers and
// requests as the manager's load.
func bareServer(b *testing.B) []figure {
	b.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), bareEnv+"=1")
	stdin, err := c.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := c.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() { stdin.Close(); c.Wait() }()
	var address string
	if _, err := fmt.Fscan(stdout, &address); err != nil {
		b.Fatal(err)
	}
	l := newLoad(nil)
	var all []*simulated
	for range *workers {
		conn, err := dial(address, patience)
		if err != nil {
			b.Fatal(err)
		}
		s := &simulated{conn: conn}
		s.prepare(address, strings.Repeat("x", 136))
		all = append(all, s)
	}
	before, _ := cpuTime(c.Process.Pid)
	if err := l.run(all); err != nil {
		b.Fatal(err)
	}
	used, err := cpuTime(c.Process.Pid)
	figures := l.answered(all)
	if err != nil {
		b.Logf("no figure of CPU time: %v", err)
		return figures
	}
	return append(figures, figure{"server-cpu-us/task", float64((used - before).Microseconds()) / float64(l.total())})
}
