package lower

import (
	"strings"

	"github.com/dop251/goja/ast"
	oast "github.com/robertkrimen/otto/ast"
	ofile "github.com/robertkrimen/otto/file"
)

// newTarget lowers new.target: what new was said of, for the function that is
// no arrow function. It is found out when the function begins.
func (l *lowering) newTarget(place ofile.Idx) oast.Expression {
	f := l.owner()
	switch {
	case f.literal == nil:
		l.refuse(place, "SyntaxError: new.target expression is not allowed here")
	case f.generator || f.async || f.method || f.bound:
	default:
		f.needsTarget = true
		return name("%target", place)
	}
	return undefined(place)
}

// targetOf is the statement that finds it out.
func (f *function) targetOf() oast.Statement {
	f.variable("%target")
	self := member(name("arguments", f.at), "callee", f.at)
	return statement(assign(name("%target", f.at), help("%target of", f.at, &oast.ThisExpression{Idx: f.at}, self)))
}

// withHome lowers an object whose methods say super. They have to know the
// object that they are of, so that gets a variable of its own each time:
//
//	(function () { var home; return home = {...} })()
func (l *lowering) withHome(e *ast.ObjectLiteral) oast.Expression {
	place := at(e)
	maker := l.maker(place)
	home := l.made("home")
	l.enter(maker, place)
	maker.variable(home)
	outer := l.home
	l.home = home
	object := l.objectParts(e, home)
	l.home = outer
	maker.literal.Body = block(place, returning(object, place))
	l.prologue(&maker.literal.Body.(*oast.BlockStatement).List)
	l.leave()
	return call(maker.literal)
}

// maker is a function around an expression, which is called where it stands.
func (l *lowering) maker(place ofile.Idx) *function {
	f := &function{arrow: true, immediate: true, super: l.fn.super, static: l.fn.static, home: l.fn.home, literal: &oast.FunctionLiteral{Function: place}}
	f.literal.ParameterList = &oast.ParameterList{Opening: place, Closing: place}
	return f
}

// saysSuper reports whether a method of an object may say super.
func saysSuper(e *ast.ObjectLiteral) bool {
	for _, p := range e.Value {
		keyed, ok := p.(*ast.PropertyKeyed)
		if !ok || keyed.Kind == ast.PropertyKindValue {
			continue
		}
		if f, ok := keyed.Value.(*ast.FunctionLiteral); ok && strings.Contains(f.Source, "super") {
			return true
		}
	}
	return false
}
