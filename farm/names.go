package farm

import "slices"

// nameOf returns the name of a status in its table, or a question mark for a
// number that has none: a damaged record must not end the program.
func nameOf[T ~uint8](names []string, v T) string {
	if int(v) < len(names) {
		return names[v]
	}
	return "?"
}

func parseName[T ~uint8](names []string, name string) (T, bool) {
	i := slices.Index(names, name)
	return T(max(i, 0)), i >= 0
}
