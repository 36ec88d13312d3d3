package manager_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"renderfarm/farm"
	"renderfarm/farm/manager"
)

// A sharer is a worker that renders frames of tasks one by one, and leaves some to others.
type sharer struct {
	id      farm.WorkerID
	name    string
	task    farm.TaskID // "": none
	open    []int       // frames to begin yet
	left    []int       // frames that are not its own: those of others, and those it left out
	current int         // the frame that it writes; 0: none
	steps   int
}

// A sharing is a farm whose workers share tasks of many frames.
type sharing struct {
	*testFarm
	rt      *rapid.T
	job     farm.JobID
	sharers []*sharer
	told    map[int]int // how often each frame was rendered, and told of
	did     []string
	seen    map[string]int
}

// shareHistories is how many histories are played, and how long each is.
const shareHistories, shareLength = 40, 120

// TestHistoriesOfShares plays workers that render, crash, are started again, sleep and fail
// at random, and managers that are started again, while tasks of many frames are shared:
// no two write the same frame at a time, no frame is rendered again that was told of, and in the
// end all frames are rendered.
func TestHistoriesOfShares(t *testing.T) {
	playHistories(t, shareHistories, []string{"shared", "passed on", "rendered before"}, func(t *testing.T, rt *rapid.T, seen map[string]int) {
		home, err := os.MkdirTemp(memoryDir(), "farm")
		if err != nil {
			rt.Fatal(err)
		}
		defer os.RemoveAll(home)
		s := &sharing{testFarm: openFarmIn(t, home), rt: rt, seen: seen, told: map[int]int{}}
		defer s.stop()
		s.play()
	})
}

func (s *sharing) play() {
	s.configure(func(c *farm.Config) { c.BlocklistThreshold, c.TaskFailAfterSoftfailCount = 0, 1000 })
	for i := range 3 {
		w := &sharer{name: fmt.Sprint("w", i)}
		w.id = s.worker(w.name)
		s.KnowsShares(w.id, true)
		s.sharers = append(s.sharers, w)
	}
	s.job = s.submitFilm("1-20", 10)
	acts := []func(w *sharer){s.asks, s.asks, s.begins, s.begins, s.begins, s.ends, s.ends, s.ends, s.completes, s.crashes, s.restarted, s.sleeps, s.gives}
	for range shareLength {
		n := rapid.IntRange(0, len(acts)).Draw(s.rt, "act")
		if n < len(acts) {
			acts[n](rapid.SampledFrom(s.sharers).Draw(s.rt, "worker"))
		} else if rapid.IntRange(0, 4).Draw(s.rt, "restart") == 0 {
			s.doing("the manager is started again")
			s.restart()
			for _, w := range s.sharers {
				s.KnowsShares(w.id, true)
			}
		}
		s.hear()
	}
	for range 200 {
		for _, w := range s.sharers {
			for _, act := range []func(*sharer){s.asks, s.begins, s.ends, s.completes} {
				act(w)
				s.hear()
			}
		}
	}
	if status := s.jobStatus(s.job); status != farm.JobCompleted {
		s.lost("in the end the job is %s:\n%s", status, s.tasks(s.job))
	}
	for f := 1; f <= 20; f++ {
		// A task whose frames are all there, and that was not completed, renders its last.
		if s.told[f] == 0 || s.told[f] > 1 && f%10 != 0 {
			s.lost("frame %d was rendered %d times", f, s.told[f])
		}
	}
}

func (s *sharing) doing(format string, args ...any) {
	s.did = append(s.did, fmt.Sprintf(format, args...))
}

func (s *sharing) lost(format string, args ...any) {
	s.rt.Fatalf("%s\nafter\n%s", fmt.Sprintf(format, args...), strings.Join(s.did, "\n"))
}

func (w *sharer) drop() { *w = sharer{id: w.id, name: w.name} }

// hear has all workers hear what they shall stop, and leave out.
func (s *sharing) hear() {
	for range 2 {
		for _, w := range s.sharers {
			if w.task == "" {
				continue
			}
			p := s.mayRun(w.id, w.task)
			if !p.MayRun {
				s.doing("%s stops: %s", w.name, p.Reason)
				w.drop()
				continue
			}
			if len(p.LeaveOut) == 0 {
				continue
			}
			for _, f := range p.LeaveOut {
				if i := slices.Index(w.open, f); i >= 0 {
					w.open = slices.Delete(w.open, i, i+1)
					w.left = append(w.left, f)
				}
			}
			s.doing("%s is asked to leave out %v, and leaves out %v", w.name, p.LeaveOut, w.left)
			s.must(s.LeavesOut(w.id, w.task, w.left))
		}
	}
}

