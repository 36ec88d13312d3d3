package lower

import (
	"github.com/dop251/goja/ast"
	oast "github.com/robertkrimen/otto/ast"

	"renderfarm/jsjobs/codeunit"
	"renderfarm/jsjobs/regex"
)

// written is a text of the source in the form that the engine counts right;
// see package codeunit.
func written(s interface {
	AsUtf16() []uint16
	String() string
}) string {
	if units := s.AsUtf16(); units != nil {
		return codeunit.FromUTF16(units[1:]) // the first one marks the order of bytes
	}
	return s.String()
}

// pattern lowers a regular expression to a call that makes one each time. It is
// compiled here too, where the place of a mistake is known.
func (l *lowering) pattern(e *ast.RegExpLiteral) oast.Expression {
	source := codeunit.Encode(e.Pattern)
	if _, err := regex.Compile(source, e.Flags); err != nil {
		l.refuse(at(e), "SyntaxError: %v", err)
	}
	return help("%regexp", at(e), text(source, at(e)), text(e.Flags, at(e)))
}
