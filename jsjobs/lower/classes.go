package lower

import (
	"fmt"

	"github.com/dop251/goja/ast"
	oast "github.com/robertkrimen/otto/ast"
	ofile "github.com/robertkrimen/otto/file"
)

// A class becomes the result of a function, which gives its name, what it
// extends and its computed keys variables:
//
//	(function () {
//	  super = %super(Parent);
//	  class = function (...) { %new(this, class); body };
//	  %class(class, super, kind, key, method, ...);
//	  fields = function () { %field(this, key, value) };
//	  %field(class, key, value);   // static ones
//	  return class;
//	})()
//
// Private names become properties that no loop lists, with the class's number
// in their name, so that those of two classes never meet.

// A class is being lowered.
type class struct {
	outer   *class
	at      ofile.Idx
	number  int
	private map[string]bool
	derived bool

	self, super, fields string // variables
	name                string // that the class has in itself, or ""

	constructor *ast.FunctionLiteral
	body        []oast.Statement // of the function that makes the class
	members     []oast.Expression
	inits       []*ast.FieldDefinition
	statics     []ast.ClassElement
	keys        map[*ast.FieldDefinition]string // variables with computed keys
}

// classLiteral lowers a class; called names one without a name.
func (l *lowering) classLiteral(e *ast.ClassLiteral, called string) oast.Expression {
	place := at(e)
	maker := l.maker(place)
	l.enter(maker, place)
	c := &class{outer: l.class, at: place, derived: e.SuperClass != nil, private: map[string]bool{}, keys: map[*ast.FieldDefinition]string{}}
	c.self, c.super, c.fields = l.made("class"), l.made("super"), l.made("fields")
	c.number = l.serial
	for _, v := range []string{c.self, c.super, c.fields} {
		maker.variable(v)
	}
	if c.derived {
		c.do(assign(name(c.super, place), help("%super", at(e.SuperClass), l.expression(e.SuperClass))))
	} else {
		c.do(assign(name(c.super, place), name("%Object", place)))
	}
	if e.Name != nil {
		c.name = e.Name.Name.String()
		called = c.name
		l.declareTo(e, func() { l.declare(l.scope, kindConst, c.name, at(e.Name)) })
	}
	l.class = c
	l.sort(e, c)
	l.constructor(e, c, called)
	l.elements(c)
	l.class = c.outer
	c.body = append(c.body, returning(name(c.self, place), place))
	maker.literal.Body = block(place, c.body...)
	l.prologue(&maker.literal.Body.(*oast.BlockStatement).List)
	l.leave()
	return call(maker.literal)
}

func (c *class) do(e oast.Expression) { c.body = append(c.body, statement(e)) }

// sort goes through the elements: computed keys are evaluated in their order,
// and the private names are known before any body is lowered.
func (l *lowering) sort(e *ast.ClassLiteral, c *class) {
	l.classEarly(e)
	for _, element := range e.Body {
		var key ast.Expression
		switch element := element.(type) {
		case *ast.MethodDefinition:
			key = element.Key
		case *ast.FieldDefinition:
			key = element.Key
		}
		if p, ok := key.(*ast.PrivateIdentifier); ok {
			c.private[p.Name.String()] = true
		}
	}
	for _, element := range e.Body {
		switch element := element.(type) {
		case *ast.MethodDefinition:
			key, ok := element.Key.(*ast.Identifier)
			quoted, isText := element.Key.(*ast.StringLiteral)
			named := ok && key.Name == "constructor" || isText && quoted.Value == "constructor"
			if named && !element.Static && !element.Computed && element.Kind == ast.PropertyKindMethod {
				c.constructor = element.Body
				continue
			}
			l.addMember(c, element)
		case *ast.FieldDefinition:
			if element.Computed {
				c.keys[element] = l.temporary()
				c.do(assign(name(c.keys[element], at(element)), l.expression(element.Key)))
			}
			if element.Static {
				c.statics = append(c.statics, element)
			} else {
				c.inits = append(c.inits, element)
			}
		case *ast.ClassStaticBlock:
			c.statics = append(c.statics, element)
		}
	}
}

// addMember adds a method or accessor to what the class is made with.
func (l *lowering) addMember(c *class, m *ast.MethodDefinition) {
	called := ""
	if !m.Computed {
		called = l.keyName(m.Key)
	}
	fn := &function{super: c.super, static: m.Static, method: true}
	kind := string(m.Kind)
	if m.Kind != ast.PropertyKindMethod {
		fn.prefix = kind + " "
	}
	if m.Static {
		kind = "static " + kind
	}
	key := l.key(m.Key, m.Computed)
	method := l.method(m.Body, fn, called)
	if c.name != "" && called != "" { // as people call it
		l.functions[len(l.functions)-1].name = c.name + "." + called
	}
	c.members = append(c.members, text(kind, at(m)), key, method)
}

