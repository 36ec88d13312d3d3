package jsjobs

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dop251/goja"
)

// around is the program that a probe is run in: what it logs, returns or throws
// is written in a way that is the same in all engines.
const around = `var out = [], result;
function log(x) { out.push(String(x)); return x }
function show(v) {
	if (typeof v === "symbol") return "symbol";
	if (Array.isArray(v)) return "[" + v.map(show).join() + "]";
	return typeof v === "number" && Object.is(v, -0) ? "-0" : String(v);
}
try { result = show((function () { %s
})()); } catch (e) { result = "thrown " + (e && e.name ? e.name : show(e)); }
`

// here runs a probe in our engine. A mistake that is found before it runs is a
// SyntaxError.
func here(t testing.TB, body string) (said string) {
	t.Helper()
	m, err := newMachine(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer m.stopCoroutines()
	p := parse("t.js", fmt.Sprintf(around, body), false)
	if p.err != nil {
		return "SyntaxError"
	}
	m.main, m.files[p.file] = p, p
	m.limitCalls(p)
	err = safely(func() error {
		_, err := m.vm.Run(p.tree)
		return err
	})
	if err == nil {
		err = m.runJobs()
	}
	if err != nil {
		return "failed: " + err.Error()
	}
	result, _ := m.vm.Get("result")
	out, _ := m.vm.Get("out")
	return out.String() + " => " + result.String()
}

// there runs it in the engine that other people's scripts were written for.
func there(t testing.TB, body string) (said string) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			said = fmt.Sprint("failed: ", r)
		}
	}()
	p, err := goja.Compile("t.js", fmt.Sprintf(around, body), true)
	if err != nil {
		return "SyntaxError"
	}
	vm := goja.New()
	vm.SetMaxCallStackSize(maxCalls)
	stop := time.AfterFunc(10*time.Second, func() { vm.Interrupt("too long") })
	defer stop.Stop()
	if _, err := vm.RunProgram(p); err != nil {
		return "failed: " + err.Error()
	}
	return vm.Get("out").String() + " => " + vm.Get("result").String()
}

// TestLanguage compares what the probes of testdata/jobtypes/language.txt do here
// and in the other engine, chapter by chapter. A probe that is known to do
// something else begins with "gap: "; docs/job-types.md says what those are.
func TestLanguage(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "testdata", "jobtypes", "language.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for part := range strings.SplitSeq("\n"+string(text), "\n## ") {
		chapter, probes, _ := strings.Cut(part, "\n")
		if chapter == "" {
			continue
		}
		t.Run(chapter, func(t *testing.T) {
			agree, all := 0, 0
			for line := range strings.SplitSeq(probes, "\n") {
				body, gap := strings.CutPrefix(line, "gap: ")
				if strings.TrimSpace(body) == "" {
					continue
				}
				got, want := here(t, body), there(t, body)
				all++
				if got == want {
					agree++
				}
				if (got == want) == gap {
					t.Errorf("gap %v: %s\nhere  %s\nthere %s", gap, body, got, want)
				}
			}
			t.Logf("AGREE %s: %d of %d", chapter, agree, all)
		})
	}
}

// Places where a pattern takes something apart: %[1]s is the pattern, %[2]s what
// it is given.
var patternPlaces = []string{
	"const %[1]s = %[2]s; return show([typeof a === 'undefined' ? 0 : a, b])",
	"let %[1]s = %[2]s; return show([a, b])", "var %[1]s = %[2]s; return show([a, b])",
	"var a, b; (%[1]s = %[2]s); return show([a, b])",
	"function f(%[1]s) { return show([a, b]) } return f(%[2]s)", "const f = (%[1]s) => show([a, b]); return f(%[2]s)",
	"function f(%[1]s = %[2]s) { return show([a, b]) } return [f(), f.length, f.name]",
	"function* f(%[1]s) { yield show([a, b]) } return f(%[2]s).next().value",
	"function* f(%[1]s = %[2]s) { yield show([a, b]) } return f().next().value",
	"const o = { m(%[1]s) { return show([a, b]) } }; return o.m(%[2]s)",
	"class C { m(%[1]s) { return show([a, b]) } } return new C().m(%[2]s)",
	"class C { static *m(%[1]s = %[2]s) { yield show([a, b]) } } return C.m().next().value",
	"class C { constructor(%[1]s) { this.r = show([a, b]) } } return new C(%[2]s).r",
	"class C { #m(%[1]s) { return show([a, b]) } t(x) { return this.#m(x) } } return new C().t(%[2]s)",
	"for (const %[1]s of [%[2]s]) return show([a, b])", "for (let %[1]s of [%[2]s]) { const f = () => show([a, b]); return f() }",
	"var a, b; for (%[1]s of [%[2]s]) ; return show([a, b])", "for (let %[1]s = %[2]s; ; ) return show([a, b])",
	"try { throw %[2]s } catch (%[1]s) { return show([a, b]) }",
	"async function f(%[1]s) { log(show([a, b])) } f(%[2]s).catch(e => log('no ' + e.name)); return 1",
}

