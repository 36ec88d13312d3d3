package diagnosis

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"renderfarm/farm"
)

func failuresPage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/failures.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// The table of classes in the documentation is the rules, in their order.
func TestDocumentedClasses(t *testing.T) {
	_, table, _ := strings.Cut(failuresPage(t), "| class | consequence | what it means |\n|---|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	var want []string
	for _, r := range Builtin().list {
		want = append(want, fmt.Sprintf("| `%s` | %s | %s |", r.Class, r.consequence, strings.ReplaceAll(r.means, "{1}", "…")))
	}
	if got := strings.Join(want, "\n"); got != table {
		t.Errorf("the table is\n%s\nand the rules are\n%s", table, got)
	}
}

// What the documentation gives as an example is a file without a mistake.
func TestDocumentedExample(t *testing.T) {
	_, example, ok := strings.Cut(failuresPage(t), "```yaml\n")
	example, _, _ = strings.Cut(example, "```")
	path := filepath.Join(t.TempDir(), FileName)
	if err := os.WriteFile(path, []byte(example), 0o600); err != nil || !ok {
		t.Fatal(err, ok)
	}
	rules, mistakes := Load(path)
	if len(mistakes) > 0 || rules.Own() != 2 {
		t.Errorf("%d rules, %v", rules.Own(), mistakes)
	}
	if d, _ := rules.Match([]byte("pid=1 > XYZ-401: no seat on lic01 today")); d.Class != "renderer-licence" || d.Consequence != farm.WholeFarm || d.Means != "The renderer got no seat from the licence server lic01." {
		t.Errorf("%+v", d)
	}
	if d, _ := rules.Match([]byte("cp: Stale file handle")); d.Class != "nas-stumbled" || d.Consequence != farm.Transient {
		t.Errorf("%+v", d)
	}
}

func TestDocumentedBounds(t *testing.T) {
	page := failuresPage(t)
	for what, n := range map[string]int{`once for each worker, and (\d+) failures`: farm.MaxExcused, `\| (\d+) failures of a task; after that, each is a try \|\n\| transient`: farm.MaxFarmFaults} {
		if m := regexp.MustCompile(what).FindStringSubmatch(page); m == nil || m[1] != fmt.Sprint(n) {
			t.Errorf("%q is %v, want %d", what, m, n)
		}
	}
}
