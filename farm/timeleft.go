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

	FramesPerHour float64 // that its workers will render, together, of what is left; 0: no frame is left
}

// Later returns the time left of something that begins when the other is over.
func (t TimeLeft) Later(other TimeLeft, now time.Time) TimeLeft {
	add := func(to, from time.Time) time.Time { return to.Add(from.Sub(now)) }
	return TimeLeft{add(t.Earliest, other.Earliest), add(t.Likely, other.Likely), add(t.Latest, other.Latest), t.FramesPerHour}
}

// How uncertain the time left is. Doubts that have nothing to do with each other are
// added by their squares. The work left is taken to be at most 1 + rangeDoubts doubts
// times as much or as little as likely: what takes longer can do so without end.
const (
	leastDoubt  = 0.04 // of an estimate from very many frames
	unseenDoubt = 0.35 // of frames that have no neighbours that were rendered, at the beginning
	rangeDoubts = 2
)

// WorkLeft is what of a job is to be done yet.
type WorkLeft struct {
	Frames  int
	Others  int // other steps, such as making a video of all frames
	Workers int // at it
}

// TimeLeft says when a job will be over of which so much is left. It returns false
// before the first frame.
//
// Frames that lie between rendered ones take as long as those. Those beyond them follow
// the line through the rendered ones as far as it is more than chance; else they are like
// the nearest, and the farther the more like all on the average. The range has room for
// each of these. Workers differ by a factor. What is known least, the frames that nobody
// has seen the like of, makes most of the range, and how far off earlier forecasts were.
func (c *FrameCosts) TimeLeft(left WorkLeft, now time.Time) (TimeLeft, bool) {
	if c.Rendered == 0 || left.Workers == 0 || !c.Curve.seen() {
		return TimeLeft{}, false
	}
	need := needs{}
	if left.Frames > 0 {
		need = c.needs(left.Frames, left.Workers, now)
		need.doubt = math.Hypot(need.doubt, c.missed(need.likely*need.workers))
	}
	after := func(s float64) time.Time {
		return now.Add(time.Duration(min(max(s, 0), maxTimeLeft) * float64(time.Second))).Truncate(time.Millisecond)
	}
	least, likely, most := need.least/(1+rangeDoubts*need.doubt)-need.slack, need.likely, need.most*(1+rangeDoubts*need.doubt)+need.slack
	if left.Frames > 0 { // the last is read back and told of
		likely, most = likely+lastSeconds, most+2*lastSeconds
	}
	if left.Others > 0 {
		video := float64(c.Curve.Planned()) * videoSeconds
		likely, most = likely+video, most+1+videoRange*video
	}
	return TimeLeft{after(least), after(max(likely, 0)), after(max(most, likely)), need.perHour}, true
}

const (
	// lastSeconds is how long it takes from the last frame to the end of the job: a
	// worker reports once a second.
	lastSeconds = 0.7
	// videoSeconds is what a video takes for a frame. FFmpeg reads and writes 20 to 200
	// of full HD in a second.
	videoSeconds = 0.02
	videoRange   = 3
)

// needs is how long workers need for frames, in seconds.
type needs struct {
	least, likely, most float64
	slack               float64 // how much sooner or later it may be besides
	doubt               float64 // how much more or less it may be, as a part
	workers             float64
	perHour             float64 // frames, of all workers together
}

