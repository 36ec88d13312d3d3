package jsjobs

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/robertkrimen/otto"

	"renderfarm/jsjobs/codeunit"
	"renderfarm/jsjobs/regex"
)

// machine is a VM that runs one script, once.
type machine struct {
	vm      *otto.Otto
	host    host
	main    *program
	files   map[string]*program // what may appear in an error's trace
	modules map[string]otto.Value

	global *innerObject
	arrays *innerObject            // Array.prototype
	plain  map[string]*innerObject // slice and concat of the engine; see plainly
	kit    kit
	thrown thrown
	author author
	made   atomic.Int32 // tasks; the guard looks at it

	coroutines coroutines
	jobs       jobs
	reflection reflection
	later      later
	calls      int    // nested calls that the script may make
	lines      int    // that the script printed
	scratch    []byte // of encode

	patterns   []*regex.Regexp // that the script compiled
	patternIDs map[string]int  // flags/source
	matched    *regex.Text     // that patterns were matched with last
	orders     map[string]*codeunit.Order
	created    time.Time // of the job that is compiled
	namesake   int       // see farm.Submission

	settings map[string]any // of the job that is compiled, as they were submitted
	refused  string         // what a host function said of one of them, see refuseFrames
}

// A host is what a machine has of the world.
type host interface {
	// find returns the first of the files that is there; none has an empty name.
	find(names []string) (file, error)
	// print passes on what the script says.
	print(line)
	// expect tells how many tasks there will be.
	expect(tasks int)
	// tasks passes on tasks of the plan, as a taskWriter writes them.
	tasks(batch []byte)
}

// thrown is the last value that a throw statement threw.
type thrown struct {
	value otto.Value
	text  string // value as the engine writes it
	place string // "function (file:line:column)"
}

// newMachine returns a VM that has everything but its script.
func newMachine(h host) (*machine, error) {
	if err := reachInside(); err != nil {
		return nil, err
	}
	m := &machine{vm: otto.New(), host: h, files: map[string]*program{}, modules: map[string]otto.Value{},
		plain: map[string]*innerObject{}, patternIDs: map[string]int{}, orders: map[string]*codeunit.Order{},
		author: author{left: maxCommandBytes, index: map[*innerObject]int{}, share: newSharer(), uuids: map[*draft]string{}}}
	m.setCalls(maxCalls)
	return m, m.install()
}

// carryOut runs the script's top level, and then what the order asks for.
func (m *machine) carryOut(o order, out *outcome) error {
	defer m.stopCoroutines()
	m.main = parse(o.File, o.Source, false)
	if m.main.err != nil {
		return m.main.err
	}
	m.files[m.main.file] = m.main
	m.limitCalls(m.main)
	if _, err := m.vm.Run(m.main.tree); err != nil {
		return m.explain(err)
	}
	err := m.runJobs()
	if err != nil {
		return err
	}
	if o.Job == nil {
		out.Type, err = m.describe()
		return err
	}
	out.Job = o.Job
	return m.compile(o.Job)
}

// limitCalls bounds the depth of calls by what the deepest program needs of
// the stack per call.
func (m *machine) limitCalls(p *program) {
	deepest := p.depth
	for _, other := range m.files {
		deepest = max(deepest, other.depth)
	}
	m.setCalls(min(maxCalls, callLevels/max(1, deepest)))
}

func (m *machine) setCalls(limit int) {
	m.calls = limit
	m.vm.SetStackDepthLimit(limit)
}

// throw throws err as a JavaScript Error whose message is the error's.
func (m *machine) throw(err error) {
	var js *otto.Error
	if errors.As(err, &js) {
		panic(m.vm.MakeCustomError("Error", js.Error()))
	}
	panic(m.vm.MakeCustomError("Error", codeunit.Encode(err.Error())))
}
