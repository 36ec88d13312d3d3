package lower

import (
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/token"
	oast "github.com/robertkrimen/otto/ast"
	ofile "github.com/robertkrimen/otto/file"
)

// body lowers the statements of a function or program, whose scope is open.
func (l *lowering) body(list []ast.Statement) (out []oast.Statement) {
	l.declareBlock(l.scope, list)
	var first []oast.Statement
	for _, s := range list {
		d, ok := s.(*ast.FunctionDeclaration)
		if !ok {
			out = append(out, l.statements(s)...)
			continue
		}
		literal := l.declared(d)
		if called := d.Function.Name.Name.String(); literal.Name.Name != called { // the engine would declare the name with its marks
			l.scope.names[called].set = true
			literal.Name.Name = unbound(literal.Name.Name)
			first = append(first, statement(assign(l.bind(called, at(d)), literal)))
			continue
		}
		l.fn.functions = append(l.fn.functions, &oast.FunctionDeclaration{Function: literal})
		out = append(out, &oast.FunctionStatement{Function: literal})
	}
	return append(first, out...)
}

// declared lowers a function that is declared in the current scope.
func (l *lowering) declared(d *ast.FunctionDeclaration) *oast.FunctionLiteral {
	return l.method(d.Function, &function{hoisted: l.scope.names[d.Function.Name.Name.String()]}, "")
}

// inBlock lowers the statements of a block, whose scope is open. Its functions
// come first.
func (l *lowering) inBlock(list []ast.Statement) []oast.Statement {
	l.declareBlock(l.scope, list)
	var functions, out []oast.Statement
	for _, s := range list {
		if d, ok := s.(*ast.FunctionDeclaration); ok {
			functions = append(functions, l.blockFunction(d))
			continue
		}
		out = append(out, l.statements(s)...)
	}
	return append(functions, out...)
}

// blockFunction assigns a function to the variable of its block.
func (l *lowering) blockFunction(d *ast.FunctionDeclaration) oast.Statement {
	target := l.bind(d.Function.Name.Name.String(), at(d))
	literal := l.declared(d)
	literal.Name.Name = unbound(literal.Name.Name)
	return statement(assign(target, literal))
}

// block lowers a block with its scope.
func (l *lowering) block(b *ast.BlockStatement) *oast.BlockStatement {
	s := l.open()
	s.caught, l.caught = l.caught, nil
	out := &oast.BlockStatement{LeftBrace: ofile.Idx(b.LeftBrace), RightBrace: ofile.Idx(b.RightBrace)}
	out.List = l.inBlock(b.List)
	l.close()
	l.renew(s, out)
	return out
}

// one lowers a statement to exactly one.
func (l *lowering) one(s ast.Statement) oast.Statement {
	if s == nil {
		return nil
	}
	list := l.statements(s)
	if len(list) == 1 {
		return list[0]
	}
	return block(at(s), list...)
}

// statements lowers a statement to any number of them.
func (l *lowering) statements(s ast.Statement) []oast.Statement {
	if !l.deeper(s) {
		return nil
	}
	defer func() { l.depth-- }()
	switch s := s.(type) {
	case *ast.ClassDeclaration:
		target := l.bind(s.Class.Name.Name.String(), at(s))
		return []oast.Statement{statement(assign(target, l.classLiteral(s.Class, "")))}
	case *ast.FunctionDeclaration: // alone, as the body of an if
		l.alone(s)
		sc := l.open()
		b := block(at(s), l.inBlock([]ast.Statement{s})...)
		l.close()
		l.renew(sc, b)
		return []oast.Statement{b}
	case *ast.LexicalDeclaration:
		return l.lexical(s)
	case *ast.VariableStatement:
		var list []oast.Expression
		for _, b := range s.List {
			l.declareAll(l.fn.scope(l.scope), kindVar, b.Target)
			list = append(list, l.initialize(b, false)...)
		}
		if len(list) == 0 {
			return []oast.Statement{&oast.EmptyStatement{Semicolon: at(s)}}
		}
		return []oast.Statement{statement(sequence(list...))}
	}
	return []oast.Statement{l.simple(s)}
}

// scope is the function's own scope, found from within.
func (f *function) scope(inner *scope) *scope {
	for inner.fn != f || !inner.function {
		inner = inner.outer
	}
	return inner
}

// simple lowers statements that stay one statement.
func (l *lowering) simple(s ast.Statement) oast.Statement {
	switch s := s.(type) {
	case *ast.BlockStatement:
		return l.block(s)
	case *ast.BranchStatement:
		o := &oast.BranchStatement{Idx: at(s), Token: l.operator(s.Token, at(s))}
		if s.Label != nil {
			o.Label = name(s.Label.Name.String(), at(s.Label))
		}
		return o
	case *ast.EmptyStatement:
		return &oast.EmptyStatement{Semicolon: at(s)}
	case *ast.DebuggerStatement:
		return &oast.EmptyStatement{Semicolon: at(s)}
	case *ast.ExpressionStatement:
		return statement(l.expression(s.Expression))
	case *ast.IfStatement:
		return &oast.IfStatement{If: at(s), Test: l.expression(s.Test), Consequent: l.one(s.Consequent), Alternate: l.one(s.Alternate)}
	case *ast.LabelledStatement:
		l.notReserved(s.Label.Name.String(), at(s.Label))
		return labelled(&oast.LabelledStatement{Label: name(s.Label.Name.String(), at(s.Label)), Colon: ofile.Idx(s.Colon), Statement: l.one(s.Statement)})
	case *ast.ReturnStatement:
		return l.returnStatement(s)
	case *ast.SwitchStatement:
		return l.switchStatement(s)
	case *ast.ThrowStatement:
		return &oast.ThrowStatement{Throw: at(s), Argument: help(ThrowHook, at(s), l.expression(s.Argument))}
	case *ast.TryStatement:
		return l.tryStatement(s)
	case *ast.WithStatement:
		l.refuse(at(s), "SyntaxError: the with statement is not allowed: name the object each time")
	default:
		return l.loop(s)
	}
	return &oast.EmptyStatement{Semicolon: at(s)}
}

