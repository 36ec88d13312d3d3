package farm

import "time"

// ShareOf says how many of the last frames of a task another worker should render, begun
// now, so that both are done at the same time; 0 if that is not expected to be over more
// than a frame earlier. left is how many frames the first worker has to render yet, the one
// at hand among them; first and second are how long each takes for a frame, load is what
// comes on top of the second.
func ShareOf(left int, first, second, load time.Duration) int {
	if left < 2 || first <= 0 || second <= 0 {
		return 0
	}
	alone := time.Duration(left) * first
	n := min(int((alone-load)/(first+second)), left-1)
	if n < 1 {
		return 0
	}
	both := max(time.Duration(left-n)*first, load+time.Duration(n)*second)
	if alone-both <= max(second, leastSecondGain) {
		return 0
	}
	return n
}
