package yamlfile

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"renderfarm/farm"
	"renderfarm/farm/fsync"
)

// An Edit is one change of a file: a key gets a value, or is taken out.
type Edit struct {
	Path  []string // sections and key, from the outside to the inside
	Value any      // a text, number, truth value, list or struct with yaml tags; nil takes the key out
}

// Update changes keys of the file, and leaves everything else in it as people wrote it:
// comments, order, and how other values are written. If there is no file, one is made
// with the header as a comment on top. A file in which a key cannot be changed without
// touching the rest is left alone, with an error of kind farm.Invalid.
func Update(path, header string, edits []Edit) error {
	old, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		old = []byte(Comment(header) + "\n")
	} else if err != nil {
		return farm.Errorf(farm.Invalid, "cannot read %s: %w; check who may read the file", path, err)
	}
	text, err := Change(path, old, edits)
	if err != nil {
		return err
	}
	return Replace(path, text)
}

// Replace writes the whole text of the file, for its owner only, as it may hold
// passwords. If path is a symbolic link, what it points to is replaced.
func Replace(path string, text []byte) error {
	// A link, as tools that keep configurations in a repository make, stays one.
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	if err := fsync.Replace(path, text); err != nil {
		return farm.Errorf(farm.Invalid, "cannot write %s: %w; check that the folder exists, is writable and has room", path, err)
	}
	return nil
}

// Comment makes a comment of a text.
func Comment(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimRight("# "+strings.TrimRight(line, "\r\n"), " ") + "\n")
	}
	return b.String()
}

