package jsjobs

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
)

// Whatever a script does, planning ends in time with an error for the user.
func TestEndlessScripts(t *testing.T) {
	for _, c := range []struct{ name, body string }{
		{"loop", `while (true) {}`},
		{"for", `for (;;);`},
		{"do", `do { var x = 1 } while (true)`},
		{"try", `while (true) { try { while (true) {} } catch (e) {} }`},
		{"finally", `function f() { try { while (true) {} } finally { f() } } f()`},
		{"nested tries", `function f(n) { while (true) { try { if (n) f(n - 1); while (true) {} } catch (e) { while (true) {} } } } f(50)`},
		{"host functions", `while (true) { try { frameCount("1-10"); } catch (e) {} }`},
		{"getter", `var o = {}; Object.defineProperty(o, "x", {enumerable: true, get: function () { while (true) {} }}); author.Command("c", o)`},
		{"sort", `var a = []; for (var i = 0; i < 100; i++) a.push(i); a.sort(function () { while (true) {} })`},
		{"toString", `frameChunker({toString: function () { while (true) {} }}, 1)`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := library(t, map[string]string{"endless.js": emptyType + "function compileJob(job) {" + c.body + "}"})
			l.timeout = 300 * time.Millisecond
			_, err := l.Plan(t.Context(), farm.Submission{Type: "endless"})
			wantError(t, err, farm.Invalid, "endless.js took longer than 300ms", "loop that does not end")
		})
	}
}

func TestEndlessTopLevelIsBroken(t *testing.T) {
	l := library(t, nil)
	names(t, l) // what comes with the program is known before the limit is shortened
	l.timeout = 100 * time.Millisecond
	write(t, filepath.Join(l.dir, "endless.js"), emptyType+"while (true) {}")
	broken := l.Broken(t.Context())
	if len(broken) != 1 || broken[0].Name != "endless" || !strings.Contains(broken[0].Error, "took longer") {
		t.Errorf("broken: %v", broken)
	}
}

// These would end the whole process if they were let.
func TestRecursion(t *testing.T) {
	deep := strings.Repeat("!", 1500)
	for _, c := range []struct{ name, body, says string }{
		{"calls", `function f() { return f() + 1 } f()`, "Maximum call stack size exceeded"},
		{"deep calls", `function f() { return ` + deep + `f() } f()`, "Maximum call stack size exceeded"},
		{"toString", `var o = {toString: function () { return "" + o }}; "" + o`, "Maximum call stack size exceeded"},
		{"getter", `var o = {get x() { return this.x }}; o.x`, "Maximum call stack size exceeded"},
		{"forEach", `function f() { [1].forEach(f) } f()`, "Maximum call stack size exceeded"},
		{"replace", `function f() { "a".replace(/a/, f) } f()`, "Maximum call stack size exceeded"},
		{"array in itself", `var a = []; a[0] = a; a[1] = a; a.join(); throw "survived"`, "e"},
		{"eval", `eval(new Array(1e4).join("("))`, "cannot make functions from text"},
		{"Function", `new Function(new Array(1e4).join("("))`, "cannot make functions from text"},
		{"hidden Function", `(function () {}).constructor("return 1")()`, "cannot make functions from text"},
		{"deep JSON", `var o = {}; for (var i = 0; i < 20000; i++) o = {o: o}; JSON.stringify(o)`, "nested more than 1000 levels"},
		{"cyclic JSON", `var o = {}; o.o = o; JSON.stringify(o)`, "contains itself"},
		{"huge array", `var a = []; a.length = 4e9; a.indexOf(1)`, "an array has"},
		{"huge join", `new Array(4294967295).join("x")`, "an array has"},
		{"huge list parameter", `var a = []; a.length = 4e9; author.Command("x", {a: a})`, "a list has 4000000000 items"},
		{"brackets in a module", `require("./deep")`, "brackets within each other"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := library(t, map[string]string{"t.js": emptyType + "function compileJob(job) {" + c.body + "}",
				"deep.js": strings.Repeat("(", 100_000)})
			l.timeout = time.Minute
			_, err := l.Plan(t.Context(), farm.Submission{Type: "t"})
			wantError(t, err, farm.Invalid, c.says)
		})
	}
}

