package store

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"renderfarm/farm"
)

func allFrames(first, last int) (list []int) {
	for f := first; f <= last; f++ {
		list = append(list, f)
	}
	return list
}

// results returns what a worker might tell about frames that take some seconds.
func results(frames ...int) (list []farm.FrameResult) {
	for _, f := range frames {
		list = append(list, farm.FrameResult{Frame: f, Wall: int64(11_000 + f*7%5000), CPU: int64(90_000 + f*31%9000), Render: int64(10_000 + f*7%5000), Save: int64(230 + f%90),
			Memory: 3 << 20, Device: "CPU", Saved: testTime.Add(time.Duration(f) * 12 * time.Second), Source: testTime.Add(-time.Hour)})
	}
	return list
}

// Results come back as they were told, by frame, to a part in a thousand and whole
// seconds, also after a restart; new ones replace them.
func TestFrames(t *testing.T) {
	path := filepath.Join(t.TempDir(), "farm.db")
	s := open(t, path)
	w := addWorker(t, s, "blender")
	p := frames(3, false)
	p.Settings["frames"] = "-40-200"
	for i := range p.Tasks {
		p.Tasks[i].Commands[0].Steps = 100
	}
	id := addJob(t, s, p)
	told := append(results(allFrames(-3, 40)...), farm.FrameResult{Frame: 100, Wall: 1 << 40, Load: 2047, Save: 2049, Flags: farm.FrameFlat | farm.FrameNotFinite, Energy: 5})
	update(t, s, func(tx *Tx) {
		got, _ := assign(tx, w)
		tx.AddFrames(got, told[20:])
		tx.AddFrames(got, told[:20])
	})
	clean(t, s)
	s.Close()
	s = open(t, path)
	view(t, s, func(v *View) error {
		got, err := v.Frames(id, allFrames(-100, 300))
		if len(got) != len(told) {
			t.Fatalf("%d results, not %d: %v", len(got), len(told), err)
		}
		near := func(got, want int64) bool { return got <= want && want-got <= want/1000 }
		for i, g := range got {
			want := told[i]
			if g.Frame != want.Frame || g.Worker != w || g.Attempt != 1 || g.Task != 0 || !near(g.Wall, want.Wall) || !near(g.CPU, want.CPU) || !near(g.Render, want.Render) ||
				g.Save != want.Save && i < 44 || g.Load != want.Load || g.Device != want.Device || g.Flags != want.Flags || g.Energy != want.Energy || !near(g.Memory, want.Memory) ||
				g.Saved != want.Saved.Truncate(time.Second) || g.Source != want.Source.Truncate(time.Second) {
				t.Errorf("frame %d:\n got %+v\nwant %+v", want.Frame, g, want)
			}
		}
		one, err := v.Frames(id, []int{40, 41})
		if err != nil || len(one) != 1 || one[0].Frame != 40 {
			t.Errorf("%v, %v", one, err)
		}
		c, err := v.Costs(id)
		if err != nil || c.Kept != 45 || c.Rendered != 45 || c.Warned != 1 || len(c.Flat) != 1 || c.Flat[0] != 100 || c.Slowest[0].Frame != 100 || c.Curve.First != -40 || c.Curve.Last != 200 {
			t.Errorf("costs %+v: %v", c, err)
		}
		return nil
	})
	update(t, s, func(tx *Tx) {
		j, _ := tx.Job(id)
		tx.AddFrames(j.Task(0), []farm.FrameResult{{Frame: 100, Wall: 7}})
		if c := tx.Costs(j); c.Kept != 45 || c.Rendered != 46 || c.Warned != 0 || c.Slowest[0].Frame == 100 {
			t.Errorf("costs %+v", c)
		}
	})
	view(t, s, func(v *View) error {
		if got, _ := v.Frames(id, []int{100}); len(got) != 1 || got[0].Wall != 7 {
			t.Errorf("%+v", got)
		}
		return nil
	})
	clean(t, s)
}

