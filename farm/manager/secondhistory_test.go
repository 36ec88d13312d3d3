package manager_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"renderfarm/farm"
	"renderfarm/farm/manager"
)

// A racer is a worker, and the Blender that runs on it.
type racer struct {
	id     farm.WorkerID
	name   string
	task   farm.TaskID // "": none
	second bool        // its Blender writes into a folder of its own
	asks   func()      // ends the request by which it waits for the end of the first run; nil: it does not wait
	answer chan manager.SecondAnswer
}

// writes reports whether it may write the task's file in its place.
func (r *racer) writes(task farm.TaskID) bool { return r.task == task && !r.second }

// A track is a farm whose workers are at the last frames of a job.
type track struct {
	*testFarm
	rt     *rapid.T
	job    farm.JobID
	racers []*racer
	did    []string
	seen   map[string]int
}

// secondHistories is how many histories are played, and how long each is.
const secondHistories, secondLength = 40, 150

// TestHistoriesOfSecondRuns plays workers that crash, sleep, fail and end at random while
// they render frames of a job's end, some of them twice, and managers that are started
// again: no two of them ever write the same file, and in the end all frames are rendered.
func TestHistoriesOfSecondRuns(t *testing.T) {
	playHistories(t, secondHistories, []string{"second run", "it counts", "it does not count", "outrun"}, func(t *testing.T, rt *rapid.T, seen map[string]int) {
		home, err := os.MkdirTemp(memoryDir(), "farm")
		if err != nil {
			rt.Fatal(err)
		}
		defer os.RemoveAll(home)
		k := &track{testFarm: openFarmIn(t, home), rt: rt, seen: seen}
		defer k.stop()
		k.play()
	})
}

func (k *track) play() {
	k.configure(func(c *farm.Config) { c.BlocklistThreshold = 0 })
	for i := range 3 {
		w := &racer{name: fmt.Sprint("w", i)}
		w.id = k.worker(w.name)
		k.KnowsSecond(w.id, true)
		k.racers = append(k.racers, w)
	}
	k.job = k.submitFilm("1-5", 1)
	for i, w := range k.racers { // one after the other is slower
		k.render(w.id, 5*float64(int(1)<<(3*i)))
	}
	acts := []func(w *racer){k.takes, k.takes, k.takes, k.takes, k.finishes, k.finishes, k.sleeps, k.crashes, k.fails}
	for range secondLength {
		switch n := rapid.IntRange(0, len(acts)+4).Draw(k.rt, "act"); {
		case n < len(acts):
			acts[n](rapid.SampledFrom(k.racers).Draw(k.rt, "worker"))
		case n == len(acts) && rapid.Bool().Draw(k.rt, "restart"):
			k.restarts()
		case n == len(acts)+1:
			k.must(k.SetJobStatus(k.job, rapid.SampledFrom([]farm.JobStatus{farm.JobPauseRequested, farm.JobQueued}).Draw(k.rt, "wanted"), ""))
		default:
			pass(time.Duration(rapid.IntRange(1, 100).Draw(k.rt, "seconds")) * time.Second)
		}
		if rapid.Bool().Draw(k.rt, "who shall stop hears of it") {
			for _, w := range k.racers {
				k.asks(w)
			}
		}
		k.hears()
		if k.jobStatus(k.job) == farm.JobCompleted {
			k.must(k.SetJobStatus(k.job, farm.JobRequeueing, "once more"))
			pass(time.Second)
		}
	}
	k.must(k.SetJobStatus(k.job, farm.JobQueued, ""))
	for range 100 {
		for _, w := range k.racers {
			k.takes(w)
			k.finishes(w)
			k.hears()
			k.asks(w)
		}
	}
	if status := k.jobStatus(k.job); status != farm.JobCompleted {
		k.lost("in the end the job is %s:\n%s", status, k.tasks(k.job))
	}
}

func (k *track) doing(format string, args ...any) {
	k.did = append(k.did, fmt.Sprintf(format, args...))
}

func (k *track) lost(format string, args ...any) {
	k.rt.Fatalf("%s\nafter\n%s", fmt.Sprintf(format, args...), strings.Join(k.did, "\n"))
}

// alone makes sure that nobody else writes the file of a task.
func (k *track) alone(w *racer, task farm.TaskID) {
	for _, other := range k.racers {
		if other != w && other.writes(task) {
			k.lost("%s and %s write the file of %s", w.name, other.name, k.TaskName(task))
		}
	}
}

