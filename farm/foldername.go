package farm

import (
	"strings"
	"unicode/utf8"
)

// maxFolderName bounds a folder's name in bytes. File systems allow 255, and
// what uses the name adds times, numbers, frames and endings.
const maxFolderName = 100

// FolderName makes a name fit for one folder or file on every platform, for the
// programs that read it, and for the farm: what separates folders, what begins a
// frame number (#), a variable (braces) or a pattern (brackets, *, ?, %), and
// what cannot be seen becomes _; blanks and dots at the ends go; names that
// Windows keeps for devices get a _ in front; what is too long is cut. A name of
// which nothing is left is "job". It leaves its own results as they are.
//
// The add-on has the same rule in addon/farm/core/names.py; both are held to
// testdata/names.json.
func FolderName(name string) string {
	name = cutName(strings.Trim(strings.Map(folderRune, name), " ."))
	switch {
	case name == "":
		return "job"
	case isDevice(name):
		return cutName("_" + name)
	}
	return name
}

// cutName cuts a name to the most bytes that it may have, between characters.
func cutName(name string) string {
	if len(name) <= maxFolderName {
		return name
	}
	return strings.TrimRight(CutText(name, maxFolderName), " .")
}

// folderRune replaces what cannot be part of a folder's name. Bytes that are no
// UTF-8 arrive as utf8.RuneError.
func folderRune(r rune) rune {
	switch {
	case r < ' ', r >= 0x7f && r <= 0x9f, r == utf8.RuneError, // controls
		r >= 0x200e && r <= 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0xfeff, // marks of lines and directions
		strings.ContainsRune(`/\<>:"|?*#{}[]%`, r):
		return '_'
	}
	return r
}

// isDevice reports whether Windows takes a name for that of a device, with any
// ending ("Naming Files, Paths, and Namespaces" in its documentation).
func isDevice(name string) bool {
	stem, _, _ := strings.Cut(strings.ToUpper(name), ".")
	stem = strings.TrimRight(stem, " ")
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	port, ok := strings.CutPrefix(stem, "COM")
	if !ok {
		port, ok = strings.CutPrefix(stem, "LPT")
	}
	return ok && utf8.RuneCountInString(port) == 1 && strings.Contains("123456789¹²³", port)
}
