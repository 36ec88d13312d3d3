package jsjobs

import (
	"errors"
	"fmt"
	"strings"

	"github.com/robertkrimen/otto/ast"

	"renderfarm/farm"
	"renderfarm/jsjobs/lower"
)

// program is a parsed script. The engine does not change a syntax tree, so
// one program may run in several VMs at once.
type program struct {
	file  string
	text  string
	tree  *ast.Program
	names *lower.Program // knows what functions are called
	depth int            // levels of the syntax tree
	err   error
}

// Recursion is what a script could end the whole process with: a Go stack
// that overflows cannot be recovered from. The parser needs some 4 kB per
// nested bracket and the engine about 1.2 kB per level of the tree; a stack
// may take maxStack.
const (
	maxNesting = 500     // brackets within brackets
	maxOpen    = 5000    // the same, with what seems to be text or a comment
	maxDepth   = 2000    // levels of a syntax tree
	maxLabels  = 200     // the parser takes cubic time over labels within each other
	maxCalls   = 5000    // nested function calls
	callLevels = 100_000 // nested calls times levels of the tree: about 120 MB
)

// parse makes a syntax tree that the engine runs, with the positions of the
// source. program.err says what is wrong with the source, naming the place.
func parse(file, source string, module bool) *program {
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
	if p.err = p.lower(source, module); p.err != nil {
		return p
	}
	p.depth = levels(p.tree)
	if p.depth > maxDepth {
		p.err = farm.Errorf(farm.Invalid, "%s: an expression or block goes %d levels deep, and the limit is %d: write long sums as joins of lists", file, p.depth, maxDepth)
	}
	return p
}

// lower makes the tree of a source.
func (p *program) lower(source string, module bool) error {
	var err error
	failed := safely(func() error {
		p.names, err = lower.New(p.file, source, lower.Options{Sloppy: module})
		return nil
	})
	var mistake *lower.Error
	switch {
	case failed != nil:
		return failed
	case errors.As(err, &mistake) && mistake.Line > 0:
		return farm.Errorf(farm.Invalid, "SyntaxError: %s at %s:%d:%d%s", strings.TrimPrefix(mistake.Message, "SyntaxError: "),
			p.file, mistake.Line, mistake.Column, p.quote(mistake.Line))
	case err != nil:
		return farm.Errorf(farm.Invalid, "SyntaxError in %s: %w", p.file, err)
	}
	p.tree = p.names.Tree
	return nil
}

// levels measures how deep a tree goes.
func levels(tree *ast.Program) int {
	d := &depth{}
	ast.Walk(d, tree)
	return d.most
}

// depth is a visitor that counts levels.
type depth struct{ now, most int }

// Enter implements ast.Visitor.
func (d *depth) Enter(ast.Node) ast.Visitor {
	d.now++
	d.most = max(d.most, d.now)
	return d
}

// Exit implements ast.Visitor.
func (d *depth) Exit(ast.Node) { d.now-- }

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
