package manager

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"renderfarm/farm"
	"renderfarm/store"
)

// Now is what goes on at present, beyond what the lists of jobs and workers say.
type Now struct {
	Frames []int // saved in each of the last minutes, the present one last; at most 60, those before the start of the manager are not known
	Stuck  []StuckTask
	Disks  []DiskFree
}

// A StuckTask is one whose worker has said nothing for longer than such tasks take.
type StuckTask struct {
	ID         farm.TaskID
	Job        farm.JobID
	JobName    string
	Name       string
	Index      int
	Worker     farm.WorkerID
	WorkerName string

	Took, Usual, Silent time.Duration // since it began; of a step of such tasks in the job; since its worker last told of progress or wrote to its log
}

// Bounds on what counts as stuck.
const (
	silentLeast = time.Minute
	mostStuck   = 20
)

// stuck returns the tasks that are silent for longer than a step of their kind takes, those
// with the largest share of it first.
func (s *slowTasks) stuck(now time.Time) (list []StuckTask) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tasks {
		p := s.usuals[t.key]
		silent := now.Sub(t.heard)
		if p.seen < slowLeast || !t.begun || silent < max(silentLeast, p.median) {
			continue
		}
		list = append(list, StuckTask{ID: t.id, Job: t.key.job, Took: now.Sub(t.since), Usual: p.median, Silent: silent})
	}
	slices.SortFunc(list, func(a, b StuckTask) int {
		return cmp.Or(cmp.Compare(b.share(), a.share()), cmp.Compare(a.ID, b.ID))
	})
	return list[:min(mostStuck, len(list))]
}

// share is how many times as long as a step takes it has been silent.
func (s *StuckTask) share() float64 {
	return float64(s.Silent) / float64(max(s.Usual, time.Millisecond))
}

// Now returns what goes on at present. It costs the same for ten jobs and for a million.
func (m *Manager) Now(ctx context.Context) (n Now, err error) {
	now := time.Now()
	n.Frames, n.Disks = m.frameRate.minutes(now), m.Figures(ctx).DiskFree
	err = m.store.View(func(v *store.View) error {
		for _, s := range m.slow.stuck(now) {
			t, err := v.Task(s.ID)
			if farm.KindOf(err) == farm.NotFound {
				continue // its job was deleted
			}
			if err != nil {
				return err
			}
			j, err := v.Job(s.Job)
			if err != nil {
				return err
			}
			s.JobName, s.Name, s.Index, s.Worker = j.Name, t.Name, t.Index, t.Worker
			s.WorkerName, _ = m.WorkerName(t.Worker)
			n.Stuck = append(n.Stuck, s)
		}
		return nil
	})
	return n, err
}

// frameRate counts the frames that are saved, by the minute.
type frameRate struct {
	mu    sync.Mutex // guards what follows; nothing else is taken while it is held
	ring  [60]int    // of the minutes that end with last, by their number
	last  int64      // number of the newest minute in it
	first int64      // of the first that was counted
}

func (r *frameRate) add(n int, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ring[r.turn(now)%60] += n
}

// turn makes the present minute the newest one, and returns its number.
func (r *frameRate) turn(now time.Time) int64 {
	minute := now.Unix() / 60
	if r.first == 0 {
		r.first, r.last = minute, minute
	}
	for i := range min(60, max(0, minute-r.last)) {
		r.ring[(minute-i)%60] = 0
	}
	r.last = max(r.last, minute) // a clock that was turned back counts for the newest
	return r.last
}

// minutes returns the counts of the last minutes, the newest last.
func (r *frameRate) minutes(now time.Time) (list []int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	last := r.turn(now)
	for minute := max(r.first, last-59); minute <= last; minute++ {
		list = append(list, r.ring[minute%60])
	}
	return list
}

// rendered counts those of the results whose frames were rendered, and not there already.
func rendered(results []farm.FrameResult) (n int) {
	for i := range results {
		if results[i].Flags&farm.FrameWasThere == 0 {
			n++
		}
	}
	return n
}
