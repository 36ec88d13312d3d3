package jsjobs

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestPrograms runs random programs here and in the other engine: functions,
// loops, closures, patterns, classes, generators, try and finally, one within
// the other. What they log, return and throw is to be the same.
func TestPrograms(t *testing.T) {
	r := randomPrograms(t)
	for range max(1, *calls/30) {
		w := &writer{Rand: r, fuel: 40}
		body := "let a = 1, b = 'x', c = [1, 2, 3], d = { k: 1 }, e = n => n, steps = 0;\n" +
			"function tick() { if (++steps > 40) throw new RangeError('steps') }\n" +
			// The other engine has 0 for products that are -0.
			"function show(v) { return Array.isArray(v) ? '[' + v.map(show).join() + ']' : String(v) }\n" +
			w.block(4) + "return [show(a), show(b), show(c), show(d && d.k)]"
		want := there(t, body)
		// It refuses some programs for their syntax, and stops at another depth of calls.
		if strings.HasPrefix(want, "failed: ") || want == "SyntaxError" {
			continue
		}
		if got := here(t, body); got != want {
			t.Errorf("%s\nhere  %s\nthere %s", body, got, want)
			return
		}
	}
}

// A writer writes a random program. Its fuel bounds how long that gets.
type writer struct {
	*rand.Rand
	fuel, names                     int
	inLoop, inFunction, inGenerator bool
}

func (w *writer) one(list ...string) string { return list[w.IntN(len(list))] }

func (w *writer) name() string {
	w.names++
	return fmt.Sprintf("v%d", w.names)
}

// block is some statements, and the declarations that they use.
func (w *writer) block(depth int) string {
	var s strings.Builder
	for range 1 + w.IntN(4) {
		s.WriteString(w.statement(depth) + "\n")
	}
	return s.String()
}

func (w *writer) statement(depth int) string {
	if w.fuel--; w.fuel < 0 || depth <= 0 {
		return "log(show(" + w.value(1) + "));"
	}
	switch w.IntN(16) {
	case 0, 1:
		return w.one("a", "b", "c", "d.k") + w.one(" = ", " = ", " += ", " ??= ", " ||= ", " &&= ") + w.scalar() + ";"
	case 2:
		return "if (" + w.value(2) + ") {\n" + w.block(depth-1) + "} else {\n" + w.block(depth-1) + "}"
	case 3, 4:
		return w.loop(depth)
	case 5, 6:
		return w.try(depth)
	case 7:
		return w.function(depth)
	case 8:
		return w.class(depth)
	case 9:
		pattern := w.one("[a, b = 5]", "{ k: a = 2, ...d }", "[, a, ...c]", "[{ k: b } = d, a]", "{ length: a, [a]: b }")
		return "(" + pattern + " = " + w.one("c", "d", "[d, 4]", "[[1], 2, 3]", "'xyz'", "null") + ");"
	case 10:
		return "switch (" + w.value(1) + ") { case 1: " + w.statement(depth-1) + " case 'x': " + w.statement(depth-1) +
			w.one(" break;", "") + " default: " + w.statement(depth-1) + " }"
	case 11:
		switch {
		case w.inLoop:
			return "if (" + w.value(1) + ") " + w.one("break;", "continue;")
		case w.inGenerator:
			return "a = yield " + w.value(1) + ";"
		case w.inFunction:
			return "if (" + w.value(1) + ") return " + w.value(1) + ";"
		}
	case 12:
		return "if (" + w.value(1) + ") throw " + w.one("new TypeError('t')", "a", "'s'", "{ name: 'N' }") + ";"
	case 13:
		v := w.name()
		return w.one("const ", "let ") + v + " = " + w.value(2) + "; e = " + w.one("n => ["+v+", n]", "() => typeof "+v, "function (n) { return "+v+" }") + ";"
	}
	return "log(show(" + w.value(2) + "));"
}

func (w *writer) loop(depth int) string {
	was := w.inLoop
	w.inLoop = true
	v := w.name()
	head := w.one("for (let "+v+" = 0; "+v+" < 3; "+v+"++)", "for (const "+v+" of "+w.one("c", "'pq'", "[1, [2]]", "new Set(c)", "Object.entries(d)")+")",
		"for (const "+v+" in "+w.one("d", "c", "{ p: 1, 2: 3 }")+")", "let "+v+" = 2; while ("+v+"-- > 0)")
	body := "{ tick();\n" + w.block(depth-1) + w.one("", "e = () => "+v+";\n") + "}"
	w.inLoop = was
	return head + " " + body
}

