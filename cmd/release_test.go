package cmd

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A releaseTest is a copy of the sources in a repository of its own, in which
// release/release.sh packs a small script for a program: building is for make release.
type releaseTest struct {
	t   *testing.T
	dir string
	env []string
}

func newReleaseTest(t *testing.T) *releaseTest {
	t.Helper()
	for _, tool := range []string{"git", "tar", "gzip", "zip", "unzip", "dpkg-deb", "sha256sum"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	r := &releaseTest{t: t, dir: filepath.Join(t.TempDir(), "source of farm")}
	program := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho \"$@\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	r.env = append(os.Environ(), "RELEASE_PROGRAM="+program, "GOTOOLCHAIN=local", "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_AUTHOR_DATE=2026-01-02T03:04:06Z", "GIT_COMMITTER_DATE=2026-01-02T03:04:06Z")
	r.sh("..", `mkdir "$0" && git ls-files -co --exclude-standard -z | xargs -0 ls -d 2>/dev/null | tar -cf - -T - | tar -C "$0" -xf -`, r.dir)
	r.sh(r.dir, `git init -q . && git add -A && git -c user.name=a -c user.email=a@localhost commit -q -m all`)
	return r
}

// sh runs a script in a folder and returns what it says.
func (r *releaseTest) sh(dir, script string, args ...string) string {
	r.t.Helper()
	c := exec.CommandContext(r.t.Context(), "sh", append([]string{"-ec", script}, args...)...)
	c.Dir, c.Env = dir, r.env
	out, err := c.CombinedOutput()
	if err != nil {
		r.t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return strings.TrimSpace(string(out))
}

// TestRelease looks into what is published, and packs the commit once more in another folder.
func TestRelease(t *testing.T) {
	t.Parallel()
	r := newReleaseTest(t)
	making := r.sh(r.dir, `sed -n 's/^version = "\(.*\)"$/\1/p' addon/farm/blender_manifest.toml`)
	if v := r.sh(r.dir, "sh release/version.sh"); v != making+"-dev.1" || !strings.HasPrefix(v, version+".") {
		t.Errorf("without a tag this is version %s, and a program that make did not build says %s", v, version)
	}
	r.sh(r.dir, "git tag v9.9.9")
	if out := r.sh(r.dir, "sh release/version.sh 2>&1 || true"); !strings.Contains(out, "the tag is v9.9.9, and addon/farm/blender_manifest.toml says "+making) {
		t.Errorf("a tag that is not the add-on's version: %s", out)
	}
	r.sh(r.dir, "git tag -d v9.9.9; git tag v"+making)
	r.sh(r.dir, "sh release/release.sh dist linux/arm64 windows/amd64; cd dist; sha256sum -c SHA256SUMS")
	name := "farm-" + making + "-"
	for what, c := range map[string]struct{ script, want string }{
		"archive":           {"tar -tvf dist/" + name + "linux-arm64.tar.gz", "-rwxr-xr-x 0/0 20 2026-01-02 03:04 " + name + "linux-arm64/farm"},
		"docs":              {"tar -tf dist/" + name + "linux-arm64.tar.gz", name + "linux-arm64/docs/images/farm.png"},
		"units":             {"tar -tf dist/" + name + "linux-arm64.tar.gz", name + "linux-arm64/systemd/farm-worker.service"},
		"zip":               {"unzip -l dist/" + name + "windows-amd64.zip", name + "windows-amd64/farm.exe"},
		"licences":          {"tar -xOf dist/" + name + "linux-arm64.tar.gz --wildcards '*/LICENSES-OF-OTHERS.txt'", "go.etcd.io/bbolt "},
		"licence of Go":     {"tar -xOf dist/" + name + "linux-arm64.tar.gz --wildcards '*/LICENSES-OF-OTHERS.txt'", "The Go Authors"},
		"licence of a page": {"tar -xOf dist/" + name + "linux-arm64.tar.gz --wildcards '*/LICENSES-OF-OTHERS.txt'", "ui/vendor/swagger-ui, LICENSE"},
		"on Windows only":   {"unzip -p dist/" + name + "windows-amd64.zip '*/LICENSES-OF-OTHERS.txt'", "github.com/inconshreveable/mousetrap "},
		"package":           {"dpkg-deb -f dist/renderfarm_" + making + "_arm64.deb Architecture Version", "Architecture: arm64\nVersion: " + making},
		"package's files":   {"dpkg-deb -c dist/renderfarm_" + making + "_arm64.deb", "-rwxr-xr-x root/root 20 2026-01-02 03:04 ./usr/bin/farm"},
		"for joining":       {"ls -l dist/binaries", "farm-linux-arm64"},
		"on Windows":        {"ls -l dist/binaries", "farm-windows-amd64.exe"},
		"services":          {"dpkg-deb -c dist/renderfarm_" + making + "_arm64.deb", "./usr/lib/systemd/system/farm-manager.service"},
	} {
		out := r.sh(r.dir, "export TZ=UTC; "+c.script)
		if !strings.Contains(out, c.want) && !strings.Contains(strings.Join(strings.Fields(out), " "), c.want) {
			t.Errorf("%s: no %q in\n%s", what, c.want, out)
		}
	}
	// Nor does it depend on the modes and times that files happen to have.
	again := newReleaseTest(t)
	again.sh(again.dir, `find docs -type f -exec touch -d 2020-01-01 {} + -exec chmod 600 {} +; git config core.fileMode false; git tag v`+making)
	again.sh(again.dir, "umask 077; sh release/release.sh dist linux/arm64 windows/amd64")
	if first, second := r.sh(r.dir, "cat dist/SHA256SUMS"), again.sh(again.dir, "cat dist/SHA256SUMS"); first != second || strings.Count(first, "\n") != 2 {
		t.Errorf("the first time\n%s\nand the second time\n%s", first, second)
	}
	// Installing enables and starts nothing.
	scripts := r.sh(r.dir, "cat release/deb/postinst release/deb/prerm release/deb/postrm")
	for _, word := range []string{"systemctl enable", "systemctl start", "systemctl restart", "deb-systemd", "invoke-rc.d"} {
		if strings.Contains(scripts, word) {
			t.Errorf("the package's scripts have %q", word)
		}
	}
	r.sh(r.dir, "echo >>README.md")
	if out := r.sh(r.dir, "sh release/release.sh dist linux/amd64 2>&1 || true"); !strings.Contains(out, "not committed") {
		t.Errorf("with changes: %s", out)
	}
}
