package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"renderfarm/farm"
)

// group runs operations in one group, in order.
func group(t testing.TB, s *Store, fns ...func(*Tx) error) []error {
	t.Helper()
	running, queued := make(chan struct{}), make(chan struct{})
	go s.Update(func(*Tx) error { close(running); <-queued; return nil })
	<-running
	ops := make([]*op, len(fns))
	for i, fn := range fns {
		ops[i] = &op{fn: fn, done: make(chan struct{}, 1)}
		s.queue <- ops[i]
	}
	close(queued)
	errs := make([]error, len(fns))
	for i, o := range ops {
		select {
		case <-o.done:
			errs[i] = o.err
		case <-s.died:
			errs[i] = errDead
		}
	}
	return errs
}

func TestGroup(t *testing.T) {
	s := newStore(t)
	job, worker := addJob(t, s, frames(10, false)), addWorker(t, s, "blender")
	before := s.x.numbers.commit
	var order []string
	var id farm.TaskID
	no := errors.New("no")
	errs := group(t, s,
		func(tx *Tx) error {
			task, _ := assign(tx, worker)
			id = task.ID()
			tx.AfterCommit(func() { order = append(order, "first") })
			tx.AfterCommit(func() { order = append(order, "then") })
			return nil
		},
		func(tx *Tx) error { tx.AfterCommit(func() { order = append(order, "never") }); return no },
		func(tx *Tx) error {
			tx.AfterCommit(func() { order = append(order, "reader") })
			task, err := tx.Task(id)
			if err == nil && task.State().Status != farm.TaskActive {
				err = errors.New("the operation before is not seen")
			}
			return err
		},
		func(tx *Tx) error {
			task, _ := tx.Task(id)
			finish(tx, task, farm.TaskFailed)
			if s := task.State(); s.Status != farm.TaskFailed || s.Attempt != 1 {
				return fmt.Errorf("state is %+v", s)
			}
			return nil
		})
	if errs[0] != nil || errs[1] != no || errs[2] != nil || errs[3] != nil {
		t.Error(errs)
	}
	if !slices.Equal(order, []string{"first", "then", "reader"}) {
		t.Error("after the commit came", order)
	}
	if n := s.x.numbers.commit - before; n != 1 {
		t.Errorf("%d commits", n)
	}
	s.View(func(v *View) error {
		if j, err := v.Job(job); err != nil || j.Counts[farm.TaskFailed] != 1 || j.Status() != farm.JobFailed {
			t.Error(j, err)
		}
		return nil
	})
	clean(t, s)
}

func TestReadingCommitsNothing(t *testing.T) {
	s := newStore(t)
	id := addJob(t, s, frames(1, false))
	before := s.x.numbers
	update(t, s, func(tx *Tx) { tx.Job(id) })
	if err := s.Update(func(tx *Tx) error { _, err := tx.Job("nonsense"); return err }); farm.KindOf(err) != farm.NotFound {
		t.Error(err)
	}
	if s.x.numbers != before {
		t.Errorf("%+v became %+v", before, s.x.numbers)
	}
}

// What one Update wrote, every later View and Update sees, whoever asks.
func TestUpdateThenView(t *testing.T) {
	s := newStore(t)
	id := addJob(t, s, frames(1, false))
	var wg sync.WaitGroup
	var last int // the writer's
	for range 8 {
		wg.Go(func() {
			for range 20 {
				var mine int
				if err := s.Update(func(tx *Tx) error {
					last++
					mine = last
					j, err := tx.Job(id)
					if err == nil {
						j.Activity = fmt.Sprint(mine)
						tx.SaveJob(j)
					}
					return err
				}); err != nil {
					t.Error(err)
				}
				s.View(func(v *View) error {
					j, err := v.Job(id)
					var n int
					if fmt.Sscan(j.Activity, &n); err != nil || n < mine {
						t.Errorf("wrote %d and read %q: %v", mine, j.Activity, err)
					}
					return nil
				})
			}
		})
	}
	wg.Wait()
}

func TestEventNumbers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "farm.db")
	s := open(t, path)
	var last uint64
	for range 3 {
		update(t, s, func(tx *Tx) {
			for range 2 {
				if n := tx.EventNumber(); n != last+1 {
					t.Errorf("%d after %d", n, last)
				} else {
					last = n
				}
			}
		})
		s.Close()
		s = open(t, path)
	}
}

