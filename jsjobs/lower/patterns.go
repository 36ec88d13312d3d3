package lower

import (
	"github.com/dop251/goja/ast"
	oast "github.com/robertkrimen/otto/ast"
	ofile "github.com/robertkrimen/otto/file"
	otoken "github.com/robertkrimen/otto/token"
)

// take makes the assignments that take value apart as the target says. It is
// evaluated once. first is set where the names are declared, so that a
// constant may be set.
func (l *lowering) take(target ast.Expression, value oast.Expression, first bool) []oast.Expression {
	if !l.deeper(target) {
		return nil
	}
	defer func() { l.depth-- }()
	switch t := target.(type) {
	case *ast.Identifier:
		l.assignable(t.Name.String(), at(t))
		u := l.use(t.Name.String(), at(t))
		if first {
			u.first = true
			return []oast.Expression{assign(u.id, value)}
		}
		return []oast.Expression{l.checked(u, assign(u.id, value))}
	case *ast.AssignExpression: // target = value if there is none
		return l.takeOr(t.Left, value, t.Right, first)
	case *ast.Binding:
		if t.Initializer != nil {
			return l.takeOr(t.Target, value, t.Initializer, first)
		}
		return l.take(t.Target, value, first)
	case *ast.ArrayPattern:
		return l.takeItems(t, value, first)
	case *ast.ObjectPattern:
		return l.takeProperties(t, value, first)
	case *ast.DotExpression, *ast.BracketExpression, *ast.PrivateDotExpression:
		l.accessed(t)
		return []oast.Expression{assign(l.expression(t), value)}
	}
	l.refuse(at(target), "SyntaxError: Invalid destructuring assignment target")
	return nil
}

// takeOr is take with a value for undefined.
func (l *lowering) takeOr(target ast.Expression, value oast.Expression, other ast.Expression, first bool) []oast.Expression {
	t, place := l.temporary(), at(target)
	if id, ok := target.(*ast.Identifier); ok {
		other := l.named(other, id.Name.String())
		return append([]oast.Expression{assign(name(t, place), value)},
			l.take(target, choose(isUndefined(name(t, place), place), other, name(t, place)), first)...)
	}
	return append([]oast.Expression{assign(name(t, place), value)},
		l.take(target, choose(isUndefined(name(t, place), place), l.expression(other), name(t, place)), first)...)
}

// takeItems takes a list apart. Of an iterator no more is asked for than the
// pattern has names for, each when it is its turn, and then it is closed.
func (l *lowering) takeItems(p *ast.ArrayPattern, value oast.Expression, first bool) []oast.Expression {
	t, place := l.temporary(), at(p)
	out := []oast.Expression{assign(name(t, place), help("%take", value.Idx0(), value, number(len(p.Elements), place)))}
	for i, e := range p.Elements {
		item := index(name(t, place), number(i, place))
		if e != nil {
			out = append(out, l.take(e, item, first)...)
		} else {
			out = append(out, item)
		}
	}
	if p.Rest != nil {
		rest := help("%from", place, name(t, place), number(len(p.Elements), place))
		return append(out, l.take(p.Rest, rest, first)...)
	}
	steps := member(name(t, place), "%steps", place)
	return append(out, &oast.BinaryExpression{Operator: otoken.LOGICAL_AND, Left: steps, Right: help("%close", place, name(t, place))})
}

// takeProperties takes an object apart.
func (l *lowering) takeProperties(p *ast.ObjectPattern, value oast.Expression, first bool) []oast.Expression {
	t, place := l.temporary(), at(p)
	out := []oast.Expression{assign(name(t, place), help("%object", value.Idx0(), value))}
	var keys []oast.Expression
	for _, property := range p.Properties {
		switch property := property.(type) {
		case *ast.PropertyShort:
			id := &property.Name
			key := written(id.Name)
			keys = append(keys, text(key, at(id)))
			var v oast.Expression = member(name(t, at(id)), key, at(id))
			if property.Initializer != nil {
				out = append(out, l.takeOr(id, v, property.Initializer, first)...)
			} else {
				out = append(out, l.take(id, v, first)...)
			}
		case *ast.PropertyKeyed:
			key := l.key(property.Key, property.Computed)
			if property.Computed && p.Rest != nil { // it is needed twice
				k := l.temporary()
				out = append(out, assign(name(k, at(property)), key))
				key = name(k, at(property))
			}
			keys = append(keys, key)
			out = append(out, l.take(property.Value, index(name(t, at(property)), key), first)...)
		default:
			l.refuse(at(property), "SyntaxError: Invalid destructuring target")
		}
	}
	if p.Rest != nil {
		out = append(out, l.take(p.Rest, help("%without", place, name(t, place), array(place, keys...)), first)...)
	}
	return out
}

// checked guards an assignment to a name: a constant and, in strict scripts, a
// name that is declared nowhere cannot be assigned to.
func (l *lowering) checked(u *use, e oast.Expression) oast.Expression {
	// A name that is known to be a variable stays one: a var that follows could
	// only put another variable in its place.
	if b := find(u.scope, u.id.Name); b != nil && b.kind != kindConst && b.kind != kindSelf && (b.end == 0 || !b.before(u.id.Idx) && b.scope.fn == u.scope.fn && b.scope.cases == nil) {
		return e
	}
	guard := &oast.SequenceExpression{Sequence: []oast.Expression{e}}
	u.guard = guard
	u.written = func(b *binding) {
		place := u.id.Idx
		switch {
		case b == nil && !l.sloppy:
			guard.Sequence = []oast.Expression{help("%declared", place, text(u.id.Name, place)), e}
		case b != nil && (b.kind == kindConst || b.kind == kindSelf):
			guard.Sequence = []oast.Expression{help("%constant", place, text(b.name, place))}
			if a, ok := e.(*oast.AssignExpression); ok {
				guard.Sequence = []oast.Expression{a.Right, guard.Sequence[0]}
			}
		}
	}
	return guard
}

// key is the name of a property, as an expression.
func (l *lowering) key(k ast.Expression, computed bool) oast.Expression {
	if computed {
		return l.expression(k)
	}
	return text(l.keyName(k), at(k))
}

// keyName is the name of a property that is written as it is.
func (l *lowering) keyName(k ast.Expression) string {
	l.notOctal(k)
	switch k := k.(type) {
	case *ast.Identifier:
		return written(k.Name)
	case *ast.StringLiteral:
		return written(k.Value)
	case *ast.PrivateIdentifier:
		return l.private(k.Name.String(), ofile.Idx(k.Idx))
	case *ast.NumberLiteral:
		return numberKey(k.Value)
	}
	l.refuse(at(k), "SyntaxError: this name of a property is not supported")
	return ""
}
