package watchfolder

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"renderfarm/farm"
)

// A testFarm keeps jobs in memory, and does as it is told.
type testFarm struct {
	mu        sync.Mutex // guards everything
	jobs      map[farm.JobID]Job
	tokens    map[string]farm.JobID
	submits   int
	abandoned []string
	changed   func(farm.JobID)

	// refuse, if not nil, is what Submit says instead.
	refuse error
	// lose makes Submit keep the job, and lose the answer.
	lose bool
	// hang makes Submit wait for the end of the context: after planned, and
	// after the job is there if lose is set.
	hang bool
}

func newTestFarm() *testFarm {
	return &testFarm{jobs: map[farm.JobID]Job{}, tokens: map[string]farm.JobID{}}
}

func (f *testFarm) Submit(ctx context.Context, file, token string, planned func(string) error) (Job, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.submits++
	if f.refuse != nil {
		return Job{}, f.refuse
	}
	if err := planned("/storage/submitted/" + filepath.Base(file)); err != nil {
		return Job{}, err
	}
	wait := func() {
		if f.hang {
			f.mu.Unlock()
			<-ctx.Done()
			f.mu.Lock()
		}
	}
	if f.hang && !f.lose {
		wait()
		return Job{}, ctx.Err()
	}
	id := farm.JobID(fmt.Sprint("job-", len(f.jobs)+1))
	f.jobs[id] = Job{ID: id, Name: "a", Status: "queued", Total: 10, Unit: "frames", Frames: "/renders/a", Notes: []string{"a note"}}
	f.tokens[token] = id
	wait()
	if f.lose {
		return Job{}, errors.New("no answer")
	}
	return f.jobs[id], nil
}

func (f *testFarm) Find(_ context.Context, token string) (Job, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	job, found := f.jobs[f.tokens[token]]
	return job, found, nil
}

func (f *testFarm) Look(_ context.Context, id farm.JobID) (Job, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	job, found := f.jobs[id]
	if !found {
		return job, farm.Errorf(farm.NotFound, "no such job")
	}
	job.Notes = nil
	return job, nil
}

func (f *testFarm) Follow(ctx context.Context, changed func(farm.JobID)) {
	f.mu.Lock()
	f.changed = changed
	f.mu.Unlock()
	changed("")
	<-ctx.Done()
}

func (f *testFarm) Abandon(copies string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.abandoned = append(f.abandoned, copies)
	return nil
}

// set changes a job, as workers do.
func (f *testFarm) set(id farm.JobID, change func(*Job)) {
	f.mu.Lock()
	job := f.jobs[id]
	change(&job)
	f.jobs[id] = job
	f.mu.Unlock()
	f.changed(id)
}

// do changes the farm itself.
func (f *testFarm) do(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// A test is a watch folder in virtual time.
type test struct {
	*testing.T
	farm    *testFarm
	folder  string
	records string
	changed func()
	end     func() error
}

// newTest starts to watch an empty folder.
func newTest(t *testing.T) *test {
	dir := t.TempDir()
	x := &test{T: t, farm: newTestFarm(), folder: filepath.Join(dir, "in"), records: filepath.Join(dir, "records")}
	if err := os.Mkdir(x.folder, 0o755); err != nil {
		t.Fatal(err)
	}
	x.start()
	return x
}

// start runs the watch, as after a restart.
func (x *test) start() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	o := Options{Folder: x.folder, Records: x.records, Farm: x.farm, Log: slog.New(slog.DiscardHandler)}
	o.Notify = func(ctx context.Context, _ string, changed func()) error {
		x.changed = changed
		<-ctx.Done()
		return nil
	}
	go func() { done <- Run(ctx, o) }()
	x.end = func() error { cancel(); return <-done }
	synctest.Wait()
}

// stop ends the watch.
func (x *test) stop() {
	x.Helper()
	if err := x.end(); err != nil {
		x.Error(err)
	}
}

// pass lets time go by.
func (x *test) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// put writes a file, and the system tells.
func (x *test) put(name, text string) {
	x.Helper()
	if err := os.WriteFile(filepath.Join(x.folder, name), []byte(text), 0o644); err != nil {
		x.Fatal(err)
	}
	x.changed()
	synctest.Wait()
}

// says fails unless the report on a file has all the texts.
func (x *test) says(name string, texts ...string) {
	x.Helper()
	text, err := os.ReadFile(filepath.Join(x.folder, reportName(name)))
	for _, want := range texts {
		if err != nil || !strings.Contains(string(text), want) {
			x.Errorf("the report says %q, %v; want %q", text, err, want)
		}
	}
}

// submitted fails unless so many submissions were made, and jobs are there.
func (x *test) submitted(submits, jobs int) {
	x.Helper()
	x.farm.mu.Lock()
	defer x.farm.mu.Unlock()
	if x.farm.submits != submits || len(x.farm.jobs) != jobs {
		x.Errorf("%d submissions made %d jobs; want %d, %d", x.farm.submits, len(x.farm.jobs), submits, jobs)
	}
}
