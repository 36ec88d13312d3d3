package jsjobs

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"renderfarm/farm"
)

// found writes findings as people read them.
func found(list []Finding) (lines []string) {
	for _, f := range list {
		kind := "error"
		if f.Warning {
			kind = "warning"
		}
		lines = append(lines, fmt.Sprintf("%s:%d:%d: %s: %s", f.File, f.Line, f.Column, kind, f.Message))
	}
	return lines
}

func TestCheck(t *testing.T) {
	const compile = "\nfunction compileJob(job) {}\n"
	for name, c := range map[string]struct {
		files map[string]string
		want  []string // what each line begins with
	}{
		"nothing": {map[string]string{"t.js": `var JOB_TYPE = { label: "T", settings: [{ key: "a", type: "int32", default: 3, propargs: { min: 1, max: 3 } }] };` + compile}, nil},
		"syntax": {map[string]string{"t.js": "var JOB_TYPE = {};\nvar x = 1 +;" + compile},
			[]string{`t.js:2:12: error: SyntaxError: Unexpected token ;`}},
		"thrown":      {map[string]string{"t.js": "function f() {\n\tthrow 'no';\n}\nf();\nvar JOB_TYPE = {};" + compile}, []string{`t.js:2:2: error: no`}},
		"a hint":      {map[string]string{"t.js": "var JOB_TYPE = {};\nfetch();" + compile}, []string{`t.js:2:1: error: ReferenceError: 'fetch' is not defined; fetch is not part of`}},
		"in a module": {map[string]string{"t.js": "require('./lib/m.js'); var JOB_TYPE = {};" + compile, "lib/m.js": "\n\n  nope();"}, []string{`lib/m.js:3:3: error: ReferenceError: 'nope' is not defined`}},
		"no type":     {map[string]string{"t.js": "var x = 1;" + compile}, []string{`t.js:0:0: error: does not define a JOB_TYPE object`}},
		"no compile":  {map[string]string{"t.js": "\nvar JOB_TYPE = {};"}, []string{`t.js:2:5: error: does not define a compileJob(job) function`}},
		"a type": {map[string]string{"t.js": "var JOB_TYPE = { settings: [\n\t{ key: 'a', type: 'int' },\n] };" + compile},
			[]string{`t.js:2:20: error: setting "a" of JOB_TYPE: type is "int": it must be one of string, int32, float, bool`}},
		"a default": {map[string]string{"t.js": "const MORE = [\n\t{ key: 'a', type: 'int32', default: 'x' },\n];\nvar JOB_TYPE = { settings: [...MORE] };" + compile},
			[]string{`t.js:2:38: error: setting "a" of JOB_TYPE: default: x is no int32`}},
		"limits": {map[string]string{"t.js": "var JOB_TYPE = { settings: [\n{ key: 'a', type: 'int32', default: 9, propargs: { max: 3 } },\n{ key: 'b', type: 'float', propargs: { min: 4, max: 3 } },\n" +
			"{ key: 'c', type: 'string', choices: ['x', 'y', 'x'], default: 'z' },\n{ key: 'a b', type: 'bool' },\n{ key: 'import', type: 'bool' },\n{ key: '" + strings.Repeat("k", 60) + "', type: 'bool' } ] };" + compile},
			[]string{`t.js:2:37: error: setting "a": the default is 9: it must be at most 3`, `t.js:3:38: error: setting "b": min is 4, and max is 3`,
				`t.js:4:64: error: setting "c": the default is "z": it must be one of x, y, x`, `t.js:4:38: warning: setting "c": a choice is there twice`,
				`t.js:5:8: error: setting "a b": the key must be a name in Python`, `t.js:6:8: error: setting "import": the key must be`, `t.js:7:8: error: setting "kkk`}},
		"eval": {map[string]string{"t.js": "var JOB_TYPE = { settings: [\n{ key: 'a', type: 'int32', eval: 'C.scene.frame_end +' },\n{ key: 'b', type: 'int32', eval: \"f'{C.scene['\" },\n{ key: 'c', type: 'string', eval: 'str(' + 'x)' } ] };" + compile},
			[]string{`t.js:2:53: error: setting "a": eval: something is missing behind +`, `t.js:3:37: error: setting "b": eval: { is never closed`,
				`t.js:4:35: error: setting "c": eval: the name x is not known there: known are bpy, C,`}},
		"doubts": {map[string]string{"t.js": "var JOB_TYPE = { settings: [\n{ key: 'a', type: 'int32', editable: false },\n{ key: 'b', type: 'string', required: true, visible: 'hidden' },\n{ key: 'c', type: 'string', evalInfo: {} },\n" +
			"{ key: 'd', type: 'int32', subtype: 'dir_path', defualt: 3 } ] };" + compile},
			[]string{`t.js:2:38: warning: setting "a": nobody can give it a value`, `t.js:3:54: warning: setting "b": it is required, and in Blender nobody can give it`,
				`t.js:4:39: warning: setting "c": evalInfo has no effect`, `t.js:5:37: warning: setting "d": only settings of type string have a subtype`,
				`t.js:5:49: warning: setting "d": a field "defualt" has no effect; there are key, type`}},
		"too long": {map[string]string{"t.js": "var JOB_TYPE = {};" + compile + strings.Repeat(" ", maxScript)}, []string{`t.js:0:0: error: cannot read t.js: t.js is larger than 256 KiB`}},
	} {
		t.Run(name, func(t *testing.T) {
			list, err := library(t, c.files).Check(t.Context(), "t")
			if err != nil {
				t.Fatal(err)
			}
			got := found(list)
			if !slices.EqualFunc(got, c.want, strings.HasPrefix) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
			for _, f := range list {
				if f.Line > 0 && (f.Source == "" || f.Column < 1 || f.Column > len(f.Source)+1) {
					t.Errorf("the line of %+v", f)
				}
			}
		})
	}
	_, err := New(Options{}).Check(t.Context(), "nothing")
	wantError(t, err, farm.NotFound, "job type unknown")
}

// What comes with the program passes without a word.
func TestCheckBuiltins(t *testing.T) {
	l := New(Options{Dir: "../testdata/jobtypes/scripts"})
	types, err := l.Types(t.Context())
	if err != nil || len(types) != len(builtin)+2 {
		t.Fatalf("%v, %v", types, err)
	}
	for _, jobType := range types {
		if list, err := l.Check(t.Context(), jobType.Name); err != nil || len(list) > 0 {
			t.Errorf("%s: %v, %v", jobType.Name, found(list), err)
		}
	}
}
