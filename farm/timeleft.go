package farm

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// TimeLeft is when a job will be over, as far as that can be told.
type TimeLeft struct {
	Earliest, Likely, Latest time.Time
}

// Later returns the time left of something that begins when the other is over.
func (t TimeLeft) Later(other TimeLeft, now time.Time) TimeLeft {
	return TimeLeft{t.Earliest.Add(other.Earliest.Sub(now)), t.Likely.Add(other.Likely.Sub(now)), t.Latest.Add(other.Latest.Sub(now))}
}

// How uncertain the time left is, found with the jobs of cmd/eta.
const (
	leastDoubt   = 0.04 // of an estimate from very many frames
	unseenDoubt  = 0.45 // of frames that have no neighbours that were rendered, at the beginning
	spreadDoubt  = 0.7  // likewise, for how much frames differed so far
	noiseDoubt   = 1.6  // for how far times were from what their neighbours said
	latestFactor = 1.8  // jobs take longer than expected more often than shorter
)

// TimeLeft says when a job will be over that has left frames to go, with the given
// number of workers at it. It returns false before the first frame.
//
// Frames that lie between rendered ones take as long as those; for frames beyond
// them the trend goes on. Workers differ by a factor. What is known least, the frames
// that nobody has seen the like of, makes most of the range.
func (c *FrameCosts) TimeLeft(left, workers int, now time.Time) (TimeLeft, bool) {
	if c.Rendered == 0 || workers == 0 || !c.Curve.seen() {
		return TimeLeft{}, false
	}
	if left <= 0 {
		return TimeLeft{now, now, now}, true
	}
	e := c.Curve.estimate(left)
	active := c.latest(workers)
	rate, loading, begun, slowest := 0.0, 0.0, 0.0, 0.0
	for _, w := range active {
		speed := math.Exp(-w.Speed)
		rate += speed
		slowest = max(slowest, e.frame/speed)
		if w.Rendered > 1 {
			loading += float64(w.Load) / 1000 / float64(w.Rendered-1) / float64(len(active))
		}
		if !w.Last.IsZero() { // it is in the middle of a frame
			begun += min(max(now.Sub(w.Last).Seconds()*speed, 0), 0.9*e.frame)
		}
	}
	n := float64(len(active))
	seconds := max(e.work-min(begun, 0.9*e.work), 0)/rate + loading*float64(left)/n
	if n > 1 { // they do not all end at once
		seconds += 0.5 * slowest * (n - 1) / n
	}
	doubt := e.doubt
	slack := 0.5*slowest + 1
	after := func(s float64) time.Time {
		return now.Add(time.Duration(min(s, maxTimeLeft) * float64(time.Second))).Truncate(time.Millisecond)
	}
	return TimeLeft{after(max(seconds/(1+doubt)-slack, 0)), after(seconds), after(seconds*(1+latestFactor*doubt) + slack)}, true
}

// maxTimeLeft is ten years in seconds: whatever a worker reported, it is a time.
const maxTimeLeft = 10 * 365 * 24 * 3600

// latest returns the workers that were seen last, and for more of them ones that are
// as fast as the others are on the average.
func (c *FrameCosts) latest(n int) []WorkerCosts {
	list := slices.Clone(c.Workers)
	slices.SortStableFunc(list, func(a, b WorkerCosts) int { return b.Last.Compare(a.Last) })
	list = list[:min(n, len(list))]
	mean := 0.0
	for _, w := range list {
		mean += w.Speed / float64(len(list))
	}
	for len(list) < min(n, maxCostWorkers) {
		list = append(list, WorkerCosts{Speed: mean})
	}
	return list
}

func (c *CostCurve) seen() bool {
	return slices.ContainsFunc(c.Bins[:], func(b CostBin) bool { return b.Seen > 0 })
}

// An estimate is what is left to do, for a worker of Speed 0.
type estimate struct {
	work  float64 // seconds
	frame float64 // seconds for one frame
	doubt float64 // how much more or less it may be, as a part
}

