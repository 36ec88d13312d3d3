package blendertest

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestFind runs itself again: the variable counts when a test program starts.
func TestFind(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a shell script stands in for Blender here")
	}
	if os.Getenv("FARM_TEST_INNER") != "" {
		t.Log("found " + Find(t))
		return
	}
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"blender", "blender43"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		variable, path, says string
		fails                bool
	}{
		"named":             {filepath.Join(dir, "blender"), "/nowhere", "found " + filepath.Join(dir, "blender"), false},
		"on the PATH":       {"", dir, "found " + filepath.Join(dir, "blender"), false},
		"named, not there":  {"/nowhere/blender", dir, "name an executable file", true},
		"another name":      {filepath.Join(dir, "blender43"), dir, "name an executable file", true},
		"neither":           {"", "/nowhere", "--- SKIP", false},
		"named without dir": {"blender", dir, "name an executable file", true},
	} {
		exe, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		inner := exec.CommandContext(t.Context(), exe, "-test.run", "^TestFind$", "-test.v")
		inner.Env = append(os.Environ(), "FARM_TEST_INNER=1", Variable+"="+c.variable, "PATH="+c.path)
		out, err := inner.CombinedOutput()
		if (err != nil) != c.fails || !strings.Contains(string(out), c.says) {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}
