package jsjobs

import (
	"strconv"
	"strings"

	"github.com/robertkrimen/otto"

	"renderfarm/jsjobs/codeunit"
	"renderfarm/jsjobs/regex"
)

// The methods of String that take regular expressions, and the half of RegExp
// that is in Go; regexp.js is the other. A regular expression of a script is an
// object whose hidden property says which compiled pattern it is.

const (
	patternKey   = "@@re"
	modeWritable = 0o100 // of a property: not listed, not to be changed otherwise

	maxPatterns = 10_000 // different ones that a script may compile
)

// compilePattern(source, flags) returns the number of a compiled pattern.
func (m *machine) compilePattern(call otto.FunctionCall) otto.Value {
	return m.toJS(m.patternID(m.toString(call.Argument(0)), m.toString(call.Argument(1))))
}

// patternID compiles a pattern, or finds it compiled.
func (m *machine) patternID(source, flags string) int {
	// No flag is a slash, so there is one way to read this.
	key := flags + "/" + source
	if id, ok := m.patternIDs[key]; ok {
		return id
	}
	if len(m.patterns) >= maxPatterns {
		m.raise("RangeError", "the script makes more than 10000 different regular expressions: make them once, outside of loops")
	}
	re, err := regex.Compile(source, flags)
	if err != nil {
		m.raise("SyntaxError", err.Error())
	}
	m.patterns = append(m.patterns, re)
	m.patternIDs[key] = len(m.patterns) - 1
	return len(m.patterns) - 1
}

// literal(source, flags) makes the object of a regular expression.
func (m *machine) literal(call otto.FunctionCall) otto.Value {
	return m.newPattern(m.patternID(call.Argument(0).String(), call.Argument(1).String()))
}

// newPattern makes the object of a regular expression, as init in regexp.js
// does: literals in loops are made again and again.
func (m *machine) newPattern(id int) otto.Value {
	prototype := inner(m.kit.patterns)
	o := newInner(prototype, prototype)
	o.property[patternKey] = innerProperty{jsWhole(id), modeWritable}
	o.property["lastIndex"] = innerProperty{jsWhole(0), modeWritable}
	o.propertyOrder = []string{patternKey, "lastIndex"}
	return outer(o)
}

// patternOf returns the pattern of a regular expression's object, or nil.
func (m *machine) patternOf(v otto.Value) *regex.Regexp {
	if !v.IsObject() {
		return nil
	}
	id, err := v.Object().Get(patternKey)
	if err != nil || !id.IsNumber() {
		return nil
	}
	n, err := id.ToInteger()
	if err != nil || n < 0 || int(n) >= len(m.patterns) {
		return nil
	}
	return m.patterns[n]
}

// isPattern is the standard's IsRegExp.
func (m *machine) isPattern(v otto.Value) bool {
	if !v.IsObject() {
		return false
	}
	if is := m.read(v.Object(), "@@match"); is.IsDefined() {
		yes, err := is.ToBoolean()
		return err == nil && yes
	}
	return m.patternOf(v) != nil
}

// subject prepares a text; one that is matched again and again, once.
func (m *machine) subject(s string) *regex.Text {
	// Comparing equal texts is cheap, as they share their bytes in a loop over matches.
	if m.matched == nil || m.matched.Inside != s {
		m.matched = regex.NewText(s)
	}
	return m.matched
}

// A hit is a match.
type hit struct {
	at     int
	whole  string
	groups []otto.Value // texts or undefined, from the first group on
	named  otto.Value   // object of the named groups, or undefined
	object otto.Value   // what exec of the script returned, if it was that
}

// run is RegExp.prototype.exec up to the match, as offsets in t, or nil.
func (m *machine) run(o *otto.Object, re *regex.Regexp, t *regex.Text) []int {
	// It is read even if it does not count: it may have a valueOf.
	from := m.position(m.read(o, "lastIndex"), 1<<53, 0)
	moves := re.Has('g') || re.Has('y')
	if !moves {
		from = 0
	}
	var place []int
	if from <= t.Len() {
		var err error
		// An error is a pattern that tries too many ways: see package regex.
		if place, err = re.Match(t, from, re.Has('y')); err != nil {
			m.raise("RangeError", err.Error())
		}
	}
	switch {
	case !moves:
	case place == nil:
		m.moveTo(o, 0)
	default:
		m.moveTo(o, place[1])
	}
	return place
}

// moveTo sets lastIndex.
func (m *machine) moveTo(o *otto.Object, at int) {
	if err := o.Set("lastIndex", at); err != nil {
		m.rethrow(err)
	}
}

