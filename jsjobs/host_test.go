package jsjobs

import (
	"encoding/json"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
)

func TestHostFunctions(t *testing.T) {
	cwd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	quoted := func(s string) string { b, _ := json.Marshal(s); return string(b) }
	for _, c := range []struct{ expression, want string }{
		{`frameChunker("1-10", 4)`, `["1-4","5-8","9,10"]`},
		{`frameChunker("1, 3, 5..7, 3", 10)`, `["1,3,5-7"]`},
		{`frameChunker(47, 1)`, `["47"]`},
		{`frameChunker("1-4", "2")`, `["1,2","3,4"]`},
		{`frameChunker("1-4", 2.9)`, `["1,2","3,4"]`},
		{`frameChunker("1-4", true).length`, `4`},
		{`frameChunker("-3--1,5", 2)`, `["-3,-2","-1,5"]`},
		{`Array.isArray(frameChunker("1", 1)) && frameChunker("1", 1).concat(["x"])`, `["1","x"]`},
		{`frameCount("1-10,5..12")`, `12`},
		{`frameCount(7)`, `1`},
		{`formatTimestampLocal(job.created)`, quoted(created.Local().Format("2006-01-02_150405"))},
		{`formatTimestampLocal(new Date(0))`, quoted(time.UnixMilli(0).Local().Format("2006-01-02_150405"))},
		{`formatTimestampLocal()`, `"0001-01-01_000000"`},
		{`formatTimestampLocal(null)`, `"0001-01-01_000000"`},
		{`shellSplit("a 'b c' \"d \\\" e\" f\\ g")`, `["a","b c","d \" e","f g"]`},
		{`folderName("shot #7 / take [2]")`, `"shot _7 _ take _2_"`},
		{`folderName("")`, `"job"`},
		{`shellSplit(undefined)`, `[]`},
		{`shellSplit(null).concat(shellSplit("")).length`, `0`},
		{`shellSplit(12)`, `["12"]`},
		{`path.basename("/a/b.c")`, `"b.c"`},
		{`path.basename("a\\b\\")`, `"b"`},
		{`path.basename("")`, `"."`},
		{`path.basename()`, `"."`},
		{`path.dirname("//host//share/x")`, `"//host//share"`},
		{`path.dirname("C:\\a\\b")`, `"C:/a"`},
		{`path.dirname("a")`, `"."`},
		{`path.dirname("/a")`, `"/"`},
		{`path.dirname("/a/b/")`, `"/a/b"`},
		{`path.dirname("")`, `"."`},
		{`path.join("/a//", "../b", "c")`, `"/b/c"`},
		{`path.join("a\\..\\b", "c")`, `"a/../b/c"`},
		{`path.join("a", "", 7)`, `"a/7"`},
		{`path.join()`, `""`},
		{`path.stem("/a/b.tar.gz")`, `"b.tar"`},
		{`path.stem("C:\\a\\b.flamenco.blend")`, `"b.flamenco"`},
		{`path.stem("b")`, `"b"`},
		{`process.platform`, quoted(runtime.GOOS)},
		{`process.cwd()`, quoted(cwd)},
		{`require("author") === author && require("path") === path && require("process") === process`, `true`},
		{`typeof console.log`, `"function"`},
		{`[3, 1, 2].sort().concat([4]).map(function (x) { return x * 2 }).join("-")`, `"2-4-6-8"`},
		{`[1, 2].indexOf(2) + [[1], [2]].toString()`, `"11,2"`},
	} {
		got, err := evaluate(t, c.expression)
		if err != nil || !same(t, got, c.want) {
			t.Errorf("%s = %s, %v; want %s", c.expression, got, err, c.want)
		}
	}
}

func TestHostFunctionsRefuse(t *testing.T) {
	for _, c := range []struct{ expression, says string }{
		{`frameChunker("", 1)`, "the frame range is empty"},
		{`frameChunker(undefined, 1)`, "the frame range is empty"},
		{`frameChunker("1-3", undefined)`, "the chunk size is 0"},
		{`frameChunker("1-3", "x")`, "the chunk size is 0"},
		{`frameChunker("1-3", -1)`, "the chunk size is -1"},
		{`frameChunker("1,", 1)`, "a number is missing"},
		{`frameChunker("10-1", 1)`, "has no frames"},
		{`frameChunker("1-1048574", 1)`, "the limit is 1000000"},
		{`frameCount("x")`, `"x" is not a number`},
		{`shellSplit("a 'b")`, "is not closed"},
		{`shellSplit('a "b')`, "is not closed"},
		{`shellSplit('a \\')`, "nothing follows the last"},
		{`formatTimestampLocal("x")`, "is not a time"},
		{`author.Task("", "misc")`, "the name is empty"},
		{`author.Task("  ", "misc")`, "the name is empty"},
		{`author.Task("x")`, "the type is empty"},
		{`author.Command()`, "the name is empty"},
		{`author.Command("x", 3)`, "the parameters are no object"},
		{`author.Command("x", [3])`, "the parameters are no object"},
		{`job.addTask()`, "needs a task made by author.Task"},
		{`job.addTask({name: "x", type: "misc"})`, "needs a task made by author.Task"},
		{`job.addTask(author.Command("echo", {}))`, "needs a task made by author.Task"},
		{`author.Task("a", "b").addCommand(3)`, "needs a command made by author.Command"},
		{`author.Task("a", "b").addDependency({})`, "needs a task made by author.Task"},
		{`require("../x")`, "leads out of the scripts' folder"},
		{`path.join({toString: function () { throw "odd" }})`, "odd"},
	} {
		_, err := evaluate(t, c.expression)
		wantError(t, err, farm.Invalid, c.says)
		if strings.Contains(err.Error(), "engine fail") {
			t.Errorf("%s: %v", c.expression, err)
		}
		// A script can catch what the host throws.
		got, err := evaluate(t, `(function () { try { `+c.expression+` } catch (e) { return "" + (e.message || e) } })()`)
		if err != nil || !strings.Contains(got, strings.ReplaceAll(c.says, `"`, `\"`)) {
			t.Errorf("%s: caught %s, %v; want %q", c.expression, got, err, c.says)
		}
	}
}

func TestPrintAndAlert(t *testing.T) {
	p, err := plan(t, `
		print("frames", 3, [1, 2], undefined);
		console.log("logged");
		alert("careful", null);
		console.warn("very");`, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"frames 3 1,2 undefined", "logged"}; !slices.Equal(p.Messages, want) {
		t.Errorf("messages %q; want %q", p.Messages, want)
	}
	if want := []string{"careful null", "very"}; !slices.Equal(p.Warnings, want) {
		t.Errorf("warnings %q; want %q", p.Warnings, want)
	}
	p, err = plan(t, `var long = new Array(10000).join("x"); for (var i = 0; i < 3000; i++) { print(long); }`, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Messages) != maxMessages || len(p.Messages[0]) > 300 {
		t.Errorf("%d messages, the first of %d bytes", len(p.Messages), len(p.Messages[0]))
	}
}