// takes has a worker ask for a task, if it has none.
func (k *track) takes(w *racer) {
	if w.task != "" {
		return
	}
	a, err := k.Assign(k.t.Context(), w.id, 0)
	k.must(err)
	if a.Task == nil {
		return
	}
	w.task, w.second = a.Task.ID, a.Second
	k.doing("%s takes %s, second run: %v", w.name, k.TaskName(w.task), w.second)
	if w.second {
		k.seen["second run"]++
		return
	}
	k.alone(w, w.task)
	k.tells(w, farm.TaskActive)
}

// tells reports a status of the worker's task, which may be somebody else's by now.
func (k *track) tells(w *racer, status farm.TaskStatus) {
	r := manager.Report{Status: &status}
	if err := k.Report(w.id, w.task, r); err != nil && farm.KindOf(err) != farm.Conflict {
		k.must(err)
	}
}

// finishes has the worker's Blender save its file.
func (k *track) finishes(w *racer) {
	switch {
	case w.task == "" || w.asks != nil:
	case w.second:
		k.doing("%s has rendered %s as well", w.name, k.TaskName(w.task))
		ctx, cancel := context.WithCancel(k.t.Context())
		w.asks, w.answer = cancel, make(chan manager.SecondAnswer, 1)
		go func() {
			a, err := k.EndSecond(ctx, w.id, w.task, manager.SecondOutcome{Rendered: true}, time.Minute)
			if err != nil {
				a = manager.SecondAnswer{}
			}
			w.answer <- a
		}()
		synctest.Wait()
	default:
		k.doing("%s has rendered %s", w.name, k.TaskName(w.task))
		k.tells(w, farm.TaskCompleted)
		w.task = ""
	}
}

// hears lets those who wait for the end of a first run hear of it.
func (k *track) hears() {
	synctest.Wait()
	for _, w := range k.racers {
		if w.asks == nil || len(w.answer) == 0 {
			continue
		}
		w.asks()
		w.asks = nil
		if a := <-w.answer; a.Yours {
			k.doing("%s moves its file of %s", w.name, k.TaskName(w.task))
			k.seen["it counts"]++
			k.alone(w, w.task)
			w.second = false
			continue
		}
		k.doing("the file of %s does not count", w.name)
		k.seen["it does not count"]++
		w.task = ""
	}
}

// asks has a worker ask whether it may go on. If not, its Blender ends.
func (k *track) asks(w *racer) {
	if w.task == "" || w.asks != nil {
		return
	}
	p, err := k.MayRun(k.t.Context(), w.id, w.task, 0)
	k.must(err)
	if p.MayRun {
		return
	}
	k.doing("%s stops %s: %s", w.name, k.TaskName(w.task), p.Reason)
	if p.GiveBack {
		k.seen["outrun"]++
		k.tells(w, farm.TaskQueued)
	} else if w.second {
		_, err := k.EndSecond(k.t.Context(), w.id, w.task, manager.SecondOutcome{}, 0)
		k.must(err)
	}
	w.task = ""
}

// gone ends the worker's Blender, and what it asked.
func (k *track) gone(w *racer) {
	if w.asks != nil {
		w.asks()
		<-w.answer
		w.asks = nil
	}
	w.task = ""
	synctest.Wait()
}

func (k *track) sleeps(w *racer) {
	k.doing("%s sleeps for a moment", w.name)
	k.gone(w)
	k.must(k.StateChanged(w.id, farm.WorkerAsleep))
	k.must(k.StateChanged(w.id, farm.WorkerAwake))
}

func (k *track) crashes(w *racer) {
	k.doing("%s crashes", w.name)
	k.gone(w)
	k.wake(w.id, w.name, "blender", "ffmpeg")
}

func (k *track) fails(w *racer) {
	if w.task == "" || w.asks != nil {
		return
	}
	k.doing("%s fails %s", w.name, k.TaskName(w.task))
	if w.second {
		_, err := k.EndSecond(k.t.Context(), w.id, w.task, manager.SecondOutcome{}, 0)
		k.must(err)
	} else if task, _, err := k.Task(w.task); err == nil && task.Failures < 1 {
		k.tells(w, farm.TaskFailed)
	} else {
		return
	}
	w.task = ""
}

// restarts ends the manager and starts it again. What workers wait for is lost to them.
func (k *track) restarts() {
	k.doing("the manager is started again")
	for _, w := range k.racers {
		if w.asks != nil {
			k.gone(w)
		}
	}
	k.restart()
	for _, w := range k.racers {
		k.KnowsSecond(w.id, true)
		if w.task != "" && !w.second { // what it prints is reported
			if err := k.Report(w.id, w.task, manager.Report{Log: "a line"}); err != nil && farm.KindOf(err) != farm.Conflict {
				k.must(err)
			}
		}
	}
}
