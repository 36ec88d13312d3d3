package jsjobs

import (
	"fmt"
	"math"
	"strconv"
	"testing"
)

// TestCallsAsStandard holds numbers, dates, arrays and JSON to the standard, and
// TestCallsAsOriginal to the engine that other people's scripts were written for.
func TestCallsAsStandard(t *testing.T) { compared(t, libraryCalls(t, true), inNode) }

func TestCallsAsOriginal(t *testing.T) { compared(t, libraryCalls(t, false), inGoja) }

func libraryCalls(t *testing.T, all bool) (list []call) {
	r := newRandom(t)
	for range *calls {
		list = append(list, pick(r, r.numberCall, r.dateCall, r.arrayCall, r.jsonCall)(all))
	}
	return list
}

// number draws one: whole, with few or all digits, very large or small.
func (r random) number() float64 {
	switch r.IntN(6) {
	case 0:
		return float64(r.IntN(200) - 100)
	case 1:
		return float64(r.IntN(20000)-10000) / pick(r, 2.0, 8, 10, 100, 1000)
	case 2:
		return r.NormFloat64() * 1e3
	case 3:
		return (r.Float64() - 0.5) * pick(r, 1e-9, 1e-6, 1e6, 1e15, 1e20, 1e21, 1e22, 1e300)
	case 4:
		return pick(r, 0, 0.5, 1.005, 2.5, -1.5, 1e21, 123456789012345680000, 0.000001, 1e-7, 5e-324, 1.7976931348623157e308, 9007199254740993)
	}
	return float64(r.Int64N(1 << 53))
}

func asNumber(f float64) any {
	return map[string]any{"number": strconv.FormatFloat(f, 'g', -1, 64)}
}

func (r random) numberCall(all bool) call {
	f := r.number()
	n, rounded := asNumber(f), asNumber(f)
	if !all { // goja writes -9.98 as ".0e+1" where it rounds to 10
		rounded = asNumber(math.Abs(f))
	}
	switch r.IntN(8) {
	case 0, 1:
		return call{n, "toFixed", r.some(0, r.IntN(8))}
	case 2:
		if all {
			return call{n, "toPrecision", r.some(0, r.IntN(23))}
		}
		return call{rounded, "toPrecision", []any{1 + r.IntN(21)}}
	case 3:
		return call{rounded, "toExponential", r.some(0, r.IntN(20))}
	case 4:
		f := float64(int64(math.Mod(r.number(), 1<<53))) // how many digits others have is left open
		return call{asNumber(f), "toString", r.some(0, 2+r.IntN(35))}
	case 5:
		return call{"String", "", []any{n}}
	case 6:
		return call{pick(r, "parseInt", "parseFloat", "Number", "Number.parseFloat"), "", []any{r.digits(all)}}
	}
	if all && r.IntN(9) == 0 { // goja's differs in the last digits; see TestMaths
		return call{"Math.log2", "", []any{n}}
	}
	return call{pick(r, "Math.round", "Math.trunc", "Math.sign", "Math.fround", "Math.floor", "Math.abs", "Number.isInteger", "Number.isSafeInteger"), "", []any{n}}
}

// digits draws a text that is nearly a number.
func (r random) digits(all bool) string {
	if !all { // goja takes 0x-1, and loses the sign of -0
		return pick(r, "", " ", "+") + pick(r, "12", "007", ".5", "5.", "1e3", "1e", "Infinity", "inf", "1_000") + pick(r, "", " ", "px")
	}
	return pick(r, "", " ", "\t\n", "-", "+") + pick(r, "", "0x1F", "0b101", "0o17", "12", "007", ".5", "5.", "1e3", "1e", "Infinity", "inf", "NaN", "1_000", "9007199254740993", "0.1e-7", "0x") +
		pick(r, "", "", " ", "px", ".", "e", "-1")
}

// dateCall draws a call on a date, or one that makes a date.
func (r random) dateCall(all bool) call {
	on := map[string]any{"date": strconv.FormatInt(r.Int64N(4e12)-1e12, 10)}
	n := func() any {
		return pick[any](r, r.IntN(40), r.IntN(400)-200, 2026, 0, 99, 1.7, "3", map[string]any{"number": "NaN"})
	}
	unit := pick(r, "FullYear", "Month", "Date", "Hours", "Minutes", "Seconds", "Milliseconds")
	if unit == "Milliseconds" && !all { // goja takes no more than 999
		unit = "Seconds"
	}
	zone := pick(r, "", "UTC")
	switch r.IntN(5) {
	case 0:
		return call{on, "get" + zone + pick(r, unit, "Day"), []any{}}
	case 1:
		return call{on, "set" + zone + unit, r.some(1, n(), n(), n())}
	case 2:
		return call{on, pick(r, "toISOString", "toJSON", "toUTCString", "toDateString", "getTimezoneOffset", "valueOf"), []any{}}
	case 3:
		return call{map[string]any{"fields": r.some(1, 2000+r.IntN(60), n(), n(), n(), n(), n())}, "getTime", []any{}}
	}
	return call{pick(r, "Date.parse"), "", []any{r.dateText()}}
}

