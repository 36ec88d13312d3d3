package jsjobs

import (
	"math"
	"strings"
	"unicode/utf16"

	"github.com/robertkrimen/otto"

	"renderfarm/jsjobs/codeunit"
)

// The methods of String, which the engine has in bytes and runes. Those that
// regular expressions take part in are in patterns.go.

const (
	// A single call must not make memory full.
	maxText = 1 << 27 // bytes of a text that a built-in function makes

	blanks = "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
)

// stringMethods are those of String.prototype, by name.
func (m *machine) stringMethods() map[string]native {
	all := map[string]native{}
	for name, f := range map[string]func(string, otto.FunctionCall) otto.Value{
		"at": m.at, "charAt": m.charAt, "charCodeAt": m.charCodeAt, "codePointAt": m.codePointAt,
		"indexOf": m.indexOf, "lastIndexOf": m.lastIndexOf, "includes": m.includes, "startsWith": m.startsWith, "endsWith": m.endsWith,
		"slice": m.slice, "substring": m.substring, "substr": m.substr,
		"repeat": m.repeat, "padStart": m.pad(true), "padEnd": m.pad(false),
		"normalize": m.normalize, "localeCompare": m.localeCompare, "isWellFormed": m.isWellFormed, "toWellFormed": m.toWellFormed,
		"match": m.match, "matchAll": m.matchAll, "search": m.search, "replace": m.replace, "replaceAll": m.replaceAll, "split": m.split, "concat": m.concat,
	} {
		all[name] = func(call otto.FunctionCall) otto.Value { return f(m.this(call, name), call) }
	}
	for name, f := range map[string]func(string) string{
		"toUpperCase": codeunit.Upper, "toLowerCase": codeunit.Lower, "toLocaleUpperCase": codeunit.Upper, "toLocaleLowerCase": codeunit.Lower,
		"trim": func(s string) string { return strings.Trim(s, blanks) }, "trimStart": func(s string) string { return strings.TrimLeft(s, blanks) },
		"trimEnd": func(s string) string { return strings.TrimRight(s, blanks) },
	} {
		all[name] = func(call otto.FunctionCall) otto.Value { return ofText(f(m.this(call, name))) }
	}
	return all
}

// concat is String.prototype.concat. Templates are lowered to it, and it refuses
// symbols as they have to.
func (m *machine) concat(s string, call otto.FunctionCall) otto.Value {
	for _, v := range call.ArgumentList {
		if o := inner(v); o != nil && isSymbol(o) {
			panic(m.vm.MakeTypeError("Cannot convert a Symbol value to a string"))
		}
		s += m.toString(v)
	}
	return jsText(s)
}

// unit is the code unit at a position; ok is false where there is none.
func unit(s string, at float64) (u uint16, ok bool) {
	// No text has more code units than bytes inside, so this needs no counting.
	if at < 0 || at >= float64(len(s)) {
		return 0, false
	}
	i := codeunit.Offset(s, int(at))
	for _, r := range s[i:] {
		return codeunit.Unit(r), true
	}
	return 0, false
}

// ofUnit makes a text of one code unit, which may be half of a pair.
func ofUnit(u uint16) otto.Value { return ofText(string(codeunit.Rune(u))) }

// at is String.prototype.at: positions below zero count from the end.
func (m *machine) at(s string, call otto.FunctionCall) otto.Value {
	at := m.toInteger(call.Argument(0))
	if at < 0 {
		at += float64(codeunit.Length(s))
	}
	if u, ok := unit(s, at); ok {
		return ofUnit(u)
	}
	return otto.UndefinedValue()
}

// charAt is String.prototype.charAt: an empty text where there is nothing.
func (m *machine) charAt(s string, call otto.FunctionCall) otto.Value {
	if u, ok := unit(s, m.toInteger(call.Argument(0))); ok {
		return ofUnit(u)
	}
	return ofText("")
}

// charCodeAt is String.prototype.charCodeAt: NaN where there is nothing.
func (m *machine) charCodeAt(s string, call otto.FunctionCall) otto.Value {
	if u, ok := unit(s, m.toInteger(call.Argument(0))); ok {
		return m.toJS(int(u))
	}
	return otto.NaNValue()
}

// codePointAt is String.prototype.codePointAt. At the second half of a pair it is that half.
func (m *machine) codePointAt(s string, call otto.FunctionCall) otto.Value {
	at := m.toInteger(call.Argument(0))
	if _, ok := unit(s, at); !ok {
		return otto.UndefinedValue()
	}
	r, _ := codeunit.Point(s[codeunit.Offset(s, int(at)):])
	return m.toJS(int(r))
}

