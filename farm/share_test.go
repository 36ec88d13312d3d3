package farm

import (
	"testing"
	"time"
)

// A share is worth it when it is expected to save more than a frame, and ends both at once.
func TestShareOf(t *testing.T) {
	const s = time.Second
	for _, c := range []struct {
		left                int
		first, second, load time.Duration
		want                int
	}{
		{8, 10 * s, 10 * s, 0, 4},
		{8, 10 * s, 10 * s, 20 * s, 3},
		{8, 30 * s, 10 * s, 0, 6},
		{8, 10 * s, 30 * s, 0, 0}, // it saves less than a frame of the slower one
		{20, 10 * s, 30 * s, 0, 5},
		{100, s, s, 5 * s, 47},
		{8, 100 * s, s, 0, 7}, // the frame at hand is the first worker's
		{2, 10 * s, 10 * s, 0, 0},
		{3, 10 * s, 10 * s, 0, 0}, // it saves a frame, which is not more
		{4, 10 * s, 10 * s, 5 * s, 0},
		{5, 10 * s, 10 * s, 5 * s, 2},
		{1, 100 * s, s, 0, 0},
		{8, s / 10, s / 10, s, 0}, // loading takes longer
		{8, 0, s, 0, 0},
	} {
		if got := ShareOf(c.left, c.first, c.second, c.load); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
}
