package jsjobs

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/robertkrimen/otto/ast"
	"github.com/robertkrimen/otto/parser"

	"renderfarm/farm"
)

// program is a parsed script. The engine does not change a syntax tree, so
// one program may run in several VMs at once.
type program struct {
	file  string
	text  string
	tree  *ast.Program
	depth int // levels of the syntax tree
	err   error
}

// Recursion is what a script could end the whole process with: a Go stack
// that overflows cannot be recovered from. The parser needs some 4 kB per
// nested bracket and the engine about 1.2 kB per level of the tree; a stack
// may take 1 GB.
const (
	maxNesting = 500      // brackets within brackets
	maxDepth   = 2000     // levels of a syntax tree
	maxLabels  = 200      // the parser takes cubic time over labels within each other
	maxCalls   = 5000     // nested function calls
	callLevels = 400_000  // nested calls times levels of the tree: about 500 MB
	throwHook  = "%throw" // a name that no script can write
)

// program parses a file, or returns what it was parsed to before.
func (l *Library) program(file string, t *text) *program {
	l.mu.Lock()
	p := l.programs[t.sum]
	l.mu.Unlock()
	if p == nil {
		p = parse(file, t.body)
		l.mu.Lock()
		remember(l.programs, t.sum, p)
		l.mu.Unlock()
	}
	return p
}

// parse makes a syntax tree that the engine runs, with the positions of the
// source. It is where newer JavaScript is to be lowered. program.err says what
// is wrong with the source, naming the place.
func parse(file, source string) *program {
	p := &program{file: file, text: source}
	source = strings.TrimPrefix(source, "\ufeff")
	if strings.HasPrefix(source, "#!") {
		source = "//" + source[2:]
	}
	if what, line := scan(source); what != "" {
		p.err = farm.Errorf(farm.Invalid, "%s at %s:%d%s", what, file, line, p.quote(line))
		return p
	}
	if labels(source) > maxLabels {
		p.err = farm.Errorf(farm.Invalid, "%s: more than %d labels on labelled statements: the parser cannot cope with that", file, maxLabels)
		return p
	}
	p.tree, p.err = p.parseES5(source)
	if p.err != nil {
		return p
	}
	v := &preparer{}
	if p.err = safely(func() error { ast.Walk(v, p.tree); return nil }); p.err != nil {
		return p
	}
	if p.depth = v.deepest; p.depth > maxDepth {
		p.err = farm.Errorf(farm.Invalid, "%s: an expression or block goes %d levels deep, and the limit is %d: write long sums as joins of lists", file, p.depth, maxDepth)
	}
	return p
}

// parseES5 parses what otto understands by itself. Only the first mistake is
// reported: the others mostly follow from it.
func (p *program) parseES5(source string) (tree *ast.Program, err error) {
	err = safely(func() error {
		tree, err = parser.ParseFile(nil, p.file, source, 0)
		return err
	})
	if err == nil {
		return tree, nil
	}
	var list *parser.ErrorList
	if !errors.As(err, &list) || len(*list) == 0 {
		return nil, farm.Errorf(farm.Invalid, "%s cannot be parsed: %w", p.file, err)
	}
	first := (*list)[0]
	return nil, p.syntaxError(first.Position.Line, first.Position.Column, first.Message)
}

// syntaxError is a mistake in the source's form, with its place and line. The
// commonest one is not a mistake, but newer than the engine.
func (p *program) syntaxError(line, column int, message string) error {
	if what, l, c := modernSyntax(p.text); what != "" && l <= line {
		return farm.Errorf(farm.Invalid, "this script uses modern JavaScript (%s) at %s:%d:%d, and only ES5 is understood%s", what, p.file, l, c, p.quote(l))
	}
	return farm.Errorf(farm.Invalid, "SyntaxError: %s at %s:%d:%d%s", strings.TrimSuffix(message, "."), p.file, line, column, p.quote(line))
}

// quote returns a line of the source, on a line of its own, for an error.
func (p *program) quote(line int) string {
	for l := range strings.SplitSeq(p.text, "\n") {
		if line--; line == 0 {
			if l = strings.TrimSpace(l); l == "" {
				break
			}
			return "\n    " + brief(l)
		}
	}
	return ""
}

