package farm

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestBlockedUnlikeTheOthers(t *testing.T) {
	for _, c := range []struct {
		name string
		f    Failure
		want bool
	}{
		{"it never completed one", Failure{Failed: 3, InRow: 3}, true},
		{"it never completed one, and nobody did", Failure{Failed: 3, InRow: 3, OthersFailed: 100}, true},
		{"fewer than the configured number", Failure{Failed: 2, InRow: 2, OthersDone: 1000}, false},
		{"alone, three in a row", Failure{Failed: 3, InRow: 3, Done: 100}, true},
		{"alone, now and then", Failure{Failed: 200, InRow: 2, Done: 300}, false},
		{"three in a row, which never fail elsewhere", Failure{Failed: 3, InRow: 3, Done: 100, OthersDone: 4000}, true},
		{"three in a row, where one in 25 fails", Failure{Failed: 7, InRow: 3, Done: 100, OthersFailed: 160, OthersDone: 3840}, false},
		{"five in a row, where one in 25 fails", Failure{Failed: 9, InRow: 5, Done: 100, OthersFailed: 160, OthersDone: 3840}, true},
		{"five in a row, where half fail", Failure{Failed: 50, InRow: 5, Done: 50, OthersFailed: 2000, OthersDone: 2000}, false},
		{"a share like that of the others", Failure{Failed: 5, InRow: 1, Done: 120, OthersFailed: 160, OthersDone: 3840}, false},
		{"twice the share of the others", Failure{Failed: 10, InRow: 1, Done: 115, OthersFailed: 160, OthersDone: 3840}, false},
		{"five times the share of the others", Failure{Failed: 25, InRow: 1, Done: 100, OthersFailed: 160, OthersDone: 3840}, true},
		{"the others did too little to tell", Failure{Failed: 3, InRow: 1, Done: 3, OthersDone: 5}, false},
		{"every other one, which never fail elsewhere", Failure{Failed: 4, InRow: 1, Done: 4, OthersDone: 200}, true},
	} {
		c.f.MaxFailed = 3
		if got := c.f.blocks(); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
		if c.f.MaxFailed = 0; c.f.blocks() {
			t.Errorf("%s: blocked although nobody ever is", c.name)
		}
	}
}

// A worker that fails one more, and in a row, is blocked if it was with one less; one
// that completes more than the others is not blocked for its share.
func TestMoreFailuresBlockRatherThanFewer(t *testing.T) {
	for n := range 5 * 6 * 5 * 40 {
		digit := func(base int) int { d := n % base; n /= base; return d }
		f := Failure{MaxFailed: 1 + digit(5), Done: 7 * digit(6), OthersFailed: 3 * digit(5)}
		f.OthersDone = 5 * digit(40)
		was := false
		for f.Failed, f.InRow = 1, 1; f.Failed < 30; f.Failed, f.InRow = f.Failed+1, f.InRow+1 {
			now := f.blocks()
			if was && !now || now && f.Failed < f.MaxFailed {
				t.Fatalf("%+v: blocked is %v, and was %v before", f, now, was)
			}
			was = now
		}
	}
}

// The tail is compared with a table of single tries.
func TestAtLeast(t *testing.T) {
	for _, p := range []float64{0.001, 0.04, 0.25, 0.5, 0.9, 1} {
		likely := []float64{1} // by failures so far
		for n := range 61 {
			tail := 0.0
			for k := n; k >= 0; k-- {
				tail += likely[k]
				got := atLeast(k, n, p)
				if float64(k) > float64(n)*p && math.Abs(got-tail) > 1e-7*tail+1e-300 || float64(k) <= float64(n)*p && got != 1 {
					t.Fatalf("%d or more of %d at %v: %v, want %v", k, n, p, got, tail)
				}
			}
			next := make([]float64, n+2)
			for k, v := range likely {
				next[k] += v * (1 - p)
				next[k+1] += v * p
			}
			likely = next
		}
	}
	if got := atLeast(200_000, 1_000_000, 0.1); got != 0 {
		t.Errorf("a large one is %v", got)
	}
}

// In a thousand jobs of 5,000 tasks, of which one in 25 fails, on 40 workers that are
// all alike, hardly anybody is blocked.
func TestChanceBlocksHardlyAnybody(t *testing.T) {
	const jobs, workers = 1000, 40
	unlucky := 0
	for seed := range uint64(jobs) {
		random := rand.New(rand.NewPCG(seed, 0))
		var of [workers]Failure
		failed, done := 0, 0
		for blocked := false; done < 5000 && !blocked; {
			f := &of[random.IntN(workers)]
			if random.IntN(25) > 0 {
				f.Done, f.InRow = f.Done+1, 0
				done++
				continue
			}
			f.Failed, f.InRow = f.Failed+1, f.InRow+1
			failed++
			f.MaxFailed, f.OthersFailed, f.OthersDone = 3, failed-f.Failed, done-f.Done
			if blocked = f.blocks(); blocked {
				unlucky++
			}
		}
	}
	t.Logf("somebody is blocked in %d jobs of %d", unlucky, jobs)
	if unlucky > jobs/100 {
		t.Error("that is too many")
	}
}