// asks has a worker ask for a task, if it has none.
func (s *sharing) asks(w *sharer) {
	if w.task != "" {
		return
	}
	a, err := s.Assign(s.t.Context(), w.id, 0)
	s.must(err)
	if a.Task == nil {
		return
	}
	r, ok := farm.RenderingOf(a.Task.Commands)
	w.task = a.Task.ID
	w.left = a.Task.LeaveOut
	if ok {
		w.open = r.Frames
	}
	for _, d := range a.Task.Rendered {
		s.seen["rendered before"]++
		w.open = slices.DeleteFunc(w.open, func(f int) bool { return f == d.Frame })
		w.steps++
	}
	w.open = slices.DeleteFunc(w.open, func(f int) bool { return slices.Contains(w.left, f) })
	if len(w.left) > 0 {
		s.seen["shared"]++
	}
	s.doing("%s takes %s: frames %v", w.name, s.TaskName(w.task), w.open)
	s.tells(w, farm.TaskActive, manager.Report{})
}

// tells reports, and returns whether the manager takes it.
func (s *sharing) tells(w *sharer, status farm.TaskStatus, r manager.Report) bool {
	r.Status = &status
	err := s.Report(w.id, w.task, r)
	if err != nil && farm.KindOf(err) != farm.Conflict {
		s.must(err)
	}
	return err == nil
}

// begins has a worker begin a frame, which nobody else may write then.
func (s *sharing) begins(w *sharer) {
	if w.current != 0 || len(w.open) == 0 {
		return
	}
	w.current, w.open = w.open[0], w.open[1:]
	for _, other := range s.sharers {
		if other != w && other.task == w.task && other.current == w.current {
			s.lost("%s and %s write frame %d", w.name, other.name, w.current)
		}
	}
}

// ends has a worker end its frame.
func (s *sharing) ends(w *sharer) {
	if w.current == 0 {
		return
	}
	pass(10 * time.Second)
	w.steps++
	steps, f := w.steps, w.current
	w.current = 0
	s.doing("%s has rendered frame %d", w.name, f)
	r := manager.Report{Steps: &steps, Frames: []farm.FrameResult{{Frame: f, Wall: 10_000, Saved: time.Now(), Source: farmTime, Flags: farm.FrameAlone}}}
	if s.tells(w, farm.TaskActive, r) {
		s.told[f]++
	}
}

// completes has a worker report its task, if nothing is left of it.
func (s *sharing) completes(w *sharer) {
	if w.task == "" || w.current != 0 || len(w.open) > 0 {
		return
	}
	s.doing("%s completes %s without %v", w.name, s.TaskName(w.task), w.left)
	before := s.tasks(s.job)
	if s.tells(w, farm.TaskCompleted, manager.Report{LeftOut: w.left}) && len(w.left) > 0 && s.tasks(s.job) != before {
		s.seen["passed on"]++
	}
	w.drop()
}

// crashes has a worker be lost, and come back later.
func (s *sharing) crashes(w *sharer) {
	s.doing("%s crashes", w.name)
	w.drop()
	s.must(s.SignOff(w.id))
	s.wake(w.id, w.name, "blender", "ffmpeg")
	s.KnowsShares(w.id, true)
}

// restarted has a worker forget its task, and ask for it.
func (s *sharing) restarted(w *sharer) {
	if w.task == "" {
		return
	}
	s.doing("%s is started again", w.name)
	w.drop()
	s.asks(w)
}

func (s *sharing) sleeps(w *sharer) {
	s.doing("%s sleeps and wakes up", w.name)
	s.must(s.StateChanged(w.id, farm.WorkerAsleep))
	s.must(s.StateChanged(w.id, farm.WorkerAwake))
	w.drop()
}

// gives has a worker be needed by its owner for a moment.
func (s *sharing) gives(w *sharer) {
	s.doing("%s is used by its owner", w.name)
	s.must(s.SetInUse(w.id, "in use by its owner", true))
	s.must(s.SetInUse(w.id, "", false))
	w.drop()
}