// index is where sub is in s, from a position on, or -1.
func index(s, sub string, from int) int {
	at := codeunit.Offset(s, from)
	i := strings.Index(s[at:], sub)
	if i < 0 {
		return -1
	}
	return codeunit.Length(s[:at+i])
}

// indexOf is String.prototype.indexOf, in code units.
func (m *machine) indexOf(s string, call otto.FunctionCall) otto.Value {
	sub := m.toString(call.Argument(0))
	return m.toJS(index(s, sub, m.position(call.Argument(1), codeunit.Length(s), 0)))
}

// lastIndexOf is String.prototype.lastIndexOf. Unlike elsewhere, no position means the end
// (ECMA-262 22.1.3.11).
func (m *machine) lastIndexOf(s string, call otto.FunctionCall) otto.Value {
	sub := m.toString(call.Argument(0))
	from := m.toNumber(call.Argument(1))
	if math.IsNaN(from) {
		from = math.Inf(1)
	}
	n := codeunit.Length(s)
	at := codeunit.Offset(s, int(max(0, min(from, float64(n)))))
	// The position is where a match may begin at the latest, so it may reach beyond that.
	i := strings.LastIndex(s[:min(len(s), at+len(sub))], sub)
	if i < 0 {
		return m.toJS(-1)
	}
	return m.toJS(codeunit.Length(s[:i]))
}

// noPattern is an argument that may be any text, but no regular expression.
func (m *machine) noPattern(v otto.Value, method string) string {
	if m.isPattern(v) {
		m.raise("TypeError", "First argument to String.prototype."+method+" must not be a regular expression")
	}
	return m.toString(v)
}

// includes is String.prototype.includes.
func (m *machine) includes(s string, call otto.FunctionCall) otto.Value {
	sub := m.noPattern(call.Argument(0), "includes")
	from := m.position(call.Argument(1), codeunit.Length(s), 0)
	return m.toJS(strings.Contains(s[codeunit.Offset(s, from):], sub))
}

// startsWith is String.prototype.startsWith.
func (m *machine) startsWith(s string, call otto.FunctionCall) otto.Value {
	sub := m.noPattern(call.Argument(0), "startsWith")
	from := m.position(call.Argument(1), codeunit.Length(s), 0)
	return m.toJS(strings.HasPrefix(s[codeunit.Offset(s, from):], sub))
}

// endsWith is String.prototype.endsWith: of the text up to a position.
func (m *machine) endsWith(s string, call otto.FunctionCall) otto.Value {
	sub := m.noPattern(call.Argument(0), "endsWith")
	n := codeunit.Length(s)
	return m.toJS(strings.HasSuffix(codeunit.Slice(s, 0, m.position(call.Argument(1), n, n)), sub))
}

// slice is String.prototype.slice: positions below zero count from the end.
func (m *machine) slice(s string, call otto.FunctionCall) otto.Value {
	n := codeunit.Length(s)
	from := m.relative(call.Argument(0), n, 0)
	return ofText(codeunit.Slice(s, from, m.relative(call.Argument(1), n, n)))
}

// substring is String.prototype.substring: below zero is zero, and the smaller position comes
// first.
func (m *machine) substring(s string, call otto.FunctionCall) otto.Value {
	n := codeunit.Length(s)
	from := m.position(call.Argument(0), n, 0)
	to := m.position(call.Argument(1), n, n)
	return ofText(codeunit.Slice(s, min(from, to), max(from, to)))
}

// substr is String.prototype.substr, of Annex B: a position and a length.
func (m *machine) substr(s string, call otto.FunctionCall) otto.Value {
	n := codeunit.Length(s)
	from := m.relative(call.Argument(0), n, 0)
	return ofText(codeunit.Slice(s, from, from+m.position(call.Argument(1), n-from, n-from)))
}

// repeat is String.prototype.repeat, up to maxText.
func (m *machine) repeat(s string, call otto.FunctionCall) otto.Value {
	n := m.toInteger(call.Argument(0))
	if n < 0 || math.IsInf(n, 0) || n*float64(len(s)) > maxText {
		m.raise("RangeError", "Invalid count value: "+numberText(n))
	}
	if s == "" {
		return ofText("")
	}
	return ofText(strings.Repeat(s, int(n)))
}

