package lower

import (
	"math/big"

	"github.com/dop251/goja/ast"
	oast "github.com/robertkrimen/otto/ast"
	ofile "github.com/robertkrimen/otto/file"
	otoken "github.com/robertkrimen/otto/token"
)

// expression lowers an expression. What is refused leaves a harmless one, so
// that the walk can go on.
func (l *lowering) expression(e ast.Expression) oast.Expression {
	if !l.deeper(e) {
		return undefined(l.fn.at)
	}
	defer func() { l.depth-- }()
	switch e := e.(type) {
	case *ast.Identifier:
		if e.Name == "arguments" {
			return l.arguments(at(e))
		}
		return l.read(e.Name.String(), at(e))
	case *ast.ThisExpression:
		return l.this(at(e))
	case *ast.DotExpression, *ast.BracketExpression, *ast.PrivateDotExpression:
		return l.access(e)
	case *ast.CallExpression:
		return l.call(e)
	case *ast.NewExpression:
		return l.construct(e)
	case *ast.OptionalChain:
		return l.chain(e.Expression, func(v link) oast.Expression { return v.value })
	case *ast.AssignExpression:
		return l.assignment(e)
	case *ast.BinaryExpression:
		return l.binary(e)
	case *ast.UnaryExpression:
		return l.unary(e)
	case *ast.ConditionalExpression:
		return choose(l.expression(e.Test), l.expression(e.Consequent), l.expression(e.Alternate))
	case *ast.SequenceExpression:
		return sequence(l.expressions(e.Sequence)...)
	case *ast.FunctionLiteral:
		return l.functionLiteral(e, "")
	case *ast.ArrowFunctionLiteral:
		return l.arrow(e, "")
	case *ast.ClassLiteral:
		return l.classLiteral(e, "")
	case *ast.YieldExpression, *ast.AwaitExpression:
		return l.pause(e)
	}
	return l.literal(e)
}

// pause lowers yield and await, at which a body stands still.
func (l *lowering) pause(e ast.Expression) oast.Expression {
	switch e := e.(type) {
	case *ast.AwaitExpression:
		if f := l.coroutine(); !f.async {
			l.refuse(at(e), "SyntaxError: await is only valid in async functions")
		}
		return help("%await", at(e), l.expression(e.Argument))
	case *ast.YieldExpression:
		if f := l.coroutine(); !f.generator {
			l.refuse(at(e), "SyntaxError: yield is only valid in generators")
		}
		value := undefined(at(e))
		if e.Argument != nil {
			value = l.expression(e.Argument)
		}
		if e.Delegate {
			return help("%delegate", at(e), value)
		}
		return help("%yield", at(e), value)
	}
	return undefined(at(e))
}

// coroutine is the function that yield and await are of. What is around a class
// runs with the function that it is in.
func (l *lowering) coroutine() *function {
	f := l.fn
	for f.immediate {
		f = f.outer
	}
	return f
}

// literal lowers what has a value of its own.
func (l *lowering) literal(e ast.Expression) oast.Expression {
	switch e := e.(type) {
	case *ast.ArrayLiteral:
		return l.arrayLiteral(e)
	case *ast.ObjectLiteral:
		return l.objectLiteral(e)
	case *ast.TemplateLiteral:
		return l.template(e)
	case *ast.RegExpLiteral:
		return l.pattern(e)
	case *ast.BooleanLiteral:
		return boolean(e.Value, at(e))
	case *ast.NullLiteral:
		return null(at(e))
	case *ast.StringLiteral:
		return text(written(e.Value), at(e))
	case *ast.NumberLiteral:
		if _, ok := e.Value.(*big.Int); ok {
			l.refuse(at(e), "SyntaxError: BigInt is not supported: numbers are exact up to 9007199254740991")
			return undefined(at(e))
		}
		l.notOctal(e)
		value := e.Value
		if n, ok := value.(int64); ok && n > 1<<53 { // the engine would keep all its digits
			value = float64(n)
		}
		return &oast.NumberLiteral{Value: value, Literal: e.Literal, Idx: at(e)}
	}
	return l.unsupported(e)
}

// unsupported refuses an expression.
func (l *lowering) unsupported(e ast.Expression) oast.Expression {
	switch e := e.(type) {
	case *ast.MetaProperty:
		if e.Meta.Name == "new" {
			return l.newTarget(at(e.Meta))
		}
		l.refuse(at(e.Meta), "SyntaxError: %s.%s is not supported: scripts are no modules", e.Meta.Name, e.Property.Name)
	case *ast.SuperExpression:
		l.refuse(at(e), "SyntaxError: 'super' keyword unexpected here")
	case *ast.SpreadElement:
		l.refuse(at(e), "SyntaxError: Unexpected token ...")
	default:
		l.refuse(at(e), "SyntaxError: this expression is not supported")
	}
	return undefined(at(e))
}

