package jsjobs

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"

	"github.com/dop251/goja"
)

var (
	calls = flag.Int("calls", 1000, "how many random calls are compared with another engine; make soak asks again and again")
	seed  = flag.Uint64("seed", 0, "of the random calls; 0 is another one each time")
)

// A call is one of a built-in function, as the script takes it: texts are lists
// of code units, so that nothing on the way changes them.
type call struct {
	On     any    `json:"on"`
	Method string `json:"method"`
	Args   []any  `json:"args"`
}

// caller is the script that makes the calls, in both engines. What is returned
// or thrown is written so that nothing of it is lost.
const caller = `
const text = units => String.fromCharCode(...units);
const units = s => { const list = []; for (let i = 0; i < s.length; i++) list.push(s.charCodeAt(i)); return list; };
const functions = {
	count: (...a) => a.length + ":" + a.slice(1).map(x => typeof x === "object" ? "o" : String(x)).join("|"),
	dollar: () => "$1$&", nothing: () => undefined,
	index: (x, i, all) => [typeof x, i, all.length], truth: x => x, list: (x, i) => [x, i], fold: (p, x, i) => p + typeof x + typeof i + i,
	second: (k, v) => k === "1" ? undefined : v,
};
function value(x) {
	if (x === null || typeof x !== "object") return x;
	if ("text" in x) return text(x.text);
	if ("pattern" in x) { const r = new RegExp(text(x.pattern), x.flags); r.lastIndex = x.last || 0; return r; }
	if ("call" in x) return functions[x.call];
	if ("list" in x) return x.list.map(value);
	if ("object" in x) { const o = {}; for (const [k, v] of x.object) o[k] = value(v); return o; }
	if ("number" in x) return Number(x.number);
	if ("date" in x) return new Date(Number(x.date));
	if ("fields" in x) return new Date(...x.fields.map(value));
	return undefined;
}
function shown(v) {
	if (typeof v === "string") return {s: units(v)};
	if (typeof v === "number") return Object.is(v, -0) ? "-0" : String(v);
	if (v === undefined || v === null || typeof v === "boolean") return String(v);
	if (Array.isArray(v)) return {list: v.map(shown), index: shown(v.index), groups: v.groups ? Object.keys(v.groups).map(k => [k, shown(v.groups[k])]) : null};
	if (v instanceof RegExp) return String(v);
	if (v instanceof Date) return ["date", v.getTime()];
	if (typeof v[Symbol.iterator] === "function") return {all: [...v].map(shown)};
	return Object.keys(v).map(k => [units(k), shown(v[k])]);
}
function make(c) {
	let on, out, args = [];
	try {
		args = c.args.map(value);
		if (typeof c.on === "string") on = c.on.split(".").reduce((o, k) => o[k], globalThis);
		else on = value(c.on);
		out = c.method ? on[c.method](...args) : on(...args);
		out = shown(out);
	} catch (e) { out = "thrown: " + e.name; }
	const after = [on, ...args].filter(x => x instanceof RegExp).map(r => r.lastIndex);
	const left = on instanceof Date || Array.isArray(on) ? shown(on) : null;
	return JSON.stringify([out, after, left]);
}
`

// An engine makes calls as caller does, and returns what it wrote.
type engine func(*testing.T, []call) []string

// inGoja is the engine that other people's scripts were written for.
func inGoja(t *testing.T, list []call) (answers []string) {
	t.Helper()
	vm := goja.New()
	if _, err := vm.RunScript("caller", caller); err != nil {
		t.Fatal(err)
	}
	function, ok := goja.AssertFunction(vm.Get("make"))
	if !ok {
		t.Fatal("the script has no function make")
	}
	parse, _ := goja.AssertFunction(vm.Get("JSON").ToObject(vm).Get("parse"))
	for _, c := range list {
		arg, err := parse(goja.Undefined(), vm.ToValue(string(asJSON(t, c))))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := function(goja.Undefined(), arg)
		if err != nil {
			t.Fatalf("%s: %v", described(c), err)
		}
		answers = append(answers, answer.String())
	}
	return answers
}

// inNode is an engine that keeps to the standard, on computers that have one.
func inNode(t *testing.T, list []call) (answers []string) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("this computer has no node")
	}
	c := exec.CommandContext(t.Context(), node, "-e", "\"use strict\";"+caller+`process.stdout.write(JSON.stringify(JSON.parse(require("fs").readFileSync(0)).map(make)))`)
	c.Stdin = bytes.NewReader(asJSON(t, list))
	var said strings.Builder
	c.Stderr = &said
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, brief(said.String()))
	}
	if err := json.Unmarshal(out, &answers); err != nil {
		t.Fatal(err)
	}
	return answers
}

