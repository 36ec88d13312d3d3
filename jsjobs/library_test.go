package jsjobs

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"renderfarm/farm"
)

// labelled is a whole job type whose label is the text.
func labelled(label string) string {
	return `var JOB_TYPE = {label: "` + label + `", settings: []}; function compileJob(job) { job.name = "` + label + `"; }`
}

func names(t *testing.T, l *Library) []string {
	t.Helper()
	types, err := l.Types(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, jobType := range types {
		list = append(list, jobType.Name+"="+jobType.Label)
	}
	return list
}

var builtin = []string{"blender-script=Blender Script", "echo-sleep-test=Echo Sleep Test", "render-and-encode=Render and Encode",
	"simple-blender-render=Simple Blender Render", "single-image-render=Single Image Render"}

func TestWhichFilesAreJobTypes(t *testing.T) {
	l := library(t, map[string]string{
		"my_own_job.js":      labelled("Mine"),
		"echo-sleep-test.js": labelled("Other Echo"), // replaces the one in echo_sleep_test.js
		"short.js":           "x=1;",
		"empty.js":           "",
		"notes.txt":          labelled("Text"),
		"upper.JS":           labelled("Upper"),
		"deeper/inside.js":   labelled("Inside"),
		"folder.js/x.js":     labelled("Folder"),
	})
	if err := os.Symlink(filepath.Join(l.dir, "my_own_job.js"), filepath.Join(l.dir, "link.js")); err != nil {
		t.Log("no symbolic links here:", err)
	}
	want := []string{builtin[0], "echo-sleep-test=Other Echo", "my-own-job=Mine", "render-and-encode=Render and Encode", builtin[3], builtin[4]}
	if got := names(t, l); !slices.Equal(got, want) {
		t.Errorf("types %q; want %q", got, want)
	}
	if broken := l.Broken(t.Context()); broken != nil {
		t.Errorf("broken %v", broken)
	}
}

func TestFolderComesLater(t *testing.T) {
	l := New(Options{Dir: filepath.Join(t.TempDir(), "scripts")})
	if got := names(t, l); !slices.Equal(got, builtin) {
		t.Errorf("without a folder: %q", got)
	}
	write(t, filepath.Join(l.dir, "aa.js"), labelled("A"))
	if got := names(t, l); !slices.Equal(got, append([]string{"aa=A"}, builtin...)) {
		t.Errorf("with one: %q", got)
	}
	if err := os.RemoveAll(l.dir); err != nil {
		t.Fatal(err)
	}
	if got := names(t, l); !slices.Equal(got, builtin) {
		t.Errorf("without it again: %q", got)
	}
}

// An edit counts from the next request on, even one that keeps size and time.
func TestEdits(t *testing.T) {
	l := library(t, map[string]string{"a.js": labelled("One")})
	file := filepath.Join(l.dir, "a.js")
	label := func() string {
		jobType, err := l.Type(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		p, err := l.Plan(t.Context(), farm.Submission{Type: "a"})
		if err != nil || p.Name != jobType.Label {
			t.Fatalf("planned %v, %v; the type says %s", p, err, jobType.Label)
		}
		return jobType.Label
	}
	if got := label(); got != "One" {
		t.Fatalf("label %q", got)
	}
	// A time to come is never long ago, however slow the computer is.
	sameTime := time.Now().Add(time.Hour)
	for _, text := range []string{"Two", "Six", "Longer"} {
		write(t, file, labelled(text))
		if err := os.Chtimes(file, sameTime, sameTime); err != nil {
			t.Fatal(err)
		}
		if got := label(); got != text {
			t.Errorf("label %q after an edit to %q", got, text)
		}
	}
	write(t, file, "this is no JavaScript")
	_, err := l.Type(t.Context(), "a")
	wantError(t, err, farm.Invalid, "a.js:1")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	_, err = l.Type(t.Context(), "a")
	wantError(t, err, farm.NotFound, "job type unknown")
}

// What is unchanged is neither read nor parsed nor run again.
func TestCache(t *testing.T) {
	l := library(t, map[string]string{"a.js": "var parts = require('./parts'); " + labelled("A"), "parts.js": "exports.x = 1;"})
	old := time.Now().Add(-time.Hour)
	for _, name := range []string{"a.js", "parts.js"} {
		if err := os.Chtimes(filepath.Join(l.dir, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	names(t, l)
	text, d := l.texts["a.js"], l.types["a.js"]
	if text == nil || d == nil || len(d.modules) != 2 { // ./parts is not there, ./parts.js is
		t.Fatalf("kept: %v %v", text, d)
	}
	names(t, l)
	if l.texts["a.js"] != text || l.types["a.js"] != d {
		t.Error("an unchanged script was loaded again")
	}
	write(t, filepath.Join(l.dir, "parts.js"), "exports.x = 2;")
	names(t, l)
	if l.types["a.js"] == d {
		t.Error("a job type was kept although a module of it changed")
	}
	for i := range 2000 {
		remember(l.types, strings.Repeat("x", i), d)
	}
	if n := len(l.types); n > 500 {
		t.Errorf("%d entries are kept", n)
	}
}

// Many who ask for the same at once have it read once.
func TestDefinedOnce(t *testing.T) {
	var log bytes.Buffer
	l := library(t, map[string]string{"a.js": "print('reading a'); " + labelled("A")})
	l.log = slog.New(slog.NewTextHandler(&log, nil))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := l.Type(t.Context(), "a"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := strings.Count(log.String(), "reading a"); n != 1 {
		t.Errorf("the script ran %d times", n)
	}
}

func TestBroken(t *testing.T) {
	const compile = " function compileJob(job) {}"
	for _, c := range []struct{ name, text, says string }{
		{"no type", "function compileJob(job) {}", "script (t.js) does not define a JOB_TYPE object"},
		{"type is no object", "var JOB_TYPE = 3;" + compile, "script (t.js) does not define a JOB_TYPE object"},
		{"no compileJob", emptyType, "script (t.js) does not define a compileJob(job) function"},
		{"compileJob is no function", emptyType + "var compileJob = 3;", "script (t.js) does not define a compileJob(job) function"},
		{"syntax", emptyType + "var x = ;", "SyntaxError: Unexpected token ; at t.js:2:9\n    var x = ;"},
		{"throws", emptyType + "throw 'no';", "no at t.js:2:1"},
		{"settings are no list", "var JOB_TYPE = {settings: 3};" + compile, "JOB_TYPE.settings must be a list"},
		{"setting is no object", "var JOB_TYPE = {settings: [3]};" + compile, "setting number 1 of JOB_TYPE is not an object"},
		{"no key", "var JOB_TYPE = {settings: [{type: 'bool'}]};" + compile, "key must be a text"},
		{"no type of setting", "var JOB_TYPE = {settings: [{key: 'a'}]};" + compile, `setting "a" of JOB_TYPE: type must be a text`},
		{"bad type", "var JOB_TYPE = {settings: [{key: 'a', type: 'int64'}]};" + compile, `setting "a" of JOB_TYPE: type is "int64": it must be one of string, int32, float, bool`},
		{"bad subtype", "var JOB_TYPE = {settings: [{key: 'a', type: 'string', subtype: 'path'}]};" + compile, `setting "a" of JOB_TYPE: subtype is "path"`},
		{"bad visible", "var JOB_TYPE = {settings: [{key: 'a', type: 'string', visible: 'no'}]};" + compile, `setting "a" of JOB_TYPE: visible is "no"`},
		{"label is no text", "var JOB_TYPE = {settings: [{key: 'a', type: 'string', label: 3}]};" + compile, `setting "a" of JOB_TYPE: label must be a text`},
		{"bad default", "var JOB_TYPE = {settings: [{key: 'a', type: 'int32', default: 'x'}]};" + compile, `setting "a" of JOB_TYPE: default: x is no int32`},
		{"bad limit", "var JOB_TYPE = {settings: [{key: 'a', type: 'int32', propargs: {min: 'x'}}]};" + compile, `setting "a" of JOB_TYPE: propargs.min: x is no int32`},
		{"key twice", "var JOB_TYPE = {settings: [{key: 'a', type: 'bool'}, {key: 'a', type: 'bool'}]};" + compile, `two settings with the key "a"`},
		{"contains itself", "var JOB_TYPE = {}; JOB_TYPE.x = JOB_TYPE;" + compile, "contains itself"},
		{"not UTF-8", emptyType + "var s = '\xff';" + compile, "t.js is not UTF-8"},
		{"too large", emptyType + compile + strings.Repeat(" ", maxScript), "larger than 256 KiB"},
		{"newer than modern", "const JOB_TYPE = {};" + compile + "\n10n", "SyntaxError: BigInt is not supported: numbers are exact up to 9007199254740991 at t.js:2:1\n    10n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := library(t, map[string]string{"t.js": c.text})
			if got := names(t, l); !slices.Equal(got, builtin) {
				t.Errorf("types %q", got)
			}
			broken := l.Broken(t.Context())
			if len(broken) != 1 || broken[0].Name != "t" || broken[0].File != "t.js" || !strings.Contains(broken[0].Error, c.says) {
				t.Errorf("broken %q; want one that says %q", broken, c.says)
			}
			_, err := l.Type(t.Context(), "t")
			wantError(t, err, farm.Invalid, c.says)
			_, err = l.Plan(t.Context(), farm.Submission{Type: "t"})
			wantError(t, err, farm.Invalid, c.says)
		})
	}
}

// A job type that is broken because of a module is whole when that is.
func TestModuleIsRepaired(t *testing.T) {
	l := library(t, map[string]string{"a.js": "var label = require('./parts').label; var JOB_TYPE = {label: label}; function compileJob() {}"})
	for _, c := range []struct{ parts, says string }{
		{"", "there is no such module"},
		{"exports.label = ;", "parts.js:1:17"},
		{"throw 'not yet'", "not yet"},
		{"exports.label = 'Whole'", ""},
	} {
		if c.parts != "" {
			write(t, filepath.Join(l.dir, "parts.js"), c.parts)
		}
		jobType, err := l.Type(t.Context(), "a")
		if c.says != "" {
			wantError(t, err, farm.Invalid, c.says)
		} else if err != nil || jobType.Label != "Whole" {
			t.Errorf("%v, %v", jobType, err)
		}
	}
}

// No run leaves anything to the next one, though the same child does both.
func TestFreshState(t *testing.T) {
	l := library(t, map[string]string{"a.js": emptyType + `var runs = (this.runs || 0) + 1; var shared = require("./m");
		function compileJob(job) { job.name = [runs, ++shared.n, [].left, JSON.left, typeof stray].join();
			Array.prototype.left = JSON.left = 1; globalThis.stray = 2; author.Task = null; }`, "m.js": "exports.n = 0"})
	for range 3 {
		p, err := l.Plan(t.Context(), farm.Submission{Type: "a"})
		if err != nil || p.Name != "1,1,,,undefined" {
			t.Errorf("%v, %v", p, err)
		}
	}
}

func TestSameTypeTwice(t *testing.T) {
	l := library(t, map[string]string{"a_b.js": labelled("X"), "a-b.js": labelled("Y")})
	if broken := l.Broken(t.Context()); len(broken) != 1 || !strings.Contains(broken[0].Error, "a-b.js and a_b.js both make the job type a-b") {
		t.Errorf("broken %q", broken)
	}
}

func TestUnknownType(t *testing.T) {
	l := New(Options{})
	for _, name := range []string{"", "nope", "../x", "simple_blender_render", strings.Repeat("x", 1000)} {
		_, err := l.Type(t.Context(), name)
		wantError(t, err, farm.NotFound, "job type unknown", "known are blender-script, echo-sleep-test, render-and-encode, simple-blender-render, single-image-render")
		_, err = l.Plan(t.Context(), farm.Submission{Type: name})
		wantError(t, err, farm.NotFound, "job type unknown")
		if len(err.Error()) > 500 {
			t.Errorf("the error has %d bytes", len(err.Error()))
		}
	}
}

func TestUnreadableFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "x")
	l := New(Options{Dir: file})
	if _, err := l.Types(t.Context()); err == nil || !strings.Contains(err.Error(), "cannot list the job types") {
		t.Errorf("error %v", err)
	}
	if broken := l.Broken(t.Context()); len(broken) != 1 {
		t.Errorf("broken %v", broken)
	}
}

// Many requests at once, while scripts change.
func TestAtTheSameTime(t *testing.T) {
	l := library(t, map[string]string{"a.js": labelled("A0")})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 10 {
				if _, err := l.Types(t.Context()); err != nil {
					t.Error(err)
				}
				if _, err := l.Plan(t.Context(), farm.Submission{Type: "echo-sleep-test", Settings: map[string]any{"message": "x"}}); err != nil {
					t.Error(err)
				}
				l.Broken(t.Context())
			}
		})
	}
	for i := range 10 {
		write(t, filepath.Join(l.dir, "a.js"), labelled(strings.Repeat("A", i)))
	}
	wg.Wait()
}
