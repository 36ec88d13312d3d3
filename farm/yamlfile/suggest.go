package yamlfile

import (
	"slices"
	"strings"
)

// suggestion says which of the keys was probably meant, or which there are if
// none is near.
func suggestion(name string, fields []field) string {
	keys := make([]string, len(fields))
	for i, f := range fields {
		keys[i] = f.key
	}
	// Half of the letters wrong is a different word.
	nearest, least := "", len(name)/2+1
	for _, key := range keys {
		if n := edits(strings.ToLower(name), strings.ToLower(key)); n < least {
			nearest, least = key, n
		}
	}
	if nearest != "" {
		return "; did you mean \"" + nearest + "\"?"
	}
	slices.Sort(keys)
	return "; known here are " + strings.Join(keys, ", ")
}

// edits returns how many letters must be changed, added, removed or swapped
// with their neighbour to make b of a (optimal string alignment).
func edits(a, b string) int {
	// Long texts are not misspelt keys, and would take long.
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
