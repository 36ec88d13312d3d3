package jsjobs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"renderfarm/farm"
)

// The script in the documentation is one that works.
func TestDocumentedScript(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "docs", "job-types.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(strings.ReplaceAll(string(page), "\r\n", "\n"), "\n```js\n")
	script, _, ok := strings.Cut(rest, "\n```\n")
	if !ok {
		t.Fatal("there is no script on the page")
	}
	l := library(t, map[string]string{"still_frames.js": script})
	p, err := l.Plan(t.Context(), farm.Submission{Type: "still-frames", Settings: map[string]any{"blendfile": "/s/a.blend", "output": "/r"}})
	if err != nil || len(p.Tasks) != 3 || p.Tasks[2].Name != "frame-3" || p.Tasks[2].Commands[0].Steps != 1 {
		t.Errorf("%+v, %v", p, err)
	}
}
