package worker

import (
	"cmp"
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// A worker that has nothing to do may be asked to render a frame that another one
// renders as well (a second run; the manager's side is in its secondrun.go). Until the
// manager says that the task is this worker's, nothing of it shows: reports are held
// back, and the files are in a folder of their own beside where they belong. Then the
// other worker's Blender has ended, the files get their names, and the task is reported
// like any other. A crash leaves the folder, which the next start removes.

const (
	// asidePrefix begins the names of the folders of second runs.
	asidePrefix = ".farm-second-"
	// asideRecord is the file in the worker's folder that says where such a folder is.
	asideRecord = "second"
	// removeWithin is how long a start waits until such a folder is removed.
	removeWithin = 10 * time.Second
	// waitForFirst is how long the worker of the first run may take to end it.
	waitForFirst = time.Minute
)

// secondScript ends a Blender whose file saves more than the frame.
//
//go:embed secondrun.py
var secondScript string

// outrun is the cause that ends a first run whose frame another worker has rendered.
type outrun struct{ error }

// An aside is where the files of a second run are, and where they belong.
type aside struct {
	folder, home string
	record       string
	log          *slog.Logger
}

// openAside makes the folder of a task's second run, and has the task use it.
func (w *Worker) openAside(task *api.AssignedTask) (*aside, error) {
	name := asidePrefix + rand.Text()
	commands, home, ok := farm.Aside(task.Commands, name, secondScript)
	if home = filepath.FromSlash(home); !ok || !filepath.IsAbs(home) {
		return nil, farm.Errorf(farm.Invalid, "it is not known where the file of the frame goes")
	}
	a := &aside{folder: filepath.Join(home, name), home: home, record: filepath.Join(w.options.Dir, asideRecord), log: w.log}
	if err := os.WriteFile(a.record, []byte(a.folder), 0o600); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(a.folder, 0o777); err != nil {
		a.close()
		return nil, err
	}
	task.Commands = commands
	return a, nil
}

// move gives the files their names, and returns one of them. Whoever was told to stop
// may have left an unfinished one there, which is replaced.
func (a *aside) move() (moved string, err error) {
	entries, err := os.ReadDir(a.folder)
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || strings.HasSuffix(e.Name(), brokenSuffix) {
			continue
		}
		moved = filepath.Join(a.home, e.Name())
		if err := os.Rename(filepath.Join(a.folder, e.Name()), moved); err != nil {
			return "", farm.Errorf(farm.Invalid, "the file of the frame cannot be moved to its place: %w", err)
		}
	}
	if moved == "" {
		return "", farm.Errorf(farm.Invalid, "the file of the frame is gone from %s before it was moved to its place", a.folder)
	}
	return moved, nil
}

// close removes the folder and all in it. What cannot be removed is tried again at the
// next start.
func (a *aside) close() {
	if a == nil {
		return
	}
	if err := os.RemoveAll(a.folder); err != nil {
		a.log.Warn("the folder of a frame that was rendered twice cannot be removed", "folder", a.folder, "error", err)
		return
	}
	if noted, err := os.ReadFile(a.record); err == nil && string(noted) == a.folder { // and not another run by now
		os.Remove(a.record)
	}
}

// removeAside removes the folder of a second run that a crash left. A mount that hangs
// holds up the start for a while only. The caller holds the lock of dir.
func removeAside(ctx context.Context, dir string, log *slog.Logger) {
	record := filepath.Join(dir, asideRecord)
	left, err := os.ReadFile(record)
	folder := string(left)
	if err != nil || !filepath.IsAbs(folder) || !strings.HasPrefix(filepath.Base(folder), asidePrefix) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, removeWithin)
	defer cancel()
	unlessCanceled(ctx, func() (any, error) {
		(&aside{folder: folder, record: record, log: log}).close()
		return nil, nil
	})
}

// second returns the state that does the second run of a task.
func (w *Worker) second(task *api.AssignedTask) state {
	return func(ctx context.Context) state {
		w.lull.over()
		defer w.lull.begin()
		defer func() { w.idleSince = time.Now() }()
		w.warm.closeIdle()
		w.say("rendering " + task.Name + " as well")
		log := w.log.With("task", task.UUID, "name", task.Name)
		log.Info("a frame that another worker renders is rendered as well", "job", task.Job)
		r := &run{worker: w, task: task, aside: true,
			reporter: &reporter{task: task.UUID, run: rand.Text(), outbox: w.outbox, log: w.log, held: true}}
		r.mirrored = w.locate(r)
		defer r.mirrored.leave()
		place, err, stopped := w.renderAside(ctx, r)
		defer place.close()
		answer := w.endSecond(ctx, task.UUID, err, stopped)
		if !answer.Yours {
			r.reporter.discard()
			log.Info("the frame does not count", "why", cmp.Or(answer.Reason, "it was stopped"), "error", err)
			return w.take
		}
		r.reporter.release()
		moved, err := place.move()
		if err != nil {
			r.reporter.failed(ctx, err)
			log.Warn("task failed", "error", err)
			return w.take
		}
		if err := r.mirrored.send(ctx); err != nil {
			r.reporter.failed(ctx, err)
			log.Warn("task failed", "error", err)
			return w.take
		}
		w.previews.show(task.UUID, moved)
		r.reporter.completed(ctx)
		log.Info("task completed, before the other worker")
		return w.take
	}
}

// renderAside renders the frame. stopped is why somebody ended that, nil if it ended by
// itself.
func (w *Worker) renderAside(ctx context.Context, r *run) (place *aside, err, stopped error) {
	if place, err = w.openAside(r.task); err != nil {
		return nil, err, nil
	}
	running, cancel := context.WithCancelCause(ctx)
	defer w.owner.stopsOn(cancel)()
	var keeper sync.WaitGroup
	keeper.Go(func() { w.keep(running, r.task.UUID, Manager.MayWorkerRun, cancel) })
	if err = r.commands(running); err != nil {
		stopped = context.Cause(running)
	}
	cancel(errStopped)
	keeper.Wait()
	return place, err, stopped
}

// endSecond tells the manager what became of a second run, and returns whether the task
// is this worker's now.
func (w *Worker) endSecond(ctx context.Context, task farm.TaskID, err, stopped error) (answer api.SecondRunAnswer) {
	told := api.SecondRun{Rendered: err == nil}
	if err != nil && stopped == nil {
		told.Reason = clip(err.Error(), farm.MaxActivity)
	}
	ctx, cancel := context.WithTimeout(ctx, waitForFirst)
	defer cancel()
	var retry backoff
	for {
		answer, err := w.manager().EndSecondRun(ctx, task, told, waitForFirst)
		if err == nil || !api.Transient(err) || !retry.pause(ctx) {
			return answer
		}
	}
}

// giveBackOutrun reports the task of a first run that was stopped as queued, if another
// worker has rendered its frame and waits for that.
func (w *Worker) giveBackOutrun(ctx context.Context, task farm.TaskID, stopped error) {
	if why := (outrun{}); errors.As(stopped, &why) {
		r := &reporter{task: task, run: rand.Text(), outbox: w.outbox, log: w.log}
		r.finish(ctx, farm.TaskQueued, "Given back, as another worker has rendered it", "")
	}
}
