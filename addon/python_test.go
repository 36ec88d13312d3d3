package addon

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
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
	// A server with a certificate that nobody vouches for: Python cannot make one by itself.
	version, err := os.ReadFile("../testdata/wire/Version.json")
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(version) }))
	defer s.Close()
	c.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "PROOF_URL="+s.URL, fmt.Sprintf("PROOF_FINGERPRINT=%x", sha256.Sum256(s.Certificate().Raw)))
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
