package jsjobs

import (
	"strings"
	"sync"
	"testing"

	"github.com/robertkrimen/otto"

	"renderfarm/jsjobs/lower"
)

func TestScan(t *testing.T) {
	for _, c := range []struct {
		source, what string
		line         int
	}{
		{"", "", 0},
		{strings.Repeat("(", maxNesting), "", 0},
		{"\n\n" + strings.Repeat("(", maxNesting+1), "brackets within each other", 3},
		{strings.Repeat("()", 10*maxNesting), "", 0},
		{strings.Repeat("{[", maxNesting), "brackets within each other", 1},
		{"'" + strings.Repeat("(", 2*maxNesting) + "'", "", 0},
		{"//" + strings.Repeat("(", 2*maxNesting), "", 0},
		{"/*\n" + strings.Repeat("(", 2*maxNesting) + "*/\n", "", 0},
		{"x\n/* never closed", "a comment is not closed", 2},
		{strings.Repeat("`${", maxNesting) + "1" + strings.Repeat("}`", maxNesting), "", 0},
		{strings.Repeat("`${", maxNesting) + "(", "brackets within each other", 1},
		{"`(((${`[[[`}(((`;\n" + strings.Repeat("(", maxNesting+1), "brackets within each other", 2},
		{"`it's`; " + strings.Repeat("(", maxNesting+1), "brackets within each other", 1},
		{"// begins {\n}`\n`\n" + strings.Repeat("(", maxNesting+1), "brackets within each other", 4},
		{"/'/ + " + strings.Repeat("(", maxOpen+1), "brackets within each other", 1},
		{strings.Repeat("((a=", maxArrows) + "1" + strings.Repeat(") => 1)", maxArrows), "", 0},
		{"\n" + strings.Repeat("((a=", maxArrows+1) + "1" + strings.Repeat(") => 1)", maxArrows+1), "arrow functions in the parameters", 2},
		{strings.Repeat("(a => (b) => ", 100) + "1" + strings.Repeat(")", 100), "", 0},
		{"'not closed\n" + strings.Repeat("(", maxNesting+1), "brackets within each other", 2},
	} {
		what, line := scan(c.source)
		if !strings.Contains(what, c.what) || (what == "") != (c.what == "") || line != c.line {
			t.Errorf("%.40q: %q on line %d; want %q on %d", c.source, what, line, c.what, c.line)
		}
	}
}

func TestParseBounds(t *testing.T) {
	for _, c := range []struct{ source, says string }{
		{strings.Repeat("x:", 1000) + ";", "labels"},
		{strings.Repeat("x:if(1)", 1000) + ";", "labels"},
		{"var a = 1" + strings.Repeat("+1", maxDepth), "levels deep"},
		{"var a = " + strings.Repeat("!", maxDepth) + "1", "levels deep"},
	} {
		if p := parse("x.js", c.source, false); p.err == nil || !strings.Contains(p.err.Error(), c.says) {
			t.Errorf("%.20q: %v; want an error that says %q", c.source, p.err, c.says)
		}
	}
	// What people write is not refused.
	for _, source := range []string{
		"var a = 1" + strings.Repeat("+1", maxDepth/2),
		"a: for (;;) { b: for (;;) { continue a; } }",
		strings.Repeat("x = a ? b : c ? d : e;\n", maxLabels),
		strings.Repeat("switch (a) { case b: f(); default: g() }\n", 3*maxLabels),
		"x = {" + strings.Repeat("a: {b: c},\n", 3*maxLabels) + "}",
		"#!/usr/bin/env node\nvar a;",
		"\ufeffvar a;",
	} {
		if p := parse("x.js", source, false); p.err != nil {
			t.Errorf("%.40q: %v", source, p.err)
		}
	}
}

// A program may run in several VMs at once, and as often as one likes.
func TestProgramIsShared(t *testing.T) {
	p := parse("x.js", `var n = 0; function f(a) { if (a > 2) throw "x" + a; n += a; } [1, 2, 3].forEach(function (a) { try { f(a) } catch (e) { n += e } }); n`, false)
	if p.err != nil {
		t.Fatal(p.err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			vm := otto.New()
			if err := vm.Set(lower.ThrowHook, func(call otto.FunctionCall) otto.Value { return call.Argument(0) }); err != nil {
				t.Error(err)
			}
			for range 20 {
				if v, err := vm.Run(p.tree); err != nil || v.String() != "3x3" {
					t.Errorf("%v, %v", v, err)
				}
			}
		})
	}
	wg.Wait()
}
