package farm

import (
	"slices"
	"testing"
)

func TestFlatWarnings(t *testing.T) {
	for _, c := range []struct {
		name  string
		shown string // a frame each: # of one colour, o not, - not rendered yet
		want  []int  // from 1
	}{
		{"none", "oooooo", nil},
		{"one between others", "oo#ooo", []int{3}},
		{"two of them", "o#oo#o", []int{2, 5}},
		{"a few in a row", "oo###oo", []int{3, 4, 5}},
		{"a pause in the film", "oo####oo", nil},
		{"fade in", "##oooo", nil},
		{"black first frame", "#ooooo", nil},
		{"fade out", "oooo##", nil},
		{"fade in, and one amiss", "##oo#oo", []int{5}},
		{"all black", "######", nil},
		{"one frame", "#", nil},
		{"its neighbour is not rendered yet", "oo#-oo", nil},
		{"neither", "o-#-oo", nil},
		{"the end of a row is not rendered yet", "o##-oo", nil},
		{"two, one apart", "o#o#o", []int{2, 4}},
	} {
		var frames, candidates []int
		for i, r := range c.shown {
			frames = append(frames, 10*(i+1)) // every tenth
			if r == '#' {
				candidates = append(candidates, 10*(i+1))
			}
		}
		near := FlatNeighbours(frames, candidates)
		got := FlatWarnings(frames, candidates, func(frame int) (bool, bool) {
			if _, ok := slices.BinarySearch(near, frame); !ok {
				t.Errorf("%s: frame %d is asked for, and is not among %v", c.name, frame, near)
			}
			r := c.shown[frame/10-1]
			return r == '#', r != '-'
		})
		for i := range got {
			got[i] /= 10
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: of %s the frames %v are warned of, not %v", c.name, c.shown, got, c.want)
		}
	}
}
