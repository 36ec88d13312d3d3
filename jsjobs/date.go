package jsjobs

import (
	"fmt"
	"math"
	"time"

	"github.com/robertkrimen/otto"
)

// Dates by the standard (ECMA-262, 21.4). Their objects are the engine's, which
// hold a time; constructor, parsing, fields and texts are here and in date.js.
// Times are milliseconds since 1970 in UTC, or NaN.

const (
	maxDate = 8.64e15 // milliseconds that a date is from 1970 at most
	perDay  = 86_400_000
)

// clip is the standard's TimeClip.
func clip(t float64) float64 {
	if math.IsNaN(t) || math.Abs(t) > maxDate {
		return math.NaN()
	}
	return math.Trunc(t) + 0
}

// fields are those of a date: year, month from 0, day, hours, minutes, seconds
// and milliseconds. They may be beyond their range, and then count on.
type fields [7]float64

const (
	fieldYear = iota
	fieldMonth
	fieldDay
	fieldHours
	fieldMinutes
	fieldSeconds
	fieldMillis
)

// fieldsOf takes a time apart.
func fieldsOf(t float64) fields {
	days := math.Floor(t / perDay)
	rest := t - days*perDay
	u := time.Unix(int64(days)*86400, 0).UTC()
	return fields{float64(u.Year()), float64(u.Month() - 1), float64(u.Day()),
		math.Floor(rest / 3_600_000), math.Mod(math.Floor(rest/60_000), 60), math.Mod(math.Floor(rest/1000), 60), math.Mod(rest, 1000)}
}

// time puts fields together; what is no number, or too far away, is NaN.
func (f fields) time() float64 {
	for i := range f {
		if math.IsNaN(f[i]) || math.IsInf(f[i], 0) || math.Abs(f[i]) > 1e17 {
			return math.NaN()
		}
		f[i] = math.Trunc(f[i])
	}
	year, month := f[fieldYear]+math.Floor(f[fieldMonth]/12), math.Mod(f[fieldMonth], 12)
	if month < 0 {
		month += 12
	}
	if math.Abs(year) > 400_000 {
		return math.NaN()
	}
	first := time.Date(int(year), time.Month(month)+1, 1, 0, 0, 0, 0, time.UTC)
	days := float64(first.Unix()/86400) + f[fieldDay] - 1
	return days*perDay + f[fieldHours]*3_600_000 + f[fieldMinutes]*60_000 + f[fieldSeconds]*1000 + f[fieldMillis]
}

// offset is what the local clock is ahead of UTC at a time.
func offset(t float64) float64 {
	_, seconds := time.UnixMilli(int64(max(-maxDate, min(maxDate, t)))).Zone()
	return float64(seconds) * 1000
}

// local is what the local clock says at a time.
func local(t float64) float64 { return t + offset(t) }

// utc is the time at which the local clock says t: the first one where it says
// that twice, and by the clock of before where it never does.
func utc(t float64) float64 {
	if math.IsNaN(t) || math.Abs(t) > maxDate+perDay {
		return math.NaN()
	}
	before, after := offset(t-perDay), offset(t+perDay)
	for _, o := range []float64{before, after} {
		if offset(t-o) == o {
			return t - o
		}
	}
	return t - before
}

// dateValue is the time of a date's object.
func (m *machine) dateValue(v otto.Value, method string) float64 {
	if v.Class() != "Date" {
		m.raise("TypeError", "Date.prototype."+method+" called on something that is not a Date")
	}
	f, err := m.call(m.kit.dateValue, v).ToFloat()
	if err != nil {
		m.rethrow(err)
	}
	return f
}

// dateMethods are those of Date.prototype that read or set a field, or write
// the date, by name.
func (m *machine) dateMethods() map[string]native {
	all := map[string]native{}
	for name, field := range map[string]int{"FullYear": fieldYear, "Month": fieldMonth, "Date": fieldDay, "Hours": fieldHours,
		"Minutes": fieldMinutes, "Seconds": fieldSeconds, "Milliseconds": fieldMillis} {
		for zone, clock := range map[string]func(float64) float64{"": local, "UTC": nil} {
			all["get"+zone+name] = m.dateGetter("get"+zone+name, clock, func(t float64) float64 { return fieldsOf(t)[field] })
			all["set"+zone+name] = m.dateSetter("set"+zone+name, clock, field)
		}
	}
	weekday := func(t float64) float64 {
		day := math.Mod(math.Floor(t/perDay)+4, 7)
		return math.Mod(day+7, 7)
	}
	all["getDay"] = m.dateGetter("getDay", local, weekday)
	all["getUTCDay"] = m.dateGetter("getUTCDay", nil, weekday)
	all["getYear"] = m.dateGetter("getYear", local, func(t float64) float64 { return fieldsOf(t)[fieldYear] - 1900 })
	all["getTimezoneOffset"] = m.dateGetter("getTimezoneOffset", nil, func(t float64) float64 { return -offset(t)/60_000 + 0 })
	for name, format := range dateFormats {
		all[name] = func(call otto.FunctionCall) otto.Value {
			t := m.dateValue(call.This, name)
			if math.IsNaN(t) {
				return ofText("Invalid Date")
			}
			return ofText(format(t))
		}
	}
	all["toISOString"] = func(call otto.FunctionCall) otto.Value {
		t := m.dateValue(call.This, "toISOString")
		if math.IsNaN(t) {
			m.raise("RangeError", "Invalid time value")
		}
		return ofText(isoText(t))
	}
	return all
}

// dateGetter makes a method that reads something of a date by a clock; none is UTC.
func (m *machine) dateGetter(name string, clock, get func(float64) float64) native {
	return func(call otto.FunctionCall) otto.Value {
		t := m.dateValue(call.This, name)
		if math.IsNaN(t) {
			return otto.NaNValue()
		}
		if clock != nil {
			t = clock(t)
		}
		return m.toJS(get(t))
	}
}

