package crash

import (
	"cmp"
	"context"
	"fmt"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// A rendering is a farm with real workers and a Blender behind a script, as studios
// have them.
type rendering struct {
	t       *testing.T
	m       *manager
	mark    string // in the command line of every Blender of this farm
	output  string // folder of the frames
	job     farm.JobID
	workers []*worker
	log     syncBuffer    // of the workers
	slowest time.Duration // until the last program of a killed worker was gone
}

// A worker is the program as a worker.
type worker struct {
	home  string
	cmd   *exec.Cmd
	ended chan struct{}
}

const (
	renderWorkers = 2
	renderFrames  = 16 // of a scene that takes a moment each
)

// A site says where a rendering takes place. What is "" or nil is anywhere.
type site struct {
	output string // folder of the frames
	homes  string // folder of the workers' homes
	net    *network
	config string // more of the manager's
}

// newRendering starts a manager, and submits a job.
func newRendering(t *testing.T, at site) *rendering {
	t.Helper()
	dir := t.TempDir()
	homes := cmp.Or(at.homes, dir)
	r := &rendering{t: t, m: newManager(t, dir), mark: filepath.Join(dir, "wrapper"), output: cmp.Or(at.output, filepath.Join(dir, "frames"))}
	if at.net != nil {
		at.net.takes(r.m)
	}
	// It does not exec, so that Blender is its child; the shell waits for it.
	script := "#!/bin/sh\nblender \"$@\"\nstatus=$?\nexit $status\n"
	if err := os.WriteFile(r.mark, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf("_meta: {version: 3}\nautodiscoverable: false\nretry_after_farm_fault: 2s\n%svariables:\n  blender:\n    values:\n      - {platform: linux, value: %q}\n", at.config, r.mark)
	if err := os.WriteFile(filepath.Join(r.m.home, "farm.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := r.m.start(); err != nil {
		t.Fatal(err)
	}
	scene := filepath.Join(dir, "mark-"+filepath.Base(t.TempDir())+".blend")
	content, err := os.ReadFile(filepath.Join("..", "..", "testdata", "scenes", "tiny.blend"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(scene, content, 0o600); err != nil {
		t.Fatal(err)
	}
	submit := exec.Command(r.m.binary, "submit", scene, "--manager", "http://"+r.m.address, "--no-wait", "--frames", fmt.Sprintf("1-%d", renderFrames), "--chunk-size", "2", "--output", r.output)
	id, err := submit.Output()
	if err != nil {
		t.Fatalf("farm submit: %v", err)
	}
	r.job = farm.JobID(strings.TrimSpace(string(id)))
	for i := range renderWorkers {
		r.workers = append(r.workers, &worker{home: filepath.Join(homes, fmt.Sprintf("worker%d", i))})
	}
	t.Cleanup(func() {
		r.kill()
		if t.Failed() {
			t.Logf("end of the workers' log:\n%s", r.log.tail(4000))
		}
	})
	return r
}

// startWorkers starts those workers that do not run.
func (r *rendering) startWorkers() error {
	for _, w := range r.workers {
		if w.cmd != nil {
			select {
			case <-w.ended:
			default:
				continue
			}
		}
		w.cmd = exec.Command(r.m.binary, "work", "--home", w.home, "--manager", "http://"+r.m.address)
		w.cmd.Env = append(os.Environ(), "NO_COLOR=1", "FARM_FIND_BLENDERS=false")
		w.cmd.Stdout, w.cmd.Stderr = &r.log, &r.log
		if err := w.cmd.Start(); err != nil {
			return err
		}
		ended, cmd := make(chan struct{}), w.cmd
		w.ended = ended
		go func() {
			cmd.Wait()
			close(ended)
		}()
	}
	return nil
}

// kill ends all workers with SIGKILL.
func (r *rendering) kill() {
	for _, w := range r.workers {
		if w.cmd != nil {
			w.cmd.Process.Kill()
			<-w.ended
		}
	}
}

// programs returns the processes that render this farm's file: Blender, and the script
// around it.
func (r *rendering) programs() (found []string) {
	all, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, name := range all {
		line, err := os.ReadFile(name)
		text := strings.ReplaceAll(string(line), "\x00", " ")
		if err == nil && (strings.Contains(text, r.mark) || strings.Contains(text, r.output)) && !strings.HasPrefix(text, r.m.binary) {
			found = append(found, filepath.Base(filepath.Dir(name))+" "+text[:min(len(text), 80)])
		}
	}
	return found
}

// orphanLimit is how long programs may outlive their worker here. They end within a second
// on a computer that is not busy with other things.
const orphanLimit = 10 * time.Second

// awaitNoPrograms waits until nothing renders any more.
func (r *rendering) awaitNoPrograms() error {
	began := time.Now()
	for {
		left := r.programs()
		took := time.Since(began)
		if len(left) == 0 {
			r.slowest = max(r.slowest, took)
			return nil
		}
		if took > orphanLimit {
			return fmt.Errorf("%s after the end of the workers there are still %q", took, left)
		}
		wait(20 * time.Millisecond)
	}
}

// finish waits for the end of the job, and expects every frame once and whole.
func (r *rendering) finish(name string, runs int, findings []string) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	client := r.m.client()
	for over := false; !over && len(findings) == 0; {
		j, err := client.FetchJob(ctx, r.job)
		over = api.JobIsOver(j.Status)
		if over && j.Status != farm.JobCompleted.String() || err != nil {
			findings = append(findings, fmt.Sprintf("the job is %s: %s, %v", j.Status, j.Activity, err))
		}
		wait(50 * time.Millisecond)
	}
	if list, err := client.FetchJobFrames(ctx, r.job, 0); err != nil || len(list.Frames) != renderFrames {
		findings = append(findings, fmt.Sprintf("the job has %d frames, %v", len(list.Frames), err))
	}
	findings = append(append(findings, r.frames()...), r.strangers()...)
	r.kill()
	if err := r.awaitNoPrograms(); err != nil {
		findings = append(findings, err.Error())
	}
	r.m.kill()
	if err := r.m.checkDatabase(); err != nil {
		findings = append(findings, err.Error())
	}
	tell(r.t, name, runs, fmt.Sprintf("programs of killed workers were gone after %.1f s at most", r.slowest.Seconds()), findings, nil)
}

// strangers says if the manager knows other workers than these: one that has lost its
// identity registers anew.
func (r *rendering) strangers() (findings []string) {
	list, err := r.m.client().FetchWorkers(context.Background())
	if err != nil || len(list.Workers) != renderWorkers {
		findings = append(findings, fmt.Sprintf("of %d workers the manager knows %d: %v", renderWorkers, len(list.Workers), err))
	}
	return findings
}

// frames reads all frames, and says what is wrong with them.
func (r *rendering) frames() (findings []string) {
	var names []string
	filepath.WalkDir(r.output, func(name string, _ os.DirEntry, err error) error {
		if err == nil && filepath.Ext(name) == ".png" {
			names = append(names, name)
		}
		return nil
	})
	if len(names) != renderFrames {
		findings = append(findings, fmt.Sprintf("there are %d frames: %q", len(names), names))
	}
	for _, name := range names {
		file, err := os.Open(name)
		if err == nil {
			_, err = png.Decode(file)
			file.Close()
		}
		if err != nil {
			findings = append(findings, fmt.Sprintf("frame %s: %v", name, err))
		}
	}
	return findings
}

// produce produces a fault at moments by chance until the job is over or it was done n times,
// and starts ended workers again.
func (r *rendering) produce(name string, n int, fault func() error) (runs int, findings []string) {
	random := randomFor(name)
	client := r.m.client()
	for runs < n && len(findings) == 0 {
		if err := r.startWorkers(); err != nil {
			return runs, []string{err.Error()}
		}
		wait(time.Second + time.Duration(random.IntN(3000))*time.Millisecond)
		if j, err := client.FetchJob(context.Background(), r.job); err == nil && api.JobIsOver(j.Status) {
			// Once more from the start, over what is there.
			if err := client.SetJobStatus(context.Background(), r.job, api.JobStatusChange{Status: queued, Reason: "crash"}); err != nil {
				return runs, []string{err.Error()}
			}
			continue
		}
		runs++
		if err := fault(); err != nil {
			findings = append(findings, fmt.Sprintf("fault %d: %v", runs, err))
		}
	}
	if err := r.startWorkers(); err != nil {
		findings = append(findings, err.Error())
	}
	return runs, findings
}
