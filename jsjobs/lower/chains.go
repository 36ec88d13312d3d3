package lower

import (
	"github.com/dop251/goja/ast"
	oast "github.com/robertkrimen/otto/ast"
	ofile "github.com/robertkrimen/otto/file"
)

// An optional chain ends as a whole where something in it is not there. So it
// is lowered from its start, with the rest of it as a function of what has
// been reached:
//
//	a?.b.c(d)  becomes  (t = a) == null ? undefined : t.b.c(d)

// A link is what a chain has reached.
type link struct {
	value oast.Expression
	this  oast.Expression // of a call of value; nil where the engine knows it or there is none
	held  bool            // value was evaluated into a variable before
}

// chain lowers an optional chain; rest makes what follows it.
func (l *lowering) chain(e ast.Expression, rest func(link) oast.Expression) oast.Expression {
	if !l.deeper(e) {
		return undefined(l.fn.at)
	}
	defer func() { l.depth-- }()
	switch e := e.(type) {
	case *ast.Optional:
		return l.chain(e.Expression, func(v link) oast.Expression { return l.optional(v, at(e), rest) })
	case *ast.DotExpression:
		if _, ok := e.Left.(*ast.SuperExpression); !ok {
			return l.chain(e.Left, func(v link) oast.Expression {
				return rest(link{value: member(v.value, written(e.Identifier.Name), at(&e.Identifier))})
			})
		}
	case *ast.PrivateDotExpression:
		return l.chain(e.Left, func(v link) oast.Expression {
			key := l.private(e.Identifier.Name.String(), at(&e.Identifier))
			return rest(link{value: index(v.value, text(key, at(&e.Identifier)))})
		})
	case *ast.BracketExpression:
		if _, ok := e.Left.(*ast.SuperExpression); !ok {
			return l.chain(e.Left, func(v link) oast.Expression { return rest(link{value: index(v.value, l.expression(e.Member))}) })
		}
	case *ast.CallExpression:
		if _, ok := e.Callee.(*ast.SuperExpression); !ok {
			return l.chain(e.Callee, func(v link) oast.Expression { return rest(link{value: l.callLink(e, v)}) })
		}
	}
	return rest(link{value: l.expression(e)})
}

// optional makes the test after which the chain goes on. A property that may
// be called keeps the object it is called on.
func (l *lowering) optional(v link, place ofile.Idx, rest func(link) oast.Expression) oast.Expression {
	next := link{held: true}
	hold := func(object oast.Expression) oast.Expression {
		o := l.temporary()
		next.this = name(o, place)
		return assign(name(o, place), object)
	}
	switch m := v.value.(type) {
	case *oast.DotExpression:
		v.value = member(hold(m.Left), m.Identifier.Name, m.Identifier.Idx)
	case *oast.BracketExpression:
		v.value = index(hold(m.Left), m.Member)
	}
	t := l.temporary()
	next.value = name(t, place)
	return choose(isNull(assign(name(t, place), v.value), place), undefined(place), rest(next))
}

// callLink calls what a chain has reached.
func (l *lowering) callLink(e *ast.CallExpression, v link) oast.Expression {
	place := at(e)
	if spread(e.ArgumentList) {
		switch m := v.value.(type) {
		case *oast.DotExpression:
			o := l.temporary()
			m.Left = assign(name(o, place), m.Left)
			v.this = name(o, place)
		case *oast.BracketExpression:
			o := l.temporary()
			m.Left = assign(name(o, place), m.Left)
			v.this = name(o, place)
		}
		if v.this == nil {
			v.this = undefined(place)
		}
		return call(member(v.value, "apply", place), v.this, l.list(e.ArgumentList, place))
	}
	args := l.expressions(e.ArgumentList)
	if v.held && v.this != nil {
		return call(member(v.value, "call", place), append([]oast.Expression{v.this}, args...)...)
	}
	return call(v.value, args...)
}
