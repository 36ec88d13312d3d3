package farm

import (
	"cmp"
	"slices"
	"strings"
)

// Nearest returns the names, at most three, that are nearest to what somebody wrote and
// not too far from it. For a name in sections, the last part may be written alone.
func Nearest(written string, names []string) []string {
	type near struct {
		name  string
		edits int
	}
	var all []near
	written = strings.ToLower(written)
	for _, name := range names {
		lower := strings.ToLower(name)
		n := min(edits(written, lower), edits(written, lower[strings.LastIndex(lower, ".")+1:]))
		// Half of the letters wrong is a different word.
		if n <= len(written)/3+1 && n < len(lower) {
			all = append(all, near{name, n})
		}
	}
	slices.SortStableFunc(all, func(a, b near) int { return cmp.Compare(a.edits, b.edits) })
	var found []string
	for _, a := range all {
		if len(found) < 3 && a.edits == all[0].edits {
			found = append(found, a.name)
		}
	}
	return found
}

// edits returns how many letters must be changed, added, removed or swapped
// with their neighbour to make b of a (optimal string alignment).
func edits(a, b string) int {
	// Long texts are not misspelt names, and would take long.
	if len(a) > 64 || len(b) > 64 {
		return len(a) + len(b)
	}
	// Rows of the table of distances between all beginnings of a and of b.
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
