//go:build unix

package cmd

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// buildVersion builds the program with a version.
func buildVersion(t *testing.T, path, version string) {
	t.Helper()
	c := exec.Command("go", "build", "-ldflags", "-s -w -X renderfarm/cmd.version="+version, "-buildvcs=false", "-o", path, "renderfarm")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("the program is not built: %v %s", err, out)
	}
}

// An updatedFarm is a farm whose manager and worker run files of their own.
type updatedFarm struct {
	*crashedFarm
	worker *process
	id     farm.WorkerID
}

// startVersion starts the manager with a program of that version.
func (f *updatedFarm) startVersion(t *testing.T, version string) {
	t.Helper()
	program, address := filepath.Join(f.dir, "manager-of-version"), "127.0.0.1:0"
	buildVersion(t, program, version)
	if f.client != nil {
		address = strings.TrimPrefix(f.client.Base, "http://")
	}
	f.manager = f.run(t, "manager", program, "serve", "--home", f.home, "--listen", address)
	f.connect(t)
}

// run starts a program, and ends it with the test.
func (f *updatedFarm) run(t *testing.T, name, program string, args ...string) *process {
	t.Helper()
	c := exec.Command(program, args...)
	c.Dir = f.dir
	c.Env = append(os.Environ(), "NO_COLOR=1", "FARM_FIND_BLENDERS=false", "FARM_WORKER_CHECKS=false")
	p, err := startCommand(name, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.kill(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			written, _ := p.out.look()
			t.Logf("%s:\n%s", name, written)
		}
	})
	return p
}

// update has all workers updated, and waits until the manager says how that ended.
func (f *updatedFarm) update(t *testing.T, end string) api.RolloutWorker {
	t.Helper()
	if _, err := f.client.StartRollout(t.Context(), api.RolloutRequest{}); err != nil {
		t.Fatal(err)
	}
	if err := f.manager.await(end); err != nil {
		t.Fatal(err)
	}
	r, err := f.client.FetchRollout(t.Context())
	if err != nil || !r.Over || len(r.Workers) != 1 {
		t.Fatalf("the rollout is %+v, %v", r, err)
	}
	return r.Workers[0]
}

// expect expects one worker, which is the same as before, of a version, and runs a job on it.
func (f *updatedFarm) expect(t *testing.T, version string) api.Worker {
	t.Helper()
	list, err := f.client.FetchWorkers(t.Context())
	if err != nil || len(list.Workers) != 1 || f.id != "" && f.id != list.Workers[0].ID {
		t.Fatalf("the workers are %+v, %v; it was %s", list, err, f.id)
	}
	f.id = list.Workers[0].ID
	w, err := f.client.FetchWorker(t.Context(), f.id)
	if err != nil || w.Version != version {
		t.Fatalf("the worker is %+v, %v, want version %s", w, err, version)
	}
	count := filepath.Join(t.TempDir(), "count.txt")
	job := f.submit(t, api.SubmittedJob{Name: "count", Type: "counting", Priority: 50, SubmitterPlatform: "manager", Settings: map[string]any{"file": count, "tasks": 3}})
	for j, err := range followJob(t.Context(), f.client, job) {
		if err != nil {
			t.Fatal(err)
		}
		if api.JobIsOver(j.Status) && j.Status != farm.JobCompleted.String() {
			t.Fatalf("the job is %s", j.Status)
		}
	}
	return w
}

// TestWorkerUpdates has a worker get a program that its manager sends away, and go on with the old one; and then get a good
// one, with which the same process is the same worker.
func TestWorkerUpdates(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the program three times")
	}
	t.Parallel()
	f := &updatedFarm{crashedFarm: newCrashedFarm(t)}
	folder := filepath.Join(f.dir, "of the worker")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(folder, "farm")
	buildVersion(t, program, "1.0.0")
	bad := "1.9." + strings.Repeat("9", 200) // more than a manager lets a worker say
	f.startVersion(t, bad)
	f.worker = f.run(t, "worker", program, "work", "--home", filepath.Join(f.dir, "worker"), "--manager", f.client.Base, "--name", "w")
	if err := f.worker.await("signed on"); err != nil {
		t.Fatal(err)
	}
	f.expect(t, "1.0.0")
	if w := f.update(t, "no more workers are updated"); w.State != farm.UpdateFailed || !strings.Contains(w.Reason, "did not sign on") {
		t.Errorf("with a bad program: %+v", w)
	}
	if w := f.expect(t, "1.0.0"); w.Facts == nil || !w.Facts.Updates || !strings.Contains(w.Facts.UpdateTrouble, "last update failed") {
		t.Errorf("the worker tells %+v", w.Facts)
	}
	if _, err := os.Stat(program + ".new"); err == nil {
		t.Error("the bad program is still there")
	}
	if err := f.manager.kill(); err != nil {
		t.Fatal(err)
	}
	f.startVersion(t, "2.0.0")
	if w := f.update(t, "workers were updated"); w.State != farm.UpdateDone {
		t.Errorf("with a good program: %+v", w)
	}
	if w := f.expect(t, "2.0.0"); w.Facts.UpdateTrouble != "" {
		t.Errorf("the worker tells %+v", w.Facts)
	}
	for file, want := range map[string]string{program: "farm 2.0.0 ", program + ".old": "farm 1.0.0 "} {
		if out, err := exec.Command(file, "version").Output(); err != nil || !strings.HasPrefix(string(out), want) {
			t.Errorf("%s says %q, %v", filepath.Base(file), out, err)
		}
	}
	select {
	case <-f.worker.exited:
		t.Error("the process of the worker ended")
	default:
	}
}
