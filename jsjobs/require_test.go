package jsjobs

import (
	"os"
	"path/filepath"
	"testing"

	"renderfarm/farm"
)

func TestRequire(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		body  string
		want  string
	}{
		{"exports", map[string]string{"m.js": "exports.a = 1; exports.f = function () { return this.a + 1 };"}, `require("./m").f()`, "2"},
		{"module.exports", map[string]string{"m.js": "module.exports = function () { return 7 };"}, `require("./m.js")()`, "7"},
		{"bare name", map[string]string{"m.js": "exports.a = 1;"}, `require("m").a`, "1"},
		{"json", map[string]string{"m.json": `{"a": [1, {"b": null}]}`}, `require("./m")`, `{"a":[1,{"b":null}]}`},
		{"js before json", map[string]string{"m.json": `1`, "m.js": "module.exports = 2"}, `require("./m")`, "2"},
		{"index", map[string]string{"lib/index.js": "exports.a = require('./x').x", "lib/x.js": "exports.x = __filename + __dirname"}, `require("./lib").a`, `"lib/x.jslib"`},
		{"up inside", map[string]string{"lib/a.js": "module.exports = require('../b')", "b.js": "module.exports = 3"}, `require("./lib/a")`, "3"},
		{"once", map[string]string{"m.js": "exports.n = 0"}, `(require("./m").n++, require("./x/../m.js").n)`, "1"},
		{"cycle", map[string]string{"a.js": "exports.x = 1; exports.b = require('./b').seen;", "b.js": "exports.seen = require('./a').x + ':' + require('./a').b;"}, `require("./a").b`, `"1:undefined"`},
		{"scope", map[string]string{"m.js": "var secret = 1; leak = typeof JOB_TYPE; exports.t = typeof author.Task;"}, `[typeof secret, require("./m").t, leak]`, `["undefined","function","object"]`},
		{"scope of declarations", map[string]string{"m.js": "function hidden() { return 1 } exports.h = hidden();"}, `[require("./m").h, typeof hidden]`, `[1,"undefined"]`},
		{"built in", nil, `typeof require("./echo_sleep_test")`, `"object"`},
		{"failing is repeated", map[string]string{"m.js": "throw 'again';"}, `(function () { var n = ""; for (var i = 0; i < 2; i++) try { require("./m") } catch (e) { n += e } return n })()`, `"againagain"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := map[string]string{"t.js": emptyType + "function compileJob(job) { job.metadata.result = JSON.stringify(" + c.body + ") }"}
			for name, text := range c.files {
				files[name] = text
			}
			p, err := library(t, files).Plan(t.Context(), farm.Submission{Type: "t"})
			if err != nil || !same(t, p.Metadata["result"], c.want) {
				t.Errorf("got %+v, %v; want %s", p, err, c.want)
			}
		})
	}
}

func TestRequireRefuses(t *testing.T) {
	for _, c := range []struct{ name, says string }{
		{"./nope", "there is no such module"},
		{"", "name a file relative"},
		{"/etc/passwd", "name a file relative"},
		{`C:\\x`, "name a file relative"},
		{`..\\x`, "name a file relative"},
		{"..", "leads out"},
		{"../outside", "leads out"},
		{"./x/../../outside", "leads out"},
		{"x/../../outside", "leads out"},
		{"./out", "escapes"},
		{"./dir/outside", "escapes"},
		{"./bad", "bad.js:1:9"},
		{"./badjson", "badjson.json is not JSON"},
		{"./throws", "oops at throws.js:1:1"},
		{"./error", "TypeError: Cannot access member \"x\" of undefined at broken (error.js:2:28)"},
	} {
		l := library(t, map[string]string{
			"scripts/t.js":         emptyType + "function compileJob(job) { require(\"" + c.name + "\"); }",
			"scripts/bad.js":       "var x = ;",
			"scripts/badjson.json": "{",
			"scripts/throws.js":    "throw 'oops';",
			"scripts/error.js":     "var u;\nfunction broken() { return u.x; }\nbroken();",
			"outside.js":           "exports.a = 'secret';",
		})
		outside := l.dir
		l.dir = filepath.Join(l.dir, "scripts")
		if err := os.Symlink(filepath.Join(outside, "outside.js"), filepath.Join(l.dir, "out.js")); err != nil {
			t.Skip("no symbolic links here:", err)
		}
		if err := os.Symlink("..", filepath.Join(l.dir, "dir")); err != nil {
			t.Fatal(err)
		}
		_, err := l.Plan(t.Context(), farm.Submission{Type: "t"})
		wantError(t, err, farm.Invalid, c.says)
	}
}

// Data has its names in the order of the file.
func TestRequiredOrder(t *testing.T) {
	l := library(t, map[string]string{"data.json": "\ufeff" + `{"zeta":1,"alpha":{"y":1,"b":2},"5":"ö😀"}`,
		"t.js": emptyType + `function compileJob(job) { const d = require("./data.json"); job.metadata = {r: Object.keys(d).join() + Object.keys(d.alpha) + d[5].length}; }`})
	p, err := l.Plan(t.Context(), farm.Submission{Type: "t"})
	if err != nil || p.Metadata["r"] != "5,zeta,alphay,b3" {
		t.Errorf("%v, %v", p, err)
	}
}
