package crash

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// drain ends the making of work, lets workers do what is left, reads everything once more,
// and returns what is wrong.
func (l *load) drain() (findings []string) {
	l.enough()
	l.userWG.Wait()
	done := make(chan struct{})
	go func() {
		l.wg.Wait()
		close(done)
	}()
	// Readers go on for ever, so the end of the work is seen from the tasks.
	ctx, cancel := context.WithTimeoutCause(l.ctx, patience, errors.New("the farm did not finish its jobs"))
	defer cancel()
	c := l.newClient()
	c.l = l
	if err := c.completeAll(ctx); err != nil {
		l.complain("%v", err)
		l.end()
	}
	c.adopt()
	c.readEverything()
	l.end()
	<-done
	c.readNames()
	l.mu.Lock()
	findings = append(findings, l.broken...)
	l.mu.Unlock()
	return append(findings, l.h.check()...)
}

// completeAll waits until every job that is not on the shelf is completed.
func (c *client) completeAll(ctx context.Context) error {
	for {
		left := 0
		list, err := c.FetchJobs(ctx, api.JobsQuery{})
		for _, j := range list.Jobs {
			if kind, _ := j.Settings["kind"].(string); kind != "shelf" && j.Status != farm.JobCompleted.String() {
				left++
			}
		}
		if err == nil && left == 0 {
			return nil
		}
		timer := time.NewTimer(50 * time.Millisecond)
		select {
		case <-timer.C:
		case <-ctx.Done():
			return fmt.Errorf("%w: %d are left, %v", context.Cause(ctx), left, err)
		}
	}
}

// adopt takes over jobs that arrived without an answer: workers have done them.
func (c *client) adopt() {
	list, err := c.FetchJobs(c.l.ctx, api.JobsQuery{})
	if err != nil {
		c.l.complain("list jobs: %v", err)
		return
	}
	for _, found := range list.Jobs {
		c.l.mu.Lock()
		unknown := !slices.ContainsFunc(c.l.jobs, func(j *loadJob) bool { return j.id == found.ID })
		c.l.mu.Unlock()
		if !unknown {
			continue
		}
		kind, _ := found.Settings["kind"].(string)
		j := &loadJob{id: found.ID, name: found.Name, shelf: kind == "shelf", adopted: true}
		if c.findTasks(j) {
			c.l.mu.Lock()
			c.l.jobs = append(c.l.jobs, j)
			c.l.mu.Unlock()
		}
	}
}

// readEverything reads all that the histories are about, for the last time.
func (c *client) readEverything() {
	c.l.mu.Lock()
	jobs := c.l.jobs
	c.l.mu.Unlock()
	read := func(f func() outcome) {
		for c.l.ctx.Err() == nil {
			if out := f(); out == answered || out == rejected {
				return
			}
		}
	}
	for _, j := range jobs {
		read(func() outcome { return c.readJob(j) })
		if j.shelf {
			continue
		}
		for n, id := range j.tasks {
			read(func() outcome { return c.readTask(id) })
			if hasHistory(n) {
				read(func() outcome { return c.readLog(id) })
			}
		}
		c.readFrames(j)
	}
	c.readFiles()
}

// readFrames expects each frame of a job once, and what workers told of it.
func (c *client) readFrames(j *loadJob) {
	seen := map[int]int{}
	for after := 0; ; {
		list, err := c.FetchJobFrames(c.l.ctx, j.id, after)
		if err != nil {
			c.l.complain("frames of %s: %v", j.name, err)
			return
		}
		for _, f := range list.Frames {
			seen[f.Frame]++
			c.l.mu.Lock()
			told := c.l.frames[fmt.Sprintf("%s frame %d", j.id, f.Frame)]
			c.l.mu.Unlock()
			if told && f.Result == nil {
				c.l.complain("what was acknowledged about frame %d of %s is not kept", f.Frame, j.name)
			}
		}
		if after = list.Next; after == 0 {
			break
		}
	}
	for n := range j.tasks {
		if seen[n+1] != 1 {
			c.l.complain("frame %d of %s is there %d times", n+1, j.name, seen[n+1])
		}
	}
}

// readFiles expects stored files to be stored, and those that were checked out to have
// their content.
func (c *client) readFiles() {
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	kept := map[string]bool{}
	for path, files := range c.l.checkouts {
		for _, f := range files {
			kept[f.SHA] = true
			content, err := os.ReadFile(filepath.Join(c.l.m.home, "storage", "jobs", filepath.FromSlash(path), f.Path))
			if err != nil || string(content) != c.l.files[f.SHA] {
				c.l.broken = append(c.l.broken, fmt.Sprintf("the file of checkout %s has %d bytes of other content, %v", path, len(content), err))
			}
		}
	}
	for sha, content := range c.l.files {
		if c.l.powerCut.Load() && !kept[sha] {
			continue // docs/security.md: after a power cut only what was checked out is kept for sure
		}
		if status, _, err := c.ShamanFileStoreCheck(c.l.ctx, sha, int64(len(content))); err != nil || status != api.ShamanStored {
			c.l.broken = append(c.l.broken, fmt.Sprintf("an upload of %d bytes was acknowledged, and is %q, %v", len(content), status, err))
		}
	}
}

// readNames expects every acknowledged job once, and no job twice.
func (c *client) readNames() {
	list, err := c.FetchJobs(context.Background(), api.JobsQuery{})
	if err != nil {
		c.l.complain("list jobs: %v", err)
		return
	}
	times := map[string]int{}
	for _, j := range list.Jobs {
		times[j.Name]++
	}
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	for name, acknowledged := range c.l.names {
		if times[name] > 1 || acknowledged && times[name] == 0 {
			c.l.broken = append(c.l.broken, fmt.Sprintf("%s is there %d times; acknowledged: %v", name, times[name], acknowledged))
		}
	}
}
