package farm

import (
	"math"
	"math/rand/v2"
	"time"
)

// A film is a job for the tests of the time left: how long its frames take, in
// seconds, and how much longer each worker needs.
type film struct {
	name   string
	frames int
	cost   func(at float64, r *rand.Rand) float64 // at is from 0 to 1
	speeds []float64

	// load says by which factor other programs make frames longer, so many seconds after
	// the begin; nil if they do not, and if processor time is not known.
	load func(seconds float64) float64
	// there says whether a worker takes frames when that part of the film is done.
	there func(worker int, done float64) bool
}

func films() []film {
	return []film{
		{name: "constant", frames: 120, cost: func(float64, *rand.Rand) float64 { return 20 }, speeds: []float64{1}},
		{name: "rising", frames: 120, cost: func(at float64, _ *rand.Rand) float64 { return 10 + 30*at }, speeds: []float64{1}},
		{name: "falling", frames: 120, cost: func(at float64, r *rand.Rand) float64 { return (40 - 30*at) * math.Exp(0.15*r.NormFloat64()) }, speeds: []float64{1}},
		{name: "heavy section", frames: 120, cost: func(at float64, _ *rand.Rand) float64 {
			if at > 0.4 && at < 0.6 {
				return 25
			}
			return 10
		}, speeds: []float64{1}},
		{name: "noise", frames: 120, cost: func(_ float64, r *rand.Rand) float64 { return 15 * math.Exp(0.4*r.NormFloat64()) }, speeds: []float64{1}},
		{name: "two workers", frames: 120, cost: func(at float64, r *rand.Rand) float64 { return (12 + 6*math.Sin(7*at)) * math.Exp(0.1*r.NormFloat64()) }, speeds: []float64{1, 2.2}},
	}
}

// render plays the film, and says what was estimated after each frame. It returns how
// long it took.
func (f film) render(r *rand.Rand, look func(done int, left TimeLeft)) (end time.Time) {
	p := newPlay(f, r)
	for p.done < f.frames {
		p.next()
		workers := p.atWork()
		if left, ok := p.costs.TimeLeft(WorkLeft{Frames: f.frames - p.done, Workers: max(workers, 1)}, p.now); ok && p.done < f.frames {
			look(p.done, left)
		}
	}
	return p.now
}

var filmBegins = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// A play is a film that is rendered, in virtual time.
type play struct {
	film
	r     *rand.Rand
	costs *FrameCosts
	now   time.Time
	busy  []playedFrame // by worker; frame is 0 while it has none
	given int
	done  int
}

type playedFrame struct {
	frame int
	cpu   time.Duration
	wall  time.Duration
	until time.Time
}

func newPlay(f film, r *rand.Rand) *play {
	frames := make([]int, f.frames)
	for i := range frames {
		frames[i] = i + 1
	}
	p := &play{film: f, r: r, costs: NewFrameCosts(frames), now: filmBegins, busy: make([]playedFrame, len(f.speeds))}
	p.give()
	return p
}

// give gives every worker that is there and has no frame the next one.
func (p *play) give() {
	for w := range p.busy {
		if p.busy[w].frame != 0 || p.given == p.frames || p.there != nil && !p.there(w, float64(p.done)/float64(p.frames)) {
			continue
		}
		cpu := p.cost(float64(p.given)/float64(p.frames), p.r) * p.speeds[w]
		wall := cpu
		if p.load != nil {
			// A frame takes as long as the load while it is rendered makes it.
			wall *= p.load(p.now.Sub(filmBegins).Seconds() + cpu/2)
			cpu *= math.Exp(0.03 * p.r.NormFloat64())
		}
		p.given++
		seconds := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
		p.busy[w] = playedFrame{p.given, seconds(cpu), seconds(wall), p.now.Add(seconds(wall))}
	}
}

// next goes on to the end of the next frame.
func (p *play) next() {
	first := -1
	for w := range p.busy {
		if p.busy[w].frame != 0 && (first < 0 || p.busy[w].until.Before(p.busy[first].until)) {
			first = w
		}
	}
	b := p.busy[first]
	p.now, p.busy[first] = b.until, playedFrame{}
	result := FrameResult{Frame: b.frame, Wall: b.wall.Milliseconds(), Saved: p.now}
	if p.load != nil {
		result.CPU = b.cpu.Milliseconds()
	}
	p.costs.Add(&result, WorkerID(rune('a'+first)), nil)
	p.done++
	p.give()
}

func (p *play) atWork() (n int) {
	for _, b := range p.busy {
		if b.frame != 0 {
			n++
		}
	}
	return n
}
