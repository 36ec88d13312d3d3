package cmd

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// makeTarget runs make in the top folder with settings such as GO=go and returns what it said.
func makeTarget(t *testing.T, args ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath("make"); err != nil || runtime.GOOS == "windows" {
		t.Skip("no make here")
	}
	c := exec.CommandContext(t.Context(), "make", append([]string{"--no-print-directory", "-C", ".."}, args...)...)
	c.Env = append(os.Environ(), "MAKEFLAGS=", "MAKELEVEL=")
	out, err := c.CombinedOutput()
	return string(out), err
}

func TestMakeWithoutGoSaysWhatToInstall(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fake := func(name, says string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("#!/bin/sh\n[ \"$1\" = version ] && echo "+says+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, c := range map[string]struct {
		program string
		refused string // "" if make is to go on
	}{
		"none":      {filepath.Join(dir, "nothing"), "there is no"},
		"1.9":       {fake("go9", "go version go1.9.7 linux/amd64"), "too old"},
		"1.19":      {fake("go19", "go version go1.19.8 linux/amd64"), "too old"},
		"1.20":      {fake("go20", "go version go1.20 linux/amd64"), "too old"},
		"1.21":      {fake("go21", "go version go1.21.0 linux/amd64"), ""}, // it fetches a newer one, or says so
		"1.26":      {fake("go26", "go version go1.26.8 linux/amd64"), ""},
		"something": {fake("gold", "I am a linker"), "there is no"},
	} {
		out, err := makeTarget(t, "need-go", "GO="+c.program)
		if c.refused == "" {
			if err != nil {
				t.Errorf("%s: %v\n%s", name, err, out)
			}
			continue
		}
		if err == nil || !strings.Contains(out, c.refused) || !strings.Contains(out, "Install Go 1.26 or newer from https://go.dev/dl/") {
			t.Errorf("%s: %v, and make says:\n%s", name, err, out)
		}
	}
}
