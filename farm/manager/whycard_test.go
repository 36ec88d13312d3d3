package manager_test

import (
	"testing"

	"renderfarm/farm"
)

// A job that requires a graphics card waits for a worker that has one, as far as workers
// tell; and it says so.
func TestWhyAJobWaitsForACard(t *testing.T) {
	const submit = "start a worker with one, or submit it again without gpu=require"
	cpuOnly := func(s *scene, names ...string) (last farm.WorkerID) {
		for _, name := range names {
			last = s.worker(name)
			s.must(s.SetFacts(last, withDevice(farm.WorkerFacts{}, "CPU")))
		}
		return last
	}
	check(t, []situation{
		{"one worker, without a card", func(s *scene) subject {
			cpuOnly(s, "a")
			return subject{job: s.submit(frameOnCard())}
		}, "needs a graphics card that Cycles can use; worker a, the only one that could do it, has none", submit, "", ""},
		{"none of three has a card", func(s *scene) subject {
			cpuOnly(s, "a", "b", "c")
			return subject{job: s.submit(frameOnCard())}
		}, "needs a graphics card that Cycles can use; none of the 3 workers has one", submit, "", ""},
		{"one has not found out yet", func(s *scene) subject {
			s.must(s.SetFacts(s.worker("a"), farm.WorkerFacts{Blenders: []farm.WorkerBlender{{Version: "4.2.1", Path: "/blender"}}}))
			return subject{job: s.submit(frameOnCard())}
		}, "needs a graphics card that Cycles can use; worker a, the only one that could do it, has none", submit, "worker a is still finding out what its Blenders can render with", ""},
		{"one has, and is asleep", func(s *scene) subject {
			cpuOnly(s, "a")
			w := s.worker("b")
			s.must(s.SetFacts(w, withDevice(withDevice(farm.WorkerFacts{}, "CPU"), "OPTIX")))
			s.is(farm.WorkerAsleep, w)
			return subject{job: s.submit(frameOnCard())}
		}, "only worker b could do it, and it is asleep", "wake it with: farm workers wake b", "worker a has no graphics card that Cycles can use", ""},
		{"one that tells nothing counts as able", func(s *scene) subject {
			cpuOnly(s, "a")
			s.worker("b")
			return subject{job: s.submit(frameOnCard())}
		}, "nothing is in the way: worker b is free for it", "", "worker a has no graphics card that Cycles can use", "clear"},
		{"a worker without one", func(s *scene) subject {
			w := cpuOnly(s, "a")
			s.submit(frameOnCard())
			return subject{worker: w}
		}, "jobs wait for workers with a graphics card that Cycles can use, and Blender finds none here", "look at what it finds with: farm workers show a", "", ""},
		{"a task and a worker without one", func(s *scene) subject {
			w, job := cpuOnly(s, "a"), s.submit(frameOnCard())
			return subject{task: s.task(job, 0), worker: w}
		}, "worker a has no graphics card that Cycles can use", submit, "", ""},
		{"who may use one besides gets it", func(s *scene) subject {
			cpuOnly(s, "a")
			return subject{job: s.submit(map[string]any{"frames": 1, "gpu": "prefer"})}
		}, "nothing is in the way: worker a is free for it", "", "it is handed out with the next request of a worker", "clear"},
	})
}

// Nobody without a card gets such a task; whoever finds one later does, and so does one
// that tells nothing. It stays so over a restart.
func TestTasksThatNeedACard(t *testing.T) {
	f := newFarm(t)
	w, stock := f.worker("w"), f.worker("stock")
	f.must(f.SetFacts(w, withDevice(farm.WorkerFacts{}, "CPU")))
	f.submit(frameOnCard())
	f.submit(frameOnCard())
	if got := f.take(w); got != "" {
		t.Fatal("a worker without a card gets the task")
	}
	f.restart()
	if got := f.take(w); got != "" {
		t.Fatal("a worker without a card gets the task after a restart")
	}
	if f.take(stock) == "" {
		t.Error("a worker that tells nothing does not get it")
	}
	f.must(f.SetFacts(w, withDevice(withDevice(farm.WorkerFacts{}, "CPU"), "HIP")))
	if f.take(w) == "" {
		t.Error("a worker that found its card does not get it")
	}
}
