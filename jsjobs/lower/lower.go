// Package lower makes programs of the ES5 engine out of modern JavaScript.
//
// The source is read by one parser, which knows ES2015 and later, and its tree
// is rebuilt, in one walk, as the tree that the engine takes. Every node keeps
// the place it has in the source, so that errors and traces of the engine are
// in the author's lines and columns, with no source map in between.
//
// What ES5 has no words for becomes calls of functions whose names no script
// can write (%iterate); Runtime defines them. What cannot be had that way is
// refused at its own place, with a way round it.
//
// How the parts are done is said where they are: names and blocks in scope.go
// and resolve.go, loops in loops.go, patterns in patterns.go, classes in
// classes.go, optional chains in chains.go, generators in functions.go, what may
// not be used before its declaration in tdz.go, early errors in early.go.
package lower

import (
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/file"
	"github.com/dop251/goja/parser"
	oast "github.com/robertkrimen/otto/ast"
	ofile "github.com/robertkrimen/otto/file"
)

// Runtime is the ES5 source of the functions that lowered programs call. It
// evaluates to a function of the global object and of an object with
//
//	chars(text)   the list of a text's characters
//	keys(object)  the list of its own names that are listed, in the standard's order
//
// which is to be called once in each virtual machine, before a program runs. It
// adds drain(iterable), the list of what is in something.
//
//go:embed runtime.js
var Runtime string

// ThrowHook is the name under which the host has to define a function that
// every throw statement passes its value through. It returns the value.
const ThrowHook = "%throw"

// maxDepth bounds the recursion over the source's tree.
const maxDepth = 2000

// Options say how a program is to be read.
type Options struct {
	// Sloppy allows assignments to names that are declared nowhere, as
	// modules may. Strict scripts get a ReferenceError.
	Sloppy bool
}

// A Program is what the engine runs.
type Program struct {
	Tree      *oast.Program
	functions []span
	accesses  []access
}

// An Error is a mistake in the source, or something in it that is not supported.
type Error struct {
	Line, Column int // counted from 1; columns in bytes. 0: the place is unknown
	Message      string
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Message) }

// New lowers a source. Errors are *Error; only the first is reported, because
// others mostly follow from it. The caller sees to it that brackets do not nest
// without bound: the parser recurses over them.
func New(name, source string, o Options) (*Program, error) {
	in, err := parse(name, source)
	if err != nil {
		return nil, err
	}
	l := &lowering{file: ofile.NewFile(name, source, 1), source: source, sloppy: o.Sloppy, symbols: strings.Contains(source, "Symbol")}
	tree := l.program(in)
	if l.err != nil {
		return nil, l.err
	}
	return &Program{Tree: tree, functions: l.functions, accesses: l.accesses}, nil
}

// parse reads the source. The parser is known to panic on some malformed
// patterns; that is taken for a mistake in the source, which it is.
func parse(name, source string) (tree *ast.Program, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &Error{Message: "the parser cannot read this"}
		}
	}()
	tree, err = parser.ParseFile(nil, name, source, 0, parser.WithDisableSourceMaps)
	if err == nil {
		return tree, nil
	}
	var list parser.ErrorList
	if !errors.As(err, &list) || len(list) == 0 {
		return nil, &Error{Message: err.Error()}
	}
	first := list[0]
	return nil, &Error{first.Position.Line, first.Position.Column, explain(source, first)}
}

// explain words an error of the parser. Modules of ES2015 are the only thing
// that is newer than the parser.
func explain(source string, e *parser.Error) string {
	message := strings.TrimSuffix(strings.TrimPrefix(e.Message, "SyntaxError: "), ".")
	line := lineOf(source, e.Position.Line)
	if at := e.Position.Column - 1; at >= 0 && at < len(line) {
		switch {
		case strings.HasPrefix(line[at:], "import"):
			return "import is not supported: write var x = require(\"./x.js\")"
		case strings.HasPrefix(line[at:], "export"):
			return "export is not supported: scripts need none, and modules set exports.name"
		}
	}
	return message
}

// lineOf returns a line of the source, counted from 1.
func lineOf(source string, line int) string {
	for l := range strings.SplitSeq(source, "\n") {
		if line--; line == 0 {
			return l
		}
	}
	return ""
}

// A lowering is one walk over one source.
type lowering struct {
	file    *ofile.File
	source  string
	sloppy  bool
	symbols bool   // the source may use symbols
	err     *Error // the first mistake found
	errAt   ofile.Idx
	depth   int // of the recursion over the source's tree

	scope *scope    // innermost
	fn    *function // innermost
	class *class    // innermost whose body is being lowered

	declaredTo   ofile.Idx // where the declaration ends that is being read
	home         string    // of the methods of the object that is being lowered
	inParameters bool      // names are declared by a parameter list
	caught       *scope    // of the catch clause whose block is next

	all       []*function
	bindings  []*binding
	uses      []*use
	later     []func() // done when every name is known, in this order
	functions []span
	accesses  []access
	trees     [][]oast.Statement // all there is
	serial    int                // of names that are made up
}

// program lowers a whole source.
func (l *lowering) program(in *ast.Program) *oast.Program {
	out := &oast.Program{File: l.file}
	l.enter(&function{arrow: false}, 1)
	out.Body = l.body(in.Body)
	l.prologue(&out.Body)
	top := l.fn
	l.leave()
	if l.err != nil {
		return nil
	}
	l.trees = append(l.trees, out.Body)
	l.resolve()
	out.DeclarationList = top.declarations()
	l.trees = nil
	return out
}

// refuse notes a mistake at a place. The earliest one in the source is kept.
func (l *lowering) refuse(at ofile.Idx, format string, args ...any) {
	if l.err != nil && at >= l.errAt {
		return
	}
	l.err, l.errAt = &Error{Message: fmt.Sprintf(format, args...)}, at
	if p := l.file.Position(at); p != nil {
		l.err.Line, l.err.Column = p.Line, p.Column
	}
}

// deeper counts a level of the recursion, and refuses one too many. The caller
// gives it back with l.depth--, if it was allowed.
func (l *lowering) deeper(n ast.Node) bool {
	if l.depth >= maxDepth {
		if l.err == nil {
			l.refuse(l.fn.at, "an expression or block goes %d levels deep, which is the limit: write long sums as joins of lists", maxDepth)
		}
		return false
	}
	l.depth++
	return true
}

// made makes up a name that no script can write.
func (l *lowering) made(what string) string {
	l.serial++
	return fmt.Sprintf("%%%s%d", what, l.serial)
}

// at is the place of a node of the source.
func at(n interface{ Idx0() file.Idx }) ofile.Idx { return ofile.Idx(n.Idx0()) }
