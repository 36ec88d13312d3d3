package lower

import (
	oast "github.com/robertkrimen/otto/ast"
	ofile "github.com/robertkrimen/otto/file"
	otoken "github.com/robertkrimen/otto/token"
)

// Shorthands for nodes of the engine's tree. Those without a place take that
// of their parts.

// name is an identifier that means what it says: nothing is looked up.
func name(s string, at ofile.Idx) *oast.Identifier { return &oast.Identifier{Name: s, Idx: at} }

func text(s string, at ofile.Idx) oast.Expression {
	return &oast.StringLiteral{Value: s, Literal: `""`, Idx: at}
}

func number(n int, at ofile.Idx) oast.Expression {
	return &oast.NumberLiteral{Value: int64(n), Literal: "0", Idx: at}
}

func boolean(v bool, at ofile.Idx) oast.Expression {
	literal := "false"
	if v {
		literal = "true"
	}
	return &oast.BooleanLiteral{Value: v, Literal: literal, Idx: at}
}

func null(at ofile.Idx) oast.Expression { return &oast.NullLiteral{Literal: "null", Idx: at} }

func undefined(at ofile.Idx) oast.Expression {
	return &oast.UnaryExpression{Operator: otoken.VOID, Operand: number(0, at), Idx: at}
}

// help calls a function of the runtime.
func help(function string, at ofile.Idx, args ...oast.Expression) *oast.CallExpression {
	return &oast.CallExpression{Callee: name(function, at), ArgumentList: args, LeftParenthesis: at, RightParenthesis: at}
}

func assign(left, right oast.Expression) oast.Expression {
	return &oast.AssignExpression{Operator: otoken.ASSIGN, Left: left, Right: right}
}

func sequence(list ...oast.Expression) oast.Expression {
	if len(list) == 1 {
		return list[0]
	}
	return &oast.SequenceExpression{Sequence: list}
}

func statement(e oast.Expression) oast.Statement { return &oast.ExpressionStatement{Expression: e} }

func block(at ofile.Idx, list ...oast.Statement) *oast.BlockStatement {
	return &oast.BlockStatement{List: list, LeftBrace: at, RightBrace: at}
}

func member(object oast.Expression, property string, at ofile.Idx) oast.Expression {
	return &oast.DotExpression{Left: object, Identifier: name(property, at)}
}

func index(object, key oast.Expression) oast.Expression {
	return &oast.BracketExpression{Left: object, Member: key}
}

func call(callee oast.Expression, args ...oast.Expression) *oast.CallExpression {
	return &oast.CallExpression{Callee: callee, ArgumentList: args}
}

func array(at ofile.Idx, items ...oast.Expression) oast.Expression {
	return &oast.ArrayLiteral{Value: items, LeftBracket: at, RightBracket: at}
}

func choose(test, yes, no oast.Expression) oast.Expression {
	return &oast.ConditionalExpression{Test: test, Consequent: yes, Alternate: no}
}

// isNull asks whether e is null or undefined.
func isNull(e oast.Expression, at ofile.Idx) oast.Expression {
	return &oast.BinaryExpression{Operator: otoken.EQUAL, Left: e, Right: null(at), Comparison: true}
}

func isUndefined(e oast.Expression, at ofile.Idx) oast.Expression {
	return &oast.BinaryExpression{Operator: otoken.STRICT_EQUAL, Left: e, Right: undefined(at), Comparison: true}
}

func returning(e oast.Expression, at ofile.Idx) oast.Statement {
	return &oast.ReturnStatement{Return: at, Argument: e}
}
