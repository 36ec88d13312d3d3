package lower

import (
	"strconv"

	"github.com/dop251/goja/ast"
	oast "github.com/robertkrimen/otto/ast"
	ofile "github.com/robertkrimen/otto/file"
	otoken "github.com/robertkrimen/otto/token"

	"renderfarm/jsjobs/codeunit"
)

func (l *lowering) arrayLiteral(e *ast.ArrayLiteral) oast.Expression {
	if spread(e.Value) {
		return l.list(e.Value, at(e))
	}
	out := &oast.ArrayLiteral{LeftBracket: at(e), RightBracket: ofile.Idx(e.RightBracket)}
	for _, v := range e.Value {
		if v == nil {
			out.Value = append(out.Value, &oast.EmptyExpression{Begin: at(e), End: at(e)})
			continue
		}
		out.Value = append(out.Value, l.expression(v))
	}
	return out
}

// objectLiteral lowers an object.
func (l *lowering) objectLiteral(e *ast.ObjectLiteral) oast.Expression {
	if saysSuper(e) {
		return l.withHome(e)
	}
	outer := l.home
	l.home = ""
	defer func() { l.home = outer }()
	return l.objectParts(e, "")
}

// objectParts lowers what is in an object. What ES5 can say is one literal; from
// the first computed name or spread object on, the rest is added to it in order.
// home is the variable that is to have the object from its start, or "".
func (l *lowering) objectParts(e *ast.ObjectLiteral, home string) oast.Expression {
	out := &oast.ObjectLiteral{LeftBrace: at(e), RightBrace: ofile.Idx(e.RightBrace)}
	var added []oast.Expression
	t, prototypes := "", 0
	for _, p := range e.Value {
		if prototype(p) {
			if prototypes++; prototypes > 1 {
				l.refuse(at(p), "SyntaxError: Duplicate __proto__ fields are not allowed in object literals")
			}
		}
		if t == "" && (!plain(p) || home != "") {
			if t = home; t == "" {
				t = l.temporary()
			}
			added = append(added, assign(name(t, at(e)), out))
		}
		if t == "" {
			out.Value = append(out.Value, l.property(p))
		} else {
			added = append(added, l.add(name(t, at(e)), p))
		}
	}
	if t == "" {
		return out
	}
	return sequence(append(added, name(t, at(e)))...)
}

// prototype reports whether a property is what the object inherits from.
func prototype(p ast.Property) bool {
	keyed, ok := p.(*ast.PropertyKeyed)
	return ok && !keyed.Computed && keyed.Kind == ast.PropertyKindValue && keyName(keyed.Key) == "__proto__"
}

// plain reports whether a property can be part of a literal of ES5.
func plain(p ast.Property) bool {
	switch p := p.(type) {
	case *ast.PropertyShort:
		return true
	case *ast.PropertyKeyed:
		return !p.Computed && !prototype(p)
	}
	return false
}

// property lowers a plain one.
func (l *lowering) property(p ast.Property) oast.Property {
	if short, ok := p.(*ast.PropertyShort); ok {
		if short.Initializer != nil {
			l.refuse(at(short.Initializer), "SyntaxError: Invalid shorthand property initializer")
		}
		key := written(short.Name.Name)
		return oast.Property{Key: key, Kind: "value", Value: l.expression(&short.Name)}
	}
	keyed := p.(*ast.PropertyKeyed)
	key := l.keyName(keyed.Key)
	kind := "value"
	if keyed.Kind == ast.PropertyKindGet || keyed.Kind == ast.PropertyKindSet {
		kind = string(keyed.Kind)
	}
	return oast.Property{Key: key, Kind: kind, Value: l.propertyValue(keyed, key)}
}

// propertyValue lowers the value of a property; key names a function in it.
func (l *lowering) propertyValue(p *ast.PropertyKeyed, key string) oast.Expression {
	if f, ok := p.Value.(*ast.FunctionLiteral); ok && p.Kind != ast.PropertyKindValue {
		fn := &function{method: true, home: l.home}
		if p.Kind != ast.PropertyKindMethod {
			fn.accessor, fn.prefix = true, string(p.Kind)+" "
		}
		return l.method(f, fn, key)
	}
	return l.named(p.Value, key)
}

// add adds a property to the object that is being made.
func (l *lowering) add(object oast.Expression, p ast.Property) oast.Expression {
	switch p := p.(type) {
	case *ast.PropertyShort:
		v := l.property(p)
		return assign(member(object, v.Key, at(&p.Name)), v.Value)
	case *ast.SpreadElement:
		return help("%assign", at(p.Expression), object, l.expression(p.Expression))
	case *ast.PropertyKeyed:
		place := at(p)
		if prototype(p) {
			return help("%inherit", place, object, l.expression(p.Value))
		}
		if !p.Computed && p.Kind != ast.PropertyKindGet && p.Kind != ast.PropertyKindSet {
			v := l.property(p)
			return assign(index(object, text(v.Key, place)), v.Value)
		}
		kind, key := "value", ""
		if p.Kind == ast.PropertyKindGet || p.Kind == ast.PropertyKindSet {
			kind = string(p.Kind)
		}
		if !p.Computed {
			key = l.keyName(p.Key)
		}
		return help("%define", place, object, text(kind, place), l.key(p.Key, p.Computed), l.propertyValue(p, key))
	}
	l.refuse(at(p), "SyntaxError: this property is not supported")
	return undefined(at(p))
}

// template lowers a template. concat makes strings of values as a template
// does, and + does not: it would ask for valueOf first.
func (l *lowering) template(e *ast.TemplateLiteral) oast.Expression {
	place := at(e)
	if e.Tag != nil {
		return l.tagged(e)
	}
	first := text(written(e.Elements[0].Parsed), place)
	if len(e.Expressions) == 0 {
		return first
	}
	var parts []oast.Expression
	for i, x := range e.Expressions {
		parts = append(parts, l.expression(x))
		if s := written(e.Elements[i+1].Parsed); s != "" {
			parts = append(parts, text(s, at(e.Elements[i+1])))
		}
	}
	return call(member(first, "concat", place), parts...)
}

// tagged lowers the call of a template's function.
func (l *lowering) tagged(e *ast.TemplateLiteral) oast.Expression {
	place := at(e)
	var cooked, raw []oast.Expression
	for _, x := range e.Elements {
		v := undefined(at(x))
		if x.Valid {
			v = text(written(x.Parsed), at(x))
		}
		cooked = append(cooked, v)
		raw = append(raw, text(codeunit.Encode(x.Literal), at(x)))
	}
	// Each place has one list, made when it is first come to.
	script := l.fn
	for script.outer != nil {
		script = script.outer
	}
	list := l.made("strings")
	script.variable(list)
	made := assign(name(list, place), help("%strings", place, array(place, cooked...), array(place, raw...)))
	args := []oast.Expression{&oast.BinaryExpression{Operator: otoken.LOGICAL_OR, Left: name(list, place), Right: made}}
	return call(l.expression(e.Tag), append(args, l.expressions(e.Expressions)...)...)
}

// numberKey is how a number is written as the name of a property.
func numberKey(v any) string {
	switch n := v.(type) {
	case int64:
		return strconv.FormatInt(n, 10)
	case float64:
		return strconv.FormatFloat(n, 'f', -1, 64)
	}
	return ""
}
