package worker

import (
	"slices"
	"testing"
)

// TestOnly makes command lines of some frames: they must be among those that were
// asked for, and what is missing is said of all of them.
func TestOnly(t *testing.T) {
	for _, c := range []struct {
		args   []string
		frames []int
		want   []string // nil: there is no such line
		says   string
	}{
		{[]string{"-o", "/o/##", "-f", "1..3"}, []int{2, 3}, []string{"-o", "/o/##", "-f", "2..3"}, "1 of 3 frames were saved (missing: 2,3)"},
		{[]string{"-s", "1", "-e", "3", "-j", "1", "-a"}, []int{3}, []string{"-s", "1", "-e", "3", "-j", "1", "-f", "3"}, "2 of 3 frames were saved (missing: 3)"},
		{[]string{"-o", "/o/##", "-f", "4"}, []int{3}, nil, ""}, // of another task
		{[]string{"-o", "/o/##", "-f", "1..3"}, []int{3, 4}, nil, ""},
		{[]string{"-o", "/o/##", "-f", "1..3"}, nil, nil, ""},
		{[]string{"-o", "/a/##", "-f", "1", "-o", "/b/##", "-f", "2"}, []int{1}, nil, ""},
		{[]string{"-a"}, []int{1}, nil, ""}, // the scene's range is not known
	} {
		line, err := readBlenderArgs(c.args)
		if err != nil {
			t.Fatal(err)
		}
		short := line.only(c.frames)
		if short == nil || c.want == nil {
			if short != nil || c.want != nil {
				t.Errorf("%q, only %v: %+v", c.args, c.frames, short)
			}
			continue
		}
		if !slices.Equal(short.args, c.want) {
			t.Errorf("%q, only %v: %q, want %q", c.args, c.frames, short.args, c.want)
		}
		if got := newAskedFrames(short.requests, func() {}, nil).missing(); got != c.says {
			t.Errorf("%q, only %v: %q, want %q", c.args, c.frames, got, c.says)
		}
	}
}
