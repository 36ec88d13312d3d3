package cmd

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"renderfarm/farm/api"
)

// submitKills is how often the manager is killed in the middle of a submission, and
// soakSubmitKills how often when FARM_SOAK is set.
const submitKills, soakSubmitKills = 6, 40

// TestKilledWhileSubmitting kills the manager at moments at random while a project
// is uploaded, checked out and submitted, and starts it again. Every other time the
// submitter goes on, else it gives up. Then there is a whole job or none, and
// when the garbage is collected, no file is left that is of no job.
func TestKilledWhileSubmitting(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	wanted := moreToSoak(submitKills, soakSubmitKills)
	f := newCrashedFarm(t)
	f.startManager(t, "127.0.0.1:0")
	address := strings.TrimPrefix(f.client.Base, "http://")
	kills := 0
	for round := 0; kills < wanted; round++ {
		if round > 5*wanted {
			t.Fatalf("the manager was killed only %d times in %d submissions", kills, round)
		}
		p := newProject(t, random, round)
		goesOn := round%2 == 0
		ctx, cancel := context.WithCancel(t.Context())
		k := &killer{next: f.client.HTTP.Transport, manager: f.manager, moment: randomMoment(random), killed: make(chan struct{})}
		client, err := api.New(f.client.Base)
		if err != nil {
			t.Fatal(err)
		}
		client.HTTP.Transport = k
		if !goesOn {
			k.then = cancel
		}
		done := make(chan error, 1)
		go func() { done <- p.submit(ctx, client) }()
		var submitted error
		finished := false
		select {
		case <-k.killed:
			kills++
			f.startManager(t, address)
		case submitted = <-done:
			finished = true
		}
		if !finished {
			submitted = <-done
		}
		// A killer that struck at the very end may not have been heard of.
		if finished && k.struck() {
			kills++
			<-k.killed
			f.startManager(t, address)
		}
		cancel()
		if goesOn && submitted != nil && !p.handedIn {
			t.Errorf("seed %d: the submitter did not get through (killed at %+v): %v", seed, k.moment, submitted)
		}
		f.expectWholeJobs(t)
		if t.Failed() {
			t.FailNow()
		}
	}
	f.expectNoGarbage(t)
}

// A project is some files of its own and one that all projects share.
type project struct {
	name     string
	files    []api.SendFile
	handedIn bool // the job was sent: whether it arrived nobody knows without an answer
}

func newProject(t *testing.T, random *rand.Rand, round int) *project {
	t.Helper()
	dir := t.TempDir()
	p := &project{name: fmt.Sprintf("films/job %d", round)}
	for i, size := range []int{1 + random.IntN(100), 200_000 + random.IntN(100_000), 1_200_000, 2_000_000} {
		content := make([]byte, size)
		for j := range content {
			content[j] = byte(random.Uint32())
		}
		if i == 0 {
			content = []byte("everybody has this")
		}
		name := fmt.Sprintf("folder %d/file %d.bin", i%2, i)
		source := filepath.Join(dir, fmt.Sprint(i))
		if err := os.WriteFile(source, content, 0o600); err != nil {
			t.Fatal(err)
		}
		p.files = append(p.files, api.SendFile{Path: name, Source: source})
	}
	return p
}

// submit does all that a submitter does.
func (p *project) submit(ctx context.Context, client *api.Client) error {
	sending := api.Sending{Client: client, Files: p.files, Checkout: p.name, Parallel: 2}
	sent, err := sending.Send(ctx)
	if err != nil {
		return err
	}
	p.handedIn = true
	var sums []string
	for _, f := range sending.Files {
		sums = append(sums, f.Path+"="+f.SHA)
	}
	_, err = client.SubmitJob(ctx, api.SubmittedJob{Name: p.name, Type: "counting", Priority: 50, SubmitterPlatform: "manager", InitialStatus: "paused",
		Storage: &api.JobStorageInfo{ShamanCheckoutID: sent.Checkout}, Metadata: map[string]string{"files": strings.Join(sums, "\n")},
		Settings: map[string]any{"file": "{jobs}/" + sent.Checkout + "/count.txt", "tasks": 3}})
	return err
}

// A moment is when to kill: at some request whose path has the text, as it
// begins, after so many bytes of its body, or when its answer came.
type moment struct {
	path  string
	nth   int // of these requests, from 0
	bytes int64
	late  bool
}

func randomMoment(random *rand.Rand) moment {
	moments := []moment{
		{path: "/checkout/requirements"}, {path: "/checkout/requirements", late: true},
		{path: "/shaman/files/", nth: random.IntN(6), bytes: random.Int64N(2_000_000)}, {path: "/shaman/files/", nth: random.IntN(6), bytes: random.Int64N(1_200_000)},
		{path: "/shaman/files/", nth: random.IntN(6), bytes: random.Int64N(200_000)}, {path: "/shaman/files/", nth: random.IntN(6), late: true},
		{path: "/checkout/create"}, {path: "/checkout/create"}, {path: "/checkout/create", late: true},
		{path: "/jobs"}, {path: "/jobs"}, {path: "/jobs", late: true},
	}
	return moments[random.IntN(len(moments))]
}

