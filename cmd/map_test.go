package cmd

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"renderfarm/farm"
)

// arrows is a line of the drawing in docs/architecture.md.
var arrows = regexp.MustCompile(`(\S+) +─▶ (.*)`)

// TestArchitectureDrawsTheHouse compares the drawing in docs/architecture.md with
// the table: the imports of each package, and that no package is left out.
func TestArchitectureDrawsTheHouse(t *testing.T) {
	page := readDoc(t, "../docs/architecture.md")
	drawn := map[string]bool{"": true, "cmd": true} // these import everything
	for _, m := range arrows.FindAllStringSubmatch(page, -1) {
		name, imports := m[1], strings.Fields(m[2])
		f, ok := house[name]
		if name == "cmd" {
			continue
		}
		if !ok {
			t.Errorf("the drawing has package %s, and the table has not", name)
			continue
		}
		drawn[name] = true
		want := slices.DeleteFunc(strings.Fields(f.imports), func(p string) bool { return p == "farm" })
		slices.Sort(imports)
		slices.Sort(want)
		if !slices.Equal(imports, want) {
			t.Errorf("%s is drawn as importing %q, and in the table it is %q", name, imports, want)
		}
	}
	for name, f := range house {
		switch {
		case drawn[name]:
		case !strings.Contains(page, name):
			t.Errorf("docs/architecture.md does not have package %s", name)
		case f.imports != "" && f.imports != "farm" && name != "farm/api/apitest" && name != "farm/blendertest":
			t.Errorf("the drawing does not have the imports of %s, which are %s", name, f.imports)
		}
	}
}

// TestContributingHasEveryPackage compares the table of packages in CONTRIBUTING.md
// with the one of imports.
func TestContributingHasEveryPackage(t *testing.T) {
	listed := map[string]bool{}
	for line := range strings.SplitSeq(readDoc(t, "../CONTRIBUTING.md"), "\n") {
		if cells := strings.Split(line, "|"); len(cells) == 4 {
			for _, m := range regexp.MustCompile("`([a-z0-9/]+)`").FindAllStringSubmatch(cells[1], -1) {
				listed[m[1]] = true
			}
		}
	}
	for name := range house {
		if name != "" && !listed[name] {
			t.Errorf("the table in CONTRIBUTING.md does not have package %s", name)
		}
		delete(listed, name)
	}
	for name := range listed {
		if _, err := os.Stat("../" + name); err != nil {
			t.Errorf("the table in CONTRIBUTING.md has %s, which is not there", name)
		}
	}
}

// TestEveryCommandIsDocumented finds what tasks can be made of in the documentation
// for authors of job types.
func TestEveryCommandIsDocumented(t *testing.T) {
	page := readDoc(t, "../docs/job-types.md")
	for _, name := range farm.Commands {
		if !strings.Contains(page, "\n| `"+name+"` |") {
			t.Errorf("docs/job-types.md does not say what the command %s does", name)
		}
	}
}

// typed is a command with its flags, as the documentation has people type it.
var typed = regexp.MustCompile(`\bfarm ((?:[a-z]+ ?)+)([^` + "`" + `\n|]*)`)

// TestDocumentedCommandsExist finds every command and flag of the documentation in
// the program. Text such as "farm is" names no command, and does not count.
func TestDocumentedCommandsExist(t *testing.T) {
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	root, found := newRoot(testSession(t, nil)), 0
	for _, page := range append(pages, "../README.md", "../CHANGELOG.md") {
		for _, m := range typed.FindAllStringSubmatch(readDoc(t, page), -1) {
			c, rest, err := root.Find(strings.Fields(m[1]))
			if err != nil || c == root {
				continue
			}
			found++
			takes := strings.Contains(c.Use, " ") // something that is no command, too
			if c.HasSubCommands() && len(rest) > 0 && !takes {
				t.Errorf("%s has %q, and there is no such command", page, m[0])
			}
			for _, flag := range regexp.MustCompile(`(?:^|\s)--([a-z][a-z-]*)`).FindAllStringSubmatch(m[2], -1) {
				if c.Flag(flag[1]) == nil {
					t.Errorf("%s has %q, and there is no flag --%s", page, m[0], flag[1])
				}
			}
		}
	}
	if found < 100 {
		t.Errorf("found only %d commands in the documentation: does the test still understand it?", found)
	}
}

func readDoc(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
