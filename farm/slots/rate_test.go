package slots

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

// TestRate has a client that tries all the time: it gets its share, and others theirs.
func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRate(10, 4, time.Minute)
		tries := func(name string, n int) (done int) {
			for range n {
				if r.Take(name) {
					done++
				}
			}
			return done
		}
		if got := tries("greedy", 100); got != 4 {
			t.Errorf("a client did it %d times at once, want 4", got)
		}
		if r.Free("greedy") || !r.Free("other") {
			t.Error("a client that has to wait is free, or another is not")
		}
		time.Sleep(15 * time.Second)
		if got := tries("greedy", 100); got != 1 {
			t.Errorf("after a quarter of the time it did it %d times, want 1", got)
		}
		time.Sleep(time.Hour)
		all := 0
		for i := range 100 {
			all += tries(strconv.Itoa(i), 1)
		}
		if all != 10 {
			t.Errorf("all did it %d times, want 10", all)
		}
	})
}

// TestRateForgets has more clients than it can know apart: it knows no more than
// that, and the rest can do it together as often as one of them.
func TestRateForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRate(1e9, 2, time.Minute)
		for i := range maxKept {
			r.Take(strconv.Itoa(i))
		}
		done := 0
		for i := range 100 {
			if r.Take("more" + strconv.Itoa(i)) {
				done++
			}
		}
		if done != 2 || len(r.clients) > maxKept+1 {
			t.Errorf("the others did it %d times, and %d clients are kept", done, len(r.clients))
		}
		time.Sleep(time.Hour)
		if !r.Take("late") || len(r.clients) != 1 {
			t.Errorf("an hour later %d clients are kept", len(r.clients))
		}
	})
}