// constructor makes the function that is the class.
func (l *lowering) constructor(e *ast.ClassLiteral, c *class, called string) {
	place := c.at
	fn := &function{super: c.super, constructor: true, derived: c.derived, literal: &oast.FunctionLiteral{Function: place, Source: e.Source}}
	if len(c.inits) > 0 {
		fn.fields = c.fields
	}
	l.enter(fn, place)
	head := []oast.Statement{statement(help("%new", place, &oast.ThisExpression{Idx: place}, name(c.self, place), text(called, place)))}
	if c.derived {
		fn.variable("%this")
		fn.variable("%self")
		head = append(head, statement(assign(name("%self", place), &oast.ThisExpression{Idx: place})))
	} else if fn.fields != "" {
		head = append(head, statement(callOn(name(fn.fields, place), &oast.ThisExpression{Idx: place}, place)))
	}
	if c.constructor != nil {
		l.functionBody(c.constructor.ParameterList, c.constructor.Body)
	} else {
		fn.literal.ParameterList = &oast.ParameterList{Opening: place, Closing: place}
		fn.literal.Body = block(place)
	}
	b := fn.literal.Body.(*oast.BlockStatement)
	if c.derived {
		if c.constructor == nil {
			b.List = append(b.List, statement(l.superWith(name("arguments", place), place)))
		}
		b.List = append(b.List, returning(help("%constructed", place, undefined(place), name("%this", place)), place))
	}
	b.List = append(head, b.List...)
	l.leave()
	length := 0
	if c.constructor != nil {
		length, _ = lengthOf(c.constructor.ParameterList)
	}
	fn.literal.Name = name(mark(called, length, "c"), place)
	if c.constructor != nil {
		l.spanOf(c.constructor, called)
	}
	c.do(assign(name(c.self, place), fn.literal))
	if c.name != "" {
		c.do(assign(l.bind(c.name, place), name(c.self, place)))
	}
	parts := []oast.Expression{name(c.self, place), boolean(c.derived, place), name(c.super, place)}
	c.do(help("%class", place, append(parts, c.members...)...))
}

// elements makes fields and static blocks, each a function whose this is the
// new object or the class.
func (l *lowering) elements(c *class) {
	if len(c.inits) > 0 {
		fn := l.within(c, false, func() (list []oast.Statement) {
			for _, f := range c.inits {
				list = append(list, statement(l.field(c, f)))
			}
			return list
		})
		c.do(assign(name(c.fields, c.at), fn))
	}
	for _, s := range c.statics {
		fn := l.within(c, true, func() []oast.Statement {
			switch s := s.(type) {
			case *ast.FieldDefinition:
				return []oast.Statement{statement(l.field(c, s))}
			case *ast.ClassStaticBlock:
				return l.body(s.Block.List)
			}
			return nil
		})
		c.do(callOn(fn, name(c.self, c.at), c.at))
	}
}

// within makes a function of the class around statements.
func (l *lowering) within(c *class, static bool, do func() []oast.Statement) *oast.FunctionLiteral {
	fn := &function{super: c.super, static: static, bound: true, literal: &oast.FunctionLiteral{Function: c.at}}
	fn.literal.ParameterList = &oast.ParameterList{Opening: c.at, Closing: c.at}
	l.enter(fn, c.at)
	b := block(c.at, do()...)
	l.prologue(&b.List)
	fn.literal.Body = b
	l.leave()
	return fn.literal
}

// field sets a field of this.
func (l *lowering) field(c *class, f *ast.FieldDefinition) oast.Expression {
	place := at(f)
	called := ""
	var key oast.Expression = name(c.keys[f], place)
	if !f.Computed {
		called = l.keyName(f.Key)
		key = text(called, place)
	}
	value := undefined(place)
	if f.Initializer != nil {
		value = l.named(f.Initializer, called)
	}
	return help("%field", place, &oast.ThisExpression{Idx: place}, key, value)
}

// superCall lowers super(...).
func (l *lowering) superCall(args []ast.Expression, place ofile.Idx) oast.Expression {
	return l.superWith(l.list(args, place), place)
}

// superWith makes an object of what the class extends, which becomes this.
func (l *lowering) superWith(args oast.Expression, place ofile.Idx) oast.Expression {
	f := l.owner()
	if !f.constructor || !f.derived {
		l.refuse(place, "SyntaxError: 'super' keyword unexpected here")
		return undefined(place)
	}
	made := assign(name("%this", place), help("%construct super", place, name(f.super, place), name("%self", place), args, name("%this", place)))
	if f.fields == "" {
		return made
	}
	return sequence(made, callOn(name(f.fields, place), name("%this", place), place), name("%this", place))
}

// super is the object whose properties super.x means.
func (l *lowering) super(place ofile.Idx) oast.Expression {
	if l.fn.home != "" {
		return help("%parent", place, name(l.fn.home, place))
	}
	if l.fn.super == "" {
		l.refuse(place, "SyntaxError: 'super' keyword unexpected here")
		return undefined(place)
	}
	if l.fn.static {
		return name(l.fn.super, place)
	}
	return member(name(l.fn.super, place), "prototype", place)
}

// superOf is an object that has the properties of super, for this: super.x is
// asked for and assigned to as any property is.
func (l *lowering) superOf(place ofile.Idx) oast.Expression {
	return help("%superOf", place, l.super(place), l.thisObject(place))
}

// private is the property that holds a private name.
func (l *lowering) private(n string, place ofile.Idx) string {
	for c := l.class; c != nil; c = c.outer {
		if c.private[n] {
			return fmt.Sprintf("#%s%%%d:%s", n, c.number, l.file.Name())
		}
	}
	l.refuse(place, "SyntaxError: Private field '#%s' must be declared in an enclosing class", n)
	return "#" + n
}