// settable is up to which field a method that sets one sets those behind it.
var settable = map[int]int{fieldYear: fieldDay, fieldMonth: fieldDay, fieldDay: fieldDay, fieldHours: fieldMillis,
	fieldMinutes: fieldMillis, fieldSeconds: fieldMillis, fieldMillis: fieldMillis}

// dateSetter makes a method that sets a field, and with more arguments those
// behind it.
func (m *machine) dateSetter(name string, clock func(float64) float64, field int) native {
	return func(call otto.FunctionCall) otto.Value {
		t := m.dateValue(call.This, name)
		var args []float64
		for i := field; i <= settable[field] && i-field < max(1, len(call.ArgumentList)); i++ {
			args = append(args, m.toNumber(call.Argument(i-field)))
		}
		if math.IsNaN(t) {
			if field != fieldYear {
				return otto.NaNValue()
			}
			t = 0
		} else if clock != nil {
			t = clock(t)
		}
		f := fieldsOf(t)
		copy(f[field:], args)
		t = f.time()
		if clock != nil {
			t = utc(t)
		}
		return m.setDate(call.This, clip(t))
	}
}

// setDate sets the time of a date's object.
func (m *machine) setDate(v otto.Value, t float64) otto.Value {
	m.call(m.kit.setDate, v, t)
	return m.toJS(t)
}

// dateFunctions are what date.js needs besides: the time of a date's text, of
// local fields and of fields in UTC.
func (m *machine) dateFunctions() map[string]native {
	of := func(toUTC func(float64) float64) native {
		return func(call otto.FunctionCall) otto.Value {
			f := fields{fieldDay: 1}
			for i := range min(len(call.ArgumentList), len(f)) {
				f[i] = m.toNumber(call.ArgumentList[i])
			}
			if len(call.ArgumentList) == 0 {
				return otto.NaNValue()
			}
			if y := math.Trunc(f[fieldYear]); y >= 0 && y <= 99 {
				f[fieldYear] = 1900 + y
			}
			return m.toJS(clip(toUTC(f.time())))
		}
	}
	return map[string]native{
		"parse": func(call otto.FunctionCall) otto.Value { return m.toJS(parseDate(m.toString(call.Argument(0)))) },
		"local": of(utc),
		"utc":   of(func(t float64) float64 { return t }),
		"clip":  func(call otto.FunctionCall) otto.Value { return m.toJS(clip(m.toNumber(call.Argument(0)))) },
		"now":   func(otto.FunctionCall) otto.Value { return m.toJS(float64(time.Now().UnixMilli())) },
	}
}

const (
	dayNames   = "SunMonTueWedThuFriSat"
	monthNames = "JanFebMarAprMayJunJulAugSepOctNovDec"
)

// named is a name in a list of names with three letters.
func named(list string, i float64) string { return list[3*int(i) : 3*int(i)+3] }

// yearText writes a year with at least four digits.
func yearText(y float64) string {
	if y < 0 {
		return fmt.Sprintf("-%06d", int(-y))
	}
	return fmt.Sprintf("%04d", int(y))
}

// isoText is a date as toISOString writes it.
func isoText(t float64) string {
	f := fieldsOf(t)
	year := yearText(f[fieldYear])
	if f[fieldYear] > 9999 {
		year = fmt.Sprintf("+%06d", int(f[fieldYear]))
	}
	return fmt.Sprintf("%s-%02.f-%02.fT%02.f:%02.f:%02.f.%03.fZ", year, f[1]+1, f[2], f[3], f[4], f[5], f[6])
}

func weekdayName(t float64) string {
	return named(dayNames, math.Mod(math.Mod(math.Floor(t/perDay)+4, 7)+7, 7))
}

func dayText(t float64) string {
	f := fieldsOf(t)
	return fmt.Sprintf("%s %s %02.f %s", weekdayName(t), named(monthNames, f[1]), f[2], yearText(f[0]))
}

// clockText is the time of a day, with the zone.
func clockText(t float64) string {
	f := fieldsOf(local(t))
	name, _ := time.UnixMilli(int64(t)).Zone()
	minutes := offset(t) / 60_000
	sign := '+'
	if minutes < 0 {
		sign, minutes = '-', -minutes
	}
	return fmt.Sprintf("%02.f:%02.f:%02.f GMT%c%02.f%02.f (%s)", f[3], f[4], f[5], sign, math.Floor(minutes/60), math.Mod(minutes, 60), name)
}

// dateFormats are the methods that write a date. What is local by language is
// as the engine of the original system has it.
var dateFormats = map[string]func(float64) string{
	"toString":     func(t float64) string { return dayText(local(t)) + " " + clockText(t) },
	"toDateString": func(t float64) string { return dayText(local(t)) },
	"toTimeString": clockText,
	"toUTCString": func(t float64) string {
		f := fieldsOf(t)
		return fmt.Sprintf("%s, %02.f %s %s %02.f:%02.f:%02.f GMT", weekdayName(t), f[2], named(monthNames, f[1]), yearText(f[0]), f[3], f[4], f[5])
	},
	"toLocaleString":     func(t float64) string { return localeDay(t) + ", " + localeClock(t) },
	"toLocaleDateString": localeDay,
	"toLocaleTimeString": localeClock,
}

func localeDay(t float64) string {
	f := fieldsOf(local(t))
	return fmt.Sprintf("%02.f/%02.f/%s", f[1]+1, f[2], yearText(f[0]))
}

func localeClock(t float64) string {
	f := fieldsOf(local(t))
	return fmt.Sprintf("%02.f:%02.f:%02.f", f[3], f[4], f[5])
}
