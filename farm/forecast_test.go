package farm

import (
	"testing"
	"time"
)

// Forecasts that were right raise no doubt; those that were wrong do, the more so the
// more wrong they were. That a job was held, or got more workers, is no mistake of theirs.
func TestForecasts(t *testing.T) {
	play := func(seconds func(frame int) time.Duration, pause time.Duration) float64 {
		frames := make([]int, 100)
		for i := range frames {
			frames[i] = i + 1
		}
		c, now := NewFrameCosts(frames), filmBegins
		for _, f := range frames[:60] {
			now = now.Add(seconds(f))
			c.Add(&FrameResult{Frame: f, Wall: seconds(f).Milliseconds(), Saved: now}, "w", nil)
			if f == 50 {
				now = now.Add(pause)
			}
		}
		if len(c.Forecasts) == 0 || len(c.Forecasts) > maxForecasts {
			t.Fatalf("%d forecasts", len(c.Forecasts))
		}
		n := c.needs(40, 1, now)
		return c.missed(n.likely * n.workers)
	}
	constant := func(int) time.Duration { return 10 * time.Second }
	step := func(times int) func(int) time.Duration {
		return func(f int) time.Duration {
			if f > 30 {
				return time.Duration(10*times) * time.Second
			}
			return 10 * time.Second
		}
	}
	right, held, twice, fourfold := play(constant, 0), play(constant, 12*time.Hour), play(step(2), 0), play(step(4), 0)
	if right > 0.01 || held > 0.01 {
		t.Errorf("right ones raise a doubt of %.3f, with a night between them %.3f", right, held)
	}
	if twice < 0.3 || fourfold < 1.5*twice && fourfold < maxMissed {
		t.Errorf("frames that took twice as long all at once raise a doubt of %.3f, four times %.3f", twice, fourfold)
	}
}
