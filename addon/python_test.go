package addon

import (
	"os"
	"os/exec"
	"testing"
)

// TestPython runs the tests of what the add-on does without Blender, in
// folder tests. They need Python 3.10, which is what Blender 3.4 has.
func TestPython(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip(err)
	}
	if exec.CommandContext(t.Context(), python, "-c", "import sys; sys.exit(sys.version_info < (3, 10))").Run() != nil {
		t.Skip("python3 is older than 3.10")
	}
	c := exec.CommandContext(t.Context(), python, "-B", "-m", "unittest", "discover", "-v", "-t", ".", "-s", "tests")
	c.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
