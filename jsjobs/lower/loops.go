package lower

import (
	"strings"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/token"
	oast "github.com/robertkrimen/otto/ast"
	ofile "github.com/robertkrimen/otto/file"
	otoken "github.com/robertkrimen/otto/token"
)

// A loop stays one loop statement, so that a label before it stays its label.

// loop lowers loops.
func (l *lowering) loop(s ast.Statement) oast.Statement {
	switch s := s.(type) {
	case *ast.DoWhileStatement:
		l.fn.loops++
		body := l.one(s.Body)
		l.fn.loops--
		return &oast.DoWhileStatement{Do: at(s), Body: body, Test: l.expression(s.Test)}
	case *ast.WhileStatement:
		test := l.expression(s.Test)
		l.fn.loops++
		defer func() { l.fn.loops-- }()
		return &oast.WhileStatement{While: at(s), Test: test, Body: l.one(s.Body)}
	case *ast.ForInStatement:
		return l.forIn(s)
	case *ast.ForOfStatement:
		return l.forOf(s)
	case *ast.ForStatement:
		return l.forStatement(s)
	}
	l.refuse(at(s), "SyntaxError: this statement is not supported")
	return &oast.EmptyStatement{Semicolon: at(s)}
}

// each is the body of a for-in or for-of, with its variable set to value.
func (l *lowering) each(into ast.ForInto, body ast.Statement, value oast.Expression) *oast.BlockStatement {
	l.fn.loops++
	defer func() { l.fn.loops-- }()
	s := l.open()
	var head []oast.Expression
	switch i := into.(type) {
	case *ast.ForIntoVar:
		l.declareAll(l.fn.scope(s), kindVar, i.Binding.Target)
		head = l.take(i.Binding.Target, value, true)
	case *ast.ForDeclaration:
		k := kindLet
		if i.IsConst {
			k = kindConst
		}
		l.declareTo(i.Target, func() { l.declareAll(s, k, i.Target) })
		head = l.take(i.Target, value, true)
	case *ast.ForIntoExpression:
		head = l.take(i.Expression, value, false)
	default:
		l.refuse(at(into), "SyntaxError: this loop is not supported")
	}
	b := block(at(body))
	if len(head) > 0 {
		b.List = append(b.List, statement(sequence(head...)))
	}
	b.List = append(b.List, l.one(body))
	l.close()
	l.renew(s, b)
	return b
}

// forOf goes over what %iterate makes of the source: an array, which may grow
// meanwhile, or what looks like one and asks the iterator when its length is.
// An iterator is told when the loop is left early:
//
//	try { for (list = %iterate(source), i = 0; i < list.length; i++) body }
//	catch (e) { throw %abandon(list, e); }
//	finally { if (list && list["%steps"]) %close(list); }
func (l *lowering) forOf(s *ast.ForOfStatement) oast.Statement {
	place := at(s.Source)
	source := l.expression(s.Source)
	list, i := l.temporary(), l.temporary()
	body := l.each(s.Into, s.Body, index(name(list, place), name(i, place)))
	loop := counting(at(s), list, i, help("%iterate", place, source), body)
	caught := name(l.made("caught"), place)
	steps := &oast.BinaryExpression{Operator: otoken.LOGICAL_AND, Left: name(list, place), Right: member(name(list, place), "%steps", place)}
	reset := statement(assign(name(list, place), undefined(place)))
	return &oast.TryStatement{Try: at(s), Body: block(at(s), reset, loop),
		Catch: &oast.CatchStatement{Catch: place, Parameter: caught,
			Body: block(place, &oast.ThrowStatement{Throw: place, Argument: help("%abandon", place, name(list, place), caught)})},
		Finally: block(place, &oast.IfStatement{If: place, Test: steps, Consequent: statement(help("%close", place, name(list, place)))})}
}

// labelled puts a label in front of a loop. One that may be left early is
// within a try statement.
func labelled(label *oast.LabelledStatement) oast.Statement {
	try, ok := label.Statement.(*oast.TryStatement)
	if !ok {
		return label
	}
	list := try.Body.(*oast.BlockStatement).List
	if len(list) != 2 || try.Finally == nil {
		return label
	}
	switch list[1].(type) {
	case *oast.ForStatement, *oast.LabelledStatement:
	default:
		return label
	}
	if reset, ok := list[0].(*oast.ExpressionStatement); !ok || !strings.HasPrefix(assigned(reset), "%t") {
		return label
	}
	label.Statement = list[1]
	list[1] = label
	return try
}

// assigned is the variable that a statement sets, or "".
func assigned(s *oast.ExpressionStatement) string {
	if a, ok := s.Expression.(*oast.AssignExpression); ok {
		if id, ok := a.Left.(*oast.Identifier); ok {
			return id.Name
		}
	}
	return ""
}

