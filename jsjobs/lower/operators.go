package lower

import (
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/token"
	oast "github.com/robertkrimen/otto/ast"
	ofile "github.com/robertkrimen/otto/file"
	otoken "github.com/robertkrimen/otto/token"
)

// tokens are the engine's by how they are written.
var tokens = func() map[string]otoken.Token {
	m := map[string]otoken.Token{}
	for t := otoken.PLUS; t <= otoken.INSTANCEOF; t++ {
		m[t.String()] = t
	}
	return m
}()

// operator is the engine's token for one of the parser.
func (l *lowering) operator(t token.Token, at ofile.Idx) otoken.Token {
	o, ok := tokens[t.String()]
	if !ok {
		l.refuse(at, "SyntaxError: %s is not supported", t)
		return otoken.PLUS
	}
	return o
}

func (l *lowering) binary(e *ast.BinaryExpression) oast.Expression {
	if p, ok := e.Left.(*ast.PrivateIdentifier); ok { // #x in object; the parser leaves the operator open
		return &oast.BinaryExpression{Operator: otoken.IN,
			Left: text(l.private(p.Name.String(), ofile.Idx(p.Idx)), ofile.Idx(p.Idx)), Right: l.expression(e.Right)}
	}
	left := l.expression(e.Left)
	switch e.Operator {
	case token.INSTANCEOF:
		return help("%instanceof", at(e), left, l.expression(e.Right))
	case token.EXPONENT:
		return help("%power", at(e), left, l.expression(e.Right))
	case token.COALESCE:
		t := l.temporary()
		return choose(isNull(assign(name(t, at(e)), left), at(e)), l.expression(e.Right), name(t, at(e)))
	}
	return &oast.BinaryExpression{Operator: l.operator(e.Operator, at(e)), Left: left, Right: l.expression(e.Right), Comparison: e.Comparison}
}

func (l *lowering) unary(e *ast.UnaryExpression) oast.Expression {
	place := ofile.Idx(e.Idx)
	out := &oast.UnaryExpression{Operator: l.operator(e.Operator, place), Idx: place, Postfix: e.Postfix}
	switch e.Operator {
	case token.DELETE:
		if c, ok := e.Operand.(*ast.OptionalChain); ok { // delete a?.b is true without a
			deleted := l.chain(c.Expression, func(v link) oast.Expression { out.Operand = v.value; return out })
			return &oast.BinaryExpression{Operator: otoken.LOGICAL_OR, Left: deleted, Right: boolean(true, place)}
		}
		if id, ok := e.Operand.(*ast.Identifier); ok {
			l.refuse(at(id), "SyntaxError: Delete of an unqualified identifier in strict mode")
		}
	case token.INCREMENT, token.DECREMENT:
		if id, ok := e.Operand.(*ast.Identifier); ok {
			l.assignable(id.Name.String(), at(id))
			u := l.use(id.Name.String(), at(id))
			out.Operand = u.id
			return l.checked(u, out)
		}
	}
	switch e.Operator {
	case token.DELETE, token.INCREMENT, token.DECREMENT:
		l.accessed(e.Operand)
	}
	out.Operand = l.expression(e.Operand)
	if _, number := e.Operand.(*ast.NumberLiteral); e.Operator == token.PLUS && !number {
		return help("%number", place, out.Operand)
	}
	if e.Operator == token.TYPEOF && l.symbols {
		return l.typeOf(out)
	}
	return out
}

// typeOf is typeof where there may be symbols, which are objects here. A name
// that is not declared stays "undefined".
func (l *lowering) typeOf(e *oast.UnaryExpression) oast.Expression {
	first, again := e, e.Operand
	if _, ok := e.Operand.(*oast.Identifier); !ok {
		again = name(l.temporary(), e.Idx)
		first = &oast.UnaryExpression{Operator: otoken.TYPEOF, Operand: assign(again, e.Operand), Idx: e.Idx}
	}
	isObject := &oast.BinaryExpression{Operator: otoken.STRICT_EQUAL, Left: first, Right: text("object", e.Idx), Comparison: true}
	return choose(isObject, help("%kind", e.Idx, again), &oast.UnaryExpression{Operator: otoken.TYPEOF, Operand: again, Idx: e.Idx})
}