// preparer goes through a fresh syntax tree. Each throw statement is made to
// call throwHook with what it throws, because the engine keeps no place of a
// thrown value that is no Error.
type preparer struct{ depth, deepest int }

// Enter implements ast.Visitor.
func (v *preparer) Enter(n ast.Node) ast.Visitor {
	v.depth++
	v.deepest = max(v.deepest, v.depth)
	if s, ok := n.(*ast.ThrowStatement); ok && s != nil {
		if call, ok := s.Argument.(*ast.CallExpression); ok {
			if hook, ok := call.Callee.(*ast.Identifier); ok && hook.Name == throwHook {
				return v // seen before: a declared function is in the tree twice
			}
		}
		s.Argument = &ast.CallExpression{
			Callee:           &ast.Identifier{Name: throwHook, Idx: s.Throw},
			ArgumentList:     []ast.Expression{s.Argument},
			LeftParenthesis:  s.Throw,
			RightParenthesis: s.Throw,
		}
	}
	return v
}

// Exit implements ast.Visitor.
func (v *preparer) Exit(ast.Node) { v.depth-- }

// module makes the program the body of a function with the parameters of a
// CommonJS module. Running it yields the function.
func (p *program) module() *ast.Program {
	parameters := &ast.ParameterList{}
	for _, name := range []string{"exports", "require", "module", "__filename", "__dirname"} {
		parameters.List = append(parameters.List, &ast.Identifier{Name: name, Idx: 1})
	}
	fn := &ast.FunctionLiteral{
		ParameterList:   parameters,
		Body:            &ast.BlockStatement{List: p.tree.Body},
		DeclarationList: p.tree.DeclarationList,
	}
	return &ast.Program{Body: []ast.Statement{&ast.ExpressionStatement{Expression: fn}}, File: p.tree.File}
}

// scan looks for what the parser does not survive, and returns what it is and
// its line. It may take a regular expression for something else; that does no
// harm.
func scan(source string) (what string, line int) {
	depth := 0
	line = 1
	for i := 0; i < len(source); i++ {
		switch source[i] {
		case '\n':
			line++
		case '(', '[', '{':
			if depth++; depth > maxNesting {
				return fmt.Sprintf("more than %d brackets within each other", maxNesting), line
			}
		case ')', ']', '}':
			depth = max(0, depth-1)
		case '"', '\'':
			i = skipString(source, i)
		case '/':
			end := skipComment(source, i)
			if end < 0 {
				return "SyntaxError: a comment is not closed", line
			}
			if end > i {
				line += strings.Count(source[i:end], "\n")
				i = end - 1
			}
		}
	}
	return "", 0
}

// label is a word and a colon after what a labelled statement within another
// statement follows. Some of what else it finds are parts of ?: expressions.
var label = regexp.MustCompile(`(?:[:)]|\b(?:else|do)\b)\s*[\pL_$][\pL\pN_$]*\s*:`)

// labels counts, roughly, labelled statements within others.
func labels(source string) int {
	n := 0
	for n <= maxLabels {
		at := label.FindStringIndex(source)
		if at == nil {
			break
		}
		n++
		source = source[at[1]-1:] // the colon may be what the next one follows
	}
	return n
}

// skipString returns where the string that begins at i ends: at its closing
// quote, or before the end of the line or file.
func skipString(source string, i int) int {
	quote := source[i]
	for j := i + 1; j < len(source); j++ {
		switch source[j] {
		case '\\':
			j++
		case quote:
			return j
		case '\n':
			return j - 1
		}
	}
	return len(source)
}

// skipComment returns the end of the comment that begins at i: i if none does,
// and -1 if it is not closed.
func skipComment(source string, i int) int {
	switch {
	case strings.HasPrefix(source[i:], "//"):
		if n := strings.IndexByte(source[i:], '\n'); n >= 0 {
			return i + n
		}
		return len(source)
	case strings.HasPrefix(source[i:], "/*"):
		if n := strings.Index(source[i+2:], "*/"); n >= 0 {
			return i + 2 + n + 2
		}
		return -1
	}
	return i
}

// safely turns a panic of the engine, which hostile scripts find ways to
// cause, into an error.
func safely(do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = farm.Errorf(farm.Invalid, "the script made the JavaScript engine fail: %s", brief(fmt.Sprint(r)))
		}
	}()
	return do()
}
