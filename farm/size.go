package farm

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Size is a number of bytes that reads and writes as text ("500GB").
type Size int64

// sizeUnits are the units of sizes, largest first. They are decimal, as on the
// label of a disk.
var sizeUnits = []struct {
	name  string
	bytes Size
}{{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"B", 1}}

// String returns the size for people, with at most one digit behind the point.
func (s Size) String() string {
	if s < 0 {
		return "-" + (-max(s, -math.MaxInt64)).String()
	}
	for _, u := range sizeUnits {
		if s >= u.bytes {
			text := strconv.FormatFloat(float64(s)/float64(u.bytes), 'f', 1, 64)
			return strings.TrimSuffix(text, ".0") + " " + u.name
		}
	}
	return "0"
}

// MarshalText writes the size exactly, in the largest unit that allows it.
func (s Size) MarshalText() ([]byte, error) {
	for _, u := range sizeUnits {
		if s != 0 && s%u.bytes == 0 {
			return fmt.Appendf(nil, "%d%s", s/u.bytes, u.name), nil
		}
	}
	return []byte("0"), nil
}

// UnmarshalText reads a number with or without a unit: 500GB, 1.5 TB, 0.
func (s *Size) UnmarshalText(text []byte) error {
	wrong := fmt.Errorf("%q is not a size: write it like 500MB, 20GB or 1.5TB", text)
	number := strings.TrimSpace(string(text))
	unit := Size(1)
	for _, u := range sizeUnits {
		if n := len(number) - len(u.name); n > 0 && strings.EqualFold(number[n:], u.name) {
			number, unit = strings.TrimSpace(number[:n]), u.bytes
			break
		}
	}
	if whole, err := strconv.ParseInt(number, 10, 64); err == nil && whole >= 0 && whole <= math.MaxInt64/int64(unit) {
		*s = Size(whole) * unit
		return nil
	}
	v, err := strconv.ParseFloat(number, 64)
	if v *= float64(unit); err != nil || !(v >= 0) || v >= math.MaxInt64 {
		return wrong
	}
	*s = Size(v)
	return nil
}
