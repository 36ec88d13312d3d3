package binaries

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"renderfarm/farm"
)

// TestPrograms has the program that runs, and another platform's, which is replaced.
func TestPrograms(t *testing.T) {
	dir := t.TempDir()
	p := Open(dir, "1.2.3")
	defer p.Close()
	own, err := p.For(t.Context(), runtime.GOOS, runtime.GOARCH)
	if err != nil || own.Version != "1.2.3" {
		t.Fatalf("%+v, %v", own, err)
	}
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, p, own.SHA256); got != string(want) {
		t.Errorf("another program is sent: %d bytes", len(got))
	}
	if _, err := p.For(t.Context(), "plan9", "386"); farm.KindOf(err) != farm.NotFound || !strings.Contains(err.Error(), dir) {
		t.Errorf("for another platform: %v", err)
	}
	other := "farm-windows-arm64.exe"
	for _, content := range []string{"first", "the second"} {
		for _, name := range []string{other, "farm-linux-mips", "notes.txt", ".farm-darwin-arm64"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		one, err := p.For(t.Context(), "windows", "arm64")
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256([]byte(content))
		if one.Name != other || one.Size != int64(len(content)) || one.SHA256 != hex.EncodeToString(sum[:]) {
			t.Errorf("%q is %+v", content, one)
		}
		if got := read(t, p, one.SHA256); got != content {
			t.Errorf("sent is %q", got)
		}
		if all, err := p.List(t.Context()); err != nil || len(all) != 2 {
			t.Errorf("there are %+v, %v", all, err)
		}
	}
	for _, sum := range []string{"", "..", strings.Repeat("0", 64)} {
		if _, _, _, err := p.Open(t.Context(), sum); farm.KindOf(err) != farm.NotFound {
			t.Errorf("%q: %v", sum, err)
		}
	}
}

// read returns what is sent for a checksum.
func read(t *testing.T, p *Programs, sum string) string {
	t.Helper()
	content, _, done, err := p.Open(t.Context(), sum)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	text, err := io.ReadAll(content)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
