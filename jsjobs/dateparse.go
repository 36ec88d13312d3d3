package jsjobs

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

// isoDate is the format of ECMA-262, 21.4.1.32; also with a space for the T,
// as browsers take it.
var isoDate = regexp.MustCompile(`^([+-]\d{6}|\d{4})(?:-(\d\d)(?:-(\d\d))?)?(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9})\d*)?)?(Z|[+-]\d\d:?\d\d)?)?$`)

// parseDate is Date.parse: the standard's format, and those that toString and
// toUTCString write and people use, such as "4 Mar 2026 10:00".
func parseDate(s string) float64 {
	s = strings.TrimSpace(s)
	found := isoDate.FindStringSubmatch(s)
	if found == nil {
		return clip((&dateWords{zone: math.NaN()}).parse(s))
	}
	// The standard forbids it: the year 0 is +000000 or 0000.
	if found[1] == "-000000" {
		return math.NaN()
	}
	f := fields{fieldDay: 1}
	for i, at := range []int{1, 2, 3, 4, 5, 6} {
		if found[at] != "" {
			f[i], _ = strconv.ParseFloat(found[at], 64)
			if at == 2 {
				f[i]--
			}
		}
	}
	if found[7] != "" {
		// Digits beyond milliseconds are cut off; what is a little less than whole is whole.
		n, _ := strconv.ParseFloat("0."+found[7], 64)
		f[fieldMillis] = math.Floor(n*1000 + 1e-6)
	}
	if !inRange(f) {
		return math.NaN()
	}
	switch zone := found[8]; {
	// A time without a zone is local, a date alone is UTC: ECMA-262 21.4.1.32.
	case zone == "" && found[4] != "":
		return clip(utc(f.time()))
	case zone == "" || zone == "Z":
		return clip(f.time())
	default:
		minutes, ok := zoneMinutes(zone)
		if !ok {
			return math.NaN()
		}
		return clip(f.time() - minutes*60_000)
	}
}

// inRange reports whether a text may have these fields. The 31st of February
// is the 3rd of March, as browsers have it; the 32nd is nothing.
func inRange(f fields) bool {
	midnight := f[fieldHours] == 24 && f[fieldMinutes] == 0 && f[fieldSeconds] == 0 && f[fieldMillis] == 0
	return f[fieldMonth] >= 0 && f[fieldMonth] < 12 && f[fieldDay] >= 1 && f[fieldDay] <= 31 &&
		(f[fieldHours] < 24 || midnight) && f[fieldMinutes] < 60 && f[fieldSeconds] < 60
}

// zoneMinutes reads +01:00 or +0100.
func zoneMinutes(s string) (float64, bool) {
	digits := strings.Replace(s[1:], ":", "", 1)
	if len(digits) == 2 {
		digits += "00"
	}
	n, err := strconv.Atoi(digits)
	if err != nil || len(digits) != 4 || n/100 > 23 || n%100 > 59 {
		return 0, false
	}
	minutes := float64(n/100*60 + n%100)
	if s[0] == '-' {
		minutes = -minutes
	}
	return minutes, true
}

// dateWords reads dates as people write them, in any order that is clear.
type dateWords struct {
	f       fields
	numbers []float64 // that are neither times nor zones
	month   bool      // was named
	zone    float64   // minutes, NaN for the local one
	pm      string
}

// dateToken is the next piece of a date: blanks and remarks in brackets; a clock; a zone; a word; a
// number with what separates it from the next.
var dateToken = regexp.MustCompile(`^(?:\s+|,|\([^()]*\)|(\d{1,2}):(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?|(?:GMT|UTC|Z)?([+-]\d\d:?\d\d)|(GMT|UTC|Z|z)\b|([A-Za-z]+)\.?|(\d+)[-/]?|-)`)

// parse returns the time in milliseconds since 1970, or NaN.
func (d *dateWords) parse(s string) float64 {
	d.f[fieldDay] = 1
	clock := false
	for s != "" {
		t := dateToken.FindStringSubmatch(s)
		if t == nil {
			return math.NaN()
		}
		ok := true
		switch {
		case t[1] != "":
			for i := 1; i <= 3; i++ {
				if t[i] != "" {
					d.f[fieldHours+i-1], _ = strconv.ParseFloat(t[i], 64)
				}
			}
			if t[4] != "" {
				n, _ := strconv.ParseFloat("0."+t[4], 64)
				d.f[fieldMillis] = math.Round(n * 1000)
			}
			clock = true
		// Only behind a clock: elsewhere the sign separates numbers.
		case t[5] != "" && clock:
			d.zone, ok = zoneMinutes(t[5])
		case t[5] != "":
			s = s[1:] // the sign was a separator
			continue
		case t[6] != "":
			d.zone = 0
		case t[7] != "":
			ok = d.word(t[7])
		case t[8] != "":
			n, _ := strconv.ParseFloat(t[8], 64)
			d.numbers = append(d.numbers, n)
		}
		if !ok {
			return math.NaN()
		}
		s = s[len(t[0]):]
	}
	return d.time()
}

// word takes a month, a day of the week, or half of the day.
func (d *dateWords) word(w string) bool {
	lower := strings.ToLower(w)
	if lower == "am" || lower == "pm" {
		d.pm = lower
		return true
	}
	if len(lower) < 3 {
		return lower == "t"
	}
	if i := strings.Index(strings.ToLower(monthNames), lower[:3]); i >= 0 && i%3 == 0 {
		d.f[fieldMonth], d.month = float64(i/3), true
		return true
	}
	i := strings.Index(strings.ToLower(dayNames), lower[:3])
	return i >= 0 && i%3 == 0
}

// time says which number is what: with a named month day and year, else month,
// day and year, or year first if it cannot be a day.
func (d *dateWords) time() float64 {
	n := d.numbers
	switch {
	case d.month && len(n) == 2 && n[0] > 31:
		d.f[fieldYear], d.f[fieldDay] = n[0], n[1]
	case d.month && len(n) == 2:
		d.f[fieldDay], d.f[fieldYear] = n[0], n[1]
	case d.month && len(n) == 1 && n[0] > 31:
		d.f[fieldYear] = n[0]
	case !d.month && len(n) == 3 && n[0] > 31:
		d.f[fieldYear], d.f[fieldMonth], d.f[fieldDay] = n[0], n[1]-1, n[2]
	case !d.month && len(n) == 3:
		d.f[fieldMonth], d.f[fieldDay], d.f[fieldYear] = n[0]-1, n[1], n[2]
	default:
		return math.NaN()
	}
	switch y := d.f[fieldYear]; {
	// Years of two digits, as browsers read them.
	case y < 50:
		d.f[fieldYear] += 2000
	case y < 100:
		d.f[fieldYear] += 1900
	}
	if d.pm != "" && (d.f[fieldHours] < 1 || d.f[fieldHours] > 12) {
		return math.NaN()
	}
	if d.pm != "" {
		d.f[fieldHours] = math.Mod(d.f[fieldHours], 12)
		if d.pm == "pm" {
			d.f[fieldHours] += 12
		}
	}
	if !inRange(d.f) {
		return math.NaN()
	}
	if math.IsNaN(d.zone) {
		return utc(d.f.time())
	}
	return d.f.time() - d.zone*60_000
}
