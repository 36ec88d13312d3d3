package lower

import (
	"strconv"

	"github.com/dop251/goja/ast"
	oast "github.com/robertkrimen/otto/ast"
	ofile "github.com/robertkrimen/otto/file"
)

const (
	noGenerators = "SyntaxError: generators are not supported: collect the values in an array and return that"
	noAsync      = "SyntaxError: async functions are not supported: nothing in a job type takes time, so leave async and await out"
)

// A span is where a function is in the source, and what people call it.
type span struct {
	from, to ofile.Idx
	name     string
}

// Function returns what the innermost function around a place is called, ""
// for none or one without a name. The engine knows the names that function
// declarations give; this knows those of variables, properties and methods too.
func (p *Program) Function(line, column int) string {
	var best span
	place := p.offset(line, column)
	for _, f := range p.functions {
		if f.from <= place && place < f.to && f.from >= best.from {
			best = f
		}
	}
	return best.name
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
	if f.Async {
		l.refuse(at(f), noAsync)
	}
	if f.Generator {
		l.refuse(at(f), noGenerators)
	}
	if f.Name != nil {
		called = f.Name.Name.String()
	}
	fn.literal = &oast.FunctionLiteral{Function: at(f), Source: f.Source}
	l.enter(fn, at(f))
	l.functionBody(f.ParameterList, f.Body)
	l.leave()
	if f.Name != nil {
		fn.literal.Name = name(called, at(f.Name))
	}
	l.spanOf(f, called)
	return fn.literal
}

func (l *lowering) spanOf(f ast.Node, called string) {
	l.functions = append(l.functions, span{at(f), ofile.Idx(f.Idx1()), called})
}

// functionBody lowers parameters and body into the current function.
func (l *lowering) functionBody(parameters *ast.ParameterList, body *ast.BlockStatement) {
	head := l.parameters(parameters)
	b := &oast.BlockStatement{LeftBrace: ofile.Idx(body.LeftBrace), RightBrace: ofile.Idx(body.RightBrace)}
	b.List = append(head, l.body(body.List)...)
	l.prologue(&b.List)
	l.fn.literal.Body = b
}

// functionLiteral lowers a function expression, whose name is known in it only.
func (l *lowering) functionLiteral(f *ast.FunctionLiteral, called string) oast.Expression {
	if f.Name == nil {
		return l.function(f, called)
	}
	s := l.open()
	l.declare(s, kindSelf, f.Name.Name.String(), at(f.Name))
	defer l.close()
	return l.function(f, "")
}

// arrow lowers an arrow function.
func (l *lowering) arrow(f *ast.ArrowFunctionLiteral, called string) oast.Expression {
	if f.Async {
		l.refuse(at(f), noAsync)
	}
	fn := &function{arrow: true, super: l.fn.super, static: l.fn.static,
		literal: &oast.FunctionLiteral{Function: at(f), Source: f.Source}}
	l.enter(fn, at(f))
	switch b := f.Body.(type) {
	case *ast.BlockStatement:
		l.functionBody(f.ParameterList, b)
	case *ast.ExpressionBody:
		head := l.parameters(f.ParameterList)
		fn.literal.Body = block(at(f), append(head, returning(l.expression(b.Expression), at(b.Expression)))...)
	}
	l.leave()
	l.spanOf(f, called)
	return fn.literal
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
			l.declare(l.scope, kindParameter, n, place)
			add(n, place)
			if b.Initializer != nil {
				head = append(head, l.missing(n, l.named(b.Initializer, n), place))
			}
			continue
		}
		n := "%p" + strconv.Itoa(i)
		add(n, place)
		l.declareAll(l.scope, kindVar, b.Target)
		if b.Initializer != nil {
			head = append(head, l.missing(n, l.expression(b.Initializer), place))
		}
		head = append(head, statement(sequence(l.take(b.Target, name(n, place), true)...)))
	}
	if list.Rest != nil {
		place := at(list.Rest)
		l.declareAll(l.scope, kindVar, list.Rest)
		rest := help("%from", place, name("arguments", place), number(len(list.List), place))
		head = append(head, statement(sequence(l.take(list.Rest, rest, true)...)))
	}
	return head
}

// missing sets a parameter that was not given.
func (l *lowering) missing(parameter string, value oast.Expression, at ofile.Idx) oast.Statement {
	return &oast.IfStatement{If: at, Test: isUndefined(name(parameter, at), at), Consequent: statement(assign(name(parameter, at), value))}
}

// prologue puts what arrow functions within it need of the current function at
// the start of its body, once that is known.
func (l *lowering) prologue(body *[]oast.Statement) {
	f := l.fn
	l.later = append(l.later, func() {
		var head []oast.Statement
		if f.needsThis {
			f.variable("%this")
			head = append(head, statement(assign(name("%this", f.at), &oast.ThisExpression{Idx: f.at})))
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
