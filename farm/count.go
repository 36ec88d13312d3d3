package farm

import "strconv"

// Count says how many there are of something: "1 file", "2 files".
func Count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.Itoa(n) + " " + what
}
