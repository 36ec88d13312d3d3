package lower

import (
	"github.com/dop251/goja/ast"
	oast "github.com/robertkrimen/otto/ast"
	ofile "github.com/robertkrimen/otto/file"
)

func spread(list []ast.Expression) bool {
	for _, e := range list {
		if _, ok := e.(*ast.SpreadElement); ok {
			return true
		}
	}
	return false
}

// list makes an array of items, some of which are spread. The runtime is told
// by a letter each what the parts are: a list of items, or something to spread.
func (l *lowering) list(items []ast.Expression, at ofile.Idx) oast.Expression {
	kinds := ""
	var parts, run []oast.Expression
	flush := func() {
		if run != nil {
			kinds += "i"
			parts = append(parts, array(at, run...))
			run = nil
		}
	}
	for _, e := range items {
		switch e := e.(type) {
		case *ast.SpreadElement:
			flush()
			kinds += "s"
			parts = append(parts, l.expression(e.Expression))
		case nil:
			run = append(run, undefined(at))
		default:
			run = append(run, l.expression(e))
		}
	}
	flush()
	return help("%list", at, append([]oast.Expression{text(kinds, at)}, parts...)...)
}

// call lowers a call.
func (l *lowering) call(e *ast.CallExpression) oast.Expression {
	place := at(e)
	switch c := e.Callee.(type) {
	case *ast.SuperExpression:
		return l.superCall(e.ArgumentList, place)
	case *ast.DotExpression:
		if s, ok := c.Left.(*ast.SuperExpression); ok {
			return l.superMethod(e, at(s), text(written(c.Identifier.Name), at(&c.Identifier)))
		}
	case *ast.BracketExpression:
		if s, ok := c.Left.(*ast.SuperExpression); ok {
			return l.superMethod(e, at(s), l.expression(c.Member))
		}
	case *ast.OptionalChain: // (a?.b)() keeps a as this
		return l.chain(c.Expression, func(v link) oast.Expression { return l.callLink(e, v) })
	}
	if id, ok := e.Callee.(*ast.Identifier); ok && !spread(e.ArgumentList) {
		u := l.use(id.Name.String(), place)
		u.call = &oast.CallExpression{Callee: u.id, LeftParenthesis: ofile.Idx(e.LeftParenthesis), RightParenthesis: ofile.Idx(e.RightParenthesis)}
		u.call.ArgumentList = l.expressions(e.ArgumentList)
		return u.call
	}
	callee := l.expression(e.Callee)
	if !spread(e.ArgumentList) {
		if _, ok := e.Callee.(*ast.ConditionalExpression); ok {
			// The engine would take what one branch is a property of for this.
			callee = sequence(number(0, place), callee)
		}
		return &oast.CallExpression{Callee: callee, ArgumentList: l.expressions(e.ArgumentList),
			LeftParenthesis: ofile.Idx(e.LeftParenthesis), RightParenthesis: ofile.Idx(e.RightParenthesis)}
	}
	// A method's object is evaluated once, and is this.
	var this oast.Expression = undefined(place)
	t := ""
	switch c := callee.(type) {
	case *oast.DotExpression:
		t = l.temporary()
		c.Left = assign(name(t, place), c.Left)
	case *oast.BracketExpression:
		t = l.temporary()
		c.Left = assign(name(t, place), c.Left)
	}
	if t != "" {
		this = name(t, place)
	}
	return call(member(callee, "apply", place), this, l.list(e.ArgumentList, place))
}

// superMethod lowers super.method(...).
func (l *lowering) superMethod(e *ast.CallExpression, place ofile.Idx, key oast.Expression) oast.Expression {
	method := index(l.super(place), key)
	if spread(e.ArgumentList) {
		return call(member(method, "apply", place), l.thisObject(place), l.list(e.ArgumentList, place))
	}
	return call(member(method, "call", place), append([]oast.Expression{l.thisObject(place)}, l.expressions(e.ArgumentList)...)...)
}

// construct lowers new.
func (l *lowering) construct(e *ast.NewExpression) oast.Expression {
	callee := l.expression(e.Callee)
	if spread(e.ArgumentList) {
		return help("%construct", at(e), callee, l.list(e.ArgumentList, at(e)))
	}
	return &oast.NewExpression{New: at(e), Callee: callee, ArgumentList: l.expressions(e.ArgumentList),
		LeftParenthesis: ofile.Idx(e.LeftParenthesis), RightParenthesis: ofile.Idx(e.RightParenthesis)}
}