// Patterns with the names a and b, and what they are given.
var patterns = []string{"[a, b]", "[a, ...b]", "[a = log('x'), b = a]", "[, a, b]", "[a, [b] = [5]]", "[a, { b } = { b: 6 }]", "{ a, b }", "{ a = 1, b = 2 }",
	"{ x: a, y: b = 3 }", "{ a, ...b }", "{ ['a']: a, [log('k')]: b }", "{ a: { b } = { b: 1 }, c: a }", "[{ a, b }]", "[a = function () { }, b = a.name]",
	"[a = class { }, b = a.name]", "{ a = () => { }, b = a.name }", "[...[a, b]]", "[...{ 0: a, length: b }]", "[a = b, b]", "{ a = b, b }", "[[a], b]", "[a,, b]"}
var given = []string{"[1, 2, 3]", "{ a: 1, b: 2, c: 3, x: 4 }", "'xyz'", "null", "undefined", "[]", "[[7], undefined]", "new Map([[1, 2]])",
	"(function* () { try { yield 1; yield [2]; yield 3 } finally { log('closed') } })()",
	"{ [Symbol.iterator]() { return { next() { log('n'); return { done: false, value: 4 } }, return() { log('r'); return {} } } } }",
	"{ [Symbol.iterator]() { throw new RangeError() } }", "{ get a() { throw new EvalError() }, [Symbol.iterator]() { return { next() { throw new URIError() } } } }",
	"{ get a() { return log('get') }, b: null }"}

// TestPatterns takes everything apart with every pattern in every place: all of
// it with -calls 100000, else a random part.
func TestPatterns(t *testing.T) {
	r := randomPrograms(t)
	agree, all := 0, 0
	for _, place := range patternPlaces {
		for _, pattern := range patterns {
			for _, value := range given {
				if strings.Contains(pattern, "...") && strings.Contains(value, "log('n')") { // without end
					continue
				}
				if r.IntN(len(patternPlaces)*len(patterns)*len(given)) >= *calls/10 {
					continue
				}
				body := strings.NewReplacer("%[1]s", pattern, "%[2]s", value).Replace(place)
				got, want := here(t, body), there(t, body)
				all++
				if got == want {
					agree++
				} else if !knownPattern(body) {
					t.Errorf("%s\nhere  %s\nthere %s", body, got, want)
				}
			}
		}
	}
	t.Logf("AGREE patterns: %d of %d", agree, all)
}

// knownPattern reports whether a pattern is one of the gaps: an iterator is not
// told when a pattern breaks off because something in it throws, and the head
// of a for loop has no dead zone.
func knownPattern(body string) bool {
	if strings.Contains(body, "for (let ") && strings.Contains(body, "a = b, b") {
		return true
	}
	return strings.Contains(body, "next() { log('n')") || strings.Contains(body, "function* () { try")
}

// randomPrograms is the source of random programs; its seed is printed.
func randomPrograms(t *testing.T) *rand.Rand {
	s := *seed
	if s == 0 {
		s = uint64(time.Now().UnixNano())
	}
	t.Logf("-seed %d", s)
	return rand.New(rand.NewPCG(s, 0))
}