func (l *lowering) expressions(list []ast.Expression) (out []oast.Expression) {
	for _, e := range list {
		out = append(out, l.expression(e))
	}
	return out
}

// named lowers an expression that is the value of something with a name, which
// a function or class without one gets.
func (l *lowering) named(e ast.Expression, name string) oast.Expression {
	switch e := e.(type) {
	case *ast.FunctionLiteral:
		return l.functionLiteral(e, name)
	case *ast.ArrowFunctionLiteral:
		return l.arrow(e, name)
	case *ast.ClassLiteral:
		return l.classLiteral(e, name)
	}
	return l.expression(e)
}

// access lowers object.property, object[key] and object.#property.
func (l *lowering) access(e ast.Expression) oast.Expression {
	if ofThis(e) {
		l.accessed(e)
	}
	switch e := e.(type) {
	case *ast.DotExpression:
		property := written(e.Identifier.Name)
		if s, ok := e.Left.(*ast.SuperExpression); ok {
			return member(l.superOf(at(s)), property, at(&e.Identifier))
		}
		return member(l.object(e.Left), property, ofile.Idx(e.Identifier.Idx))
	case *ast.BracketExpression:
		if s, ok := e.Left.(*ast.SuperExpression); ok {
			return index(l.superOf(at(s)), l.expression(e.Member))
		}
		return &oast.BracketExpression{Left: l.object(e.Left), Member: l.expression(e.Member),
			LeftBracket: ofile.Idx(e.LeftBracket), RightBracket: ofile.Idx(e.RightBracket)}
	case *ast.PrivateDotExpression:
		return index(l.object(e.Left), text(l.private(e.Identifier.Name.String(), at(&e.Identifier)), at(&e.Identifier)))
	}
	return l.unsupported(e)
}

// ofThis reports whether a property of this is asked for.
func ofThis(e ast.Expression) (ok bool) {
	switch e := e.(type) {
	case *ast.DotExpression:
		_, ok = e.Left.(*ast.ThisExpression)
	case *ast.BracketExpression:
		_, ok = e.Left.(*ast.ThisExpression)
	}
	return ok
}

// object lowers what is asked for a property.
func (l *lowering) object(e ast.Expression) oast.Expression {
	if t, ok := e.(*ast.ThisExpression); ok {
		return l.thisObject(at(t))
	}
	return l.expression(e)
}

// this is the function's, as a value: undefined in a function that is called
// on nothing, or the global object in one that is not strict.
func (l *lowering) this(at ofile.Idx) oast.Expression {
	f, raw := l.owner(), l.thisObject(at)
	if f.literal == nil || f.constructor || f.bound {
		return raw
	}
	other := undefined(at)
	if l.sloppy {
		other = name("%global", at)
	}
	nothing := &oast.BinaryExpression{Operator: otoken.STRICT_EQUAL, Left: raw, Right: name("%none", at), Comparison: true}
	return choose(nothing, other, l.thisObject(at))
}

// owner is the function whose this and arguments are meant: the innermost that
// is no arrow function.
func (l *lowering) owner() *function {
	f := l.fn
	for f.arrow {
		f = f.outer
	}
	return f
}

// thisObject is this where it is asked for a property: nothing need be done
// about one that is not there. The constructor of a class that extends another
// has it from super().
func (l *lowering) thisObject(at ofile.Idx) oast.Expression {
	f := l.owner()
	switch {
	case f.constructor && f.derived:
		return &oast.BinaryExpression{Operator: otoken.LOGICAL_OR, Left: name("%this", at), Right: help("%unbound", at)}
	case f.literal == nil && !l.sloppy:
		return name("%global", at)
	case f == l.fn && !f.generator && !f.async:
		return &oast.ThisExpression{Idx: at}
	}
	f.needsThis = true
	return name("%this", at)
}

// arguments is the function's, or that of the function around an arrow function.
func (l *lowering) arguments(at ofile.Idx) oast.Expression {
	f := l.owner()
	if f.literal == nil || f == l.fn && !f.generator && !f.async {
		return name("arguments", at)
	}
	f.needsArgs = true
	return name("%arguments", at)
}
