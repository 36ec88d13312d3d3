package procgroup

import (
	"testing"
	"time"
)

// The forms in which macOS and the BSDs tell processor time.
func TestPSTime(t *testing.T) {
	const text = "    1   0:12.34\n  501   0:03.05\n  501 123:00.50\n  501  1:02:03\n  501 2-00:00:01\n  501 -\n  501 1:2:3:4\nnothing of use here\n50 9:09.09\n"
	got, known := psTime(text, 501)
	want := 3050*time.Millisecond + 123*time.Minute + 500*time.Millisecond + time.Hour + 2*time.Minute + 3*time.Second + 48*time.Hour + time.Second
	if !known || got != want {
		t.Errorf("%s %v, want %s", got, known, want)
	}
	if got, known := psTime(text, 5); known {
		t.Errorf("a group that is not there used %s", got)
	}
}
