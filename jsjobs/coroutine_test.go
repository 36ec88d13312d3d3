package jsjobs

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
)

// TestCoroutineLimits runs hostile generators: none hangs, and none leaves a
// goroutine behind.
func TestCoroutineLimits(t *testing.T) {
	for _, c := range []struct{ name, body, says string }{
		{"many", `function* g() { yield 1; } const all = []; for (let i = 0; i < 8000; i++) { const it = g(); it.next(); all.push(it); }`, "too many generators are in their middle"},
		{"deep", `function* g(n) { yield n; yield* g(n + 1); } for (const n of g(0)) ;`, "t.js"},
		{"itself", `let it; function* g() { it.next(); yield 1; } it = g(); it.next();`, "Generator is already running"},
		{"no return", `function* g() { try { yield 1; } finally { for (;;) yield 2; } } for (const x of g()) break;`, ""},
		{"left standing", `function* g() { try { yield 1; } finally { print("never"); throw 1; } } g().next();`, ""},
		{"endless", `function* g() { for (;;) yield 1; } for (const x of g()) ;`, "took longer than"},
		{"endless jobs", `const f = () => Promise.resolve().then(f); f();`, "took longer than"},
		{"forgotten", `function* g() { yield new Array(100).join("x"); } for (let i = 0; i < 3500; i++) g().next();`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := library(t, map[string]string{"t.js": emptyType + "function compileJob(job) {\n" + c.body + "\n}\n"})
			l.timeout = 2 * time.Second
			l.memory = 2 << 30 // with the race detector stacks are larger, and the limit of generators comes first
			p, err := l.Plan(t.Context(), farm.Submission{Type: "t"})
			if c.says != "" {
				wantError(t, err, farm.Invalid, c.says)
				return
			}
			if err != nil || len(p.Messages) > 0 {
				t.Error(err, p)
			}
		})
	}
}

// TestCoroutinesEnd looks at the goroutines of a machine that is done.
func TestCoroutinesEnd(t *testing.T) {
	before := coroutinesStanding()
	for range 3 {
		m, err := newMachine(nil)
		if err != nil {
			t.Fatal(err)
		}
		o := order{File: "t.js", Source: emptyType + `function compileJob() {}
			function* g() { try { yield 1; } catch (e) { yield 2; } finally { for (;;) ; } }
			const its = []; for (let i = 0; i < 50; i++) { its.push(g()); if (i % 2) its[i].next(); }`}
		if err := m.carryOut(o, &outcome{}); err != nil {
			t.Fatal(err)
		}
	}
	if after := coroutinesStanding(); after != before {
		t.Errorf("%d coroutines stand in their middle, and %d before", after, before)
	}
}

// coroutinesStanding counts the goroutines that wait as coroutines. Others may
// come and go.
func coroutinesStanding() int {
	stacks := make([]byte, 16<<20)
	return strings.Count(string(stacks[:runtime.Stack(stacks, true)]), " [coroutine")
}