// lexical lowers let and const. A let without a value is undefined again each
// time it is passed.
func (l *lowering) lexical(s *ast.LexicalDeclaration) []oast.Statement {
	var list []oast.Expression
	for _, b := range s.List {
		if b.Initializer == nil && s.Token == token.CONST {
			l.refuse(at(b), "SyntaxError: Missing initializer in const declaration")
		}
		list = append(list, l.initialize(b, true)...)
	}
	return []oast.Statement{statement(sequence(list...))}
}

// initialize lowers one declared variable; reset makes one without a value undefined.
func (l *lowering) initialize(b *ast.Binding, reset bool) []oast.Expression {
	id, ok := b.Target.(*ast.Identifier)
	switch {
	case ok && b.Initializer != nil:
		value := l.named(b.Initializer, id.Name.String())
		return []oast.Expression{assign(l.bind(id.Name.String(), at(id)), value)}
	case ok && reset:
		return []oast.Expression{assign(l.bind(id.Name.String(), at(id)), undefined(at(id)))}
	case ok:
		return nil
	case b.Initializer == nil:
		l.refuse(at(b), "SyntaxError: Missing initializer in destructuring declaration")
		return nil
	}
	return l.take(b.Target, l.expression(b.Initializer), true)
}

func (l *lowering) returnStatement(s *ast.ReturnStatement) oast.Statement {
	var value oast.Expression
	if s.Argument != nil {
		value = l.expression(s.Argument)
	}
	if l.fn.constructor && l.fn.derived {
		if value == nil {
			value = undefined(at(s))
		}
		value = help("%constructed", at(s), value, name("%this", at(s)))
	}
	return returning(value, at(s))
}

// switchStatement lowers a switch, all of whose cases are one block.
func (l *lowering) switchStatement(s *ast.SwitchStatement) oast.Statement {
	out := &oast.SwitchStatement{Switch: at(s), Discriminant: l.expression(s.Discriminant), Default: s.Default, RightBrace: ofile.Idx(s.RightBrace)}
	sc := l.open()
	for _, c := range s.Body {
		sc.cases = append(sc.cases, at(c))
		l.declareBlock(sc, c.Consequent)
	}
	list := []oast.Statement{}
	for _, c := range s.Body {
		o := &oast.CaseStatement{Case: at(c)}
		if c.Test != nil {
			o.Test = l.expression(c.Test)
		}
		for _, st := range c.Consequent {
			if d, ok := st.(*ast.FunctionDeclaration); ok {
				list = append(list, l.blockFunction(d))
				continue
			}
			o.Consequent = append(o.Consequent, l.statements(st)...)
		}
		out.Body = append(out.Body, o)
	}
	l.close()
	if len(sc.order) == 0 {
		return out
	}
	b := block(at(s), append(list, out)...)
	l.renew(sc, b)
	return b
}

func (l *lowering) tryStatement(s *ast.TryStatement) oast.Statement {
	out := &oast.TryStatement{Try: at(s), Body: l.block(s.Body)}
	if s.Catch != nil {
		out.Catch = l.catch(s.Catch)
	}
	if s.Finally != nil {
		out.Finally = l.block(s.Finally)
	}
	return out
}

// catch lowers a catch clause. What is caught is a variable of the clause in
// the engine too; a pattern is taken apart at its start.
func (l *lowering) catch(c *ast.CatchStatement) *oast.CatchStatement {
	place := ofile.Idx(c.Catch)
	out := &oast.CatchStatement{Catch: place, Parameter: name("%caught", place)}
	s := l.open()
	defer l.close()
	var head []oast.Statement
	if l.fn.generator || l.fn.async { // what makes the body return passes
		head = append(head, statement(help("%pass", place, out.Parameter)))
	}
	switch p := c.Parameter.(type) {
	case nil:
	case *ast.Identifier:
		out.Parameter.Name = p.Name.String()
		l.declare(s, kindCatch, out.Parameter.Name, at(p))
	default:
		l.declareTo(p, func() { l.declareAll(s, kindLet, p) })
		head = append(head, statement(sequence(l.take(p, name("%caught", at(p)), true)...)))
	}
	l.caught = s
	inner := l.block(c.Body)
	b := block(inner.LeftBrace, append(head, inner)...)
	b.RightBrace = inner.RightBrace
	l.renew(s, b)
	out.Body = b
	return out
}