// fatal opens a store that keeps what it died of.
func fatal(t testing.TB) (*Store, chan error) {
	died := make(chan error, 1)
	s, err := Open(Options{Path: filepath.Join(t.TempDir(), "farm.db"), Fatal: func(err error) { died <- err; runtime.Goexit() }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, died
}

// faults are operations that break a rule, and what the store says as it dies.
var faults = []struct {
	name string
	fn   func(*Tx) error
	says string
}{
	{"panic", func(*Tx) error { panic("oops") }, "oops"},
	{"nil pointer", func(*Tx) error { var j *Job; j.Name = "x"; return nil }, "nil pointer"},
	{"end of the goroutine", func(*Tx) error { runtime.Goexit(); return nil }, "ended the writer's goroutine"},
	{"error after a write", func(tx *Tx) error { tx.PutTag(farm.Tag{ID: "t"}); return errors.New("too late") }, "too late"},
	{"error after a change of a job", func(tx *Tx) error {
		for j := range tx.x.jobs {
			tx.SaveJob(tx.x.jobs[j])
		}
		return errors.New("too late")
	}, "too late"},
	{"active without a worker", func(tx *Tx) error {
		for _, j := range tx.x.jobs {
			tx.SetTask(j.Task(0), farm.TaskState{Status: farm.TaskActive})
		}
		return nil
	}, "without a worker"},
	{"unknown worker", func(tx *Tx) error {
		for _, j := range tx.x.jobs {
			tx.SetTask(j.Task(0), farm.TaskState{Worker: "nobody"})
		}
		return nil
	}, "nobody"},
	{"index out of range", func(tx *Tx) error {
		for _, j := range tx.x.jobs {
			j.Task(1)
		}
		return nil
	}, "no task 1"},
	{"tag without id", func(tx *Tx) error { tx.PutTag(farm.Tag{}); return nil }, "needs an id"},
	{"worker id", func(tx *Tx) error { tx.AddWorker(farm.Worker{ID: "x"}); return nil }, "no UUID"},
	{"full disk", func(tx *Tx) error {
		tx.x.db.MaxSize = 1 << 16 // bbolt's own limit stands for a full disk
		tx.PutTag(farm.Tag{ID: "t", Description: strings.Repeat("x", 1<<20)})
		return nil
	}, "cannot be written"},
}

func TestFaultsEndTheStore(t *testing.T) {
	for _, c := range faults {
		t.Run(c.name, func(t *testing.T) {
			s, died := fatal(t)
			id := addJob(t, s, frames(1, false))
			if err := s.Update(c.fn); farm.KindOf(err) != farm.NotDurable {
				t.Errorf("the operation was answered with %v", err)
			}
			err := <-died
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("died of %v", err)
			}
			if fault := errors.Is(err, ErrFault); fault == (c.name == "full disk") {
				t.Errorf("a fault in the program: %v, of %v", fault, err)
			}
			if err := s.Update(func(*Tx) error { return nil }); farm.KindOf(err) != farm.NotDurable {
				t.Errorf("an operation afterwards: %v", err)
			}
			if err := s.View(func(*View) error { return nil }); farm.KindOf(err) != farm.NotDurable {
				t.Errorf("a view afterwards: %v", err)
			}
			s.Close()
			for err := range Check(s.path) {
				t.Error("check:", err)
			}
			s = open(t, s.path)
			s.View(func(v *View) error {
				if j, err := v.Job(id); err != nil || j.Counts[farm.TaskQueued] != 1 {
					t.Error(j, err)
				}
				if tags, err := v.Tags(); len(tags) != 0 || err != nil {
					t.Error(tags, err)
				}
				return nil
			})
		})
	}
}

func TestTransactionOutsideOfUpdate(t *testing.T) {
	s := newStore(t)
	var kept *Tx
	update(t, s, func(tx *Tx) { kept = tx })
	defer func() {
		if recover() == nil {
			t.Error("a transaction worked after its end")
		}
	}()
	kept.PutTag(farm.Tag{ID: "t"})
}

func TestClosed(t *testing.T) {
	s := newStore(t)
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := s.Update(func(*Tx) error { return nil }); farm.KindOf(err) != farm.NotDurable {
		t.Error(err)
	}
	if err := s.View(func(*View) error { return nil }); farm.KindOf(err) != farm.NotDurable {
		t.Error(err)
	}
}

func TestNowIsWholeMillisecondsInUTC(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678_912_345, time.FixedZone("x", 3600))
	s, err := Open(Options{Path: filepath.Join(t.TempDir(), "farm.db"), Clock: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	update(t, s, func(tx *Tx) {
		if want := time.Date(2026, 1, 2, 2, 4, 5, 678e6, time.UTC); tx.Now() != want {
			t.Errorf("now is %v, want %v", tx.Now(), want)
		}
	})
}

// A write set reads back what was put last, and a deletion is not a hole.
func TestWriteSet(t *testing.T) {
	w := newWriteSet()
	if _, ok := w.get(tagBucket, []byte("a")); ok || !w.empty() {
		t.Error("a new one is not empty")
	}
	w.put(tagBucket, []byte("a"), []byte("1"))
	w.put(tagBucket, []byte("a"), []byte("2"))
	w.put(jobBucket, []byte("ab"), []byte("3"))
	w.put(jobBucket, []byte("b"), []byte("4"))
	w.deleteWith(jobBucket, []byte("a"))
	for _, c := range []struct {
		b     *bucket
		key   string
		value string
	}{{tagBucket, "a", "2"}, {jobBucket, "ab", ""}, {jobBucket, "b", "4"}} {
		if v, ok := w.get(c.b, []byte(c.key)); !ok || string(v) != c.value {
			t.Errorf("%s in %s is %q, %v", c.key, c.b.name, v, ok)
		}
	}
}

// A reader that comes while a commit is being synced waits for it: bbolt alone
// would show it what is not on the disk yet.
func TestReadersWaitForTheSync(t *testing.T) {
	s := newStore(t)
	var synced atomic.Bool
	read := make(chan bool)
	update(t, s, func(tx *Tx) {
		tx.PutTag(farm.Tag{ID: "t"})
		tx.x.read().OnCommit(func() { // the last that happens within the commit
			started := make(chan struct{})
			go func() {
				close(started)
				s.View(func(*View) error { read <- synced.Load(); return nil })
			}()
			<-started
			for range 1000 {
				runtime.Gosched() // gives a reader that does not wait its chance
			}
			synced.Store(true)
		})
	})
	if !<-read {
		t.Error("a reader began before the commit was over")
	}
}
