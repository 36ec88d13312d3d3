package lower

import (
	"errors"
	"strings"
	"testing"

	"github.com/robertkrimen/otto"
	oast "github.com/robertkrimen/otto/ast"
)

// run runs a source in a bare engine with the runtime.
func run(t testing.TB, source string) (otto.Value, error) {
	t.Helper()
	p, err := New("t.js", source, Options{})
	if err != nil {
		return otto.Value{}, err
	}
	vm := otto.New()
	start, err := vm.Run(Runtime)
	if err != nil {
		t.Fatal(err)
	}
	common, err := vm.Object(`({keys: Object.keys, chars: function (s) { return s.split(""); },
		setPrototypeOf: function (o, from) { for (var k in from) if (k !== "prototype") o[k] = from[k]; Object.getOwnPropertyNames(from).forEach(function (k) { if (!(k in o)) o[k] = from[k]; }); },
		constructOn: function (parent, self, args) { return parent.apply(self, args) || self; }})`)
	if err != nil {
		t.Fatal(err)
	}
	global, err := vm.Run("this")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := start.Call(otto.UndefinedValue(), global, common); err != nil {
		t.Fatal(err)
	}
	if err := vm.Set(ThrowHook, func(call otto.FunctionCall) otto.Value { return call.Argument(0) }); err != nil {
		t.Fatal(err)
	}
	return vm.Run(p.Tree)
}

// The pieces, without the built-ins that the host adds. What they return by
// the standard is held by the regression suite of the host.
func TestPieces(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{`let a = 1; { let a = 2; } a`, "1"},
		{`const f = (x, y = x) => x + y; f(2)`, "4"},
		{"const a = 3; `a${a}b${a + 1}`", "a3b4"},
		{`const {a, ...b} = {a: 1, b: 2, c: 3}; a + Object.keys(b).join()`, "1b,c"},
		{`const [a, , b = 5, ...c] = [1, 2, undefined, 4, 6]; [a, b, c].join()`, "1,5,4,6"},
		{`let s = 0; for (const x of [1, 2, 3]) s += x; s`, "6"},
		{`const f = []; for (let i = 0; i < 3; i++) f.push(() => i); f.map(g => g()).join()`, "0,1,2"},
		{`class A { #n = 1; get n() { return this.#n } static of() { return new this() } } class B extends A { n2 = this.n + 1 } B.of().n2`, "2"},
		{`const o = {a: {f() { return this.b }, b: 7}}; o.x?.y.z ?? o.a?.f()`, "7"},
		{`Math.max(...[1, 5, 2], 3) + 2 ** 3`, "13"},
		{`a: for (const x of [1, 2, 3]) { for (;;) { if (x < 3) continue a; break a; } } typeof x`, "undefined"},
		{`var r = ""; for (const k in {a: 1, b: 2}) { r += k; } r`, "ab"},
		{`let n = 1; const f = () => { n = 10; return 1; }; n += f(); n`, "2"},
		{`var o = {f() { return this === o }}; (true ? o.f : 0)()`, "false"},
		{`function f() { return (() => arguments.length + this.x)() } f.call({x: 1}, 1, 2)`, "3"},
		{`try { throw [1, {a: 2}] } catch ([b, {a}]) { b + a }`, "3"},
		{`switch (1) { case 1: let a = 1; default: a = 4; const b = () => a; b() }`, "4"},
		{`const t = (s, ...v) => s.raw.join("|") + v; t` + "`a\\n${1}b`", `a\n|b1`},
		{`let {length} = "abc"; length`, "3"},
		{`var {a = 1, b: {c = 2} = {}} = {}; a + c`, "3"},
		{`const k = "x"; const o = {[k]: 1, get [k + 1]() { return 2 }, ...{z: 3}}; o.x + o.x1 + o.z`, "6"},
	} {
		v, err := run(t, c.source)
		if err != nil || v.String() != c.want {
			t.Errorf("%s\n%v, %v; want %s", c.source, v, err, c.want)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, c := range []struct {
		source       string
		line, column int
		says         string
	}{
		{"let a;\nasync function* g() {}", 2, 1, "async generators are not supported"},
		{"1 + 5n", 1, 5, "BigInt is not supported"},
		{"with (a) {}", 1, 1, "with statement"},
		{"import a from 'b'", 1, 1, "require("},
		{"\n  export default 1", 2, 3, "exports.name"},
		{"const a;", 1, 7, "Missing initializer"},
		{"let a; var a;", 1, 12, "already been declared"},
		{"function f(a) { let a; }", 1, 21, "already been declared"},
		{"class A { m() { this.#x } }", 1, 22, "must be declared in an enclosing class"},
		{"class A { constructor() { super() } }", 1, 27, "'super' keyword unexpected"},
		{"function f() { super.m() }", 1, 16, "'super' keyword unexpected"},
		{"new.target", 1, 1, "not allowed here"},
		{"import.meta", 1, 1, "require("},
		{"/(?<=a/", 1, 1, "Invalid regular expression"},
		{"({__proto__: null, '__proto__': 1})", 1, 20, "Duplicate __proto__"},
		{"delete a", 1, 8, "Delete of an unqualified identifier"},
		{"var a = 1 +;", 1, 12, "Unexpected token ;"},
		{"let s = 'x", 1, 9, "Unexpected token ILLEGAL"},
		{"x = " + strings.Repeat("!", maxDepth) + "1", 1, 1, "levels deep"},
	} {
		_, err := New("t.js", c.source, Options{})
		var e *Error
		if !errors.As(err, &e) || e.Line != c.line || e.Column != c.column || !strings.Contains(e.Message, c.says) {
			t.Errorf("%.40s: %v; want %d:%d: %s", c.source, err, c.line, c.column, c.says)
		}
	}
}

func TestStrict(t *testing.T) {
	for _, c := range []struct{ source, says string }{
		{"a = 1", "'a' is not defined"},
		{"[a] = [1]", "'a' is not defined"},
		{"a++", "'a' is not defined"},
		{"const a = 1; a = 2", "constant variable 'a'"},
		{"const a = 1; a++", "constant variable 'a'"},
		{"const a = 1; ({a} = {a: 2})", "constant variable 'a'"},
		{"for (const a of [1]) a += 1", "constant variable 'a'"},
		{"class A {} A()", "cannot be invoked without 'new'"},
		{"const {a} = null", "Cannot destructure 'null'"},
		{"for (const a of 3);", "3 is not iterable"},
	} {
		if v, err := run(t, c.source); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, %v; want %s", c.source, v, err, c.says)
		}
	}
	if _, err := New("t.js", "a = 1", Options{Sloppy: true}); err != nil {
		t.Error(err)
	}
}

