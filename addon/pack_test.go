package addon

import (
	"io/fs"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"renderfarm/farm/blendertest"
)

// TestPackHasItsScripts keeps what Blender needs in the program, and what it
// leaves behind out of it.
func TestPackHasItsScripts(t *testing.T) {
	found := map[string]bool{}
	err := fs.WalkDir(Pack(), "pack", func(path string, d fs.DirEntry, err error) error {
		found[path] = true
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"__init__.py", "main.py", "plan.py", "reference.py", "refs.py", "nodes.py", "report.py", "live.py", "layout.py", "files.py", "usd.py", "asleep.py"} {
		if !found["pack/"+name] {
			t.Errorf("%s is not in the program", name)
		}
	}
}

// TestPackInBlender makes every kind of reference in a real Blender, and packs it.
func TestPackInBlender(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), blendertest.Find(t), "-b", "--factory-startup", "--python-exit-code", "1", "--python", filepath.Join("tests", "in_blender_pack.py")).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "\nOK") {
		t.Errorf("%v\n%s", err, out)
	}
}