// assignment lowers = and the operators with it.
func (l *lowering) assignment(e *ast.AssignExpression) oast.Expression {
	switch e.Left.(type) {
	case *ast.ArrayPattern, *ast.ObjectPattern:
		t := l.temporary()
		out := []oast.Expression{assign(name(t, at(e)), l.expression(e.Right))}
		out = append(out, l.take(e.Left, name(t, at(e)), false)...)
		return sequence(append(out, name(t, at(e)))...)
	case *ast.Identifier:
		id := e.Left.(*ast.Identifier)
		l.assignable(id.Name.String(), at(id))
		u := l.use(id.Name.String(), at(id))
		get := func() oast.Expression { return l.read(id.Name.String(), at(id)) }
		return l.checked(u, l.assignTo(e, u.id, get, l.named(e.Right, id.Name.String())))
	}
	if e.Operator == token.ASSIGN {
		return assign(l.target(e.Left), l.expression(e.Right))
	}
	left, right := l.target(e.Left), l.expression(e.Right)
	if !short(e.Operator) && constant(right) {
		return &oast.AssignExpression{Operator: l.operator(e.Operator, at(e)), Left: left, Right: right}
	}
	// The object and key are evaluated once.
	var before []oast.Expression
	once := func(v oast.Expression) string {
		t := l.temporary()
		before = append(before, assign(name(t, at(e)), v))
		return t
	}
	var get func() oast.Expression
	switch x := left.(type) {
	case *oast.DotExpression:
		object := once(x.Left)
		get = func() oast.Expression { return member(name(object, at(e)), x.Identifier.Name, x.Identifier.Idx) }
	case *oast.BracketExpression:
		object, key := once(x.Left), once(x.Member)
		get = func() oast.Expression { return index(name(object, at(e)), name(key, at(e))) }
	default:
		l.refuse(at(e), "SyntaxError: Invalid left-hand side in assignment")
		return undefined(at(e))
	}
	return sequence(append(before, l.assignTo(e, get(), get, right))...)
}

// target lowers what is assigned to, other than names and patterns.
func (l *lowering) target(e ast.Expression) oast.Expression {
	l.accessed(e)
	switch e.(type) {
	case *ast.DotExpression, *ast.BracketExpression, *ast.PrivateDotExpression:
	default:
		l.refuse(at(e), "SyntaxError: Invalid left-hand side in assignment")
	}
	return l.expression(e)
}

// short reports whether an operator is one that ES5 has no assignment for.
func short(t token.Token) bool {
	switch t {
	case token.EXPONENT, token.LOGICAL_AND, token.LOGICAL_OR, token.COALESCE:
		return true
	}
	return false
}

// assignTo assigns with the operator of e to set, whose value get gives. The
// parser gives operators without their equals sign.
func (l *lowering) assignTo(e *ast.AssignExpression, set oast.Expression, get func() oast.Expression, right oast.Expression) oast.Expression {
	place := at(e)
	switch e.Operator {
	case token.ASSIGN:
		return assign(set, right)
	case token.EXPONENT:
		return assign(set, help("%power", place, get(), right))
	case token.LOGICAL_AND, token.LOGICAL_OR:
		return &oast.BinaryExpression{Operator: l.operator(e.Operator, place), Left: get(), Right: assign(set, right)}
	case token.COALESCE:
		t := l.temporary()
		return choose(isNull(assign(name(t, place), get()), place), assign(set, right), name(t, place))
	}
	o := l.operator(e.Operator, place)
	if constant(right) {
		return &oast.AssignExpression{Operator: o, Left: set, Right: right}
	}
	// The engine would look at the left side's value after the right side has
	// run, which may have changed it.
	return assign(set, &oast.BinaryExpression{Operator: o, Left: get(), Right: right})
}

// constant reports whether evaluating e changes nothing.
func constant(e oast.Expression) bool {
	switch e.(type) {
	case *oast.Identifier, *oast.StringLiteral, *oast.NumberLiteral, *oast.BooleanLiteral:
		return true
	}
	return false
}