// A frame takes at most 32 bytes of the file, sums and the inner pages of the tree
// included, in tasks of one frame and of many.
func TestFramesAreSmall(t *testing.T) {
	for _, perTask := range []int{1, 50} {
		const n = 20_000
		path := inMemory(t)
		s := open(t, path)
		w := addWorker(t, s, "blender")
		p := frames(n/perTask, false)
		p.Settings["frames"] = "1-20000"
		for i := range p.Tasks {
			p.Tasks[i].Commands[0].Steps = perTask
		}
		addJob(t, s, p)
		tell := func(with bool) {
			for i := 0; i < n/perTask; i += 50 {
				update(t, s, func(tx *Tx) {
					for range min(50, n/perTask-i) {
						got, _ := assign(tx, w)
						if with {
							tx.AddFrames(got, results(allFrames(got.Index*perTask+1, (got.Index+1)*perTask)...))
						}
						finish(tx, got, farm.TaskCompleted)
					}
				})
			}
		}
		tell(true)
		used := 0
		view(t, s, func(v *View) error {
			for _, b := range []*bucket{frameBucket, costBucket} {
				stats := v.tx.Bucket(b.name).Stats()
				used += (stats.LeafPageN + stats.BranchPageN + stats.LeafOverflowN) * os.Getpagesize()
			}
			return nil
		})
		t.Logf("%d per task: %.1f bytes a frame", perTask, float64(used)/n)
		if used > 32*n {
			t.Errorf("%d per task: %.1f bytes a frame", perTask, float64(used)/n)
		}
		s.Close()
	}
}

// A worker can tell anything: what is kept of it is bounded by the task and the job.
func TestFramesOfAHostileWorker(t *testing.T) {
	s := newStore(t)
	w := addWorker(t, s, "blender")
	p := frames(20, false)
	p.Tasks[0].Commands[0].Steps = 10
	id := addJob(t, s, p)
	update(t, s, func(tx *Tx) {
		got, _ := assign(tx, w)
		for i := range 50 {
			tx.AddFrames(got, results(allFrames(i*1000, i*1000+999)...))
		}
		if c := tx.Costs(got.Job); c.Kept != 20 {
			t.Errorf("%d results of a task of 10 frames", c.Kept)
		}
		finish(tx, got, farm.TaskCompleted)
		for range 19 {
			next, _ := assign(tx, w)
			tx.AddFrames(next, results(-5, -6, -7))
			finish(tx, next, farm.TaskCompleted)
		}
		if c := tx.Costs(got.Job); c.Kept != 29 {
			t.Errorf("%d results of a job of 29 frames", c.Kept)
		}
	})
	clean(t, s)
	for done := false; !done; {
		update(t, s, func(tx *Tx) { j, _ := tx.Job(id); done = tx.RemoveJob(j, 1000) })
	}
	if n := jobRecords(t, s); n != 0 {
		t.Errorf("%d records are left", n)
	}
	clean(t, s)
}

// Costs that a worker tells again and again, as large as they may be, stay costs that
// can be read.
func TestCostsOfAHostileWorker(t *testing.T) {
	s := newStore(t)
	w := addWorker(t, s, "blender")
	p := frames(1, false)
	p.Tasks[0].Commands[0].Steps = 1000
	id := addJob(t, s, p)
	told := results(allFrames(1, 1000)...)
	for i := range told {
		told[i].CPU = 365 * 24 * 3600 * 1e6 // of 1000 processors in a year, in ms
		if err := told[i].Check(); err != nil {
			t.Fatal(err)
		}
	}
	update(t, s, func(tx *Tx) {
		for range 150 {
			got, _ := assign(tx, w)
			tx.AddFrames(got, told)
			tx.AddFrames(got, told)
			finish(tx, got, farm.TaskQueued)
		}
		j, _ := tx.Job(id)
		if c := tx.Costs(j); c.CPU != math.MaxInt64 {
			t.Errorf("the sum is %d", c.CPU)
		}
	})
	if err := s.View(func(v *View) error { _, err := v.Costs(id); return err }); err != nil {
		t.Error(err)
	}
	clean(t, s)
}

// Numbers are kept to a part in a thousand.
func TestRough(t *testing.T) {
	for n := int64(0); n < 1<<62; n += n/300 + 1 {
		r := &reader{rest: appendRough(nil, n)}
		if got := r.rough(); got > n || n-got > n>>roughBits || r.end() != nil || n < 2<<roughBits && got != n {
			t.Fatalf("%d is read as %d: %v", n, got, r.err)
		}
	}
	if r := (&reader{rest: []byte{0xff, 0xff, 0xff, 0x7f}}); r.rough() != 0 || r.err == nil {
		t.Error("a number that cannot be is read")
	}
}

// What is kept of a crash of nothing is nothing: entries read what was written.
func TestDecodeFrames(t *testing.T) {
	entries := []frameEntry{{task: 7, worker: 1, FrameResult: results(3)[0]}, {task: 2, worker: 300, attempt: 3, FrameResult: results(4)[0]}}
	got, err := decodeFrames(appendFrames(nil, pageOf(3), entries, testTime), pageOf(3), testTime)
	if err != nil || len(got) != 2 || got[0].task != 7 || got[1].task != 2 || got[1].attempt != 3 || !reflect.DeepEqual(got[1].Flags, entries[1].Flags) {
		t.Errorf("%+v, %v", got, err)
	}
}