// Sources that would break the parser or the engine are refused before they
// reach them, or make the script broken; none ends the process.
func TestHostileSource(t *testing.T) {
	const n = 100_000 // some take the parser time by its square
	for _, source := range []string{
		strings.Repeat("(", n), strings.Repeat("[", n), strings.Repeat("{", n), strings.Repeat("f(", n), strings.Repeat("a[", n),
		strings.Repeat("!", n) + "1", strings.Repeat("- ", n/2) + "1", "x=" + strings.Repeat("a=", n/2) + "1", strings.Repeat("a?", n/2) + "1" + strings.Repeat(":1", n/2),
		"1" + strings.Repeat("+1", n/2), "a" + strings.Repeat(".a", n/2), "a" + strings.Repeat("()", n/2), strings.Repeat("new ", n/5) + "a",
		strings.Repeat("if(1)", n/5) + ";", strings.Repeat("if(1);else ", n/11) + ";", strings.Repeat("x:", n/3) + ";", strings.Repeat("function f(){", n/13),
		strings.Repeat("typeof ", n/7) + "a", strings.Repeat("while(1)", n/8) + ";", "a" + strings.Repeat(",a", n/2), "/" + strings.Repeat("(", n) + "/",
		"/" + strings.Repeat("(a*)*", 1000) + "/", strings.Repeat("/*", n/2), "\"" + strings.Repeat("\\u", n/3), "\x00\x01\xff", "#!x", "\ufeff\ufeff",
		strings.Repeat("a=>", n/50) + "1", strings.Repeat("((a=", 200) + "1" + strings.Repeat(")=>1)", 200), strings.Repeat("let a;", n/6), "a" + strings.Repeat("?.a", n/3),
		"a" + strings.Repeat("??a", n/3), strings.Repeat("`${", 200), "/'/+" + strings.Repeat("(", n), "`'`+" + strings.Repeat("(", n), "class A{" + strings.Repeat("#a;", n/3) + "}",
		"[a, ...b, c] = d", "({a = 1})", "let [a.b] = c", "for (let of of) {}", "async (", "yield", "x = {...}", "class { #a }", "import(", "super()", "\\u{110000}",
		"var a = 08e999999999;", "0x" + strings.Repeat("f", n), "case", "JOB_TYPE = {get label() { throw 1 }}; function compileJob() {}",
	} {
		l := library(t, map[string]string{"hostile.js": source + "\n//padding"})
		if _, err := l.Type(t.Context(), "hostile"); farm.KindOf(err) != farm.Invalid || len(err.Error()) > 2000 {
			t.Errorf("%.30q: error %.300v", source, err)
		}
	}
}

func TestTooManyTasks(t *testing.T) {
	m, err := newMachine(nil)
	if err != nil {
		t.Fatal(err)
	}
	m.made.Store(maxTasks)
	err = m.carryOut(order{File: "t.js", Source: emptyType + `function compileJob() {} author.Task("one", "too many")`}, &outcome{})
	wantError(t, err, farm.Invalid, "the script makes more than 1000000 tasks: make fewer and larger ones")
}

func TestTooManyDependencies(t *testing.T) {
	m, err := newMachine(nowhere{})
	if err != nil {
		t.Fatal(err)
	}
	m.author.needs = maxNeeds
	err = m.carryOut(order{File: "t.js", Job: &farm.Submission{}, Source: emptyType + `function compileJob(job) {
		var a = author.Task("a", "m"), b = author.Task("b", "m"); b.addDependency(a); job.addTask(a); job.addTask(b) }`}, &outcome{})
	wantError(t, err, farm.Invalid, "the tasks have more than 5000000 dependencies together")
}

func TestMemoryLimit(t *testing.T) {
	l := library(t, map[string]string{"greedy.js": emptyType + `function compileJob(job) { var a = []; while (true) { a.push({x: [a.length]}); } }`})
	l.memory = 64 << 20
	l.timeout = time.Minute
	_, err := l.Plan(t.Context(), farm.Submission{Type: "greedy"})
	wantError(t, err, farm.Invalid, "greedy.js took more than 64 MiB of memory")
}

// What takes too much at once, or bit by bit, ends with the reason, and the
// next script runs as if nothing had been.
func TestGreedyScripts(t *testing.T) {
	for _, c := range []struct{ name, body, says string }{
		{"doubling text", `var s = "x"; while (true) s += s`, "took more than 64 MiB of memory"},
		{"doubling text in try", `var s = "x"; while (true) { try { while (true) s += s } catch (e) {} }`, "took more than 64 MiB of memory"},
		{"growing list", `var a = []; while (true) a.push("x" + a.length)`, "took more than 64 MiB of memory"},
		{"replace", `var s = "x", more = new Array(100).join("x"); while (true) s = s.replace(/x/g, more)`, "took more than 64 MiB of memory"},
		{"long regular expression", `var r = new RegExp(new Array(300).join("(a{1,100})")); while (true) r = [r, new RegExp(r.source)]`, ""},
		{"concat", `var a = [1]; while (true) a = a.concat(a)`, ""},
		{"tasks", `for (var i = 0; ; i++) job.addTask(author.Task("t" + i, "misc"))`, "took more than 64 MiB of memory"},
		{"printing", `var s = new Array(1e6).join("x"); for (var i = 0; i < 2000; i++) print(s); throw "printed"`, "printed"},
		{"requiring", `for (;;) { try { require("./nothing") } catch (e) { if (/1000 times/.test(e.message)) throw e } }`, "more than 1000 times"},
		{"metadata", `var s = new Array(1e6).join("x"); for (var i = 0; ; i++) job.metadata[i] = s + i`, "took more than 64 MiB of memory"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := library(t, map[string]string{"greedy.js": emptyType + "function compileJob(job) {" + c.body + "}", "fine.js": labelled("Fine")})
			l.memory = 64 << 20
			l.timeout = 10 * time.Minute
			_, err := l.Plan(t.Context(), farm.Submission{Type: "greedy"})
			wantError(t, err, farm.Invalid, c.says)
			if _, err := l.Type(t.Context(), "fine"); err != nil {
				t.Errorf("the next script: %v", err)
			}
		})
	}
}