// A killer is a transport that kills the manager at a moment of its traffic.
type killer struct {
	next    http.RoundTripper
	manager *process
	moment  moment
	then    func()        // called as the manager is killed; may be nil
	killed  chan struct{} // closed when it is dead

	mu   sync.Mutex // guards what follows
	seen int        // requests of the moment's path
	once bool
}

func (k *killer) struck() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.once
}

// kill kills, once, beside what goes on: the manager may be anywhere in what it does.
func (k *killer) kill() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.once {
		return
	}
	k.once = true
	if k.then != nil {
		k.then()
	}
	go func() {
		k.manager.kill()
		close(k.killed)
	}()
}

// RoundTrip passes a request on, and kills if it is the one.
func (k *killer) RoundTrip(r *http.Request) (*http.Response, error) {
	k.mu.Lock()
	is := r.Method == http.MethodPost && strings.Contains(r.URL.Path, k.moment.path) && k.seen == k.moment.nth
	if r.Method == http.MethodPost && strings.Contains(r.URL.Path, k.moment.path) {
		k.seen++
	}
	k.mu.Unlock()
	switch {
	case is && k.moment.bytes > 0:
		r.Body = &killingBody{r.Body, k, k.moment.bytes}
	case is && !k.moment.late:
		k.kill()
	}
	res, err := k.next.RoundTrip(r)
	if is && k.moment.late {
		k.kill()
	}
	return res, err
}

// A killingBody kills when so much of it was read.
type killingBody struct {
	io.ReadCloser
	k    *killer
	left int64
}

func (b *killingBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left <= 0 || err != nil {
		b.k.kill()
	}
	return n, err
}

// expectWholeJobs expects every job to have all of its files.
func (f *crashedFarm) expectWholeJobs(t *testing.T) {
	t.Helper()
	list, err := f.client.FetchJobs(t.Context(), api.JobsQuery{})
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range list.Jobs {
		if tasks, err := f.client.FetchJobTasks(t.Context(), j.ID, api.TasksQuery{}); err != nil || len(tasks.Tasks) != 3 {
			t.Errorf("job %q has %d tasks, %v", j.Name, len(tasks.Tasks), err)
		}
		for _, line := range strings.Split(j.Metadata["files"], "\n") {
			name, sum, _ := strings.Cut(line, "=")
			content, err := os.ReadFile(filepath.Join(f.home, "storage", "jobs", j.Storage.ShamanCheckoutID, name))
			if got := sha256.Sum256(content); err != nil || hex.EncodeToString(got[:]) != sum {
				t.Errorf("%s of job %q: %d bytes of other content, %v", name, j.Name, len(content), err)
			}
		}
	}
}

// expectNoGarbage stops the manager, collects the garbage, and expects exactly what
// the jobs have.
func (f *crashedFarm) expectNoGarbage(t *testing.T) {
	t.Helper()
	list, err := f.client.FetchJobs(t.Context(), api.JobsQuery{})
	if err != nil {
		t.Fatal(err)
	}
	wanted := map[string]bool{}
	checkouts := 0
	for _, j := range list.Jobs {
		checkouts++
		for _, line := range strings.Split(j.Metadata["files"], "\n") {
			_, sum, _ := strings.Cut(line, "=")
			wanted[sum] = true
		}
	}
	if err := f.manager.kill(); err != nil {
		t.Fatal(err)
	}
	if status := run(t.Context(), testSession(t, nil), []string{"shaman", "gc", "--delete", "--older-than", "0", "--home", f.home}); status != exitOK {
		t.Fatalf("farm shaman gc ends with status %d", status)
	}
	store := filepath.Join(f.home, "storage", "file-store")
	for _, name := range filesBelow(t, filepath.Join(store, "stored")) {
		part := strings.Split(name, "/")
		if sum := part[0] + part[1]; !wanted[sum] {
			t.Errorf("a stored file is of no job: %s", name)
		} else {
			delete(wanted, sum)
		}
	}
	if len(wanted) > 0 {
		t.Errorf("stored files of jobs are missing: %v", wanted)
	}
	if left := filesBelow(t, filepath.Join(store, "uploading")); len(left) > 0 {
		t.Errorf("left of uploads: %v", left)
	}
	if lists := filesBelow(t, filepath.Join(store, "checkouts")); len(lists) != checkouts {
		t.Errorf("%d jobs, and the checkouts %v", checkouts, lists)
	}
	if links := filesBelow(t, filepath.Join(f.home, "storage", "jobs")); len(links) != 4*checkouts {
		t.Errorf("%d jobs with 4 files each, and %d links: %v", checkouts, len(links), links)
	}
	t.Logf("%d jobs arrived", checkouts)
}

// filesBelow returns the files below a folder, slash-separated; none if there is no folder.
func filesBelow(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			all = append(all, name)
		}
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return all
}
