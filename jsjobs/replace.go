package jsjobs

import (
	"strconv"
	"strings"

	"github.com/robertkrimen/otto"

	"renderfarm/jsjobs/codeunit"
	"renderfarm/jsjobs/regex"
)

// delegate passes a method of String on to the first argument, if that has a
// method for it, as regular expressions have.
func (m *machine) delegate(call otto.FunctionCall, symbol, s string) (otto.Value, bool) {
	f, ok := m.method(call.Argument(0), symbol)
	if !ok {
		return f, false
	}
	// There is a first argument: it has the method.
	args := append([]otto.Value{ofText(s)}, call.ArgumentList[1:]...)
	return m.invoke(f, call.Argument(0), args...), true
}

// asPattern makes a regular expression of an argument that is none.
func (m *machine) asPattern(v otto.Value, flags string) otto.Value {
	source := ""
	if v.IsDefined() {
		source = m.toString(v)
	}
	return m.newPattern(m.patternID(source, flags))
}

// match is String.prototype.match. What is no regular expression becomes one without flags.
func (m *machine) match(s string, call otto.FunctionCall) otto.Value {
	if v, ok := m.delegate(call, "@@match", s); ok {
		return v
	}
	return m.exec(otto.FunctionCall{This: m.asPattern(call.Argument(0), ""), ArgumentList: []otto.Value{ofText(s)}})
}

// matchAll is String.prototype.matchAll. Without the flag g it would find the first match for ever,
// which is why the standard refuses it.
func (m *machine) matchAll(s string, call otto.FunctionCall) otto.Value {
	v := call.Argument(0)
	if m.isPattern(v) && !strings.Contains(m.flagsOf(v), "g") {
		m.raise("TypeError", "String.prototype.matchAll called with a non-global RegExp argument")
	}
	if v, ok := m.delegate(call, "@@matchAll", s); ok {
		return v
	}
	own := m.asPattern(v, "g")
	return m.invoke(m.read(own.Object(), "@@matchAll"), own, ofText(s))
}

// search is String.prototype.search.
func (m *machine) search(s string, call otto.FunctionCall) otto.Value {
	if v, ok := m.delegate(call, "@@search", s); ok {
		return v
	}
	return m.searchIn(otto.FunctionCall{This: m.asPattern(call.Argument(0), ""), ArgumentList: []otto.Value{ofText(s)}})
}

// split is String.prototype.split with a text; with a regular expression that has the method.
func (m *machine) split(s string, call otto.FunctionCall) otto.Value {
	if v, ok := m.delegate(call, "@@split", s); ok {
		return v
	}
	limit := uint32(1<<32 - 1)
	if v := call.Argument(1); v.IsDefined() {
		limit = wrap32(m.toNumber(v))
	}
	separator := m.toString(call.Argument(0))
	switch {
	case limit == 0:
		return m.toJS([]string{})
	case call.Argument(0).IsUndefined():
		return toArray(m, []string{s}, ofText)
	case s == "" && separator == "":
		return m.toJS([]string{})
	}
	// One more than wanted: the rest of the text is the last part of SplitN, and is cut off.
	parts := strings.SplitN(s, separator, int(min(int64(limit)+1, maxLength)))
	return toArray(m, parts[:min(len(parts), int(limit))], ofText)
}

// replace is String.prototype.replace with a text; with a regular expression
// it is replaceIn.
func (m *machine) replace(s string, call otto.FunctionCall) otto.Value {
	if v, ok := m.delegate(call, "@@replace", s); ok {
		return v
	}
	return m.replaceText(s, call, 1)
}

// replaceAll is String.prototype.replaceAll.
func (m *machine) replaceAll(s string, call otto.FunctionCall) otto.Value {
	if v := call.Argument(0); m.isPattern(v) && !strings.Contains(m.flagsOf(v), "g") {
		m.raise("TypeError", "replaceAll must be called with a global RegExp")
	}
	if v, ok := m.delegate(call, "@@replace", s); ok {
		return v
	}
	return m.replaceText(s, call, -1)
}

// replaceText replaces a text, most times or, if that is negative, everywhere.
func (m *machine) replaceText(s string, call otto.FunctionCall, most int) otto.Value {
	sub := m.toString(call.Argument(0))
	r := m.replacement(call.Argument(1), s)
	out := &joined{m: m}
	from := 0 // bytes
	for at := 0; most != 0 && at <= len(s); most-- {
		i := strings.Index(s[at:], sub)
		if i < 0 {
			break
		}
		i += at
		out.add(s[from:i])
		out.add(r.of(&hit{at: codeunit.Length(s[:i]), whole: sub}))
		from = i + len(sub)
		at = from
		// Nothing is found between all code units, and once behind the last.
		if sub == "" {
			_, size := first(s[at:])
			at += max(1, size)
		}
	}
	out.add(s[from:])
	return ofText(string(out.b))
}

