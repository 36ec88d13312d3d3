package cmd

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"renderfarm/farm"
)

// hiddenFrom returns the command line of a farm that does not see a folder: in
// a mount namespace of its own, where something empty is mounted over it.
func hiddenFrom(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		t.Skip("a folder is hidden with Linux' mount namespaces, by the superuser")
	}
	unshare, err := exec.LookPath("unshare")
	if err != nil {
		t.Skip(err)
	}
	if out, err := exec.Command(unshare, "-m", "mount", "-t", "tmpfs", "none", dir).CombinedOutput(); err != nil {
		t.Skipf("this computer does not let us mount: %v: %s", err, out)
	}
	return exec.Command(unshare, append([]string{"-m", "sh", "-c", `mount -t tmpfs none "$0" && exec farm "$@"`, dir}, args...)...)
}

// TestSubmitFromAway submits the nasty project from a folder that the worker
// cannot see, and gets the same pictures as at home: through the file store, and
// copied into the shared storage of a farm without one.
func TestSubmitFromAway(t *testing.T) {
	t.Parallel()
	n := newNastyProject(t, 2, 4)
	for _, c := range []struct{ store, says, again string }{
		{"true", "Uploaded", "Uploaded 0 files"},
		{"false", "Copied", "Copied"},
	} {
		t.Run("store "+c.store, func(t *testing.T) {
			t.Parallel()
			st := newServeTest(t, "FARM_SHAMAN="+c.store)
			worker := hiddenFrom(t, n.dir, "work", "--home", filepath.Join(t.TempDir(), "worker"), "--manager", st.url)
			refused := st.run(t, t.Context(), "submit", n.file, "--no-wait")
			if refused != exitFailed || !strings.Contains(st.err.String(), "font.ttf") || !strings.Contains(st.err.String(), "--allow-missing") {
				t.Errorf("%d: %s", refused, st.err.String())
			}
			if left, err := os.ReadDir(filepath.Join(st.home, "storage", farm.CopiesFolder)); err == nil || len(left) > 0 {
				t.Errorf("left are %v, %v", left, err)
			}
			p, err := startCommand("worker", worker)
			if err != nil {
				t.Fatal(err)
			}
			defer p.kill()
			if status := st.run(t, t.Context(), "submit", n.file, "--frames", "2,4", "--allow-missing", "--json"); status != exitOK || !strings.Contains(st.err.String(), c.says) {
				written, _ := p.out.look()
				t.Fatalf("%d: %s\n%s", status, st.err.String(), written)
			}
			var answer submitAnswer
			if err := json.Unmarshal(st.out.Bytes(), &answer); err != nil {
				t.Fatal(err)
			}
			n.compare(t, readFrames(t, answer.Frames, 2, 4))
			// What was rewritten has not changed either.
			if status := st.run(t, t.Context(), "submit", n.file, "--allow-missing", "--no-wait", "--paused"); status != exitOK || !strings.Contains(st.err.String(), c.again) {
				t.Errorf("%d: %s", status, st.err.String())
			}
		})
	}
}
