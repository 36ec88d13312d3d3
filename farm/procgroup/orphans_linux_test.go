package procgroup

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A worker that is killed without warning takes all with it within a second; and
// so does a keeper that is killed, if its worker looks after it.
func TestKilledWorker(t *testing.T) {
	modes(t, func(t *testing.T) {
		for name, script := range scripts {
			t.Run(name, func(t *testing.T) {
				for range runs() {
					worker, ids := startWorker(t, script, t.Name())
					keeper := keeperOf(t, worker)
					worker.Process.Kill()
					gone(t, 30*time.Second, append(ids, keeper)...)
					worker.Wait()
				}
				noCgroupOf(t, t.Name())
			})
		}
	})
}

// keeperOf returns the id of the one child of a worker.
func keeperOf(t *testing.T, worker *exec.Cmd) int {
	t.Helper()
	for _, p := range descendants(worker.Process.Pid) {
		if p.parent == worker.Process.Pid {
			return p.pid
		}
	}
	t.Fatal("the worker has no keeper")
	return 0
}

// killBoth kills a worker and its keeper, which comes first: it would end the program,
// and this worker does nothing about a keeper's end.
func killBoth(t *testing.T, worker *exec.Cmd) {
	t.Helper()
	unix.Kill(keeperOf(t, worker), unix.SIGKILL)
	worker.Process.Kill()
	worker.Wait()
}

// cgroupsOf returns the cgroups of the owner's groups.
func cgroupsOf(t *testing.T, owner string) []string {
	t.Helper()
	prefix := cgroupFor(owner)
	if prefix == "" {
		return nil
	}
	found, err := filepath.Glob(prefix + "*")
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// noCgroupOf fails if one was left behind.
func noCgroupOf(t *testing.T, owner string) {
	t.Helper()
	if left := cgroupsOf(t, owner); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// startWorker starts a worker that runs the script.
func startWorker(t *testing.T, script, owner string) (*exec.Cmd, []int) {
	t.Helper()
	worker := exec.Command(os.Args[0], script)
	worker.Env = append(os.Environ(), workerRole+"="+owner)
	out, err := worker.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := worker.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { worker.Process.Kill(); worker.Wait() })
	return worker, readIDs(t, bufio.NewScanner(out), pids(script))
}

// When worker and keeper are killed at once, the next start ends what is left, and
// nothing of another worker.
func TestOrphansAreEnded(t *testing.T) {
	modes(t, func(t *testing.T) {
		for name, script := range scripts {
			if name == "no variables" && cgroupBase() == "" {
				continue // nothing tells that it is ours
			}
			t.Run(name, func(t *testing.T) {
				owner, other := "/"+t.Name(), "/"+t.Name()+"2"
				_, others := startWorker(t, scripts["helper"], other)
				for range runs() {
					worker, ids := startWorker(t, script, owner)
					killBoth(t, worker)
					EndOrphans(owner)
					gone(t, 30*time.Second, ids...)
				}
				for _, id := range others {
					if err := unix.Kill(id, 0); err != nil {
						t.Errorf("a process of another worker was ended: %v", err)
					}
				}
				noCgroupOf(t, owner)
			})
		}
	})
}

// The next start removes the empty cgroups of killed groups, and none of another
// worker, whether it is in use or not.
func TestEmptyCgroupsAreRemoved(t *testing.T) {
	if cgroupBase() == "" {
		t.Skip("there is no writable cgroup v2 here")
	}
	owner, other := "/"+t.Name(), "/"+t.Name()+"2"
	for _, one := range []string{owner, other} {
		EndOrphans(one) // of a test that was killed
		t.Cleanup(func() { EndOrphans(one) })
	}
	startWorker(t, scripts["plain"], other)
	dead, ids := startWorker(t, scripts["plain"], other)
	killBoth(t, dead)
	gone(t, 30*time.Second, ids...)
	for range 3 {
		worker, ids := startWorker(t, scripts["plain"], owner)
		killBoth(t, worker)
		gone(t, 30*time.Second, ids...) // the kernel kills the keeper's own child
	}
	if left := cgroupsOf(t, owner); len(left) != 3 {
		t.Fatalf("killed workers left %v", left)
	}
	EndOrphans(owner)
	noCgroupOf(t, owner)
	if left := cgroupsOf(t, other); len(left) != 2 {
		t.Errorf("another worker has %v", left)
	}
}

// A killed keeper takes its program along, and Close the rest.
func TestKilledKeeper(t *testing.T) {
	modes(t, func(t *testing.T) {
		g, ids := started(t, scripts["session"])
		g.keeper.Process.Kill()
		if exit, err := g.Wait(); exit.Code != -1 || err != nil {
			t.Errorf("%+v %v", exit, err)
		}
		g.Close()
		gone(t, 30*time.Second, ids...)
		if _, err := os.Stat(cgroupOf(g.cgroup, g.keeper.Process.Pid)); g.cgroup != "" && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("its cgroup is left (%v)", err)
		}
	})
}