func asJSON(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// compared makes the calls here and in another engine, and reports what differs.
func compared(t *testing.T, list []call, in engine) {
	t.Helper()
	want := in(t, list)
	l := library(t, map[string]string{"t.js": emptyType + caller + `function compileJob(job) { job.metadata = {result: JSON.stringify(job.settings.calls.map(make))}; }`})
	differ := 0
	for len(list) > 0 {
		batch := list[:min(500, len(list))]
		for i, got := range answers(t, l, batch) {
			if got == want[i] {
				continue
			}
			if differ++; differ <= 40 {
				t.Errorf("%s\ngot  %s\nwant %s", described(batch[i]), readable(got), readable(want[i]))
			}
		}
		list, want = list[len(batch):], want[len(batch):]
	}
	if differ > 0 {
		t.Errorf("%d calls differ", differ)
	}
}

// answers makes the calls in a job type.
func answers(t *testing.T, l *Library, batch []call) (list []string) {
	t.Helper()
	var settings any
	if err := json.Unmarshal(asJSON(t, batch), &settings); err != nil {
		t.Fatal(err)
	}
	p, err := l.Plan(t.Context(), submission("t", map[string]any{"calls": settings}))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(p.Metadata["result"]), &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// described writes a call for people.
func described(c call) string {
	var args []string
	for _, a := range c.Args {
		args = append(args, describedValue(a))
	}
	return fmt.Sprintf("%s.%s(%s)", describedValue(c.On), c.Method, strings.Join(args, ", "))
}

func describedValue(v any) string {
	m, ok := v.(map[string]any)
	switch {
	case !ok:
		return fmt.Sprint(v)
	case m["text"] != nil:
		return fmt.Sprintf("%q%x", string(utf16.Decode(m["text"].([]uint16))), m["text"])
	case m["pattern"] != nil:
		return fmt.Sprintf("/%s/%v@%v", string(utf16.Decode(m["pattern"].([]uint16))), m["flags"], m["last"])
	}
	return fmt.Sprint(m)
}

// readable turns lists of code units in an answer into texts.
func readable(s string) string {
	var out strings.Builder
	for {
		before, after, ok := strings.Cut(s, `{"s":`)
		out.WriteString(before)
		if !ok {
			return out.String()
		}
		list, rest, _ := strings.Cut(after, "}")
		var units []uint16
		if json.Unmarshal([]byte(list), &units) == nil {
			fmt.Fprintf(&out, "%q", string(utf16.Decode(units)))
		}
		s = rest
	}
}

// random makes values of calls.
type random struct{ *rand.Rand }

func newRandom(t *testing.T) random {
	n := *seed
	if n == 0 {
		n = rand.Uint64()
	}
	t.Logf("-seed %d", n)
	return random{rand.New(rand.NewPCG(n, 1))}
}

func pick[E any](r random, list ...E) E { return list[r.IntN(len(list))] }

// alphabets are what texts are made of: few characters, so that they repeat.
var alphabets = [][]string{
	{"a", "b", "A", " ", "-", "1", "\\", "/", "$", "."},
	{"ä", "ö", "ß", "é", "e\u0301", "日", "本", "Σ", "σ", "ς", "İ", "ı", "\u00a0", "\u0130", "\uf8ff", "ﬁ", "a", "b", " "},
	{"😀", "😁", "𝒳", "\U00010400", "\U00010428", "🇩", "👩\u200d🚀", "a", "ö", " "},
}

// units draws a text: of one alphabet, of all, of any characters, or with halves of pairs.
func (r random) units(most int) []uint16 {
	list := []uint16{}
	kind := r.IntN(7)
	for range r.IntN(most + 1) {
		switch {
		case kind < 3:
			list = append(list, utf16.Encode([]rune(pick(r, alphabets[kind]...)))...)
		case kind < 5:
			list = append(list, utf16.Encode([]rune(pick(r, alphabets[r.IntN(3)]...)))...)
		case kind == 5:
			list = append(list, utf16.Encode([]rune{r.character()})...)
		default:
			list = append(list, pick[uint16](r, 0xd83d, 0xde00, 0xd800, 0xdfff, 'a', 'ö'))
		}
	}
	return list
}

func ofUnits(units []uint16) any { return map[string]any{"text": units} }

// character draws one that Go's version of Unicode knows: what the others are
// may have been said in the version that another engine has.
func (r random) character() rune {
	for {
		c := pick(r, rune(r.IntN(0x80)), rune(r.IntN(0xd800)), rune(0x20000+r.IntN(0xa000)))
		if unicode.In(c, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z, unicode.C) {
			return c
		}
	}
}

// part is a piece of a text, or another text.
func (r random) part(of []uint16) any {
	if len(of) == 0 || r.IntN(3) == 0 {
		return ofUnits(r.units(2))
	}
	from := r.IntN(len(of))
	return ofUnits(of[from:min(len(of), from+r.IntN(4))])
}

// position is one in a text, or beyond.
func (r random) position(of []uint16) any {
	return pick[any](r, r.IntN(len(of)+3)-1, r.IntN(len(of)+2), -r.IntN(len(of)+3), 0, 1.5, "2", nil, map[string]any{}, map[string]any{"number": "NaN"},
		map[string]any{"number": "Infinity"}, map[string]any{"number": "-Infinity"})
}

// some is the first so many of the arguments.
func (r random) some(least int, args ...any) []any { return args[:least+r.IntN(len(args)-least+1)] }
