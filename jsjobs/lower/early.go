package lower

import (
	"strings"

	"github.com/dop251/goja/ast"
	ofile "github.com/robertkrimen/otto/file"
)

// What the language calls early errors: mistakes that are found before anything
// runs (ECMA-262 17, and the sections named "Static Semantics: Early Errors").
// The parser finds some; those here are of strict mode and of names.

// reservedWords may not be names in strict mode (ECMA-262 12.7.2).
var reservedWords = map[string]bool{"implements": true, "interface": true, "let": true, "package": true, "private": true,
	"protected": true, "public": true, "static": true, "yield": true}

// notReserved refuses words that are no names in strict mode.
func (l *lowering) notReserved(name string, at ofile.Idx) {
	if reservedWords[name] && !l.sloppy {
		l.refuse(at, "SyntaxError: Unexpected strict mode reserved word '%s'", name)
	}
}

// bindable refuses names that nothing may be declared with.
func (l *lowering) bindable(name string, at ofile.Idx) {
	l.notReserved(name, at)
	l.assignable(name, at)
}

// assignable refuses the two names that nothing may be assigned to.
func (l *lowering) assignable(name string, at ofile.Idx) {
	if (name == "eval" || name == "arguments") && !l.sloppy {
		l.refuse(at, "SyntaxError: Assignment to eval or arguments is not allowed in strict mode")
	}
}

// notTwice refuses a second declaration of a name where only one may be.
func (l *lowering) notTwice(s *scope, old *binding, k kind, name string, at ofile.Idx) {
	switch {
	case k.lexical() || old.kind.lexical() || !s.function && k == kindFunction:
		l.refuse(at, "SyntaxError: Identifier '%s' has already been declared", name)
	case l.inParameters && !l.sloppy:
		l.refuse(at, "SyntaxError: Duplicate parameter name not allowed in this context")
	}
}

// notHidden refuses a var in a block that has the name already, and a name of a
// catch clause's block that is what is caught.
func (l *lowering) notHidden(s *scope, k kind, name string, at ofile.Idx) {
	if s.caught != nil && (k.lexical() || k == kindFunction) && s.caught.names[name] != nil {
		l.refuse(at, "SyntaxError: Identifier '%s' has already been declared", name)
	}
	if k != kindVar || !s.function || l.scope.fn != s.fn {
		return
	}
	for in := l.scope; in != s; in = in.outer {
		if b := in.names[name]; b != nil && (b.kind.lexical() || b.kind == kindFunction) {
			l.refuse(at, "SyntaxError: Identifier '%s' has already been declared", name)
		}
	}
}

// alone refuses a function that is the whole body of a statement.
func (l *lowering) alone(d *ast.FunctionDeclaration) {
	if !l.sloppy || d.Function.Generator || d.Function.Async {
		l.refuse(at(d), "SyntaxError: In strict mode code, functions can only be declared at top level or inside a block")
	}
}

// simpleParameters refuses "use strict" in a function whose parameters have
// patterns, defaults or a rest.
func (l *lowering) simpleParameters(parameters *ast.ParameterList, body []ast.Statement) {
	simple := parameters == nil || parameters.Rest == nil
	if parameters != nil {
		for _, b := range parameters.List {
			_, plain := b.Target.(*ast.Identifier)
			simple = simple && plain && b.Initializer == nil
		}
	}
	for _, s := range body {
		e, ok := s.(*ast.ExpressionStatement)
		if !ok {
			return
		}
		directive, ok := e.Expression.(*ast.StringLiteral)
		if !ok {
			return
		}
		if directive.Value == "use strict" && !simple {
			l.refuse(at(directive), "SyntaxError: Illegal 'use strict' directive in function with non-simple parameter list")
		}
	}
}

// notOctal refuses numbers like 017.
func (l *lowering) notOctal(e ast.Expression) {
	n, ok := e.(*ast.NumberLiteral)
	if ok && !l.sloppy && len(n.Literal) > 1 && n.Literal[0] == '0' && n.Literal[1] >= '0' && n.Literal[1] <= '9' {
		l.refuse(at(n), "SyntaxError: Octal literals are not allowed in strict mode: write 0o%s", n.Literal[1:])
	}
}

// classEarly refuses what a class may not have.
func (l *lowering) classEarly(e *ast.ClassLiteral) {
	constructors, private := 0, map[string]string{}
	for _, element := range e.Body {
		switch m := element.(type) {
		case *ast.MethodDefinition:
			key := l.written(m.Key, m.Computed)
			special := m.Kind != ast.PropertyKindMethod || m.Body.Generator || m.Body.Async
			switch {
			case key == "constructor" && !m.Static && special:
				l.refuse(at(m), "SyntaxError: Class constructor may not be a getter, setter, generator or async")
			case key == "constructor" && !m.Static:
				if constructors++; constructors > 1 {
					l.refuse(at(m), "SyntaxError: A class may only have one constructor")
				}
			case key == "prototype" && m.Static:
				l.refuse(at(m), "SyntaxError: Classes may not have a static property named 'prototype'")
			}
			l.privateOnce(private, m.Key, string(m.Kind), m.Static)
		case *ast.FieldDefinition:
			key := l.written(m.Key, m.Computed)
			if key == "constructor" || key == "prototype" && m.Static {
				l.refuse(at(m), "SyntaxError: Classes may not have a field named '%s'", key)
			}
			l.privateOnce(private, m.Key, "field", m.Static)
		}
	}
}

// written is the name of a property that is no private one and not computed.
func (l *lowering) written(key ast.Expression, computed bool) string {
	if computed {
		return ""
	}
	return keyName(key)
}

// privateOnce refuses a private name that is there twice, but for a getter and
// its setter.
func (l *lowering) privateOnce(seen map[string]string, key ast.Expression, kind string, static bool) {
	p, ok := key.(*ast.PrivateIdentifier)
	if !ok {
		return
	}
	n := p.Name.String()
	if n == "constructor" {
		l.refuse(ofile.Idx(p.Idx), "SyntaxError: Classes may not have a private field named '#constructor'")
	}
	if static {
		kind = "static " + kind
	}
	old, there := seen[n]
	pair := strings.TrimSuffix(old, "get")+"set" == kind && strings.HasSuffix(old, "get") || strings.TrimSuffix(old, "set")+"get" == kind && strings.HasSuffix(old, "set")
	if there && !pair {
		l.refuse(ofile.Idx(p.Idx), "SyntaxError: Identifier '#%s' has already been declared", n)
	}
	if pair {
		kind = "both"
	}
	seen[n] = kind
}