func (w *writer) try(depth int) string {
	s := "try {\n" + w.block(depth-1) + "}"
	handler := w.one(" catch (x) {\nlog('caught ' + (x && x.name || typeof x));\n", " catch {\n", " catch ({ name = 'none' }) {\nlog(name);\n")
	switch w.IntN(3) {
	case 0:
		return s + handler + w.block(depth-1) + "}"
	case 1:
		return s + " finally {\n" + w.block(depth-1) + "}"
	}
	// In one statement, what finally throws would be caught by catch in the other engine.
	return "try {\n" + s + handler + w.block(depth-1) + "}\n} finally {\n" + w.block(depth-1) + "}"
}

// function is one, and a call of it.
func (w *writer) function(depth int) string {
	loop, function, generator := w.inLoop, w.inFunction, w.inGenerator
	w.inLoop, w.inFunction, w.inGenerator = false, true, w.IntN(3) == 0
	f := w.name()
	parameters := w.one("p", "p = a", "p, ...q", "{ k: p = 3 } = {}", "[p, q = p] = [1]")
	star, use := "", "log(show("+f+"("+w.value(1)+")));"
	if w.inGenerator {
		star, use = "*", "{ let n = 0; for (const y of "+f+"("+w.value(1)+")) { log(show(y)); if (++n > 2) break; } }"
	}
	s := "function" + star + " " + f + "(" + parameters + ") { tick();\n" + w.block(depth-1) + "return " + w.one("p", "[p, a]", "() => p") + " }\n"
	w.inLoop, w.inFunction, w.inGenerator = loop, function, generator
	return s + w.one("", "e = n => "+f+"(n);\n") + use
}

func (w *writer) class(depth int) string {
	loop, function, generator := w.inLoop, w.inFunction, w.inGenerator
	w.inLoop, w.inFunction, w.inGenerator = false, true, false
	A, B := "C"+w.name(), "C"+w.name()
	s := "class " + A + " { #h = " + w.value(1) + "; k = 2; static s = " + w.value(1) + "; get h() { return this.#h } set h(x) { log('set'); this.#h = x }\n" +
		"m(p) { tick();\n" + w.block(depth-1) + "return this.k } }\n" +
		"class " + B + " extends " + w.one(A, A, "Array") + " { constructor() { super(); this.o = " + w.value(1) + " }\n" +
		w.one("m(p) { return [super.m && super.m(p), this.o] }", "get h() { return super.h } set h(x) { super.h = x }", "static { log(show(this.s)) }", "") + " }\n"
	w.inLoop, w.inFunction, w.inGenerator = loop, function, generator
	return s + "d = new " + w.one(A, B) + "(); " + w.one("d.h = 4; log(show(d.h));", "log(show(d.m && d.m(2)));", "log(d instanceof "+A+");")
}

// scalar is what may be assigned: lists within each other would grow without end.
func (w *writer) scalar() string {
	return w.one("1", "-1", "null", "undefined", "'x'", "typeof a", "!("+w.value(2)+")", "("+w.value(1)+" < "+w.value(1)+")", "c.length", "+(b)")
}

// value is an expression.
func (w *writer) value(depth int) string {
	if depth <= 0 {
		return w.one("a", "b", "c", "d", "d.k", "1", "0", "-1", "'x'", "'12'", "null", "undefined", "true", "c[0]", "c.length")
	}
	v := func() string { return w.value(depth - 1) }
	switch w.IntN(14) {
	case 0:
		return "[" + v() + ", ..." + w.one("c", "'zy'", "[]", v()) + "]"
	case 1:
		return "({ k: " + v() + ", ...d })"
	case 2, 3:
		return "(" + v() + w.one(" + ", " - ", " * ", " < ", " === ", " == ", " && ", " || ", " ?? ", " % ", " | ", ", ") + v() + ")"
	case 4:
		return "(" + v() + " ? " + v() + " : " + v() + ")"
	case 5:
		return "`${show(" + v() + ")}-${" + w.one("a", "b", "typeof d") + "}`"
	case 6:
		return "(() => { tick(); try { return e(" + v() + ") } finally { log('f') } })()"
	case 7:
		return "d?." + w.one("k", "k?.z", "m?.(1)", "['k']")
	case 8:
		return "[3, 1, 2]." + w.one("map(n => [n, a])", "filter(n => n > 1)", "reduce((x, y) => x + y, b)", "find(n => n == a)", "sort()", "flatMap(n => [n, n])", "some(n => n === 2)")
	case 9:
		return w.one("typeof ", "!", "-", "+") + "(" + w.one("a", "b", "1", "'12'", "null", "true") + ")"
	case 10:
		return "new Map([[a, 1], [b, 2]])." + w.one("size", "get(a)", "has(b)")
	case 11:
		return w.one("Object.keys(d).join()", "JSON.stringify(c)", "String(b)", "Number(b)", "Array.isArray(c)", "[...'ab'].reverse().join('')")
	}
	return w.value(0)
}
