package farm

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// endOfDay is 24:00, in minutes.
const endOfDay = 24 * 60

// TimeOfDay is what a clock shows, to the minute. The zero value means no time.
type TimeOfDay struct {
	minute int16 // minutes since midnight, plus one: 0 means no time
}

// ParseTimeOfDay reads HH:MM, from 00:00 to 24:00; "" means no time.
func ParseTimeOfDay(text string) (TimeOfDay, error) {
	if text == "" {
		return TimeOfDay{}, nil
	}
	hours, minutes, ok := strings.Cut(text, ":")
	h, okH := digits(hours, 1, 24)
	m, okM := digits(minutes, 2, 59)
	if !ok || !okH || !okM || h*60+m > endOfDay {
		return TimeOfDay{}, Errorf(Invalid, "%.20q is not a time of day: write it like 08:30, from 00:00 to 24:00", text)
	}
	return TimeOfDay{int16(h*60 + m + 1)}, nil
}

// digits reads a number of at least and at most two digits.
func digits(text string, least, most int) (int, bool) {
	n, err := strconv.ParseUint(text, 10, 8)
	return int(n), err == nil && len(text) >= least && len(text) <= 2 && int(n) <= most
}

// String returns HH:MM, or "" for none.
func (t TimeOfDay) String() string {
	if t.minute == 0 {
		return ""
	}
	return fmt.Sprintf("%02d:%02d", t.minuteOfDay()/60, t.minuteOfDay()%60)
}

func (t TimeOfDay) minuteOfDay() int { return int(t.minute) - 1 }

// start returns the minute of the day at which a window begins.
func (t TimeOfDay) start() int { return max(0, t.minuteOfDay()) }

// end returns the minute of the day before which a window ends.
func (t TimeOfDay) end() int {
	if t.minute == 0 {
		return endOfDay
	}
	return t.minuteOfDay()
}

// MarshalText writes HH:MM, or nothing for none.
func (t TimeOfDay) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads what ParseTimeOfDay reads.
func (t *TimeOfDay) UnmarshalText(text []byte) (err error) {
	*t, err = ParseTimeOfDay(string(text))
	return err
}

// Days is a set of days of the week, a bit each from Monday on. The zero value
// means every day.
type Days uint8

var dayNames = [...]string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}

// ParseDays reads English names of days, at least two letters of each, separated
// by blanks or commas. All seven are the same as none: every day.
func ParseDays(text string) (Days, error) {
	var d Days
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' }) {
		day := -1
		for i, name := range dayNames {
			if len(word) >= 2 && strings.HasPrefix(name, strings.ToLower(word)) {
				day = i
			}
		}
		if day < 0 {
			return 0, Errorf(Invalid, "%.20q is not a day of the week: write mo, tu, we, th, fr, sa, su, or nothing for every day", word)
		}
		d |= 1 << day
	}
	if d == 1<<len(dayNames)-1 {
		d = 0
	}
	return d, nil
}

// Has reports whether the day is one of them.
func (d Days) Has(day time.Weekday) bool { return d == 0 || d&(1<<((day+6)%7)) != 0 }

// String returns two letters a day, "" for every day: "mo tu we".
func (d Days) String() string {
	var names []string
	for i, name := range dayNames {
		if d&(1<<i) != 0 {
			names = append(names, name[:2])
		}
	}
	return strings.Join(names, " ")
}

// MarshalText writes what String returns.
func (d Days) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what ParseDays reads.
func (d *Days) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDays(string(text))
	return err
}
