package blendertest

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// scriptsVariable names the folder that Blender 3.x takes its own scripts from.
// Source: https://docs.blender.org/manual/en/3.4/advanced/command_line/arguments.html#environment-variables
const scriptsVariable = "BLENDER_SYSTEM_SCRIPTS"

//go:embed compile.py
var compilePython string

// A Blender reads a hundred scripts of its own when it starts, and translates them
// every time unless they came with their bytecode, which those of Debian 12 did not:
// it never writes bytecode itself. That is half of the time of a start, and tests
// start hundreds.
//
// quickStart has the Blenders that this test program starts find their scripts in a
// folder of links to the real ones, with the bytecode beside them. The folder is in
// the user's cache and stays there for the next tests; each Blender has its own. If
// it cannot be made, Blenders start as they always do.
func quickStart(ctx context.Context, exe string) {
	if os.Getenv(scriptsVariable) != "" || !testing.Testing() || benchmarks() {
		return
	}
	if dir, err := compiledScripts(ctx, exe); err == nil && usable(dir) {
		os.Setenv(scriptsVariable, dir)
	}
}

var startQuickly sync.Once

// benchmarks reports whether benchmarks were asked for: those start the Blender that users have.
func benchmarks() bool {
	f := flag.Lookup("test.bench")
	return f != nil && f.Value.String() != ""
}

// usable reports whether a folder of compiledScripts has scripts: it is empty for a
// Blender that needs none or that takes the variable for something else.
func usable(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "modules"))
	return err == nil
}

// compiledScripts returns the folder for a Blender, and makes it if it is not there.
// Test programs that do so at the same time make the same.
func compiledScripts(ctx context.Context, exe string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	info, err := os.Stat(exe)
	if err != nil {
		return "", err
	}
	id := sha256.Sum256(fmt.Appendf([]byte(compilePython), "%s %d %d", exe, info.Size(), info.ModTime().UnixNano()))
	dir := filepath.Join(cache, "farm", "blender-scripts", hex.EncodeToString(id[:8]))
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", err
	}
	made, err := os.MkdirTemp(filepath.Dir(dir), "new")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(made)
	out, err := exec.CommandContext(ctx, exe, "-b", "--factory-startup", "--python-exit-code", "1", "--python-expr", compilePython, "--", made).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	if err := os.Rename(made, dir); err != nil {
		if _, there := os.Stat(dir); there != nil { // else another was faster
			return "", err
		}
	}
	return dir, nil
}
