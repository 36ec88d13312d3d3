package lower

import (
	"strconv"
	"strings"

	"github.com/dop251/goja/ast"
	oast "github.com/robertkrimen/otto/ast"
	ofile "github.com/robertkrimen/otto/file"
)

// A span is where a function is in the source, and what people call it.
type span struct {
	from, to ofile.Idx
	name     string
}

// Function returns what the innermost function around a place is called, ""
// for none or one without a name. The engine knows the names that function
// declarations give; this knows those of variables, properties and methods too.
func (p *Program) Function(line, column int) string { return p.around(p.offset(line, column)).name }

// around is the innermost function around a place.
func (p *Program) around(place ofile.Idx) (best span) {
	for _, f := range p.functions {
		if f.from <= place && place < f.to && f.from >= best.from {
			best = f
		}
	}
	return best
}

// offset is where a line and column are, as the tree counts.
func (p *Program) offset(line, column int) ofile.Idx {
	source, at := p.Tree.File.Source(), 0
	for i := 0; i < len(source) && line > 1; i++ {
		if source[i] == '\n' {
			line--
			at = i + 1
		}
	}
	return ofile.Idx(at + column)
}

// function lowers a function whose name is not a variable of its own.
func (l *lowering) function(f *ast.FunctionLiteral, called string) *oast.FunctionLiteral {
	return l.method(f, &function{}, called)
}

// method lowers a function that has more to it, which fn says.
func (l *lowering) method(f *ast.FunctionLiteral, fn *function, called string) *oast.FunctionLiteral {
	if f.Async && f.Generator {
		l.refuse(at(f), "SyntaxError: async generators are not supported: use an async function that returns an array")
	}
	fn.generator, fn.async = f.Generator, f.Async
	if f.Name != nil {
		called = f.Name.Name.String()
		l.bindable(called, at(f.Name))
	}
	fn.literal = &oast.FunctionLiteral{Function: at(f), Source: f.Source}
	l.enter(fn, at(f))
	l.functionBody(f.ParameterList, f.Body)
	l.leave()
	l.nameIt(fn, f.ParameterList, called, f.Name != nil)
	l.spanOf(f, called)
	return fn.literal
}

func (l *lowering) spanOf(f ast.Node, called string) {
	l.functions = append(l.functions, span{at(f), ofile.Idx(f.Idx1()), called})
}

// functionBody lowers parameters and body into the current function. That of a
// generator or async function becomes a function within it, which runs as a
// coroutine and shares its variables:
//
//	function f(parameters) { return %generator(arguments.callee, function () { body }); }
func (l *lowering) functionBody(parameters *ast.ParameterList, body *ast.BlockStatement) {
	l.simpleParameters(parameters, body.List)
	head := l.parameters(parameters)
	b := &oast.BlockStatement{LeftBrace: ofile.Idx(body.LeftBrace), RightBrace: ofile.Idx(body.RightBrace)}
	b.List = l.apart(head, l.body(body.List))
	l.prologue(&b.List)
	l.fn.literal.Body = b
}

// apart puts what a function begins with and its body together.
func (l *lowering) apart(head, body []oast.Statement) []oast.Statement {
	f := l.fn
	switch {
	case f.async: // a parameter that throws rejects the promise
		return []oast.Statement{returning(help("%async", f.at, bare(f.at, append(head, body...))), f.at)}
	case f.generator:
		self := member(name("arguments", f.at), "callee", f.at)
		return append(head, returning(help("%generator", f.at, self, bare(f.at, body)), f.at))
	}
	return append(head, body...)
}

// bare is a function of statements, with no variables of its own.
func bare(at ofile.Idx, list []oast.Statement) *oast.FunctionLiteral {
	return &oast.FunctionLiteral{Function: at, ParameterList: &oast.ParameterList{Opening: at, Closing: at}, Body: block(at, list...)}
}

// functionLiteral lowers a function expression, whose name is known in it only.
func (l *lowering) functionLiteral(f *ast.FunctionLiteral, called string) oast.Expression {
	if f.Name == nil {
		return l.function(f, called)
	}
	s := l.open()
	b := l.declare(s, kindSelf, f.Name.Name.String(), at(f.Name))
	defer l.close()
	literal := l.function(f, "")
	b.literal = literal
	return literal
}

// arrow lowers an arrow function.
func (l *lowering) arrow(f *ast.ArrowFunctionLiteral, called string) oast.Expression {
	fn := &function{arrow: true, async: f.Async, super: l.fn.super, static: l.fn.static, home: l.fn.home,
		literal: &oast.FunctionLiteral{Function: at(f), Source: f.Source}}
	l.enter(fn, at(f))
	switch b := f.Body.(type) {
	case *ast.BlockStatement:
		l.functionBody(f.ParameterList, b)
	case *ast.ExpressionBody:
		head := l.parameters(f.ParameterList)
		fn.literal.Body = block(at(f), l.apart(head, []oast.Statement{returning(l.expression(b.Expression), at(b.Expression))})...)
	}
	l.leave()
	l.nameIt(fn, f.ParameterList, called, false)
	l.spanOf(f, called)
	return fn.literal
}

