package lower

import (
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/token"
	oast "github.com/robertkrimen/otto/ast"
	ofile "github.com/robertkrimen/otto/file"
)

// The engine knows variables of functions only. Those of blocks become
// variables of the function around them, under a name of their own where two
// would collide. A block in a loop whose variables are seen by a closure needs
// new ones each time: it runs within an object that has them, see fresh in
// resolve.go.

// kind is how a name was declared.
type kind int

const (
	kindVar kind = iota
	kindParameter
	kindFunction // visible from the start of its block
	kindLet
	kindConst
	kindClass
	kindCatch
	kindSelf // of a function expression, in itself
)

// lexical reports whether a name may be declared once only.
func (k kind) lexical() bool { return k == kindLet || k == kindConst || k == kindClass }

// A binding is one declared name.
type binding struct {
	name     string
	kind     kind
	scope    *scope
	inLoop   bool // declared within a loop of its function
	captured bool // used by another function than its own
	arrow    bool // always holds an arrow function, which has no this of its own
	uses     []*use

	out     string                // what it is called in the lowered program
	literal *oast.FunctionLiteral // whose name it is, for kindSelf
	set     bool                  // a function that is assigned, not declared
	fresh   bool                  // a new variable is needed each time the block is entered
}

// ofBlock reports whether it is a block's, not a function's.
func (b *binding) ofBlock() bool {
	return !b.scope.function && (b.kind.lexical() || b.kind == kindFunction)
}

// A scope is a function or block that has names.
type scope struct {
	outer    *scope
	fn       *function
	function bool // the outermost of its function
	names    map[string]*binding
	order    []*binding
}

// A function is being lowered, or the program itself is.
type function struct {
	outer *function
	at    ofile.Idx
	arrow bool // this and arguments are those of the function around it
	loops int  // how many loops of the function are open

	literal   *oast.FunctionLiteral // nil for the program
	functions []oast.Declaration
	variables []string
	known     map[string]bool // in variables

	needsThis bool // an arrow function within it says this
	needsArgs bool // or arguments

	super       string // variable with the class that the method's class extends, or ""
	static      bool   // the method is static: super is the class, not its prototype
	generator   bool
	async       bool
	method      bool // of an object or class: nothing can be made with new
	accessor    bool // the same, and the engine makes it in another way
	constructor bool
	derived     bool // the constructor of a class that extends another
	fields      string
}

// A use is one place where a name is used.
type use struct {
	id      *oast.Identifier
	scope   *scope
	written func(*binding)       // told what it is; nil for a use that only reads
	call    *oast.CallExpression // that calls it, or nil
}

// enter begins a function, and its scope.
func (l *lowering) enter(f *function, at ofile.Idx) {
	f.outer, f.at, f.known = l.fn, at, map[string]bool{}
	l.fn = f
	l.all = append(l.all, f)
	l.open().function = true
}

// leave ends it.
func (l *lowering) leave() {
	l.close()
	l.fn = l.fn.outer
}

func (l *lowering) open() *scope {
	l.scope = &scope{outer: l.scope, fn: l.fn, names: map[string]*binding{}}
	return l.scope
}

func (l *lowering) close() { l.scope = l.scope.outer }

// variable makes sure that the function has a variable.
func (f *function) variable(name string) {
	if !f.known[name] {
		f.known[name] = true
		f.variables = append(f.variables, name)
	}
}

// temporary makes a variable of the function up. It holds a value for the time
// of one expression; a function called meanwhile has its own.
func (l *lowering) temporary() string {
	t := l.made("t")
	l.fn.variable(t)
	return t
}

// declare makes a name known in a scope.
func (l *lowering) declare(s *scope, k kind, name string, at ofile.Idx) *binding {
	if b := s.names[name]; b != nil {
		if k.lexical() || b.kind.lexical() {
			l.refuse(at, "SyntaxError: Identifier '%s' has already been declared", name)
		}
		if k == kindFunction {
			b.kind = k
		}
		return b
	}
	b := &binding{name: name, kind: k, scope: s, inLoop: s.fn.loops > 0}
	s.names[name] = b
	s.order = append(s.order, b)
	l.bindings = append(l.bindings, b)
	return b
}

// declareAll declares the names in a pattern.
func (l *lowering) declareAll(s *scope, k kind, target ast.Expression) {
	switch t := target.(type) {
	case nil:
	case *ast.Identifier:
		l.declare(s, k, t.Name.String(), at(t))
	case *ast.AssignExpression:
		l.declareAll(s, k, t.Left)
	case *ast.Binding:
		l.declareAll(s, k, t.Target)
	case *ast.ArrayPattern:
		for _, e := range t.Elements {
			l.declareAll(s, k, e)
		}
		l.declareAll(s, k, t.Rest)
	case *ast.ObjectPattern:
		for _, p := range t.Properties {
			switch p := p.(type) {
			case *ast.PropertyShort:
				l.declare(s, k, p.Name.Name.String(), ofile.Idx(p.Name.Idx))
			case *ast.PropertyKeyed:
				l.declareAll(s, k, p.Value)
			}
		}
		l.declareAll(s, k, t.Rest)
	default:
		l.refuse(at(t), "SyntaxError: this cannot be declared")
	}
}

// declareBlock declares what is visible from the start of a block.
func (l *lowering) declareBlock(s *scope, list []ast.Statement) {
	for _, st := range list {
		switch st := st.(type) {
		case *ast.FunctionDeclaration:
			l.declare(s, kindFunction, st.Function.Name.Name.String(), at(st))
		case *ast.ClassDeclaration:
			l.declare(s, kindClass, st.Class.Name.Name.String(), at(st))
		case *ast.LexicalDeclaration:
			for _, b := range st.List {
				l.declareAll(s, lexicalKind(st.Token), b.Target)
				id, ok := b.Target.(*ast.Identifier)
				if _, arrow := b.Initializer.(*ast.ArrowFunctionLiteral); ok && arrow && st.Token == token.CONST {
					s.names[id.Name.String()].arrow = true
				}
			}
		}
	}
}

func lexicalKind(t token.Token) kind {
	if t == token.CONST {
		return kindConst
	}
	return kindLet
}

// use makes an identifier that is looked up when everything was read.
func (l *lowering) use(name string, at ofile.Idx) *use {
	u := &use{id: &oast.Identifier{Name: name, Idx: at}, scope: l.scope}
	l.uses = append(l.uses, u)
	return u
}

// read is a use that reads.
func (l *lowering) read(name string, at ofile.Idx) *oast.Identifier { return l.use(name, at).id }
