package farm

import "slices"

// longestFlat is how many frames in a row may be of one colour, between others, to be
// taken for a mistake: an eighth of a second of film. Films have longer ones on purpose.
const longestFlat = 3

// FlatWarnings returns those of the frames of one colour that somebody should look at,
// in order: they are few, and others are in front of them and behind them. A film that
// begins or ends with a fade, one that is of one colour from its first frame to its last,
// and a longer pause in it, have none.
//
// frames are all that the job renders, in order. flat says whether one is of one colour,
// and false for known if it is not rendered yet; it is asked of FlatNeighbours only.
func FlatWarnings(frames, candidates []int, flat func(frame int) (flat, known bool)) (warned []int) {
	for _, frame := range candidates {
		at, found := slices.BinarySearch(frames, frame)
		if !found {
			continue
		}
		first, before := edge(frames, at, -1, flat)
		last, behind := edge(frames, at, +1, flat)
		if before && behind && last-first-1 <= longestFlat {
			warned = append(warned, frame)
		}
	}
	return warned
}

// edge goes from a frame of one colour to the first one that is not, at most as far as
// matters, and reports whether there is one that is rendered.
func edge(frames []int, at, step int, flat func(int) (flat, known bool)) (end int, other bool) {
	for n := range longestFlat + 1 {
		end = at + (n+1)*step
		if end < 0 || end >= len(frames) {
			return end, false
		}
		if is, known := flat(frames[end]); !is || !known {
			return end, known
		}
	}
	return end, false
}

// FlatNeighbours returns the frames of which FlatWarnings has to know, in order.
func FlatNeighbours(frames, candidates []int) (near []int) {
	for _, frame := range candidates {
		if at, found := slices.BinarySearch(frames, frame); found {
			near = append(near, frames[max(0, at-longestFlat-1):min(len(frames), at+longestFlat+2)]...)
		}
	}
	slices.Sort(near)
	return slices.Compact(near)
}

// FlatSurroundings returns the frames that FlatNeighbours would, of a job that renders
// every frame there is.
func FlatSurroundings(candidates []int) (frames []int) {
	for _, frame := range candidates {
		for d := -longestFlat - 1; d <= longestFlat+1; d++ {
			frames = append(frames, frame+d)
		}
	}
	slices.Sort(frames)
	return slices.Compact(frames)
}
