package farm

import "testing"

// What is left of a task shrinks with each try, and a task is never left without a frame.
func TestRest(t *testing.T) {
	all := []int{1, 2, 3, 4, 5, 6}
	told := func(frames ...int) func(int) bool {
		return func(f int) bool {
			for _, each := range frames {
				if f == each {
					return true
				}
			}
			return false
		}
	}
	for name, c := range map[string]struct {
		before   Redo
		rendered []int
		want     Redo
	}{
		"nothing":                {Redo{}, nil, Redo{}},
		"the first":              {Redo{}, []int{1, 2, 3}, Redo{Frames: "4-6"}},
		"of the rest":            {Redo{Frames: "4-6"}, []int{4}, Redo{Frames: "5,6"}},
		"of the rest, nothing":   {Redo{Frames: "4-6"}, nil, Redo{Frames: "4-6"}},
		"one that was done":      {Redo{Frames: "4-6"}, []int{2}, Redo{Frames: "4-6"}},
		"all":                    {Redo{}, all, Redo{Frames: "6"}},
		"wanted once more":       {Redo{Frames: "2,3", Kept: "x"}, []int{2}, Redo{Frames: "2,3", Kept: "x"}},
		"what nobody can read":   {Redo{Frames: "x"}, []int{2}, Redo{Frames: "x"}},
		"not of this task, none": {Redo{}, []int{9}, Redo{}},
	} {
		if got := c.before.Less(all, told(c.rendered...)); got != c.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
	var odd []int
	for f := 1; f <= 5000; f += 2 {
		odd = append(odd, f)
	}
	if got := (Redo{}).Less(odd, told(1)); got != (Redo{}) {
		t.Errorf("a rest of %d bytes is kept", len(got.Frames))
	}
}
