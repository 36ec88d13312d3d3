package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// coded is what the page writes as code, and what it draws.
var coded = regexp.MustCompile("`([^`\n]+)`")

// named is a file or a folder of the source, as the page names them.
var named = regexp.MustCompile(`^[\w.-]+(/[\w.-]+)*\.(go|js|css|py|md|yaml)$|^[\w-]+(/[\w-]+)+$`)

// exported is an exported name, with its package or its type in front of it.
var exported = regexp.MustCompile(`^([A-Za-z]\w*)\.([A-Z]\w*)$`)

// TestArchitectureNamesWhatIsThere finds every file, package and exported name of
// the page on architecture in the source.
func TestArchitectureNamesWhatIsThere(t *testing.T) {
	page, err := os.ReadFile("architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	var words []string
	for _, m := range coded.FindAllStringSubmatch(text, -1) {
		words = append(words, m[1])
	}
	for line := range strings.SplitSeq(text, "\n") {
		if strings.HasPrefix(line, "    ") { // a drawing
			words = append(words, strings.Fields(strings.ReplaceAll(line, ",", " "))...)
		}
	}
	files, names := 0, 0
	for _, word := range words {
		switch m := exported.FindStringSubmatch(word); {
		case named.MatchString(word):
			files++
			if _, err := os.Stat(filepath.Join("..", filepath.FromSlash(word))); err != nil {
				t.Errorf("the page names %s, which is not there", word)
			}
		case m != nil:
			names++
			if !declared(t, m[2]) {
				t.Errorf("the page names %s, and nothing of the name %s is declared", word, m[2])
			}
		}
	}
	if files < 80 || names < 8 {
		t.Errorf("found only %d files and %d names on the page: does the test still understand it?", files, names)
	}
}

// declared reports whether a source file declares the name, outside of tests.
func declared(t *testing.T, name string) bool {
	t.Helper()
	line := regexp.MustCompile(`(?m)^(?:func(?: \([^)]*\))? |type |var |const |\t)` + name + `\b`)
	for _, pattern := range []string{"../*/*.go", "../*/*/*.go"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			source, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if line.Match(source) {
				return true
			}
		}
	}
	return false
}
