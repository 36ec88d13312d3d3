package cmd

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The size of a room, in lines.
const (
	mostOfFile     = 400
	mostOfFunction = 60
)

// TestSizes holds our sources to the house rule: files up to 400 lines,
// functions up to 60. Functions of tests may be longer, as they hold tables.
func TestSizes(t *testing.T) {
	files := 0
	err := filepath.WalkDir("..", func(name string, d os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != ".." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "dist" || d.Name() == "node_modules" || d.Name() == "__pycache__" || filepath.ToSlash(name) == "../ui/vendor"): // which are copies
			return filepath.SkipDir
		case d.IsDir():
			return nil
		}
		long, ok := longFunctions[filepath.Ext(name)]
		if !ok {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		files++
		if n := strings.Count(string(text), "\n"); n > mostOfFile {
			t.Errorf("%s has %d lines: split it into rooms of one idea", name, n)
		}
		if strings.HasSuffix(name, "_test.go") {
			return nil
		}
		for _, found := range long(string(text)) {
			t.Errorf("%s: %s", name, found)
		}
		return nil
	})
	if err != nil || files < 500 {
		t.Errorf("%d files were looked at; %v", files, err)
	}
}

// longFunctions finds what is too long, by the ending of a file's name.
var longFunctions = map[string]func(text string) []string{
	".go": longInGo,
	".js": func(text string) []string { return longByIndent(text, jsFunction, true) },
	".py": func(text string) []string { return longByIndent(text, pyFunction, false) },
}

func longInGo(text string) (found []string) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "", text, 0)
	if err != nil {
		return []string{err.Error()}
	}
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		if n := files.Position(f.End()).Line - files.Position(f.Pos()).Line + 1; n > mostOfFunction {
			found = append(found, fmt.Sprintf("function %s has %d lines", f.Name.Name, n))
		}
	}
	return found
}

// Functions with a name, as they start. What a whole file is wrapped in has none.
var (
	jsFunction = regexp.MustCompile(`^[ \t]*(?:export )?(?:default )?(?:async )?function\*? ?(\w+)`)
	pyFunction = regexp.MustCompile(`^[ \t]*(?:async )?def (\w+)`)
)

// longByIndent takes functions to last as long as lines are indented more than
// their first one; braces is whether a last one closes them. Lines of functions
// within count for those alone, as some only keep names out of a file's.
func longByIndent(text string, start *regexp.Regexp, braces bool) (found []string) {
	lines := strings.Split(text, "\n")
	own := map[int]int{} // lines by the index of a function's first one
	var open []int       // functions that a line is in
	for i, line := range lines {
		if strings.TrimSpace(line) == "" {
			continue
		}
		indent := len(line) - len(strings.TrimLeft(line, " \t"))
		for len(open) > 0 {
			first := lines[open[len(open)-1]]
			its := len(first) - len(strings.TrimLeft(first, " \t"))
			closes := indent == its && (braces && line[indent] == '}' || line[indent] == ')')
			if indent > its || closes {
				break
			}
			open = open[:len(open)-1]
		}
		if start.MatchString(line) {
			open = append(open, i)
		}
		if len(open) > 0 {
			own[open[len(open)-1]]++
		}
	}
	for i, n := range own {
		if n > mostOfFunction {
			found = append(found, fmt.Sprintf("function %s has %d lines", start.FindStringSubmatch(lines[i])[1], n))
		}
	}
	return found
}
