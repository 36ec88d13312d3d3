package lower

import (
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/file"
	ofile "github.com/robertkrimen/otto/file"
)

// A Place is where something begins in a source, counted from 1; columns in
// bytes. Line 0 is no place.
type Place struct{ Line, Column int }

// A Field is a property that is written out in an object.
type Field struct {
	Name string
	Key  Place // where its name is
	At   Place // where its value is
	Text bool  // its value is a text in quotes, which begins behind At
}

// An Object is an object that is written out in a source and has a text as its
// property "key", as the settings of a job type do.
type Object struct {
	Key    string
	At     Place
	Fields []Field
}

// An Outline says where things are in a source that were written out, and not
// made by running it.
type Outline struct {
	Variables map[string]Place // those at the top
	Objects   []Object         // in variables at the top, however deep
}

// Outlined returns the outline of a source. One that cannot be parsed has none.
func Outlined(name, source string) *Outline {
	o := &outliner{file: ofile.NewFile(name, source, 1), out: &Outline{Variables: map[string]Place{}}}
	tree, err := parse(name, source)
	if err != nil {
		return o.out
	}
	for _, s := range tree.Body {
		switch s := s.(type) {
		case *ast.VariableStatement:
			o.bindings(s.List)
		case *ast.LexicalDeclaration:
			o.bindings(s.List)
		}
	}
	return o.out
}

type outliner struct {
	file *ofile.File
	out  *Outline
}

func (o *outliner) place(at file.Idx) Place {
	if p := o.file.Position(ofile.Idx(at)); p != nil {
		return Place{p.Line, p.Column}
	}
	return Place{}
}

func (o *outliner) bindings(list []*ast.Binding) {
	for _, b := range list {
		if id, ok := b.Target.(*ast.Identifier); ok {
			o.out.Variables[id.Name.String()] = o.place(id.Idx)
		}
		o.literal(b.Initializer, 0)
	}
}

// literal looks into what is written out.
func (o *outliner) literal(e ast.Expression, depth int) {
	if depth > 20 { // no job type is that deep
		return
	}
	switch e := e.(type) {
	case *ast.ArrayLiteral:
		for _, v := range e.Value {
			o.literal(v, depth+1)
		}
	case *ast.SpreadElement:
		o.literal(e.Expression, depth+1)
	case *ast.ObjectLiteral:
		o.object(e, depth)
	}
}

func (o *outliner) object(e *ast.ObjectLiteral, depth int) {
	object, named := Object{At: o.place(e.Idx0())}, false
	for _, p := range e.Value {
		keyed, ok := p.(*ast.PropertyKeyed)
		if !ok || keyed.Computed {
			continue
		}
		field := Field{Name: keyName(keyed.Key), Key: o.place(keyed.Key.Idx0()), At: o.place(keyed.Value.Idx0())}
		if text, ok := keyed.Value.(*ast.StringLiteral); ok {
			// Behind escapes a place in the value is none in the source.
			field.Text = len(text.Literal) == len(text.Value.String())+2
			if field.Name == "key" {
				object.Key, named = text.Value.String(), true
			}
		}
		object.Fields = append(object.Fields, field)
		o.literal(keyed.Value, depth+1)
	}
	if named {
		o.out.Objects = append(o.out.Objects, object)
	}
}

// keyName returns the name of a property that is not computed.
func keyName(key ast.Expression) string {
	switch key := key.(type) {
	case *ast.StringLiteral:
		return key.Value.String()
	case *ast.Identifier:
		return key.Name.String()
	}
	return ""
}
