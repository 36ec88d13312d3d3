package jsjobs

import (
	"testing"

	"renderfarm/farm"
)

func TestErrorTexts(t *testing.T) {
	for _, c := range []struct{ name, script, want string }{
		{"thrown text", `function compileJob(job) {
	throw "no frames!";
}`, `no frames! at compileJob (t.js:3:2)`},
		{"thrown in a function", `function check(s) { if (!s.x) throw "no " + "x"; }
function compileJob(job) { check(job.settings); }`, `no x at check (t.js:2:31)`},
		{"thrown in no named function", `function compileJob(job) { [1].forEach(function () { throw 3; }); }`, `3 at t.js:2:54`},
		{"thrown Error", `function compileJob(job) { throw new Error("mine"); }`, `Error: mine at compileJob (t.js:2:28)`},
		{"thrown object", `function compileJob(job) { throw {code: 3, why: "so"}; }`, `{"code":3,"why":"so"} at compileJob (t.js:2:28)`},
		{"thrown object with words", `function compileJob(job) { throw {toString: function () { return "words" }}; }`, `words at compileJob (t.js:2:28)`},
		{"thrown nothing", `function compileJob(job) { throw undefined; }`, `undefined at compileJob (t.js:2:28)`},
		{"thrown again", `function f() { throw "inner"; }
function compileJob(job) {
	try { f(); } catch (e) { throw "outer " + e; }
}`, `outer inner at compileJob (t.js:4:27)`},
		{"thrown through finally", `function compileJob(job) { try { throw "it"; } finally { job.name = "x"; } }`, `it at compileJob (t.js:2:34)`},
		{"caught, then another mistake", `function compileJob(job) {
	try { throw "a"; } catch (e) {}
	nope();
}`, "ReferenceError: 'nope' is not defined at compileJob (t.js:4:2)\n    nope();"},
		{"unknown name that is newer", `function compileJob(job) {
	var s = new Set();
}`, "ReferenceError: 'Set' is not defined at compileJob (t.js:3:14)\n    var s = new Set();\nSet is newer than ES5, which is all that is understood here"},
		{"unknown method that is newer", `function compileJob(job) {
	job.name.includes("a");
}`, "TypeError: \"includes\" is not a function at compileJob (t.js:3:2)\n    job.name.includes(\"a\");\nincludes is newer than ES5, which is all that is understood here"},
		{"not of this world", `function compileJob(job) { setTimeout(compileJob, 1); }`,
			"ReferenceError: 'setTimeout' is not defined at compileJob (t.js:2:28)\n    function compileJob(job) { setTimeout(compileJob, 1); }\nsetTimeout is not part of job-type scripts, which only plan tasks"},
		{"host function", `function compileJob(job) {
	var chunks = frameChunker(job.settings.frames, 1);
}`, "the frame range is empty: write it like 1-24 or 1,3,7-9 at compileJob (t.js:3:15)\n    var chunks = frameChunker(job.settings.frames, 1);"},
		{"host function at the top", `var n = frameCount(""); function compileJob(job) {}`,
			"the frame range is empty: write it like 1-24 or 1,3,7-9 at t.js:2:9\n    var n = frameCount(\"\"); function compileJob(job) {}"},
		{"syntax", `function compileJob(job) {
	var x = 1 +;
}`, "SyntaxError: Unexpected token ; at t.js:3:13\n    var x = 1 +;"},
		{"end missing", `function compileJob(job) {`, "SyntaxError: Unexpected end of input at t.js:2:27\n    function compileJob(job) {"},
		{"arrow function", `function compileJob(job) {
	[1].map(x => x);
}`, "this script uses modern JavaScript (arrow function) at t.js:3:12, and only ES5 is understood\n    [1].map(x => x);"},
		{"template", "function compileJob(job) { throw `x` }", "this script uses modern JavaScript (template string) at t.js:2:34, and only ES5 is understood\n    function compileJob(job) { throw `x` }"},
		{"for-of", `function compileJob(job) { // let it be => so
	for (var x of [1]) {} }`, "this script uses modern JavaScript (for-of loop) at t.js:3:13, and only ES5 is understood\n    for (var x of [1]) {} }"},
		{"bad regular expression", `function compileJob(job) { /(?=x)/.test("x"); }`, "SyntaxError: Invalid regular expression: re2: Invalid (?=) <lookahead> at t.js:2:28\n    function compileJob(job) { /(?=x)/.test(\"x\"); }"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := library(t, map[string]string{"t.js": emptyType + c.script})
			_, err := l.Plan(t.Context(), farm.Submission{Type: "t"})
			if err == nil || farm.KindOf(err) != farm.Invalid || err.Error() != c.want {
				t.Errorf("got  %q\nwant %q", err, c.want)
			}
		})
	}
}

// The words that other programs and users look for.
func TestStockErrorTexts(t *testing.T) {
	l := New(Options{})
	settings := blenderSettings(nil)
	delete(settings, "render_output_path")
	_, err := l.Plan(t.Context(), farm.Submission{Type: "simple-blender-render", Settings: settings})
	wantError(t, err, farm.Invalid, "no render_output_path setting! at renderOutputPath (simple_blender_render.js:")
	_, err = l.Plan(t.Context(), farm.Submission{Type: "simple-blender-render", TypeETag: "old", Settings: blenderSettings(nil)})
	wantError(t, err, farm.Outdated, "settings are outdated", "refresh the job type")
	jobType, err := l.Type(t.Context(), "simple-blender-render")
	if err != nil {
		t.Fatal(err)
	}
	if _, err = l.Plan(t.Context(), farm.Submission{Type: "simple-blender-render", TypeETag: jobType.ETag, Settings: blenderSettings(nil)}); err != nil {
		t.Error(err)
	}
}
