package farm

import (
	"math"
	"time"
)

// Scaling says how many workers whoever starts and ends them for a farm shall have. Of
// each number 0 is a default that asks for nothing.
type Scaling struct {
	Min      int      // so many are wanted, also when there is no work
	Max      int      // never more; 0: no limit
	ScaleOut int      // never more than so many above those that there are; 0: no limit
	Idle     Duration // a worker is wanted for so long after its last task
	StandBy  int      // so many are wanted besides those that have or get work
}

// DefaultIdle is how long a worker without a task is kept if nobody says.
const DefaultIdle = Duration(5 * time.Minute)

// MaxScaling bounds the numbers of a Scaling.
const MaxScaling = 100_000

// Check says what cannot work.
func (s Scaling) Check() error {
	for _, n := range []struct {
		name  string
		value int
	}{{"least", s.Min}, {"most", s.Max}, {"scale-out", s.ScaleOut}, {"stand-by", s.StandBy}} {
		if n.value < 0 || n.value > MaxScaling {
			return Errorf(Invalid, "the %s number of workers is %d: it has to be 0 to %d", n.name, n.value, MaxScaling)
		}
	}
	if s.Max > 0 && s.Min > s.Max {
		return Errorf(Invalid, "the least number of workers is %d and the most %d: swap them", s.Min, s.Max)
	}
	if s.Idle < 0 {
		return Errorf(Invalid, "workers are kept idle for %s: a duration cannot be negative", s.Idle)
	}
	return nil
}

// Presence is how many workers there are. One that is asleep takes no tasks until
// somebody wakes it, and counts as none of those that are present.
type Presence struct {
	Idle, Busy, Asleep int
	Kept               int // of the idle: those that had a task less than Scaling.Idle ago
}

// Present is how many take tasks.
func (p Presence) Present() int { return p.Idle + p.Busy }

// A ClassDemand is all runnable tasks of one kind of work, in all jobs, and the workers
// that may be given them. A worker counts in every class that it serves.
type ClassDemand struct {
	Tag  TagID
	Type string
	Need BlenderNeed

	Tasks    int
	Guessed  int     // of these: tasks of jobs of which nothing was measured yet
	Seconds  float64 // that one worker is expected to need for all of them
	Longest  float64 // seconds that the longest of the tasks is expected to take
	Memory   int64   // the most that a frame of these jobs took, in bytes; 0 if that is not known
	Presence Presence
}

// leastShare is how many seconds of work are worth another worker: it takes about as long
// to start one.
const leastShare = 60

// Workers is how many workers the class has work for.
func (c *ClassDemand) Workers() int {
	if c.Tasks == 0 {
		return 0
	}
	return int(max(1, min(float64(c.Tasks), math.Ceil(c.Seconds/leastShare))))
}

// Recommend says how many workers there should be. Those that are busy are always among
// them: nobody is to be ended while working.
func (s Scaling) Recommend(there Presence, classes ...ClassDemand) int {
	work := 0
	for i := range classes {
		work += classes[i].Workers()
	}
	want := max(there.Busy+max(work+s.StandBy, there.Kept), s.Min)
	if s.ScaleOut > 0 {
		want = min(want, there.Present()+s.ScaleOut)
	}
	if s.Max > 0 {
		want = min(want, s.Max)
	}
	return max(want, there.Busy)
}
