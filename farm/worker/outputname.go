package worker

import (
	"cmp"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// An outputName is how Blender makes the names of files of an output path: the
// frame's number takes the place of the last # in a row, or follows the name;
// behind it come the view and the ending.
type outputName struct {
	folder string // "": any, as the path is not absolute
	prefix string
	digits int // 0: the path is not known, and no name is one of it
}

// digitsWithout is how many digits Blender writes behind a name without #.
const digitsWithout = 4

var hashes = regexp.MustCompile(`^(.*?)(#+)([^#]*)$`)

func newOutputName(output string) outputName {
	if output == "" {
		return outputName{}
	}
	folder, name := path.Split(slashes(output))
	n := outputName{prefix: name, digits: digitsWithout}
	if m := hashes.FindStringSubmatch(name); m != nil {
		// Of several rows of # the last counts.
		at := strings.LastIndex(name, "#") + 1
		first := at
		for first > 0 && name[first-1] == '#' {
			first--
		}
		n.prefix, n.digits = name[:first], at-first
	}
	if path.IsAbs(folder) && !strings.HasPrefix(folder, "//") || len(folder) > 2 && folder[1] == ':' {
		n.folder = path.Clean(folder)
	}
	return n
}

// sameName reports whether two paths of folders are equal: where they begin with a
// drive, as on Windows, in upper or lower case.
func sameName(a, b string) bool {
	return a == b || len(a) > 1 && a[1] == ':' && strings.EqualFold(a, b)
}

// isSameFolder reports whether two paths lead to one folder, as by a link.
func isSameFolder(a, b string) (bool, error) {
	one, err := os.Stat(filepath.FromSlash(a))
	if err != nil {
		return false, err
	}
	other, err := os.Stat(filepath.FromSlash(b))
	return err == nil && os.SameFile(one, other), err
}

// slashes makes a path of any platform one with slashes. Where a backslash is
// part of a name, both sides of a comparison change.
func slashes(file string) string { return strings.ReplaceAll(file, `\`, "/") }

// parse reads a file's name. view is what is between number and ending.
func (n outputName) parse(file string) (frame int, view string, ok bool) {
	if n.digits == 0 {
		return 0, "", false
	}
	folder, name := path.Split(slashes(file))
	rest, ok := strings.CutPrefix(name, n.prefix)
	if !ok || n.folder != "" && !sameName(n.folder, path.Clean(folder)) {
		return 0, "", false
	}
	sign := 1
	if after, negative := strings.CutPrefix(rest, "-"); negative {
		sign, rest = -1, after
	}
	length := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
	if length > n.digits && rest[0] == '0' {
		length = n.digits // more digits follow that are not the frame's
	}
	if length < n.digits {
		return 0, "", false
	}
	number, err := strconv.Atoi(rest[:length])
	view = strings.TrimSuffix(rest[length:], path.Ext(rest[length:]))
	return sign * number, view, err == nil
}

var digits = regexp.MustCompile(`-?\d+`)

// numbersIn returns the frames that a file's name may stand for, likely ones
// first: the last number in it that has as many digits as Blender writes, with
// its sign and without, and what the last four digits say; then shorter numbers.
func numbersIn(file string) (frames []int) {
	name := path.Base(slashes(file))
	all := digits.FindAllString(strings.TrimSuffix(name, path.Ext(name)), -1)
	slices.Reverse(all)
	slices.SortStableFunc(all, func(a, b string) int { return cmp.Compare(min(len(b), digitsWithout), min(len(a), digitsWithout)) })
	for _, number := range all {
		bare := strings.TrimPrefix(number, "-")
		for _, text := range []string{number, bare, bare[max(0, len(bare)-digitsWithout):]} {
			if n, err := strconv.Atoi(text); err == nil && !slices.Contains(frames, n) {
				frames = append(frames, n)
			}
		}
	}
	return frames
}

// numberOf is the last number in a file's name, or the name if it has none: the
// same for all files of one frame.
func numberOf(file string) string {
	name := path.Base(slashes(file))
	if all := digits.FindAllString(strings.TrimSuffix(name, path.Ext(name)), -1); all != nil {
		return all[len(all)-1]
	}
	return name
}