func (r random) dateText() string {
	y, m, d, h, mi, s := 1960+r.IntN(90), 1+r.IntN(12), 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60)
	months := monthNames[3*m-3 : 3*m]
	return pick(r, fmt.Sprintf("%04d-%02d-%02d", y, m, d), fmt.Sprintf("%04d-%02d", y, m), fmt.Sprint(y),
		fmt.Sprintf("%04d-%02d-%02dT%02d:%02d", y, m, d, h, mi), fmt.Sprintf("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", y, m, d, h, mi, s, r.IntN(1000)),
		fmt.Sprintf("%04d-%02d-%02dT%02d:%02d:%02d+0%d:30", y, m, d, h, mi, s, r.IntN(9)), fmt.Sprintf("%s %d, %d", months, d, y), fmt.Sprintf("%d %s %d %02d:%02d", d, months, y, h, mi),
		fmt.Sprintf("%s %02d %d %02d:%02d:%02d GMT+0200", months, d, y, h, mi, s), fmt.Sprintf("%02d %s %d %02d:%02d:%02d GMT", d, months, y, h, mi, s),
		"nonsense", "2026-13-01", "2026-02-30T25:00", "")
}

// array draws a short array of what arrays have.
func (r random) array() any {
	list := []any{}
	for range r.IntN(7) {
		list = append(list, r.item())
	}
	return map[string]any{"list": list}
}

func (r random) item() any {
	return pick[any](r, r.IntN(5), "a", "b", ofUnits([]uint16{'ö'}), nil, true, map[string]any{"number": "NaN"}, map[string]any{"list": []any{1, map[string]any{"list": []any{"x"}}}}, map[string]any{})
}

func (r random) arrayCall(bool) call {
	at := func() any { return pick[any](r, r.IntN(8)-4, 0, 1, 1.5, "1", nil) }
	f := map[string]any{"call": pick(r, "index", "truth", "list")}
	on := r.array()
	switch r.IntN(8) {
	case 0:
		return call{on, pick(r, "slice", "splice", "copyWithin", "toSpliced"), r.some(1, at(), at(), r.item())}
	case 1:
		return call{on, pick(r, "indexOf", "lastIndexOf", "includes"), r.some(1, r.item(), at())}
	case 2:
		return call{on, pick(r, "map", "filter", "some", "every", "find", "findIndex", "findLast", "findLastIndex", "flatMap", "forEach"), []any{f}}
	case 3:
		return call{on, pick(r, "reduce", "reduceRight"), r.some(1, map[string]any{"call": "fold"}, "s")}
	case 4:
		return call{on, pick(r, "join", "toString", "concat", "reverse", "toReversed", "sort", "toSorted", "flat", "at", "pop", "shift"), []any{}}
	case 5:
		return call{on, pick(r, "push", "unshift", "concat"), r.some(0, r.item(), r.array())}
	case 6:
		return call{on, pick(r, "fill", "with"), r.some(2, at(), r.item(), at())}
	}
	return call{on, pick(r, "flat", "at", "keys", "entries", "values"), r.some(0, at())}
}

// jsonCall draws a call of JSON or Object.
func (r random) jsonCall(all bool) call {
	gap := any(0)
	if all { // goja indents wrongly behind an empty list
		gap = pick[any](r, 0, 1, 2, "--", 12)
	}
	o := any(map[string]any{"object": []any{[]any{pick(r, "b", "10", "a"), r.item()}, []any{pick(r, "2", "z", "ö"), r.array()}, []any{pick(r, "01", "-1", "c"), r.item()}}})
	switch r.IntN(4) {
	case 0:
		return call{pick(r, "Object.keys", "Object.values", "Object.entries", "Object.getOwnPropertyNames"), "", []any{pick(r, o, r.array(), any("text"))}}
	case 1:
		return call{"JSON.stringify", "", r.some(1, pick(r, o, r.array(), r.item()), pick[any](r, nil, map[string]any{"list": []any{"b", 10, "a"}}, map[string]any{"call": "second"}), gap)}
	case 2:
		return call{"JSON.parse", "", []any{pick(r, `{"z":1,"a":[1,{"b":null}],"10":2,"2":3}`, `[1e3,-0,"\u00e9\ud83d\ude00"]`, `{"a":1,}`, `01`, `"a`, `{"a":1,"a":2}`, `nul`, ` [ ] `, `1 2`, `[1,]`, `"\x"`, `-`, `{"__proto__":1}`)}}
	}
	return call{pick(r, "encodeURIComponent", "encodeURI", "decodeURIComponent", "decodeURI", "escape", "unescape"), "", []any{pick[any](r, ofUnits(r.units(6)), "%41%C3%B6%F0%9F%98%80", "%u00f6%2", "%", "%2F%C3")}}
}
