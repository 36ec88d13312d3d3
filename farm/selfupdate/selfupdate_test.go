package selfupdate

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// script returns a program that says it is a version.
func script(says string) string { return "#!/bin/sh\necho " + says + "\n" }

// TestFetchAndPut takes only the program that was announced, and keeps the old one.
func TestFetchAndPut(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the programs are scripts")
	}
	path := filepath.Join(t.TempDir(), "farm")
	if err := os.WriteFile(path, []byte("old"), 0o700); err != nil {
		t.Fatal(err)
	}
	p, err := at(path)
	if err != nil {
		t.Fatal(err)
	}
	good := script("farm 2.0.0 linux/amd64")
	for name, c := range map[string]struct {
		sent, announced string
		size            int64
		cut             error
		want            string
	}{
		"another program": {script("farm 2.0.0 x"), good, int64(len(good)), nil, "checksum"},
		"half of it":      {good[:10], good, int64(len(good)), nil, "checksum"},
		"a broken line":   {good[:10], good, int64(len(good)), errors.New("broken line"), "broken line"},
		"another version": {script("farm 1.0.0"), script("farm 1.0.0"), 30, nil, "is not version 2.0.0"},
		"says nothing":    {"#!/bin/sh\n", "#!/bin/sh\n", 10, nil, "is not version 2.0.0"},
		"does not run":    {"#!/bin/sh\nexit 1\n", "#!/bin/sh\nexit 1\n", 17, nil, "does not run"},
		"no program":      {"", "", 0, nil, "no size"},
		"too large":       {"", "", maxSize + 1, nil, "no size"},
	} {
		err := p.Fetch(t.Context(), versionOf(c.announced, c.size), sends(c.sent, c.cut))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(p.New()); err == nil {
			t.Errorf("%s: it is kept", name)
		}
	}
	if err := p.Put(); err == nil {
		t.Error("without a new program one is put in place")
	}
	expect(t, path, "old")
	if err := p.Fetch(t.Context(), versionOf(good, int64(len(good))), sends(good, nil)); err != nil {
		t.Fatal(err)
	}
	expect(t, path, "old")
	if err := p.Put(); err != nil {
		t.Fatal(err)
	}
	expect(t, path, good)
	expect(t, p.Old(), "old")
	if _, err := at(filepath.Join(path, "farm")); err == nil {
		t.Error("a program whose folder cannot be written can be replaced")
	}
}

func versionOf(content string, size int64) Version {
	sum := sha256.Sum256([]byte(content))
	return Version{Name: "2.0.0", SHA256: hex.EncodeToString(sum[:]), Size: size}
}

// sends returns what writes a content, and then fails with an error if there is one.
func sends(content string, err error) func(io.Writer) error {
	return func(w io.Writer) error {
		if _, err := io.WriteString(w, content); err != nil {
			return err
		}
		return err
	}
}

func expect(t *testing.T, path, want string) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%s is %q, %v, want %q", filepath.Base(path), got, err, want)
	}
}