// first is the first code unit of a text.
func first(s string) (r rune, size int) {
	for i, c := range s {
		if i > 0 {
			return r, i
		}
		r = c
	}
	return r, len(s)
}

// replaceIn is RegExp.prototype[Symbol.replace].
func (m *machine) replaceIn(call otto.FunctionCall) otto.Value {
	v := m.patternThis(call, "@@replace")
	s := m.toString(call.Argument(0))
	r := m.replacement(call.Argument(1), s)
	var all []*hit
	// All matches first: the function that makes replacements may change lastIndex.
	m.each(v, s, func(f *hit) { all = append(all, f) })
	t := m.subject(s)
	out := &joined{m: m}
	from := 0 // code units
	for _, f := range all {
		m.complete(f, t.Len())
		by := r.of(f)
		// A script's own exec may say that it found something before the last match.
		if f.at < from {
			continue
		}
		out.add(t.Slice(from, f.at))
		out.add(by)
		from = min(f.at+codeunit.Length(f.whole), t.Len())
	}
	out.add(t.Slice(from, t.Len()))
	return ofText(string(out.b))
}

// joined is a text that grows up to a limit.
type joined struct {
	m *machine
	b []byte
}

// add appends a text, or throws if there would be too much.
func (j *joined) add(s string) {
	if len(j.b)+len(s) > maxText {
		j.m.raise("RangeError", "Invalid string length")
	}
	j.b = append(j.b, s...)
}

// A replacement is what matches in a text are replaced by.
type replacement struct {
	m        *machine
	in       string
	text     *regex.Text
	function otto.Value
	template string
}

// replacement reads the second argument of replace: a function, or a template with $.
func (m *machine) replacement(v otto.Value, in string) *replacement {
	r := &replacement{m: m, in: in, text: regex.NewText(in)}
	if v.IsFunction() {
		r.function = v
	} else {
		r.template = m.toString(v)
	}
	return r
}

// of is what a match is replaced by.
func (r *replacement) of(f *hit) string {
	if !r.function.IsFunction() {
		return r.expand(f)
	}
	args := append([]otto.Value{ofText(f.whole)}, f.groups...)
	args = append(args, r.m.toJS(f.at), ofText(r.in))
	if f.named.IsDefined() {
		args = append(args, f.named)
	}
	return r.m.toString(r.m.invoke(r.function, otto.UndefinedValue(), args...))
}

// expand fills in what $ stands for in the template.
func (r *replacement) expand(f *hit) string {
	if !strings.Contains(r.template, "$") {
		return r.template
	}
	out := &joined{m: r.m}
	rest := r.template
	for {
		before, after, more := strings.Cut(rest, "$")
		out.add(before)
		if !more {
			return string(out.b)
		}
		by, used := r.special(f, after)
		// A $ that means nothing is itself.
		if used == 0 {
			by = "$"
		}
		out.add(by)
		rest = after[used:]
	}
}

// special is what a $ and the text behind it stand for, and how many bytes
// behind it belong to it; none if it stands for itself.
func (r *replacement) special(f *hit, after string) (by string, used int) {
	if after == "" {
		return "", 0
	}
	switch c := after[0]; {
	case c == '$':
		return "$", 1
	case c == '&':
		return f.whole, 1
	case c == '`':
		return r.text.Slice(0, f.at), 1
	case c == '\'':
		return r.text.Slice(min(f.at+codeunit.Length(f.whole), r.text.Len()), r.text.Len()), 1
	case c >= '0' && c <= '9':
		return r.numbered(f, after)
	case c == '<' && f.named.IsDefined():
		name, _, ok := strings.Cut(after[1:], ">")
		if !ok || !f.named.IsObject() {
			return "", 0
		}
		if v := r.m.read(f.named.Object(), name); v.IsDefined() {
			by = r.m.toString(v)
		}
		return by, len(name) + 2
	}
	return "", 0
}

// numbered is special for $1 to $99: two digits if there is such a group.
func (r *replacement) numbered(f *hit, after string) (by string, used int) {
	for _, digits := range []int{2, 1} {
		if len(after) < digits {
			continue
		}
		n, err := strconv.Atoi(after[:digits])
		if err != nil || n < 1 || n > len(f.groups) {
			continue
		}
		if g := f.groups[n-1]; g.IsDefined() {
			by = g.String()
		}
		return by, digits
	}
	return "", 0
}
