package lower

import (
	"fmt"

	oast "github.com/robertkrimen/otto/ast"
	ofile "github.com/robertkrimen/otto/file"
)

// resolve finds out what every name means, once all have been read, and gives
// those of blocks names that do not collide.
func (l *lowering) resolve() {
	count, free := map[string]int{}, map[string]bool{}
	for _, b := range l.bindings {
		count[b.name]++
	}
	for _, u := range l.uses {
		b := find(u.scope, u.id.Name)
		if b == nil {
			free[u.id.Name] = true
			if u.written != nil {
				u.written(nil)
			}
			continue
		}
		b.uses = append(b.uses, u)
		b.captured = b.captured || u.scope.fn != b.scope.fn
	}
	for i, b := range l.bindings {
		l.place(b, count[b.name] > 1 || free[b.name], i)
	}
	l.zones()
	for _, do := range l.later {
		do()
	}
	for _, f := range l.all {
		if f.literal != nil {
			f.literal.DeclarationList = f.declarations()
		}
	}
}

// find looks a name up from the inside out.
func find(s *scope, name string) *binding {
	for ; s != nil; s = s.outer {
		if b := s.names[name]; b != nil {
			return b
		}
	}
	return nil
}

// place decides what a binding is in the lowered program, and tells its uses.
func (l *lowering) place(b *binding, collides bool, serial int) {
	b.out = b.name
	if b.kind == kindSelf && b.literal != nil && b.literal.Name != nil {
		b.out = b.literal.Name.Name
	}
	if b.ofBlock() {
		b.fresh = b.captured && b.inLoop
		if b.fresh || collides {
			b.out = fmt.Sprintf("%s%%%d", b.name, serial)
		}
	}
	if !b.fresh && b.kind != kindParameter && b.kind != kindCatch && b.kind != kindSelf {
		if b.ofBlock() || b.kind != kindFunction || b.set { // other functions declare themselves
			b.scope.fn.variable(b.out)
		}
	}
	for _, u := range b.uses {
		u.id.Name = b.out
		if u.written != nil {
			u.written(b)
		}
		if u.call != nil && b.fresh && !b.arrow {
			// The object that holds the variable is not to become the function's this.
			u.call.Callee = member(help("%callable", u.id.Idx, u.id, text(b.name, u.id.Idx)), "call", u.id.Idx)
			u.call.ArgumentList = append([]oast.Expression{undefined(u.id.Idx)}, u.call.ArgumentList...)
		}
	}
}

// declarations lists what the engine is to declare when the function starts.
func (f *function) declarations() []oast.Declaration {
	list := f.functions
	if len(f.variables) > 0 {
		d := &oast.VariableDeclaration{Var: f.at}
		for _, v := range f.variables {
			d.List = append(d.List, &oast.VariableExpression{Name: v, Idx: f.at})
		}
		list = append([]oast.Declaration{d}, list...)
	}
	return list
}

// fresh lists the variables of a scope that need an object.
func (s *scope) fresh(at ofile.Idx) (names []oast.Expression) {
	for _, b := range s.order {
		if b.fresh {
			names = append(names, text(b.out, at))
		}
	}
	return names
}

// renew makes a block run with fresh variables each time, if a closure sees
// any of its scope's. The with statement leaves break, continue, return, this
// and arguments alone, which a function around the block would not.
func (l *lowering) renew(s *scope, b *oast.BlockStatement) {
	l.later = append(l.later, func() {
		b.List = append(s.dead(b.LeftBrace), b.List...)
		if names := s.fresh(b.LeftBrace); names != nil {
			inner := &oast.BlockStatement{List: b.List, LeftBrace: b.LeftBrace, RightBrace: b.RightBrace}
			b.List = []oast.Statement{&oast.WithStatement{With: b.LeftBrace, Object: help("%scope", b.LeftBrace, names...), Body: inner}}
		}
	})
}
