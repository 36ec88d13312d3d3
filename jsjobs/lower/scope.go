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

	at, end   ofile.Idx    // of its declaration; end is 0 for what has no dead zone
	source    [2]ofile.Idx // what the pattern that it is in takes apart comes before it
	parameter bool         // or in the pattern of one
	zone      bool         // some use may come before the declaration
	called    ofile.Idx    // earliest, once it is known

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
	cases    []ofile.Idx // where those of a switch begin
	caught   *scope      // of the catch clause whose block it is
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

	hoisted   *binding // it was declared, and is known from the start of its block
	immediate bool     // it is called where it stands

	needsThis   bool // an arrow function within it says this
	needsArgs   bool // or arguments
	needsTarget bool // it or one within it says new.target

	home        string // variable with the object that the method is of, or ""
	super       string // variable with the class that the method's class extends, or ""
	static      bool   // the method is static: super is the class, not its prototype
	generator   bool
	async       bool
	method      bool   // of an object or class: nothing can be made with new
	accessor    bool   // the same, and the engine makes it in another way
	prefix      string // of its name: "get " or "set "
	bound       bool   // this is always an object
	constructor bool
	derived     bool // the constructor of a class that extends another
	fields      string
}

// A use is one place where a name is used.
type use struct {
	id      *oast.Identifier
	scope   *scope
	written func(*binding)           // told what it is; nil for a use that only reads
	guard   *oast.SequenceExpression // around what is done to it, for tests before
	first   bool                     // it is the declaration that sets it
	call    *oast.CallExpression     // that calls it, or nil
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
	l.bindable(name, at)
	l.notHidden(s, k, name, at)
	if b := s.names[name]; b != nil {
		l.notTwice(s, b, k, name, at)
		if k == kindFunction {
			b.kind = k
		}
		return b
	}
	b := &binding{name: name, kind: k, scope: s, inLoop: s.fn.loops > 0, at: at, end: l.declaredTo, parameter: l.declaredTo != 0 && !k.lexical()}
	s.names[name] = b
	s.order = append(s.order, b)
	l.bindings = append(l.bindings, b)
	return b
}

// declareAll declares the names in a pattern. Where they have a dead zone, it
// ends for each behind its own part.
func (l *lowering) declareAll(s *scope, k kind, target ast.Expression) {
	part := func(n ast.Node, inner ast.Expression) {
		if l.declaredTo != 0 {
			defer func(to ofile.Idx) { l.declaredTo = to }(l.declaredTo)
			l.declaredTo = ofile.Idx(n.Idx1())
		}
		l.declareAll(s, k, inner)
	}
	switch t := target.(type) {
	case nil:
	case *ast.Identifier:
		l.declare(s, k, t.Name.String(), at(t))
	case *ast.AssignExpression:
		part(t, t.Left)
	case *ast.Binding:
		part(t, t.Target)
	case *ast.ArrayPattern:
		for _, e := range t.Elements {
			if e != nil {
				part(e, e)
			}
		}
		if t.Rest != nil {
			part(t.Rest, t.Rest)
		}
	case *ast.ObjectPattern:
		for _, p := range t.Properties {
			switch p := p.(type) {
			case *ast.PropertyShort:
				part(p, &p.Name)
			case *ast.PropertyKeyed:
				part(p.Value, p.Value)
			}
		}
		if t.Rest != nil {
			part(t.Rest, t.Rest)
		}
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
			l.declareTo(st, func() { l.declare(s, kindClass, st.Class.Name.Name.String(), at(st)) })
		case *ast.LexicalDeclaration:
			for _, b := range st.List {
				l.declarePattern(s, lexicalKind(st.Token), b)
				id, ok := b.Target.(*ast.Identifier)
				if _, arrow := b.Initializer.(*ast.ArrowFunctionLiteral); ok && arrow && st.Token == token.CONST {
					s.names[id.Name.String()].arrow = true
				}
			}
		}
	}
}

// declarePattern declares the names of one part of a declaration.
func (l *lowering) declarePattern(s *scope, k kind, b *ast.Binding) {
	known := len(l.bindings)
	l.declareTo(b, func() { l.declareAll(s, k, b.Target) })
	if _, ok := b.Target.(*ast.Identifier); ok || b.Initializer == nil {
		return
	}
	for _, name := range l.bindings[known:] {
		name.source = [2]ofile.Idx{at(b.Initializer), ofile.Idx(b.Initializer.Idx1())}
	}
}

// declareTo declares names that may be used behind a node.
func (l *lowering) declareTo(n ast.Node, declare func()) {
	l.declaredTo = ofile.Idx(n.Idx1())
	declare()
	l.declaredTo = 0
}

func lexicalKind(t token.Token) kind {
	if t == token.CONST {
		return kindConst
	}
	return kindLet
}

// use makes an identifier that is looked up when everything was read.
func (l *lowering) use(name string, at ofile.Idx) *use {
	l.notReserved(name, at)
	u := &use{id: &oast.Identifier{Name: name, Idx: at}, scope: l.scope}
	l.uses = append(l.uses, u)
	return u
}

// bind is the use of a name by its own declaration.
func (l *lowering) bind(name string, at ofile.Idx) *oast.Identifier {
	u := l.use(name, at)
	u.first = true
	return u.id
}

// read is a use that reads.
func (l *lowering) read(name string, at ofile.Idx) *oast.Identifier { return l.use(name, at).id }
