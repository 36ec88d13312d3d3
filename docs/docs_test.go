package docs

import (
	"path"
	"regexp"
	"strings"
	"testing"
)

var target = regexp.MustCompile(`(?:href|src)="([^"]+)"`)

// TestLinks checks that every page is whole and every link between pages leads
// somewhere, headings included.
func TestLinks(t *testing.T) {
	pages, err := Pages()
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := pages["index.html"]; !ok {
		t.Error("there is no page to begin with")
	}
	for name, content := range pages {
		if path.Ext(name) != ".html" {
			continue
		}
		if !strings.Contains(string(content), "<h1") {
			t.Errorf("%s has no heading", name)
		}
		for _, m := range target.FindAllStringSubmatch(string(content), -1) {
			if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "../") {
				continue // another site, or another part of the manager
			}
			if strings.HasPrefix(m[1], "/") {
				t.Errorf("%s links to %s, which is somewhere else behind a path of a proxy", name, m[1])
				continue
			}
			to, heading, _ := strings.Cut(m[1], "#")
			if to == "" {
				to = name
			}
			there, ok := pages[path.Clean(to)]
			if !ok {
				t.Errorf("%s links to %s, which is not there", name, m[1])
			} else if heading != "" && !strings.Contains(string(there), `id="`+heading+`"`) {
				t.Errorf("%s links to %s, and there is no such heading", name, m[1])
			}
		}
	}
}