// pad makes padStart and padEnd.
func (m *machine) pad(start bool) func(string, otto.FunctionCall) otto.Value {
	return func(s string, call otto.FunctionCall) otto.Value {
		length := m.toInteger(call.Argument(0))
		fill := " "
		if v := call.Argument(1); v.IsDefined() {
			fill = m.toString(v)
		}
		missing := length - float64(codeunit.Length(s))
		if missing <= 0 || fill == "" {
			return ofText(s)
		}
		// A code unit has three bytes at most.
		if missing*3 > maxText {
			m.raise("RangeError", "Invalid string length")
		}
		// The last filling may be cut in the middle of a pair, as the standard has it.
		unit := codeunit.Length(fill)
		padding := codeunit.Slice(strings.Repeat(fill, int(missing)/unit+1), 0, int(missing))
		if start {
			return ofText(padding + s)
		}
		return ofText(s + padding)
	}
}

// normalize is String.prototype.normalize.
func (m *machine) normalize(s string, call otto.FunctionCall) otto.Value {
	form := "NFC"
	if v := call.Argument(0); v.IsDefined() {
		form = m.toString(v)
	}
	normal, ok := codeunit.Normalize(s, form)
	if !ok {
		m.raise("RangeError", "The normalization form should be one of NFC, NFD, NFKC, NFKD.")
	}
	return ofText(normal)
}

// localeCompare(other, locales, options) knows the options numeric and
// sensitivity. The order is the same for all locales.
func (m *machine) localeCompare(s string, call otto.FunctionCall) otto.Value {
	other := m.toString(call.Argument(0))
	numeric, sensitivity := false, ""
	if options := call.Argument(2); options.IsObject() {
		var err error
		if numeric, err = m.read(options.Object(), "numeric").ToBoolean(); err != nil {
			m.rethrow(err)
		}
		if v := m.read(options.Object(), "sensitivity"); v.IsDefined() {
			sensitivity = m.toString(v)
		}
	}
	key := sensitivity
	if numeric {
		key += " numeric"
	}
	// Scripts sort with it: the tables are made once for each kind of order.
	if m.orders[key] == nil {
		m.orders[key] = codeunit.NewOrder(numeric, sensitivity)
	}
	return m.toJS(m.orders[key].Compare(s, other))
}

// isWellFormed reports whether there are no halves of pairs alone.
func (m *machine) isWellFormed(s string, _ otto.FunctionCall) otto.Value {
	for _, r := range codeunit.Points(s) {
		if utf16.IsSurrogate(r) {
			return m.toJS(false)
		}
	}
	return m.toJS(true)
}

// toWellFormed replaces halves of pairs alone by U+FFFD, as the texts of Go do.
func (m *machine) toWellFormed(s string, _ otto.FunctionCall) otto.Value {
	return ofText(codeunit.Encode(codeunit.Decode(s)))
}

// fromCharCode is String.fromCharCode.
func (m *machine) fromCharCode(call otto.FunctionCall) otto.Value {
	units := make([]uint16, len(call.ArgumentList))
	for i, v := range call.ArgumentList {
		units[i] = uint16(wrap32(m.toNumber(v)))
	}
	return ofText(codeunit.FromUTF16(units))
}

// fromCodePoint is String.fromCodePoint.
func (m *machine) fromCodePoint(call otto.FunctionCall) otto.Value {
	var b []byte
	for _, v := range call.ArgumentList {
		f := m.toNumber(v)
		if f != math.Trunc(f) || f < 0 || f > 0x10ffff {
			m.raise("RangeError", "Invalid code point "+m.toString(v))
		}
		if r := rune(f); utf16.IsSurrogate(r) {
			b = append(b, string(codeunit.Rune(uint16(r)))...)
		} else {
			b = codeunit.AppendPoint(b, r)
		}
	}
	return ofText(string(b))
}

// wrap32 is the standard's ToUint32.
func wrap32(f float64) uint32 {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 0
	}
	f = math.Mod(math.Trunc(f), 1<<32)
	if f < 0 {
		f += 1 << 32
	}
	return uint32(f)
}

// chars(text) lists the characters of a text, each of which is one or two of
// what JavaScript counts.
func (m *machine) chars(call otto.FunctionCall) otto.Value {
	s := m.toString(call.Argument(0))
	list := make([]string, 0, len(s))
	for len(s) > 0 {
		_, n := codeunit.Point(s)
		list = append(list, s[:n])
		s = s[n:]
	}
	return toArray(m, list, ofText)
}