// estimate says how long the frames take that are not done.
func (c *CostCurve) estimate(left int) (e estimate) {
	trend := c.trend()
	planned, done, missing := 0, 0, 0
	for _, b := range c.Bins {
		planned, done, missing = planned+b.Planned, done+b.Done, missing+max(b.Planned-b.Done, 0)
	}
	unseen := 0.0
	for i, b := range c.Bins {
		share := 0.0 // of what is left
		switch {
		case missing > 0:
			share = float64(max(b.Planned-b.Done, 0)) / float64(missing)
		case planned > 0: // they are rendered again
			share = float64(b.Planned) / float64(planned)
		case i == 0: // nobody knows which they are
			share = 1
		}
		if share == 0 {
			continue
		}
		seconds, known := trend.at(i)
		e.work += share * float64(left) * seconds
		if !known {
			unseen += share
		}
	}
	e.frame = e.work / float64(left)
	noise := math.Sqrt(c.Residual)
	begun := float64(left) / float64(left+done+1)
	seen := math.Sqrt(float64(min(done+1, 30)))
	e.doubt = leastDoubt + noiseDoubt*noise*(1/math.Sqrt(float64(left))+1/seen) + 0.5/float64(done+1) +
		unseen*(unseenDoubt*begun+spreadDoubt*trend.spread+trend.doubt)
	return e
}

// A trend says how long a frame takes by its bin.
type trend struct {
	known       []knownBin // in order
	slope, from float64    // seconds per bin behind the last one, where it is from
	back, to    float64    // likewise before the first
	spread      float64    // standard deviation of the seconds that a frame takes, as a part of their mean, without the trend
	doubt       float64    // how much the trend may be wrong, likewise
}

type knownBin struct {
	at      int
	seconds float64
	weight  float64
}

func (c *CostCurve) trend() *trend {
	t := &trend{}
	for i, b := range c.Bins {
		if b.Seen > 0 {
			t.known = append(t.known, knownBin{i, math.Exp(b.Mean + c.Residual/2), float64(min(b.Seen, 8))})
		}
	}
	t.slope, t.from = t.line(t.known[len(t.known)-1].at)
	t.back, t.to = t.line(t.known[0].at)
	mean, square, total := 0.0, 0.0, 0.0
	for _, k := range t.known {
		mean += k.weight * k.seconds
		total += k.weight
	}
	mean /= total
	for _, k := range t.known {
		fit := t.from + t.slope*float64(k.at-t.known[len(t.known)-1].at)
		square += k.weight * (k.seconds - fit) * (k.seconds - fit)
	}
	t.spread = min(math.Sqrt(square/total)/mean, 1)
	ahead := float64(max(CostBins-1-t.known[len(t.known)-1].at, 0)) / 2
	t.doubt = min(math.Abs(t.slope)*ahead/max(t.from, 0.001)*0.35, 1)
	return t
}

// line fits a straight line to the bins, those near edge most of all. It returns the
// slope, which is less if the bins are no line, and the value at edge.
func (t *trend) line(edge int) (slope, value float64) {
	reach := max(float64(len(t.known))/2, 4)
	var w, x, y, xx, xy float64
	for _, k := range t.known {
		near := k.weight * math.Exp(-math.Abs(float64(k.at-edge))/reach)
		at := float64(k.at - edge)
		w, x, y, xx, xy = w+near, x+near*at, y+near*k.seconds, xx+near*at*at, xy+near*at*k.seconds
	}
	mx, my := x/w, y/w
	vx := xx/w - mx*mx
	if len(t.known) < 3 || vx <= 0 {
		return 0, my
	}
	slope = (xy/w - mx*my) / vx
	rest := 0.0
	for _, k := range t.known {
		near := k.weight * math.Exp(-math.Abs(float64(k.at-edge))/reach)
		off := k.seconds - my - slope*(float64(k.at-edge)-mx)
		rest += near * off * off / w
	}
	// The square of how many standard errors the slope is away from 0.
	sure := slope * slope * vx / max(rest, 1e-12) * float64(len(t.known)-2)
	slope *= sure / (sure + 9)
	return slope, my - slope*mx
}

// at returns how many seconds a frame takes in a bin, and whether it lies among bins
// that are known.
func (t *trend) at(bin int) (seconds float64, known bool) {
	first, last := t.known[0], t.known[len(t.known)-1]
	switch {
	case bin > last.at:
		return t.beyond(t.from, t.slope*float64(bin-last.at)), false
	case bin < first.at:
		return t.beyond(t.to, t.back*float64(bin-first.at)), false
	}
	i, found := slices.BinarySearchFunc(t.known, bin, func(k knownBin, at int) int { return cmp.Compare(k.at, at) })
	if found {
		return t.known[i].seconds, true
	}
	a, b := t.known[i-1], t.known[i]
	part := float64(bin-a.at) / float64(b.at-a.at)
	return a.seconds + part*(b.seconds-a.seconds), true
}

// beyond keeps what a trend says within reason.
func (t *trend) beyond(value, more float64) float64 {
	return max(value/4, min(value+more, value*4), 0.001)
}
