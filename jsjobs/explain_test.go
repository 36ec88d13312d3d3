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
	var s = BigInt(1);
}`, "ReferenceError: 'BigInt' is not defined at compileJob (t.js:3:10)\n    var s = BigInt(1);\nBigInt is not supported here"},
		{"modern and wrong", `const compileJob = ({settings}) => {
	const {frames} = settings;
	return [frames].map(f => f.trim());
};`, "TypeError: Cannot access member \"trim\" of undefined at t.js:4:27\n    return [frames].map(f => f.trim());\ntrim was asked of something that is not there: check for a setting that was not given"},
		{"thrown in an arrow function", `const check = f => { throw ` + "`no ${f}`" + ` };
function compileJob(job) { check("frames"); }`, "no frames at check (t.js:2:22)"},
		{"thrown in a method", `class Tile { get box() { throw new RangeError("too small"); } }
const compileJob = job => new Tile().box;`, "RangeError: too small at Tile.box (t.js:2:26)"},
		{"constant", `function compileJob(job) {
	const a = 1;
	for (const x of [1]) { a = x; }
}`, "TypeError: Assignment to constant variable 'a' at compileJob (t.js:4:25)\n    for (const x of [1]) { a = x; }"},
		{"not declared", `function compileJob(job) { count = 1; }`, "ReferenceError: 'count' is not defined: declare it with let, const or var at compileJob (t.js:2:28)\n    function compileJob(job) { count = 1; }"},
		{"not iterable", `function compileJob(job) { for (const x of job.settings) print(x); }`, "TypeError: this object is not iterable at compileJob (t.js:2:44)\n    function compileJob(job) { for (const x of job.settings) print(x); }"},
		{"name of a block", `function compileJob(job) { let f = 1; for (const f of [1]) { [2].map(() => f()); } }`, "TypeError: \"f\" is not a function at t.js:2:76\n    function compileJob(job) { let f = 1; for (const f of [1]) { [2].map(() => f()); } }"},
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
		{"thrown in a generator", `function* frames(n) {
	yield 1;
	throw new Error("no " + n);
}
function compileJob(job) {
	print(Array.from(frames(3)));
}`, "Error: no 3 at frames (t.js:4:2)"},
		{"mistake in a generator", `function* frames(n) {
	try { yield n; } finally { yield nope(); }
}
function compileJob(job) { for (const f of frames(1)); }`, "ReferenceError: 'nope' is not defined at frames (t.js:3:35)\n    try { yield n; } finally { yield nope(); }"},
		{"async", `const compileJob = async (job) => {
	await job;
	throw "it";
}`, "it at compileJob (t.js:4:2)"},
		{"mistake after await", `async function compileJob(job) {
	await null;
	job.x.y();
}`, "TypeError: Cannot access member \"y\" of undefined at compileJob (t.js:4:2)\n    job.x.y();\ny was asked of something that is not there: check for a setting that was not given"},
		{"frozen, and nothing called before", `const fixed = Object.freeze({a: 1});
const set = o => {
	o.a = 2;
};
function compileJob(job) { set(fixed); }`, "TypeError: Cannot assign to read only property 'a' of this object at set (t.js:4:2)\n    o.a = 2;"},
		{"frozen, and something called before", `function compileJob(job) {
	const fixed = Object.freeze([frameCount("1")]);
	fixed[0] = 2;
}`, "TypeError: Cannot assign to read only property '0' of this array at compileJob (t.js:4:2)\n    fixed[0] = 2;"},
		{"this is undefined", `class Tile { constructor() { this.n = 1; }
	next() { frameCount("1"); return this.n + 1; }
}
function compileJob(job) { const { next } = new Tile(); next(); }`, "TypeError: Cannot access member \"n\" of this, which is undefined at Tile.next (t.js:3:35)\n    next() { frameCount(\"1\"); return this.n + 1; }\nn was asked of something that is not there: check for a setting that was not given"},
		{"before its declaration", `function compileJob(job) {
	print(first);
	let first = 1;
}`, "ReferenceError: Cannot access 'first' before initialization at compileJob (t.js:3:8)\n    print(first);"},
		{"never resolved", `async function compileJob(job) { await new Promise(() => {}); }`, "compileJob of t.js waits for a promise that nothing resolves: there are no timers in job types"},
		{"async generator", `async function* frames() {} function compileJob() {}`, "SyntaxError: async generators are not supported: use an async function that returns an array at t.js:2:1\n    async function* frames() {} function compileJob() {}"},
		{"import", `import path from "path";
function compileJob(job) {}`, "SyntaxError: import is not supported: write var x = require(\"./x.js\") at t.js:2:1\n    import path from \"path\";"},
		{"export", `export function compileJob(job) {}`, "SyntaxError: export is not supported: scripts need none, and modules set exports.name at t.js:2:1\n    export function compileJob(job) {}"},
		{"big integer", `function compileJob(job) { return 10n; }`, "SyntaxError: BigInt is not supported: numbers are exact up to 9007199254740991 at t.js:2:35\n    function compileJob(job) { return 10n; }"},
		{"declared twice", `function compileJob(job) {
	let a = 1;
	const a = 2;
}`, "SyntaxError: Identifier 'a' has already been declared at t.js:4:8\n    const a = 2;"},
		{"not the first mistake", `function compileJob(job) { /(?<=x/.test("x"); let a; let a; }`, "SyntaxError: Invalid regular expression: /(?<=x/: Unterminated group at t.js:2:28\n    function compileJob(job) { /(?<=x/.test(\"x\"); let a; let a; }"},
		{"bad regular expression", `function compileJob(job) { /[b-a]/.test("x"); }`, "SyntaxError: Invalid regular expression: /[b-a]/: Range out of order in character class at t.js:2:28\n    function compileJob(job) { /[b-a]/.test(\"x\"); }"},
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
	wantError(t, err, farm.Invalid, "no render_output_path setting! at lib/farm_render.js:")
	_, err = l.Plan(t.Context(), farm.Submission{Type: "simple-blender-render", TypeETag: "old", Settings: blenderSettings(nil)})
	wantError(t, err, farm.PreconditionFailed, "settings are outdated", "refresh the job type")
	jobType, err := l.Type(t.Context(), "simple-blender-render")
	if err != nil {
		t.Fatal(err)
	}
	if _, err = l.Plan(t.Context(), farm.Submission{Type: "simple-blender-render", TypeETag: jobType.ETag, Settings: blenderSettings(nil)}); err != nil {
		t.Error(err)
	}
}