// needs says how long so many workers need for the frames that are left.
func (c *FrameCosts) needs(left, workers int, now time.Time) needs {
	e, speeds := c.best().estimate(left), c.speeds()
	active := c.latest(workers)
	rate, loading, begun, slowest := 0.0, 0.0, 0.0, 0.0
	for _, w := range active {
		speed := math.Exp(-speeds(&w))
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
	seconds := func(work float64) float64 {
		s := max(work-min(begun, 0.9*work), 0)/rate + loading*float64(left)/n
		if n > 1 { // they do not all end at once
			s += 0.5 * slowest * (n - 1) / n
		}
		return s
	}
	perHour := 3600 / max(e.frame/rate+loading/n, 0.001)
	return needs{seconds(e.least), seconds(e.work), seconds(e.most), 0.5*slowest + 1, e.doubt, n, perHour}
}

// best is the curve that foresaw frames best. Processor time does where other programs
// keep a computer busy, time where something else than the processor renders.
func (c *FrameCosts) best() *CostCurve {
	if !c.byCPU() {
		return &c.Curve
	}
	curve := c.CPUCurve
	for i, b := range c.Curve.Bins {
		curve.Bins[i].Planned, curve.Bins[i].Done = b.Planned, b.Done
	}
	return &curve
}

func (c *FrameCosts) byCPU() bool { return c.CPUCurve.seen() && c.CPUCurve.Missed < 2*c.Curve.Missed }

// speeds returns what is to be added to the logarithm of the best curve for a worker.
func (c *FrameCosts) speeds() func(w *WorkerCosts) float64 {
	if c.byCPU() {
		return func(w *WorkerCosts) float64 { return w.CPUSpeed + w.Pace }
	}
	return func(w *WorkerCosts) float64 { return w.Speed }
}

// maxTimeLeft is ten years in seconds: whatever a worker reported, it is a time.
const maxTimeLeft = 10 * 365 * 24 * 3600

// latest returns the workers that were seen last, and for more of them ones that are
// as fast as the others are on the average.
func (c *FrameCosts) latest(n int) []WorkerCosts {
	list := slices.Clone(c.Workers)
	slices.SortStableFunc(list, func(a, b WorkerCosts) int { return b.Last.Compare(a.Last) })
	list = list[:min(n, len(list))]
	var mean WorkerCosts
	for _, w := range list {
		part := 1 / float64(len(list))
		mean.Speed, mean.CPUSpeed, mean.Pace = mean.Speed+part*w.Speed, mean.CPUSpeed+part*w.CPUSpeed, mean.Pace+part*w.Pace
	}
	for len(list) < min(n, maxCostWorkers) {
		list = append(list, mean)
	}
	return list
}

func (c *CostCurve) seen() bool {
	return slices.ContainsFunc(c.Bins[:], func(b CostBin) bool { return b.Seen > 0 })
}

// An estimate is what is left to do, for a worker of Speed 0.
type estimate struct {
	work  float64 // seconds
	least float64 // likewise, if frames that nobody has seen the like of are quick
	most  float64 // likewise, if they are slow
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
	unseen, bins, far := 0.0, 0, 0.0
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
		least, most := seconds, seconds
		if !known {
			unseen += share
			bins++
			far += share * math.Abs(float64(i)-trend.middle)
			least, most = min(seconds, trend.mean, trend.edge(i)), max(seconds, trend.mean, trend.edge(i))
		}
		e.work += share * float64(left) * seconds
		e.least += share * float64(left) * least
		e.most += share * float64(left) * most
	}
	e.frame = e.work / float64(left)
	seen := float64(min(done+1, 30))
	noise := c.Residual * (1/float64(left) + 1/seen)
	level, begun := 0.0, unseenDoubt*unseen*float64(left)/float64(left+done+1)
	if bins > 0 {
		level = unseen * trend.spread * math.Sqrt(1/float64(len(trend.known))+1/float64(bins))
	}
	slope := min(far*trend.unsure, 0.5*unseen)
	e.doubt = leastDoubt + 0.5/float64(done+1) + math.Sqrt(noise+level*level+slope*slope+begun*begun)
	return e
}

// A trend says how long a frame takes by its bin.
type trend struct {
	known  []knownBin // in order
	mean   float64    // seconds that a frame takes
	slope  float64    // seconds more per bin, of the line that fits best
	middle float64    // the bin where that line is at mean
	trust  float64    // how far the line is more than chance: from 0, for nothing to go by, to 1
	unsure float64    // standard error of slope, as a part of mean
	spread float64    // how far bins are from the line, as a part of mean, as if they were independent
}

type knownBin struct {
	at      int
	seconds float64
	weight  float64
}

