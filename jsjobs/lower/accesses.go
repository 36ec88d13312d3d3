package lower

import (
	"github.com/dop251/goja/ast"
	ofile "github.com/robertkrimen/otto/file"
)

// An access is a place where a property is assigned to, deleted, or asked of
// this. The engine notes where calls are, not those; see Program.Access.
type access struct {
	at  ofile.Idx
	key string // "" if it is computed
}

// accessed notes an access to e, if it is one to a property.
func (l *lowering) accessed(e ast.Expression) {
	switch e := e.(type) {
	case *ast.DotExpression:
		l.accesses = append(l.accesses, access{at(e), e.Identifier.Name.String()})
	case *ast.PrivateDotExpression:
		l.accesses = append(l.accesses, access{at(e), "#" + e.Identifier.Name.String()})
	case *ast.BracketExpression:
		key := ""
		if text, ok := e.Member.(*ast.StringLiteral); ok {
			key = text.Value.String()
		}
		l.accesses = append(l.accesses, access{at(e), key})
	}
}

// Access returns where a property is accessed in the function around a place,
// the first behind it if there is one: the place is that of the last call that
// the function made before. ok is false if there is no such access.
func (p *Program) Access(key string, line, column int) (Place, bool) {
	from := p.offset(line, column)
	return p.access(key, from, func(at ofile.Idx) bool { return p.around(at) == p.around(from) })
}

// AccessIn is Access for a function that has made no call yet.
func (p *Program) AccessIn(function, key string) (Place, bool) {
	return p.access(key, 0, func(at ofile.Idx) bool { return p.around(at).name == function })
}

func (p *Program) access(key string, from ofile.Idx, in func(ofile.Idx) bool) (Place, bool) {
	var found *access
	for i, a := range p.accesses {
		if (a.key == key || a.key == "") && in(a.at) && (found == nil || found.at < from && a.at >= from) {
			found = &p.accesses[i]
		}
	}
	if found == nil {
		return Place{}, false
	}
	at := p.Tree.File.Position(found.at)
	return Place{at.Line, at.Column}, true
}