// A regular expression that would take for ever is ended with its own error,
// which a script may catch; one that catches it again and again runs out of time.
func TestCatastrophicExpression(t *testing.T) {
	_, err := evaluate(t, `/^(a+)+$/.test(new Array(100000).join("a") + "b")`)
	wantError(t, err, farm.Invalid, "the regular expression /^(a+)+$/ took longer than 2s over a text of 100000 characters")
	l := library(t, map[string]string{"t.js": emptyType + `function compileJob() { for (;;) { try { /^(a+)+$/.test("a".repeat(50) + "b") } catch (e) { } } }`})
	l.timeout = 3 * time.Second
	_, err = l.Plan(t.Context(), farm.Submission{Type: "t"})
	wantError(t, err, farm.Invalid, "t.js took longer than 3s")
}

// A child that the system ended while it waited is not missed.
func TestChildIsGone(t *testing.T) {
	l := library(t, map[string]string{"a.js": labelled("A")})
	for range maxIdle + 1 {
		names(t, l)
		processes.mu.Lock()
		for _, p := range processes.idle {
			p.kill()
		}
		processes.mu.Unlock()
		if _, err := l.Plan(t.Context(), farm.Submission{Type: "a"}); err != nil {
			t.Error(err)
		}
	}
}

// What a child says when it dies is explained.
func TestWhyEnded(t *testing.T) {
	for said, want := range map[string]string{
		"":                                    "x.js took more than 1 MiB of memory",
		"fatal error: runtime: out of memory": "x.js took more than 1 MiB of memory",
		"runtime: goroutine stack exceeds 536870912-byte limit\nfatal: stack overflow": "x.js calls functions too deep",
		"fatal error: concurrent map writes\nmore":                                     "x.js made the JavaScript engine fail: fatal error: concurrent map writes",
	} {
		if got := whyEnded("x.js", said, 1<<20); !strings.HasPrefix(got, want) || strings.Contains(got, "more\n") {
			t.Errorf("%q is explained as %q", said, got)
		}
	}
}

// A large plan may take its time.
func TestAllowed(t *testing.T) {
	if got := allowed(10*time.Second, 0); got != 10*time.Second {
		t.Errorf("without tasks: %s", got)
	}
	if got := allowed(10*time.Second, 100_000); got != 30*time.Second {
		t.Errorf("with 100,000 tasks: %s", got)
	}
	m, err := newMachine(nowhere{})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.carryOut(order{File: "t.js", Source: emptyType + `function compileJob() {} author.Task("a", "b")`}, &outcome{}); err != nil || m.made.Load() != 1 {
		t.Errorf("%d tasks were counted; %v", m.made.Load(), err)
	}
}

func TestCommandsLimit(t *testing.T) {
	_, err := plan(t, `var s = "x"; for (var i = 0; i < 20; i++) s += s; for (;;) author.Command("x", {s: s})`, nil)
	wantError(t, err, farm.Invalid, "larger than 128 MiB together")
}

func TestPlanCanceled(t *testing.T) {
	l := library(t, map[string]string{"endless.js": emptyType + "function compileJob(job) { while (true) {} }"})
	if _, err := l.Type(t.Context(), "endless"); err != nil {
		t.Fatal(err)
	}
	gone := errors.New("the submitter went away")
	ctx, cancel := context.WithCancelCause(t.Context())
	done := make(chan error)
	go func() {
		_, err := l.Plan(ctx, farm.Submission{Type: "endless"})
		done <- err
	}()
	cancel(gone)
	if err := <-done; !errors.Is(err, gone) {
		t.Errorf("error %v; want %v", err, gone)
	}
	// What was cut short says nothing about the script.
	if _, err := l.Type(t.Context(), "endless"); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// A request that finds every slot taken waits for one, but not longer than its
// context.
func TestSlots(t *testing.T) {
	l := newPool(1)
	p, err := l.get(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	gone := errors.New("the submitter went away")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(gone)
	if _, err := l.get(ctx, false); !errors.Is(err, gone) {
		t.Errorf("error %v", err)
	}
	l.put(p)
	if again, err := l.get(t.Context(), false); err != nil || again != p {
		t.Errorf("got %v, %v; want the child that was given back", again, err)
	}
	l.drop(p)
	if another, err := l.get(t.Context(), false); err != nil || another == p {
		t.Errorf("got %v, %v; want another child", another, err)
	} else {
		l.drop(another)
	}
}
