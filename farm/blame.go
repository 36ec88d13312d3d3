package farm

import "math"

// unlikely is the probability below which failures are not taken for chance. A job of
// 5,000 tasks on 40 workers asks some hundred times: if one in 25 tasks fails, about
// one such job in 200 blocks somebody who is not to blame.
const unlikely = 1e-6

// unlikeOthers reports whether the worker is at fault rather than the tasks: it
// completed none of them, or it failed so many in a row, or so many of all that it
// did, as a worker that fails like the others would hardly ever. Where there are no
// others to compare with, MaxFailed in a row are enough.
func (f *Failure) unlikeOthers() bool {
	if f.Done == 0 {
		return true
	}
	others := f.OthersFailed + f.OthersDone
	row := 0.0 // how likely a row of failures is
	if others > 0 {
		row = math.Pow(float64(f.OthersFailed)/float64(others), float64(f.InRow))
	}
	if f.InRow >= f.MaxFailed && row < unlikely {
		return true
	}
	// Few results say little: the others are thought to have failed one more.
	share := float64(f.OthersFailed+1) / float64(others+1)
	return others > 0 && atLeast(f.Failed, f.Failed+f.Done, share) < unlikely
}

// atLeast returns how likely it is that k or more of n tries fail if each does with
// the probability p, 0 < p ≤ 1: the upper tail of the binomial distribution. It is 1
// for a k that is no more than what is to be expected, where nobody needs it exactly.
func atLeast(k, n int, p float64) float64 {
	if float64(k) <= float64(n)*p {
		return 1
	}
	logFactorial := func(n int) float64 { v, _ := math.Lgamma(float64(n) + 1); return v }
	term := math.Exp(logFactorial(n) - logFactorial(k) - logFactorial(n-k) + float64(k)*math.Log(p) + float64(n-k)*math.Log1p(-p))
	sum := term
	for ; k < n && term > sum*1e-9; k++ { // beyond the mean terms only get smaller
		term *= float64(n-k) / float64(k+1) * p / (1 - p)
		sum += term
	}
	return min(sum, 1)
}
