package manager

import (
	"fmt"
	"testing"
	"time"
)

func TestNamesakes(t *testing.T) {
	var n namesakes
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.Local)
	for i, c := range []struct {
		name string
		at   time.Time
		want int
	}{
		{"shot", now, 1}, {"shot", now.Add(999 * time.Millisecond), 2}, {"other", now, 1}, {"SHOT", now, 3}, {"a/b", now, 1}, {"a_b", now, 2},
		{"shot", now.Add(time.Second), 1}, {"shot", now, 4}, // the clock went back
	} {
		if got := n.number(c.name, c.at); got != c.want {
			t.Errorf("%d: %s at %s is number %d, want %d", i, c.name, c.at, got, c.want)
		}
	}
	for i := range 2 * maxNamesakes {
		n.number(fmt.Sprint(i), now)
	}
	if len(n.count) != maxNamesakes || len(n.order) != maxNamesakes {
		t.Errorf("%d and %d are remembered", len(n.count), len(n.order))
	}
}
