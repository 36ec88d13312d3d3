package lower

import (
	"reflect"

	oast "github.com/robertkrimen/otto/ast"
	ofile "github.com/robertkrimen/otto/file"
)

// A let, const or class must not be used before its declaration was carried out
// (its temporal dead zone, ECMA-262 14.3.1). Nearly all uses cannot be: they
// stand behind it, or in functions that nobody can call before. Only for the
// others is there a test at run time, and only then does the variable hold
// %dead at first.

// never is behind all sources.
const never = ofile.Idx(1 << 30)

// zones finds the uses that may come too early, once all names are known.
func (l *lowering) zones() {
	early := map[*oast.Identifier]oast.Expression{}
	for _, b := range l.bindings {
		if b.end == 0 {
			continue
		}
		for _, u := range b.uses {
			switch {
			case u.first:
			case b.parameter:
				if u.scope.fn == b.scope.fn && b.before(u.id.Idx) && u.guard == nil {
					early[u.id] = help("%live", u.id.Idx, name("%dead", u.id.Idx), text(b.name, u.id.Idx))
				}
			case b.kind.lexical() && l.mayBeEarly(b, u):
				b.zone = true
				live := help("%live", u.id.Idx, u.id, text(b.name, u.id.Idx))
				if u.guard != nil {
					u.guard.Sequence = append([]oast.Expression{live}, u.guard.Sequence...)
				} else {
					early[u.id] = live
				}
			}
		}
	}
	if len(early) == 0 {
		return
	}
	r := replacer{early, map[*oast.Identifier]bool{}}
	for _, list := range l.trees {
		r.walk(reflect.ValueOf(list))
	}
}

// mayBeEarly reports whether a use may be carried out before the declaration.
func (l *lowering) mayBeEarly(b *binding, u *use) bool {
	f := within(u.scope.fn, b.scope.fn)
	switch {
	case f == nil:
		return b.before(u.id.Idx) || b.scope.caseOf(u.id.Idx) != b.scope.caseOf(b.at)
	case f.hoisted == nil:
		return b.before(f.at)
	}
	return f.hoisted.earliest() < max(b.end, b.source[1])
}

// before reports whether a place is reached before the declaration is complete.
func (b *binding) before(at ofile.Idx) bool {
	return at < b.end || b.source[0] <= at && at < b.source[1]
}

// within is the function that is directly in outer and has f in it: what is in
// it can run when it is called. nil means that it is outer itself. The function
// around a class is called where it stands.
func within(f, outer *function) *function {
	var in *function
	for ; f != nil && f != outer; f = f.outer {
		if !f.immediate {
			in = f
		}
	}
	return in
}

// earliest is the first place where a declared function may be called, or given
// to somebody who calls it.
func (b *binding) earliest() ofile.Idx {
	if b.called == 0 {
		b.called = never
		seen := map[*binding]bool{b: true}
		for open := []*binding{b}; len(open) > 0; {
			now := open[0]
			open = open[1:]
			for _, u := range now.uses {
				f := within(u.scope.fn, now.scope.fn)
				switch {
				case u.first:
				case f == nil:
					b.called = min(b.called, u.id.Idx)
				case f.hoisted == nil:
					b.called = min(b.called, f.at)
				case !seen[f.hoisted]:
					seen[f.hoisted] = true
					open = append(open, f.hoisted)
				}
			}
		}
	}
	return b.called
}

// caseOf is the case of a switch that a place is in. Other blocks have one.
func (s *scope) caseOf(at ofile.Idx) (n int) {
	for n < len(s.cases) && s.cases[n] <= at {
		n++
	}
	return n
}

// dead makes variables of a scope that may be used too early hold %dead.
func (s *scope) dead(at ofile.Idx) (list []oast.Statement) {
	for _, b := range s.order {
		if b.zone {
			list = append(list, statement(assign(name(b.out, at), name("%dead", at))))
		}
	}
	return list
}

// A replacer puts other expressions in the place of identifiers.
type replacer struct {
	by   map[*oast.Identifier]oast.Expression
	done map[*oast.Identifier]bool
}

// walk goes through everything that is in a node. The expressions that are put
// in have the identifiers in them, so each is replaced once.
func (r replacer) walk(v reflect.Value) {
	switch v.Kind() {
	case reflect.Interface:
		if v.IsNil() {
			return
		}
		if id, ok := v.Interface().(*oast.Identifier); ok && v.CanSet() && r.by[id] != nil && !r.done[id] {
			r.done[id] = true
			v.Set(reflect.ValueOf(r.by[id]))
			return
		}
		r.walk(v.Elem())
	case reflect.Pointer:
		if !v.IsNil() && v.Type().Elem().Kind() == reflect.Struct && v.Type() != fileType {
			r.walk(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); f.CanInterface() {
				r.walk(f)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			r.walk(v.Index(i))
		}
	}
}

var fileType = reflect.TypeOf((*ofile.File)(nil))