func (c *CostCurve) trend() *trend {
	t := &trend{}
	var w, x, y, xx, xy, yy float64
	for i, b := range c.Bins {
		if b.Seen == 0 {
			continue
		}
		// Mean is of logarithms, and less than that of the times if there are several.
		k := knownBin{i, math.Exp(b.Mean + c.Residual/2*(1-1/float64(b.Seen))), float64(min(b.Seen, 8))}
		t.known = append(t.known, k)
		at := float64(i)
		w, x, y = w+k.weight, x+k.weight*at, y+k.weight*k.seconds
		xx, xy, yy = xx+k.weight*at*at, xy+k.weight*at*k.seconds, yy+k.weight*k.seconds*k.seconds
	}
	t.middle, t.mean = x/w, y/w
	vx, vy, vxy := xx/w-t.middle*t.middle, yy/w-t.mean*t.mean, xy/w-t.middle*t.mean
	n := float64(len(t.known))
	if n < 4 || vx <= 0 || vy <= 0 {
		return t
	}
	t.slope = vxy / vx
	off := max(vy-t.slope*vxy, 0) * n / (n - 2) * t.dependence()
	t.spread = min(math.Sqrt(off)/t.mean, 1)
	t.unsure = math.Sqrt(off/(n*vx)) / t.mean
	// A line that is less than three standard errors from none is none.
	if t.slope != 0 {
		ratio := 3 * t.unsure * t.mean / t.slope
		t.trust = max(0, 1-ratio*ratio)
	}
	return t
}

// dependence says how much less n bins tell than n independent ones, from 1: those next
// to each other are often off the line together, in a heavy part of a film, or while a
// computer does something else besides. It is (1+r)/(1-r) with r the correlation of
// neighbours, as for the mean of a first-order autoregression.
func (t *trend) dependence() float64 {
	var before, both, square float64
	for i, k := range t.known {
		off := k.seconds - t.mean - t.slope*(float64(k.at)-t.middle)
		if i > 0 {
			both += off * before
		}
		square += off * off
		before = off
	}
	if square == 0 {
		return 1
	}
	r := max(0, min(both/square, 0.95))
	return (1 + r) / (1 - r)
}

// line is what the line says of a bin, within reason. It flattens beyond the rendered
// bins, the sooner the fewer they are: films do not go on as they began for long. (A
// damped trend, as Gardner and McKenzie have it in Forecasting Trends in Time Series.)
func (t *trend) line(bin int) float64 {
	first, last := t.known[0].at, t.known[len(t.known)-1].at
	at, span := float64(bin), float64(last-first+1)
	damped := func(away int) float64 { return span * (1 - math.Exp(-float64(away)/span)) }
	switch {
	case bin > last:
		at = float64(last) + damped(bin-last)
	case bin < first:
		at = float64(first) - damped(first-bin)
	}
	return max(t.mean/3, min(t.mean+t.slope*(at-t.middle), t.mean*3), 0.001)
}

// edge is what the bins nearest to a bin beyond them say.
func (t *trend) edge(bin int) float64 {
	const near = 4
	part := t.known[:min(near, len(t.known))]
	if bin > t.known[len(t.known)-1].at {
		part = t.known[max(0, len(t.known)-near):]
	}
	sum := 0.0
	for _, k := range part {
		sum += k.seconds / float64(len(part))
	}
	return sum
}

// at returns how many seconds a frame takes in a bin, and whether it lies among bins
// that are known.
func (t *trend) at(bin int) (seconds float64, known bool) {
	if away := max(bin-t.known[len(t.known)-1].at, t.known[0].at-bin); away > 0 {
		const reach = 8 // bins
		like := math.Exp(-float64(away) / reach)
		return t.trust*t.line(bin) + (1-t.trust)*(like*t.edge(bin)+(1-like)*t.mean), false
	}
	i, found := slices.BinarySearchFunc(t.known, bin, func(k knownBin, at int) int { return cmp.Compare(k.at, at) })
	if found {
		return t.known[i].seconds, true
	}
	a, b := t.known[i-1], t.known[i]
	part := float64(bin-a.at) / float64(b.at-a.at)
	return a.seconds + part*(b.seconds-a.seconds), true
}