// nameIt gives a function its name. The engine derives more from the name than
// the language does, so names of all but the plainest functions have marks.
func (l *lowering) nameIt(fn *function, parameters *ast.ParameterList, called string, own bool) {
	length, all := lengthOf(parameters)
	marks := "f"
	switch {
	case fn.generator:
		marks = "g"
	case fn.arrow || fn.async || fn.method:
		marks = "m"
	case own && length == all || called == "" && length == all:
		if own {
			fn.literal.Name = name(called, fn.at)
		}
		return
	}
	if own || fn.accessor {
		marks += "s"
	}
	if fn.prefix != "" {
		called = fn.prefix + called
	}
	fn.literal.Name = name(mark(called, length, marks), fn.at)
}

// lengthOf is how many parameters a function says it has, and how many it has.
func lengthOf(parameters *ast.ParameterList) (length, all int) {
	if parameters == nil {
		return 0, 0
	}
	all = len(parameters.List)
	for length < all && parameters.List[length].Initializer == nil {
		length++
	}
	return length, all
}

// unbound is the marked name of a function that is declared, which has no name
// of its own in it.
func unbound(marked string) string {
	if !strings.Contains(marked, "%") {
		return marked
	}
	return strings.TrimSuffix(marked, "s")
}

// mark is a name with marks: how many parameters the function says it has, and
// letters: f for a function, g a generator, m what new may not be said of, c a
// class, and s if the name is known in the function itself.
func mark(called string, length int, marks string) string {
	return called + "%" + strconv.Itoa(length) + marks
}

// parameters lowers the parameters of the current function. It returns what
// its body has to begin with: defaults, patterns and the rest.
func (l *lowering) parameters(list *ast.ParameterList) (head []oast.Statement) {
	literal := l.fn.literal
	literal.ParameterList = &oast.ParameterList{Opening: l.fn.at, Closing: l.fn.at}
	if list == nil {
		return nil
	}
	add := func(n string, at ofile.Idx) {
		literal.ParameterList.List = append(literal.ParameterList.List, name(n, at))
	}
	for i, b := range list.List {
		place := at(b.Target)
		if id, ok := b.Target.(*ast.Identifier); ok {
			n := id.Name.String()
			l.ofParameters(func() { l.declareTo(b, func() { l.declare(l.scope, kindParameter, n, place) }) })
			add(n, place)
			if b.Initializer != nil {
				head = append(head, l.missing(n, l.named(b.Initializer, n), place))
			}
			continue
		}
		n := "%p" + strconv.Itoa(i)
		add(n, place)
		l.ofParameters(func() { l.declarePattern(l.scope, kindVar, b) })
		if b.Initializer != nil {
			head = append(head, l.missing(n, l.expression(b.Initializer), place))
		}
		head = append(head, statement(sequence(l.take(b.Target, name(n, place), true)...)))
	}
	if list.Rest != nil {
		place := at(list.Rest)
		l.ofParameters(func() { l.declareAll(l.scope, kindVar, list.Rest) })
		rest := help("%from", place, name("arguments", place), number(len(list.List), place))
		head = append(head, statement(sequence(l.take(list.Rest, rest, true)...)))
	}
	return head
}

// ofParameters declares names of parameters, each of which there is once.
func (l *lowering) ofParameters(declare func()) {
	l.inParameters = true
	declare()
	l.inParameters = false
}

// missing sets a parameter that was not given.
func (l *lowering) missing(parameter string, value oast.Expression, at ofile.Idx) oast.Statement {
	return &oast.IfStatement{If: at, Test: isUndefined(name(parameter, at), at), Consequent: statement(assign(name(parameter, at), value))}
}

// prologue puts what arrow functions within it need of the current function at
// the start of its body, once that is known.
func (l *lowering) prologue(body *[]oast.Statement) {
	f, s := l.fn, l.scope
	l.later = append(l.later, func() {
		head := s.dead(f.at)
		if f.needsThis {
			f.variable("%this")
			head = append(head, statement(assign(name("%this", f.at), &oast.ThisExpression{Idx: f.at})))
		}
		if f.needsTarget {
			head = append(head, f.targetOf())
		}
		if f.needsArgs {
			f.variable("%arguments")
			head = append(head, statement(assign(name("%arguments", f.at), name("arguments", f.at))))
		}
		*body = append(head, *body...)
	})
}

// callOn calls a function that takes nothing, with a value for this.
func callOn(f, this oast.Expression, at ofile.Idx) oast.Expression {
	return &oast.CallExpression{Callee: member(f, "call", at), ArgumentList: []oast.Expression{this}, LeftParenthesis: at, RightParenthesis: at}
}
