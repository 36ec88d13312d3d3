package manager_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/manager"
)

// demand asks without limits.
func (f *testFarm) demand(s farm.Scaling) manager.Demand {
	f.t.Helper()
	d, err := f.Demand(s)
	f.must(err)
	return d
}

// lines writes a demand in short.
func lines(d manager.Demand) (all []string) {
	for i := range d.Classes {
		c := &d.Classes[i]
		all = append(all, fmt.Sprintf("%s %s%s: %d tasks (%d guessed), %.0fs, longest %.0fs, workers %d idle %d busy %d asleep, %d wanted",
			c.TagName, c.Type, c.Need.Version, c.Tasks, c.Guessed, c.Seconds, c.Longest, c.Presence.Idle, c.Presence.Busy, c.Presence.Asleep, c.Recommended))
	}
	return all
}

func (f *testFarm) wantDemand(s farm.Scaling, recommended int, want ...string) {
	f.t.Helper()
	d := f.demand(s)
	if got := lines(d); d.Recommended != recommended || !slices.Equal(got, want) {
		f.t.Errorf("%d recommended, want %d; demand\n%q\nwant\n%q", d.Recommended, recommended, got, want)
	}
}

func TestDemand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := openFarm(t)
		defer f.stop()
		f.wantDemand(farm.Scaling{}, 0)
		job := f.submitFilm("1-50", 1)
		f.wantDemand(farm.Scaling{}, 50, " blender: 50 tasks (50 guessed), 3000s, longest 60s, workers 0 idle 0 busy 0 asleep, 50 wanted")

		a, b, c := f.worker("a"), f.worker("b"), f.worker("c")
		f.must(f.StateChanged(c, farm.WorkerAsleep))
		f.render(a, 20)
		f.render(a, 20)
		f.begins(b)
		f.wantDemand(farm.Scaling{}, 17, " blender: 47 tasks (0 guessed), 940s, longest 20s, workers 1 idle 1 busy 1 asleep, 17 wanted")
		f.wantDemand(farm.Scaling{Max: 3}, 3, " blender: 47 tasks (0 guessed), 940s, longest 20s, workers 1 idle 1 busy 1 asleep, 3 wanted")

		f.must(f.SetJobStatus(job, farm.JobPauseRequested, "lunch"))
		f.wantDemand(farm.Scaling{}, 1) // nothing is handed out, and b still works
		if d := f.demand(farm.Scaling{Idle: farm.DefaultIdle}); d.There != (farm.Presence{Idle: 1, Busy: 1, Asleep: 1, Kept: 1}) || d.Recommended != 2 {
			t.Errorf("just after its last task: %+v", d)
		}
		time.Sleep(6 * time.Minute)
		if d := f.demand(farm.Scaling{Idle: farm.DefaultIdle}); d.There.Kept != 0 {
			t.Errorf("long after its last task: %+v", d)
		}
		if _, err := f.Demand(farm.Scaling{Min: -1}); farm.KindOf(err) != farm.Invalid {
			t.Error(err)
		}
	})
}

// A worker counts where it could work, and tasks where their job's tag and Blender are.
func TestDemandClasses(t *testing.T) {
	f := newFarm(t)
	tag, err := f.CreateTag(farm.Tag{Name: "gpu"})
	f.must(err)
	f.submit(map[string]any{"frames": 3})
	f.submit(map[string]any{"frames": 2}, func(s *farm.Submission) { s.Tag = tag.ID })
	f.worker("a")
	w := f.worker("b")
	f.must(f.SetWorkerTags(w, []farm.TagID{tag.ID}))
	f.worker("c", "misc")
	d := f.demand(farm.Scaling{})
	for i := range d.Classes {
		c := &d.Classes[i]
		want, tasks := 2, 3
		if c.TagName == "gpu" {
			want, tasks = 1, 2
		}
		if c.Presence.Idle != want || c.Tasks != tasks {
			t.Errorf("%s: %d tasks, %d idle", c.TagName, c.Tasks, c.Presence.Idle)
		}
	}
	if len(d.Classes) != 2 || d.There.Idle != 3 {
		t.Errorf("%q, %+v", lines(d), d.There)
	}
}

// BenchmarkDemand asks a farm of 1,000 workers and 10^6 tasks.
//
//	go test ./farm/manager -run '^$' -bench Demand
func BenchmarkDemand(b *testing.B) {
	f := openFarm(b)
	defer f.stop()
	f.behind = true // addMany goes past the manager, which counts
	for range 10 {
		f.addMany()
	}
	for n := range 1000 {
		f.worker(fmt.Sprint("w", n))
	}
	for b.Loop() {
		if d := f.demand(farm.Scaling{Max: 100}); d.Recommended != 100 || d.There.Idle != 1000 || d.Classes[0].Tasks != 10*manyTasks {
			b.Fatalf("%+v", d)
		}
	}
}
