package yamlfile

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"renderfarm/farm"
)

// maxDepth bounds how deep lists and maps may be nested, and ends aliases that
// contain themselves.
const maxDepth = 64

// document is a parsed file, with what is needed to point at a place in it.
type document struct {
	name    string
	lines   []string
	anchors map[string]ast.Node
}

// parse returns the one YAML document of the data; root is nil if there is
// nothing but comments.
func parse(name string, data []byte) (d *document, root ast.Node, err error) {
	text := strings.TrimPrefix(string(data), "\ufeff") // some editors mark UTF-8 files
	d = &document{name: name, lines: strings.Split(strings.TrimRight(text, "\r\n"), "\n"), anchors: map[string]ast.Node{}}
	// The parser has been seen to panic on garbage; a damaged file must not end the program.
	defer func() {
		if p := recover(); p != nil {
			root, err = nil, farm.Errorf(farm.Invalid, "%s is not YAML: %v", name, p)
		}
	}()
	if n := nesting(text); n > maxDepth {
		return nil, nil, farm.Errorf(farm.Invalid, "%s is not usable: its brackets are nested %d deep", name, n)
	}
	file, err := parser.ParseBytes([]byte(text), 0)
	if err != nil {
		if y, ok := err.(yaml.Error); ok {
			return nil, nil, d.at(y.GetToken(), "%s", y.GetMessage())
		}
		return nil, nil, farm.Errorf(farm.Invalid, "%s is not YAML: %w", name, err)
	}
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.CommentType {
			continue
		}
		if root != nil {
			return nil, nil, d.at(doc.Body.GetToken(), "there is a second document in this file; remove the line ---, or what follows it")
		}
		root = doc.Body
	}
	return d, root, nil
}

// nesting returns how deep brackets and dashes could be nested in the text,
// before the recursive parser sees them; it takes minutes for a file of
// dashes. It may count too many (in quoted text), never too few.
func nesting(text string) (deepest int) {
	depth, dashes := 0, 0
	for i, c := range []byte(text) {
		switch {
		case c == '-' && i+1 < len(text) && text[i+1] == ' ':
			dashes++
		case c != ' ':
			dashes = 0
		}
		switch c {
		case '[', '{':
			depth++
		case ']', '}':
			depth = max(depth-1, 0)
		}
		deepest = max(deepest, depth+dashes)
	}
	return deepest
}

// plain follows anchors, aliases and tags to the node that holds the value.
func (d *document) plain(n ast.Node) (ast.Node, error) {
	// An alias may stand for another, or, in a damaged file, for itself.
	for range maxDepth {
		switch x := n.(type) {
		case *ast.AnchorNode:
			d.anchors[x.Name.String()] = x.Value
			n = x.Value
		case *ast.AliasNode:
			value, ok := d.anchors[x.Value.String()]
			if !ok {
				return nil, d.at(x.GetToken(), "there is no anchor &%s before this alias", x.Value.String())
			}
			n = value
		case *ast.TagNode:
			n = x.Value
		default:
			return n, nil
		}
	}
	return nil, d.at(n.GetToken(), "this alias never ends")
}

// pairs returns a map's entries, or ok false for what is no map.
func pairs(n ast.Node) (entries []*ast.MappingValueNode, ok bool) {
	switch x := n.(type) {
	case *ast.MappingNode:
		return x.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{x}, true
	}
	return nil, false
}

// keyText returns the text of a map's key.
func keyText(key ast.MapKeyNode) string {
	switch k := key.(type) {
	case *ast.StringNode:
		return k.Value
	case ast.ScalarNode:
		return scalarText(k)
	}
	return key.String()
}

// scalarText returns a scalar as it stands in the file, without quotes.
func scalarText(n ast.Node) string {
	switch x := n.(type) {
	case *ast.StringNode:
		return x.Value
	case *ast.LiteralNode:
		return x.Value.Value
	}
	return n.GetToken().Value
}

// isNothing reports whether a key has no value.
func isNothing(n ast.Node) bool { return n == nil || n.Type() == ast.NullType }

// kind names what a node is, for people.
func kind(n ast.Node) string {
	switch n.Type() {
	case ast.MappingType, ast.MappingValueType:
		return "keys and values"
	case ast.SequenceType:
		return "a list"
	case ast.BoolType:
		return "true or false"
	case ast.IntegerType:
		return "a whole number"
	case ast.FloatType, ast.InfinityType, ast.NanType:
		return "a number"
	case ast.NullType:
		return "nothing"
	}
	return "text"
}

// at returns a farm.Invalid error that points at the token and shows the lines around it.
func (d *document) at(t *token.Token, format string, args ...any) error {
	message := fmt.Sprintf(format, args...)
	if t == nil || t.Position == nil {
		return farm.Errorf(farm.Invalid, "%s: %s", d.name, message)
	}
	line, column := t.Position.Line, t.Position.Column
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d: %s", d.name, line, column, message)
	for i := max(line-2, 1); i <= min(line+1, len(d.lines)); i++ {
		mark := ' '
		if i == line {
			mark = '>'
		}
		fmt.Fprintf(&b, "\n%c %4d | %s", mark, i, printable(d.lines[i-1]))
		if i == line && column >= 1 && column <= 200 {
			fmt.Fprintf(&b, "\n       | %*s", column, "^")
		}
	}
	return &farm.Error{Kind: farm.Invalid, Msg: b.String()}
}

// printable keeps a line of a damaged file from disturbing the terminal.
func printable(line string) string {
	// A file without line ends is one line.
	if len(line) > 200 {
		line = line[:200]
	}
	return strings.TrimRight(strings.Map(func(r rune) rune {
		if r == '\t' {
			return ' '
		}
		if r < ' ' || r == 0x7f || r == '\ufffd' {
			return '?'
		}
		return r
	}, line), " ?")
}