// Every node is where its part of the source is.
func TestPlaces(t *testing.T) {
	const source = "const f = ({a}) => {\n  return a?.missing(...[1]);\n};\nclass A {\n  static m() { throw 1; }\n}\n"
	p, err := New("t.js", source, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		line, column int
		want         string
	}{{1, 1, ""}, {2, 10, "f"}, {3, 1, "f"}, {4, 1, ""}, {5, 16, "A.m"}, {6, 1, ""}, {99, 1, ""}} {
		if got := p.Function(c.line, c.column); got != c.want {
			t.Errorf("function at %d:%d: %q; want %q", c.line, c.column, got, c.want)
		}
	}
	oast.Walk(places{t, len(source)}, p.Tree)
}

type places struct {
	t    *testing.T
	size int
}

func (p places) Enter(n oast.Node) oast.Visitor {
	if id, ok := n.(*oast.Identifier); ok && id != nil && (id.Idx < 1 || int(id.Idx) > p.size) {
		p.t.Errorf("%s is at %d of %d", id.Name, id.Idx, p.size)
	}
	return p
}

func (p places) Exit(oast.Node) {}

// FuzzNew looks for sources that the lowering does not survive. What it accepts
// must be a tree that the engine can take.
func FuzzNew(f *testing.F) {
	for _, s := range []string{"", "let a = [...b, {c, ...d}]", "class A extends B { #x = 1; static { this.#x } m() { super.m?.(...a) } }",
		"for (const [a, {b = 1}] of c) { f(() => a + b) }", "a?.[b]?.(c).d ??= `x${e}y`", "({a, b: [c] = []} = d)", "x: for (let i in j) continue x",
		"(a, ...[b]) => ({[a]: b, get c() {}})", "switch (a) { default: let b; function c() {} }", "try {} catch ({a}) {} finally {}",
		"[a, ,] = b", "async () => await 1", "function* g() { yield* 1 }", "/[/]\\u{1f}/us", "a ** -b", "new.target", "import.meta"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		if strings.Count(source, "(")+strings.Count(source, "[")+strings.Count(source, "{") > 500 {
			t.Skip("the caller refuses it")
		}
		p, err := New("t.js", source, Options{})
		if err == nil {
			vm := otto.New()
			_, _ = vm.Compile("", "")
			oast.Walk(places{t, len(source) + 1}, p.Tree)
		} else if err.Error() == "" {
			t.Error("an error without words")
		}
	})
}

func BenchmarkNew(b *testing.B) {
	source := strings.Repeat("const f = ({a, b = 2}) => { for (const x of a) { const y = `${x}${b}`; a.push(...[() => y]); } };\n", 1)
	for b.Loop() {
		if _, err := New("t.js", source, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
