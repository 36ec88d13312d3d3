package manager

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestLookThatHangs asks a disk that does not answer, often: each who asks is told so in
// time, the disk is asked once, and is asked again when it answered.
func TestLookThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l look
		asked, answer := 0, make(chan struct{})
		see := func() (int64, error) { asked++; <-answer; return int64(asked), errors.New("gone") }
		for range 3 {
			began := time.Now()
			if _, _, ok := l.at(t.Context(), see); ok || time.Since(began) != lookTime {
				t.Errorf("answered %v after %s", ok, time.Since(began))
			}
		}
		synctest.Wait()
		if asked != 1 {
			t.Errorf("asked %d times at once", asked)
		}
		close(answer)
		synctest.Wait()
		if free, err, ok := l.at(t.Context(), see); !ok || free != 2 || err == nil {
			t.Errorf("then: %d, %v, %v", free, err, ok)
		}
	})
}
