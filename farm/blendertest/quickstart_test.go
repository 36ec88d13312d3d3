package blendertest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What a Blender reads at its start is the same as without this package's help, and
// the folder that helps is made once.
func TestQuickStart(t *testing.T) {
	exe := Find(t)
	if os.Getenv("FARM_TEST_INNER") != "" {
		t.Skip("the program that started this one looks at it")
	}
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv(scriptsVariable, "")
	dir, err := compiledScripts(t.Context(), exe)
	if err != nil {
		t.Fatal(err)
	}
	if !usable(dir) {
		t.Skip("this Blender has its bytecode, or takes no scripts of others")
	}
	ask := func(scripts string) string {
		t.Setenv(scriptsVariable, scripts)
		out, err := exec.CommandContext(t.Context(), exe, "-b", "--factory-startup", "--python-exit-code", "1", "--python-expr", `
import os, sys
for name, m in sorted(sys.modules.items()):
    file = getattr(m, "__file__", None) or ""
    if "scripts" in file or "`+filepath.Base(dir)+`" in file:
        print("module", name, os.path.realpath(file), os.path.exists(getattr(m, "__cached__", None) or ""))
`).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
	slow, quick := ask(""), ask(dir)
	if strings.ReplaceAll(slow, " False\n", " True\n") != quick || strings.Count(quick, "module ") < 50 || !strings.Contains(slow, " False\n") {
		t.Errorf("without:\n%s\nwith:\n%s", slow, quick)
	}
	before, _ := os.Stat(dir)
	again, err := compiledScripts(t.Context(), exe)
	if err != nil || again != dir {
		t.Errorf("%q, then %q: %v", dir, again, err)
	}
	if after, err := os.Stat(dir); err != nil || !os.SameFile(before, after) {
		t.Errorf("it was made again: %v", err)
	}
	if left, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(left) != 1 {
		t.Errorf("left are %v, %v", left, err)
	}
}
