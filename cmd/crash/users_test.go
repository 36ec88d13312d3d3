package crash

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// mostJobs bounds how many jobs are on the farm before some are over: submitters wait.
const mostWaiting = 30

// submitJobs submits jobs, every fourth for the shelf.
func (l *load) submitJobs(c *client) {
	for n := 0; l.users.Err() == nil; n++ {
		if n%4 != 0 && l.waiting() > mostWaiting {
			l.pause(l.users)
			n--
			continue
		}
		l.submitJob(c, fmt.Sprintf("job %d", n), n%4 == 0, 3+c.random.IntN(8))
		l.pause(l.users)
		l.pause(l.users)
	}
}

// waiting returns how many tasks workers have not completed for the first time.
func (l *load) waiting() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, j := range l.jobs {
		if !j.shelf {
			n += len(j.tasks)
		}
	}
	return n - len(l.frames)
}

// submitJob submits one job, and finds out its tasks. Whether one without an answer
// arrived is looked at in the end.
func (l *load) submitJob(c *client, name string, shelf bool, tasks int) {
	kind := "crash"
	if shelf {
		kind = "shelf"
	}
	const priority = 50
	l.mu.Lock()
	l.names[name] = false
	l.mu.Unlock()
	call := l.h.now()
	var job api.Job
	out, err := c.ask(l.users, func(ctx context.Context) (err error) {
		job, err = c.SubmitJob(ctx, api.SubmittedJob{Name: name, Type: "crash", Priority: priority, SubmitterPlatform: "manager", Settings: map[string]any{"kind": kind, "tasks": tasks}})
		return err
	})
	if out != answered {
		if out == rejected {
			l.complain("%s was refused: %v", name, err)
		}
		return
	}
	l.mu.Lock()
	l.names[name] = true
	l.mu.Unlock()
	l.h.add(key{register, "priority of " + name}, c.number, call, write(fmt.Sprint(priority)), done{})
	if shelf {
		l.h.add(key{register, "status of " + name}, c.number, call, write(queued), done{})
	}
	j := &loadJob{id: job.ID, name: name, shelf: shelf}
	if !c.findTasks(j) {
		return
	}
	if len(j.tasks) != tasks {
		l.complain("%s has %d tasks, and not %d", name, len(j.tasks), tasks)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.jobs = append(l.jobs, j)
}

// findTasks asks for the tasks of a job, until it is answered.
func (c *client) findTasks(j *loadJob) bool {
	var list api.JobTasksSummary
	if !c.untilAnswered(c.l.ctx, "listing the tasks of "+j.name, func(ctx context.Context) (err error) {
		list, err = c.FetchJobTasks(ctx, j.id, api.TasksQuery{})
		return err
	}) {
		return false
	}
	for _, t := range list.Tasks {
		j.tasks = append(j.tasks, t.ID)
	}
	return true
}

// changePriorities gives jobs other priorities.
func (l *load) changePriorities(c *client) {
	for l.users.Err() == nil {
		j := l.pick(c.random, c.random.IntN(2) == 0)
		if j == nil {
			l.pause(l.users)
			continue
		}
		to := 1 + c.random.IntN(100)
		c.write("priority of "+j.name, fmt.Sprint(to), func(ctx context.Context) error {
			return c.SetJobPriority(ctx, j.id, api.JobPriorityChange{Priority: to})
		})
		l.pause(l.users)
	}
}

// changeStatuses pauses, cancels and requeues jobs that nobody works on.
func (l *load) changeStatuses(c *client) {
	for l.users.Err() == nil {
		j := l.pick(c.random, true)
		if j == nil {
			l.pause(l.users)
			continue
		}
		to := []string{"paused", queued}[c.random.IntN(2)]
		c.write("status of "+j.name, to, func(ctx context.Context) error {
			return c.SetJobStatus(ctx, j.id, api.JobStatusChange{Status: to, Reason: "crash"})
		})
		l.pause(l.users)
	}
}

// write gives a register a value.
func (c *client) write(id, to string, request func(context.Context) error) {
	call := c.l.h.now()
	switch out, err := c.ask(c.l.users, request); out {
	case answered:
		c.l.h.add(key{register, id}, c.number, call, write(to), done{})
	case unknown:
		c.l.h.add(key{register, id}, c.number, call, write(to), nil)
	case rejected:
		c.l.complain("%s to %s was refused: %v", id, to, err)
	}
}

// requeueTasks has tasks done once more that are over.
func (l *load) requeueTasks(c *client) {
	left := map[farm.TaskID]bool{} // of unknown outcome: to be left alone
	for try := 0; l.users.Err() == nil; try++ {
		l.pause(l.users)
		j := l.pick(c.random, false)
		if j == nil {
			continue
		}
		n := c.random.IntN(len(j.tasks))
		id := j.tasks[n]
		if left[id] || hasHistory(n) {
			continue
		}
		got, err := c.FetchTask(l.users, id)
		if err != nil || got.Status != completed {
			continue
		}
		reason := fmt.Sprintf("requeued %d", try)
		call := l.h.now()
		k := key{task, "task " + string(id)}
		switch out, err := c.ask(l.users, func(ctx context.Context) error {
			return c.SetTaskStatus(ctx, id, api.TaskStatusChange{Status: queued, Reason: reason})
		}); out {
		case answered:
			l.h.add(k, c.number, call, requeue{reason}, done{})
		case unknown:
			left[id] = true
			l.h.add(k, c.number, call, requeue{reason}, nil)
		case rejected:
			l.complain("requeueing task %s was refused: %v", id, err)
		}
	}
}

// storeFiles uploads files and checks them out.
func (l *load) storeFiles(c *client) {
	for n := 0; l.users.Err() == nil; n++ {
		content := make([]byte, 1+c.random.IntN(400_000))
		for i := range content {
			content[i] = byte(c.random.Uint32())
		}
		sum := sha256.Sum256(content)
		sha := hex.EncodeToString(sum[:])
		stored := false
		for try := 0; try < 20 && !stored && l.users.Err() == nil; try++ {
			out, _ := c.ask(l.users, func(ctx context.Context) error {
				answer, err := c.ShamanFileStore(ctx, api.ShamanUpload{SHA: sha, Size: int64(len(content)), Body: bytes.NewReader(content), Offset: -1})
				if err == nil && answer != api.UploadStored && answer != api.UploadAlready {
					return fmt.Errorf("the upload was answered with %d", answer)
				}
				return err
			})
			stored = out == answered
		}
		if !stored {
			continue
		}
		l.mu.Lock()
		l.files[sha] = string(content)
		l.mu.Unlock()
		checkout := api.ShamanCheckout{CheckoutPath: fmt.Sprintf("crash/%d", n), Files: []api.ShamanFileSpec{{SHA: sha, Size: int64(len(content)), Path: "file.bin"}}}
		var made api.ShamanCheckoutResult
		out, _ := c.ask(l.users, func(ctx context.Context) (err error) {
			made, err = c.ShamanCheckout(ctx, checkout)
			return err
		})
		if out == answered {
			l.mu.Lock()
			l.checkouts[made.CheckoutPath] = checkout.Files
			l.mu.Unlock()
		}
		l.pause(l.users)
	}
}
