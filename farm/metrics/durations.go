package metrics

import (
	"strconv"
	"sync/atomic"
	"time"
)

// bounds are the upper bounds of the buckets of durations: from a commit to a fast
// disk to a job type that takes all the time it may.
var bounds = [...]time.Duration{
	500 * time.Microsecond, time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond,
	25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second,
}

// Durations counts how long something took. The zero value is ready for use, by any
// goroutine.
type Durations struct {
	counts [len(bounds) + 1]atomic.Uint64 // by bucket, the last one for all that is longer
	sum    atomic.Int64                   // nanoseconds
}

// Observe counts one duration.
func (d *Durations) Observe(took time.Duration) {
	i := 0
	for i < len(bounds) && took > bounds[i] {
		i++
	}
	d.counts[i].Add(1)
	d.sum.Add(int64(took))
}

// Durations adds a histogram to the family that was begun last, in seconds.
func (p *Page) Durations(d *Durations, labels ...string) {
	labels = append(labels[:len(labels):len(labels)], "le", "")
	le, sum := &labels[len(labels)-1], d.sum.Load()
	total := uint64(0)
	for i := range d.counts {
		total += d.counts[i].Load()
		if *le = "+Inf"; i < len(bounds) {
			*le = strconv.FormatFloat(bounds[i].Seconds(), 'g', -1, 64)
		}
		p.sample("_bucket", float64(total), labels)
	}
	labels = labels[:len(labels)-2]
	p.sample("_sum", time.Duration(sum).Seconds(), labels)
	p.sample("_count", float64(total), labels)
}