// Change is Update for data that is in memory; name stands for the file in errors.
func Change(name string, data []byte, edits []Edit) ([]byte, error) {
	text := string(data)
	mark := strings.HasPrefix(text, "\ufeff")
	windows := strings.Contains(text, "\r\n")
	text = strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r\n", "\n")
	if _, _, err := parse(name, []byte(text)); err != nil { // it names the file and the place
		return nil, err
	}
	want, err := tree(text)
	if err != nil {
		return nil, err
	}
	for _, e := range edits {
		if text, err = apply(name, text, e); err != nil {
			return nil, err
		}
		if err := plant(want, e); err != nil {
			return nil, err
		}
	}
	// Text was put into text: only reading it shows that the file says what it is to say.
	got, err := tree(text)
	if err != nil || !reflect.DeepEqual(pruned(got), pruned(want)) {
		return nil, farm.Errorf(farm.Invalid, "%s is written in a way that Farm cannot change without touching the rest of it: change it by hand", name)
	}
	if windows {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	if mark {
		text = "\ufeff" + text
	}
	return []byte(text), nil
}

// apply makes one edit in a text whose lines end with \n.
func apply(name, text string, e Edit) (string, error) {
	d, root, err := parse(name, []byte(text))
	if err != nil {
		return "", err
	}
	lines := strings.SplitAfter(text, "\n")
	if isNothing(root) {
		if e.Value == nil {
			return text, nil
		}
		return insert(lines, len(lines), e.Path, e.Value, "")
	}
	var section *ast.MappingValueNode // the entry whose keys are looked at
	node := root
	for depth, key := range e.Path {
		entries, ok := pairs(node)
		if m, flow := node.(*ast.MappingNode); !ok || flow && m.IsFlowStyle {
			return "", d.at(node.GetToken(), "the keys here are not on lines of their own, so Farm cannot change %s without touching the rest: write it yourself", strings.Join(e.Path, "."))
		}
		i := slices.IndexFunc(entries, func(entry *ast.MappingValueNode) bool { return keyText(entry.Key) == key })
		if i < 0 {
			if e.Value == nil {
				return text, nil
			}
			_, end := extent(lines, entries[len(entries)-1])
			return insert(lines, end, e.Path[depth:], e.Value, indentOf(lines, entries[0]))
		}
		entry, last := entries[i], depth == len(e.Path)-1
		switch {
		case last && e.Value == nil && len(entries) == 1 && section != nil:
			return replace(lines, section, nil, nil)
		case last && e.Value == nil:
			return replace(lines, entry, nil, nil)
		case last && sameValue(text, e):
			return text, nil
		case last || isNothing(entry.Value):
			return replace(lines, entry, e.Path[depth:], e.Value)
		}
		section, node = entry, entry.Value
	}
	return text, nil
}

// extent returns the lines of an entry, [start, end): from its key to the last line of its
// value. Comments and empty lines behind it are not its own.
func extent(lines []string, entry *ast.MappingValueNode) (start, end int) {
	start = entry.Key.GetToken().Position.Line - 1
	indent := len(indentOf(lines, entry))
	for end = start + 1; end < len(lines); end++ {
		line := strings.TrimRight(lines[end], "\n")
		content := strings.TrimLeft(line, " ")
		deeper := len(line)-len(content) > indent
		// The dashes of a list may stand below its key.
		item := len(line)-len(content) == indent && (strings.HasPrefix(content, "- ") || content == "-")
		if content != "" && !strings.HasPrefix(content, "#") && !deeper && !item {
			break
		}
	}
	for end > start+1 {
		if content := strings.TrimSpace(lines[end-1]); content != "" && !strings.HasPrefix(content, "#") {
			break
		}
		end--
	}
	return start, end
}

// indentOf returns the blanks in front of an entry.
func indentOf(lines []string, entry *ast.MappingValueNode) string {
	line := lines[entry.Key.GetToken().Position.Line-1]
	return line[:len(line)-len(strings.TrimLeft(line, " "))]
}

// insert puts a key in front of a line.
func insert(lines []string, at int, path []string, value any, indent string) (string, error) {
	text, err := written(path, value, indent)
	if err != nil {
		return "", err
	}
	before := strings.Join(lines[:at], "")
	if before != "" && !strings.HasSuffix(before, "\n") {
		before += "\n"
	}
	return before + text + strings.Join(lines[at:], ""), nil
}

// replace puts a key in the place of an entry, or nothing if there is no path. A comment
// behind a value on one line stays.
func replace(lines []string, entry *ast.MappingValueNode, path []string, value any) (string, error) {
	start, end := extent(lines, entry)
	before, after := strings.Join(lines[:start], ""), strings.Join(lines[end:], "")
	if len(path) == 0 {
		return before + after, nil
	}
	text, err := written(path, value, indentOf(lines, entry))
	if err != nil {
		return "", err
	}
	if remark := commentOf(lines[start]); remark != "" && end == start+1 {
		first, rest, _ := strings.Cut(text, "\n")
		text = first + remark + "\n" + rest
	}
	return before + text + after, nil
}

// written returns the lines of a key and the sections around it.
func written(path []string, value any, indent string) (string, error) {
	var b strings.Builder
	for i, name := range path {
		b.WriteString(indent + quoted(name) + ":")
		indent += "  "
		if i < len(path)-1 {
			b.WriteString("\n")
		}
	}
	err := encode(&b, reflect.ValueOf(value), indent)
	return b.String(), err
}

// commentOf returns the comment at the end of a line, with the blanks in front of it.
func commentOf(line string) string {
	line = strings.TrimRight(line, "\n")
	quote := byte(0)
	for i := range len(line) {
		switch c := line[i]; {
		case quote == '"' && c == '\\':
			return "" // whatever follows: not worth the trouble
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case (c == '"' || c == '\'') && i > 0 && (line[i-1] == ' ' || line[i-1] == '[' || line[i-1] == ','):
			quote = c
		case c == '#' && i > 0 && line[i-1] == ' ':
			return line[len(strings.TrimRight(line[:i], " ")):]
		}
	}
	return ""
}

// tree returns what a text says, without its form.
func tree(text string) (map[string]any, error) {
	doc, err := ToJSON([]byte(text))
	if err != nil {
		return nil, err
	}
	var all map[string]any
	if err := json.Unmarshal(doc, &all); err != nil {
		return nil, err
	}
	if all == nil { // nothing but comments
		all = map[string]any{}
	}
	return all, nil
}

// plant makes an edit in a tree.
func plant(in map[string]any, e Edit) error {
	for _, name := range e.Path[:len(e.Path)-1] {
		below, ok := in[name].(map[string]any)
		if !ok {
			below = map[string]any{}
			in[name] = below
		}
		in = below
	}
	key := e.Path[len(e.Path)-1]
	if e.Value == nil {
		delete(in, key)
		return nil
	}
	value, err := valueOf(e)
	in[key] = value
	return err
}

// valueOf returns the value of an edit as a tree has it.
func valueOf(e Edit) (any, error) {
	text, err := written([]string{"value"}, e.Value, "")
	if err != nil {
		return nil, err
	}
	all, err := tree(text)
	return all["value"], err
}

// sameValue reports whether the file says what it is to say already.
func sameValue(text string, e Edit) bool {
	all, err := tree(text)
	if err != nil {
		return false
	}
	for _, name := range e.Path[:len(e.Path)-1] {
		all, _ = all[name].(map[string]any)
	}
	value, err := valueOf(e)
	return err == nil && reflect.DeepEqual(all[e.Path[len(e.Path)-1]], value)
}

// pruned leaves out sections in which nothing is.
func pruned(in map[string]any) map[string]any {
	out := map[string]any{}
	for name, value := range in {
		if below, ok := value.(map[string]any); ok {
			value = pruned(below)
			if len(below) == 0 || len(value.(map[string]any)) == 0 {
				continue
			}
		}
		if value != nil {
			out[name] = value
		}
	}
	return out
}