// exec is RegExp.prototype.exec.
func (m *machine) exec(call otto.FunctionCall) otto.Value {
	re := m.patternOf(call.This)
	if re == nil {
		m.raise("TypeError", "RegExp.prototype.exec called on something that is not a regular expression")
	}
	t := m.subject(m.toString(call.Argument(0)))
	place := m.run(call.This.Object(), re, t)
	if place == nil {
		return otto.NullValue()
	}
	f := m.hit(re, t, place)
	result := toArray(m, append([]otto.Value{ofText(f.whole)}, f.groups...), func(v otto.Value) otto.Value { return v })
	m.set(result.Object(), "index", f.at)
	m.set(result.Object(), "input", ofText(t.Inside))
	m.set(result.Object(), "groups", f.named)
	if re.Has('d') {
		m.set(result.Object(), "indices", m.indices(re, place))
	}
	return result
}

// hit makes values of a match's places.
func (m *machine) hit(re *regex.Regexp, t *regex.Text, place []int) *hit {
	f := &hit{at: place[0], whole: t.Slice(place[0], place[1])}
	for i := 2; i < len(place); i += 2 {
		v := otto.UndefinedValue()
		if place[i] >= 0 {
			v = ofText(t.Slice(place[i], place[i+1]))
		}
		f.groups = append(f.groups, v)
	}
	f.named = m.named(re, f.groups)
	return f
}

// named makes the object of the named groups.
func (m *machine) named(re *regex.Regexp, groups []otto.Value) otto.Value {
	if len(re.Names) == 0 {
		return otto.UndefinedValue()
	}
	o := m.objectOf(otto.NullValue())
	for _, name := range re.Names {
		v := otto.UndefinedValue()
		// A name may stand for groups in several alternatives, of which one took part.
		for _, n := range name.Numbers {
			if groups[n-1].IsDefined() {
				v = groups[n-1]
			}
		}
		m.set(o.Object(), name.Text, v)
	}
	return o
}

// indices makes what the flag d adds: where the groups are.
func (m *machine) indices(re *regex.Regexp, place []int) otto.Value {
	var pairs []otto.Value
	for i := 0; i < len(place); i += 2 {
		v := otto.UndefinedValue()
		if place[i] >= 0 {
			v = toArray(m, place[i:i+2], func(n int) otto.Value { return m.toJS(n) })
		}
		pairs = append(pairs, v)
	}
	list := toArray(m, pairs, func(v otto.Value) otto.Value { return v })
	m.set(list.Object(), "groups", m.named(re, pairs[1:]))
	return list
}

// next is the standard's RegExpExec: exec of the script, if it has its own.
func (m *machine) next(v otto.Value, s string) *hit {
	o := v.Object()
	re := m.patternOf(v)
	exec := m.read(o, "exec")
	// The usual case: no call of the script is needed for a match.
	if re != nil && exec == m.kit.exec {
		t := m.subject(s)
		if place := m.run(o, re, t); place != nil {
			return m.hit(re, t, place)
		}
		return nil
	}
	if !exec.IsFunction() {
		m.raise("TypeError", "exec of a regular expression is not a function")
	}
	result := m.invoke(exec, v, ofText(s))
	if result.IsNull() {
		return nil
	}
	if !result.IsObject() {
		m.raise("TypeError", "exec of a regular expression returned neither an object nor null")
	}
	return &hit{object: result}
}

// complete reads what exec of the script returned.
func (m *machine) complete(f *hit, length int) {
	if !f.object.IsObject() {
		return
	}
	o := f.object.Object()
	groups := m.position(m.read(o, "length"), maxArray, 0)
	f.whole = m.toString(m.read(o, "0"))
	f.at = m.position(m.read(o, "index"), length, 0)
	for i := 1; i < groups; i++ {
		v := m.read(o, strconv.Itoa(i))
		if v.IsDefined() {
			v = ofText(m.toString(v))
		}
		f.groups = append(f.groups, v)
	}
	f.named = m.read(o, "groups")
}

// flagsOf are the flags of what may be any object.
func (m *machine) flagsOf(v otto.Value) string { return m.toString(m.read(v.Object(), "flags")) }

// moveOn moves on behind an empty match.
func (m *machine) moveOn(v otto.Value, s string, unicode bool) {
	o := v.Object()
	at := m.position(m.read(o, "lastIndex"), 1<<53, 0)
	m.moveTo(o, after(s, at, unicode))
}

// after is where the character at a place ends; without wide, the code unit.
func after(s string, at int, wide bool) int {
	if wide && at < len(s) {
		if r, _ := codeunit.Point(s[codeunit.Offset(s, at):]); r > 0xffff {
			return at + 2
		}
	}
	return at + 1
}

// each finds all matches, or the first one if the flag g is not set.
func (m *machine) each(v otto.Value, s string, do func(*hit)) {
	flags := m.flagsOf(v)
	global := strings.Contains(flags, "g")
	if global {
		m.moveTo(v.Object(), 0)
	}
	for {
		f := m.next(v, s)
		if f == nil {
			return
		}
		if f.object.IsObject() {
			f.whole = m.toString(m.read(f.object.Object(), "0"))
		}
		do(f)
		if !global {
			return
		}
		// An empty match would be found again at the same place.
		if f.whole == "" {
			m.moveOn(v, s, strings.ContainsAny(flags, "uv"))
		}
	}
}
