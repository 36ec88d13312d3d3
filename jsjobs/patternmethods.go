package jsjobs

import (
	"strings"

	"github.com/robertkrimen/otto"

	"renderfarm/jsjobs/regex"
)

// patternThis is the object that a method of RegExp is called on.
func (m *machine) patternThis(call otto.FunctionCall, method string) otto.Value {
	if !call.This.IsObject() {
		m.raise("TypeError", "RegExp.prototype."+method+" called on something that is not an object")
	}
	return call.This
}

// test is RegExp.prototype.test.
func (m *machine) test(call otto.FunctionCall) otto.Value {
	v := m.patternThis(call, "test")
	return m.toJS(m.next(v, m.toString(call.Argument(0))) != nil)
}

// matchAgainst is RegExp.prototype[Symbol.match].
func (m *machine) matchAgainst(call otto.FunctionCall) otto.Value {
	v := m.patternThis(call, "@@match")
	s := m.toString(call.Argument(0))
	if !strings.Contains(m.flagsOf(v), "g") {
		exec, ok := m.method(v, "exec")
		if !ok || exec == m.kit.exec {
			return m.exec(otto.FunctionCall{This: v, ArgumentList: []otto.Value{ofText(s)}})
		}
		f := m.next(v, s)
		if f == nil {
			return otto.NullValue()
		}
		return f.object
	}
	var list []string
	m.each(v, s, func(f *hit) { list = append(list, f.whole) })
	if list == nil {
		return otto.NullValue()
	}
	return toArray(m, list, ofText)
}

// searchIn is RegExp.prototype[Symbol.search].
func (m *machine) searchIn(call otto.FunctionCall) otto.Value {
	v := m.patternThis(call, "@@search")
	s := m.toString(call.Argument(0))
	before := m.read(v.Object(), "lastIndex")
	m.moveTo(v.Object(), 0)
	f := m.next(v, s)
	m.set(v.Object(), "lastIndex", before)
	switch {
	case f == nil:
		return m.toJS(-1)
	case f.object.IsObject():
		return m.read(f.object.Object(), "index")
	}
	return m.toJS(f.at)
}

// splitAt is RegExp.prototype[Symbol.split].
func (m *machine) splitAt(call otto.FunctionCall) otto.Value {
	re := m.patternOf(call.This)
	if re == nil {
		m.raise("TypeError", "RegExp.prototype[Symbol.split] called on something that is not a regular expression")
	}
	t := m.subject(m.toString(call.Argument(0)))
	limit := uint32(1<<32 - 1)
	if v := call.Argument(1); v.IsDefined() {
		limit = wrap32(m.toNumber(v))
	}
	var parts []otto.Value
	add := func(v otto.Value) bool {
		parts = append(parts, v)
		return uint32(len(parts)) >= limit
	}
	m.cut(re, t, limit, add)
	return toArray(m, parts, func(v otto.Value) otto.Value { return v })
}

// cut hands over the parts between matches, and the groups of these, until
// there are enough.
func (m *machine) cut(re *regex.Regexp, t *regex.Text, limit uint32, add func(otto.Value) (enough bool)) {
	if limit == 0 {
		return
	}
	match := func(from int) []int {
		place, err := re.Match(t, from, false)
		if err != nil {
			m.raise("RangeError", err.Error())
		}
		return place
	}
	if t.Len() == 0 {
		if match(0) == nil {
			add(ofText(""))
		}
		return
	}
	begin := 0 // of the part
	for at := 0; at < t.Len(); {
		place := match(at)
		if place == nil || place[0] >= t.Len() {
			break
		}
		if place[1] == begin {
			at = max(at, place[0]) + 1
			continue
		}
		if add(ofText(t.Slice(begin, place[0]))) {
			return
		}
		for _, g := range m.hit(re, t, place).groups {
			if add(g) {
				return
			}
		}
		begin, at = place[1], place[1]
		if place[0] == place[1] {
			at++
		}
	}
	add(ofText(t.Slice(begin, t.Len())))
}
