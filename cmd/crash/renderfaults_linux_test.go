package crash

import (
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// killWorkers kills workers while Blender renders for them.
func killWorkers(t *testing.T) {
	n := times(t, 6)
	const name = "workers killed, Blender behind a script"
	skipUnless(t, name, missing("blender", "ffmpeg"))
	r := newRendering(t, site{})
	runs, findings := r.produce(name, n, func() error {
		r.kill()
		return r.awaitNoPrograms()
	})
	r.finish(name, runs, findings)
}

// fillWorkers fills the disk of what workers write.
func fillWorkers(t *testing.T) {
	n := times(t, 2)
	for _, data := range []string{"frames", "workers' homes"} {
		t.Run(data, func(t *testing.T) {
			name := "disk full: " + data
			skipUnless(t, name, missing("mount", "blender", "ffmpeg"))
			dir := t.TempDir()
			command(t, "mount", "-t", "tmpfs", "-o", "size=64m", "none", dir)
			t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
			at := site{output: dir}
			if data != "frames" {
				at = site{homes: dir}
			}
			r := newRendering(t, at)
			runs, findings := r.produce(name, n, func() error { return fillDisk(dir, 3*time.Second) })
			r.finish(name, runs, findings)
		})
	}
}

// cutWorkersPower cuts the power of the computers that render: what a worker called
// completed is on the disk, and it is the same worker afterwards.
func cutWorkersPower(t *testing.T, kind string) {
	n := times(t, 4)
	name := "power cut, workers' homes and frames on " + kind
	skipUnless(t, name, missing("mkfs."+kind, "losetup", "mount", "blender", "ffmpeg"))
	d := newDisk(t, kind)
	r := newRendering(t, site{output: filepath.Join(d.dir, "frames"), homes: filepath.Join(d.dir, "homes")})
	runs, findings := r.produce(name, n, func() error {
		if err := d.shutDown(); err != nil {
			return err
		}
		r.kill()
		if err := r.awaitNoPrograms(); err != nil {
			return err
		}
		if err := d.unmount(); err != nil {
			return err
		}
		d.mount()
		return nil
	})
	r.finish(name, runs, findings)
}

// takeWorkersHandles leaves the workers, and the Blenders that they start, no handle for
// another file or connection for a while.
func takeWorkersHandles(t *testing.T) {
	n := times(t, 3)
	const name = "no more file handles: workers"
	skipUnless(t, name, missing("blender", "ffmpeg"))
	r := newRendering(t, site{})
	runs, findings := r.produce(name, n, func() error {
		for _, w := range r.workers {
			back, err := takeHandlesOf(w.cmd.Process.Pid)
			if err != nil {
				return err
			}
			defer back()
		}
		wait(3 * time.Second)
		return nil
	})
	r.finish(name, runs, findings)
}

// cutWorkersNetwork cuts the network between the workers and the manager for a moment.
func cutWorkersNetwork(t *testing.T) {
	n := times(t, 4)
	for _, cut := range networkCuts {
		t.Run(cut.name, func(t *testing.T) {
			name := "workers' network cut for 1.5 s: " + cut.name
			skipUnless(t, name, missing("ip", "sysctl", "blender", "ffmpeg"))
			net := newNetwork(t)
			r := newRendering(t, site{net: net})
			runs, findings := r.produce(name, n, func() error {
				net.lose("add", cut.directions...)
				wait(1500 * time.Millisecond)
				net.lose("del", cut.directions...)
				return r.m.answers()
			})
			r.finish(name, runs, findings)
		})
	}
}

// cutWorkersOff cuts the workers off until the manager takes them for lost and returns
// their tasks, while they go on.
func cutWorkersOff(t *testing.T) {
	n := times(t, 1)
	const name = "workers cut off until they are taken for lost"
	skipUnless(t, name, missing("ip", "sysctl", "blender", "ffmpeg"))
	net := newNetwork(t)
	r := newRendering(t, site{net: net, config: "worker_timeout: 5s\n"})
	lost := 0
	runs, findings := r.produce(name, n, func() error {
		net.lose("add", "from", "to")
		defer net.lose("del", "from", "to")
		// A request that is waiting to be answered is a sign of life until its time is over.
		for deadline := time.Now().Add(patience); ; wait(100 * time.Millisecond) {
			if now := strings.Count(r.m.log.tail(1<<24), "worker timed out"); now >= lost+renderWorkers {
				lost = now
				return nil
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("the manager does not notice in %s that its workers are away", patience)
			}
		}
	})
	r.finish(name, runs, findings)
}
