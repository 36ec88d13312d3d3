package yamlfile

import (
	"slices"
	"strings"

	"renderfarm/farm"
)

// suggestion says which of the keys was probably meant, or which there are if
// none is near.
func suggestion(name string, fields []field) string {
	keys := make([]string, len(fields))
	for i, f := range fields {
		keys[i] = f.key
	}
	if near := farm.Nearest(name, keys); len(near) > 0 {
		return "; did you mean \"" + strings.Join(near, "\" or \"") + "\"?"
	}
	slices.Sort(keys)
	return "; known here are " + strings.Join(keys, ", ")
}