// forIn goes over a list of the names, in the standard's order, which is not
// the engine's. Names that were deleted meanwhile are passed over.
func (l *lowering) forIn(s *ast.ForInStatement) oast.Statement {
	place := at(s.Source)
	source := l.expression(s.Source)
	list, i := l.temporary(), l.temporary()
	item := func() oast.Expression { return index(name(list, place), name(i, place)) }
	there := &oast.BinaryExpression{Operator: otoken.IN, Left: item(), Right: member(name(list, place), "of", place)}
	body := l.each(s.Into, s.Body, item())
	skip := &oast.IfStatement{If: place, Test: not(there, place), Consequent: &oast.BranchStatement{Token: otoken.CONTINUE, Idx: place}}
	return counting(at(s), list, i, help("%enumerate", place, source), block(place, skip, body))
}

// counting is a loop over the items of a list, which may grow meanwhile.
func counting(place ofile.Idx, list, i string, source oast.Expression, body oast.Statement) *oast.ForStatement {
	in := source.Idx0()
	return &oast.ForStatement{
		For:         place,
		Initializer: sequence(assign(name(list, in), source), assign(name(i, in), number(0, in))),
		Test:        &oast.BinaryExpression{Operator: otoken.LESS, Left: name(i, in), Right: member(name(list, in), "length", in), Comparison: true},
		Update:      &oast.UnaryExpression{Operator: otoken.INCREMENT, Operand: name(i, in), Postfix: true, Idx: in},
		Body:        body,
	}
}

func (l *lowering) forStatement(s *ast.ForStatement) oast.Statement {
	out := &oast.ForStatement{For: at(s)}
	l.fn.loops++
	sc := l.open()
	if init := l.forInit(s.Initializer, sc); len(init) > 0 {
		out.Initializer = sequence(init...)
	}
	if s.Test != nil {
		out.Test = l.expression(s.Test)
	}
	if s.Update != nil {
		out.Update = l.expression(s.Update)
	}
	out.Body = l.one(s.Body)
	l.close()
	l.fn.loops--
	fn, copied, first := l.fn, l.made("scope"), l.made("first")
	l.later = append(l.later, func() {
		if names := sc.fresh(out.For); names != nil {
			fn.variable(copied)
			fn.variable(first)
			copyEachPass(out, sc, fn, copied, first)
		}
	})
	return out
}

func (l *lowering) forInit(init ast.ForLoopInitializer, sc *scope) (list []oast.Expression) {
	switch i := init.(type) {
	case *ast.ForLoopInitializerExpression:
		return []oast.Expression{l.expression(i.Expression)}
	case *ast.ForLoopInitializerVarDeclList:
		for _, b := range i.List {
			l.declareAll(l.fn.scope(sc), kindVar, b.Target)
			list = append(list, l.initialize(b, false)...)
		}
	case *ast.ForLoopInitializerLexicalDecl:
		d := &i.LexicalDeclaration
		for _, b := range d.List {
			l.declareAll(sc, lexicalKind(d.Token), b.Target)
		}
		for _, b := range d.List {
			if b.Initializer == nil && d.Token == token.CONST {
				l.refuse(at(b), "SyntaxError: Missing initializer in const declaration")
			}
			list = append(list, l.initialize(b, true)...)
		}
	}
	return list
}

// copyEachPass gives each pass of a for loop its own variables, with the values
// they had at the end of the pass before, as the standard says:
//
//	for (init, copied = %start("i", i), first = true;;)
//	  with (copied = %copy(copied)) {
//	    if (first) first = false; else update;
//	    if (!test) break;
//	    body
//	  }
func copyEachPass(o *oast.ForStatement, sc *scope, fn *function, copied, first string) {
	place := o.For
	var init, start []oast.Expression
	if o.Initializer != nil {
		init = append(init, o.Initializer)
	}
	for _, b := range sc.order {
		if b.fresh {
			fn.variable(b.out)
			start = append(start, text(b.out, place), name(b.out, place))
		}
	}
	init = append(init, assign(name(copied, place), help("%start", place, start...)), assign(name(first, place), boolean(true, place)))
	var update oast.Statement = &oast.EmptyStatement{Semicolon: place}
	if o.Update != nil {
		update = statement(o.Update)
	}
	list := []oast.Statement{&oast.IfStatement{If: place, Test: name(first, place), Consequent: statement(assign(name(first, place), boolean(false, place))), Alternate: update}}
	if o.Test != nil {
		list = append(list, &oast.IfStatement{If: place, Test: not(o.Test, place), Consequent: &oast.BranchStatement{Token: otoken.BREAK, Idx: place}})
	}
	o.Initializer, o.Test, o.Update = sequence(init...), nil, nil
	o.Body = &oast.WithStatement{With: place, Object: assign(name(copied, place), help("%copy", place, name(copied, place))), Body: block(place, append(list, o.Body)...)}
}

func not(e oast.Expression, at ofile.Idx) oast.Expression {
	return &oast.UnaryExpression{Operator: otoken.NOT, Operand: e, Idx: at}
}
