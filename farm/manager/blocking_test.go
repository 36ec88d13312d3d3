package manager_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"renderfarm/farm"
)

// simulated is how often the simulations are run, each time with another seed.
var simulated = flag.Int("simulate", 1, "run the simulations of random failures with so many seeds")

// A simulation is workers that share a job, in an order that a seed decides.
type simulation struct {
	*testFarm
	random  *rand.Rand
	workers []farm.WorkerID
	has     map[farm.WorkerID]farm.TaskID
	did     map[farm.WorkerID]int // tasks that it completed or failed
	job     farm.JobID
	tries   int
}

// simulatedTasks bounds the jobs of simulations, unless FARM_SOAK is set.
const simulatedTasks = 2000

// simulate calls test with a farm of so many workers and a job of so many frames, for
// each seed.
func simulate(t *testing.T, workers, tasks int, test func(t *testing.T, s *simulation)) {
	if os.Getenv("FARM_SOAK") == "" {
		tasks = min(tasks, simulatedTasks)
	}
	for seed := range uint64(*simulated) {
		t.Run(fmt.Sprint("seed ", seed+1), func(t *testing.T) {
			home, err := os.MkdirTemp(memoryDir(), "farm")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.RemoveAll(home) })
			s := &simulation{testFarm: openFarmIn(t, home), random: rand.New(rand.NewPCG(seed+1, 0)),
				has: map[farm.WorkerID]farm.TaskID{}, did: map[farm.WorkerID]int{}}
			t.Cleanup(s.stop)
			for n := range workers {
				s.workers = append(s.workers, s.worker(fmt.Sprint("w", n), "blender"))
			}
			s.job = s.submit(frames(tasks))
			test(t, s)
		})
	}
}

// run lets the workers work until the job is over, or nobody gets a task any more. A
// task fails with the probability that fails returns.
func (s *simulation) run(fails func(w farm.WorkerID) float64) {
	s.t.Helper()
	for idle := 0; idle < 20*len(s.workers); {
		w := s.workers[s.random.IntN(len(s.workers))]
		task := s.has[w]
		if task == "" {
			if s.has[w] = s.take(w); s.has[w] == "" {
				idle++
			}
			continue
		}
		idle = 0
		delete(s.has, w)
		if got, _, err := s.Task(task); err != nil || got.Status != farm.TaskActive {
			continue // the job failed meanwhile
		}
		status := farm.TaskCompleted
		if s.random.Float64() < fails(w) {
			status = farm.TaskFailed
		}
		s.report(w, task, status)
		s.did[w]++
		s.tries++
	}
	job, _, err := s.Job(s.job)
	s.must(err)
	s.t.Logf("after %d tries the job is %s, tasks %v; blocked: %q", s.tries, job.Status(), job.Counts, s.blocked(s.job))
}

// noise is what fails everywhere now and then.
func noise(farm.WorkerID) float64 { return 0.04 }

// Tasks that fail now and then, on whatever worker, block nobody.
func TestRandomFailuresBlockNobody(t *testing.T) {
	simulate(t, 40, 5000, func(t *testing.T, s *simulation) {
		s.run(noise)
		if got := s.blocked(s.job); got != "" {
			t.Errorf("blocked: %s", got)
		}
	})
}

// One worker fails everything, from the beginning or all of a sudden, among others
// that fail now and then, or never.
func TestABrokenWorkerIsBlocked(t *testing.T) {
	for _, c := range []struct {
		name   string
		tasks  int
		whole  int // tasks before it breaks
		others float64
		most   int // tasks that it fails
	}{
		{"from the beginning", 5000, 0, 0.04, 3},
		{"suddenly", 2000, 30, 0.04, 6},
		{"suddenly, and the others never fail", 2000, 30, 0, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			simulate(t, 40, c.tasks, func(t *testing.T, s *simulation) {
				bad := s.workers[7]
				s.run(func(w farm.WorkerID) float64 {
					switch {
					case w == bad && s.did[w] >= c.whole:
						return 1
					case w == bad:
						return 0
					}
					return c.others
				})
				if got := s.blocked(s.job); got != "w7:blender" {
					t.Errorf("blocked: %q", got)
				}
				failed := s.did[bad] - c.whole
				t.Logf("blocked after it failed %d tasks", failed)
				if failed > c.most {
					t.Errorf("it is blocked after %d failures, not after %d at most", failed, c.most)
				}
			})
		})
	}
}

// A worker that fails a third of its tasks, now and then, is blocked although its
// failures do not come in a row.
func TestAWorkerFarWorseThanTheOthersIsBlocked(t *testing.T) {
	simulate(t, 40, 4000, func(t *testing.T, s *simulation) {
		bad := s.workers[7]
		s.run(func(w farm.WorkerID) float64 {
			if w == bad {
				return 1. / 3
			}
			return 0.02
		})
		if got := s.blocked(s.job); got != "w7:blender" {
			t.Errorf("blocked: %q", got)
		}
		t.Logf("blocked after %d tasks", s.did[bad])
	})
}

// A farm of one worker has nobody to compare it with: tasks that fail now and then
// get their tries, and three in a row end the job.
func TestAWorkerAloneIsBlockedForFailuresInARow(t *testing.T) {
	simulate(t, 1, 400, func(t *testing.T, s *simulation) {
		w := s.workers[0]
		s.run(func(farm.WorkerID) float64 {
			if s.did[w] >= 200 || s.did[w]%20 == 19 {
				return 1
			}
			return 0
		})
		s.want(s.job, farm.JobFailed)
		if got := s.blocked(s.job); got != "w0:blender" {
			t.Errorf("blocked: %q", got)
		}
		if failed := s.did[w] - 200; failed > 9 {
			t.Errorf("it is blocked after %d failures", failed)
		}
	})
}

// What failed in a row is known after a restart, and so is that it did not.
func TestFailuresInARowOutliveARestart(t *testing.T) {
	for name, between := range map[string]bool{"in a row": false, "one completed in between": true} {
		t.Run(name, func(t *testing.T) {
			f := newFarm(t)
			f.configure(rules(1, 3))
			w := f.worker("w")
			job := f.submit(frames(100))
			f.report(w, f.take(w), farm.TaskCompleted)
			f.failNext(w)
			f.failNext(w)
			if between {
				f.report(w, f.take(w), farm.TaskCompleted)
			}
			f.restart()
			f.configure(rules(1, 3))
			f.failNext(w)
			if got := f.blocked(job); (got == "") != between {
				t.Errorf("blocked: %q", got)
			}
		})
	}
}

// A job that fails everywhere ends as soon as everybody is blocked, not when a tenth of
// its tasks failed.
func TestAJobThatFailsEverywhereEndsSoon(t *testing.T) {
	for name, whole := range map[string]int{"from the beginning": 0, "in the middle": 600} {
		t.Run(name, func(t *testing.T) {
			simulate(t, 10, 2000, func(t *testing.T, s *simulation) {
				s.run(func(farm.WorkerID) float64 {
					if s.tries >= whole {
						return 1
					}
					return 0.02
				})
				s.want(s.job, farm.JobFailed)
				if failed := s.tries - whole; failed > 10*8 {
					t.Errorf("it failed after %d tries", failed)
				}
			})
		})
	}
}
