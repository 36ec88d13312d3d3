package addon

import (
	"io/fs"
	"testing"
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
	for _, name := range []string{"__init__.py", "main.py", "plan.py", "refs.py", "report.py", "layout.py", "files.py", "usd.py"} {
		if !found["pack/"+name] {
			t.Errorf("%s is not in the program", name)
		}
	}
}
