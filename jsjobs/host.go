package jsjobs

import (
	_ "embed"
	"fmt"
	"maps"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/robertkrimen/otto"

	"renderfarm/farm"
	"renderfarm/jsjobs/codeunit"
	"renderfarm/jsjobs/lower"
)

//go:embed prelude.js
var preludeSource string

// prelude is compiled once. What it throws has its place where the script
// called it.
var prelude = sync.OnceValues(func() (*otto.Script, error) { return otto.New().Compile("(prelude)", preludeSource) })

const (
	maxArray    = 1_000_000 // items of a list that host functions make or read
	maxLength   = 5_000_000 // items of an array that a script may let the engine go over
	maxMessages = 1000      // lines kept of what a script prints
)

// kit is what the prelude hands back to Go.
type kit struct {
	task, command, newDate, accessor, hidden, ownProperty, requireFrom otto.Value
	numberValue, booleanValue, dateValue, setDate                      otto.Value
	exec                                                               otto.Value // RegExp.prototype.exec
	patterns                                                           otto.Value // RegExp.prototype
}

// call calls one of the kit's functions, which fail only if the script is out
// of stack.
func (m *machine) call(f otto.Value, args ...any) otto.Value {
	v, err := f.Call(otto.UndefinedValue(), args...)
	if err != nil {
		m.throw(err)
	}
	return v
}

// native is a host function.
type native = func(otto.FunctionCall) otto.Value

// install puts the host API into a new VM: what docs/job-types.md lists under
// "What a script can use".
func (m *machine) install() error {
	if err := m.runPrelude(); err != nil {
		return err
	}
	global := map[string]any{
		lower.ThrowHook: native(m.noteThrow),
		"print":         native(m.print),
		"alert":         native(m.alert),
		"require":       m.call(m.kit.requireFrom, "."),
		"author":        m.object(map[string]any{"Task": native(m.newTask), "Command": native(m.newCommand)}),
		"path":          m.object(m.pathModule()),
		"process":       m.object(map[string]any{"platform": runtime.GOOS, "cwd": native(m.cwd)}),
		"console": m.object(map[string]any{"log": native(m.print), "info": native(m.print), "debug": native(m.print),
			"warn": native(m.alert), "error": native(m.alert)}),
		"frameChunker":         native(m.frameChunker),
		"frameCount":           native(m.frameCount),
		"formatTimestampLocal": native(m.formatTimestampLocal),
		"shellSplit":           native(m.shellSplit),
		"folderName":           native(m.folderName),
	}
	for _, name := range slices.Sorted(maps.Keys(global)) {
		if err := m.vm.Set(name, global[name]); err != nil {
			return err
		}
		v, _ := m.global.property[name].value.(otto.Value)
		m.nameHost(name, inner(v))
	}
	m.setLengths(m.global, hostLengths())
	return nil
}

// nameHost gives functions of the host, and those in an object of them, their names.
func (m *machine) nameHost(name string, o *innerObject) {
	if o != nil && o.class == "Function" {
		nameBuiltIn(o, name)
		return
	}
	for name, p := range o.property {
		if v, _ := p.value.(otto.Value); v.IsFunction() {
			nameBuiltIn(inner(v), name)
		}
	}
}

// runPrelude runs the prelude with the functions it needs, and keeps what it
// makes in the kit. It comes first: everything else is made with the kit.
func (m *machine) runPrelude() error {
	p, err := prelude()
	if err != nil {
		return err
	}
	if err := m.vm.Set(lower.ThrowHook, native(m.noteThrow)); err != nil {
		return err
	}
	start, err := m.vm.Run(p)
	if err != nil {
		return err
	}
	host, err := m.vm.Object("({})")
	if err != nil {
		return err
	}
	for name, f := range map[string]native{
		"find": m.findModule, "forget": m.forgetModule,
	} {
		if err := host.Set(name, f); err != nil {
			return err
		}
	}
	global, err := m.vm.Run("this")
	if err != nil {
		return err
	}
	m.global = inner(global)
	m.boundArrayMethods()
	made, err := start.Call(otto.UndefinedValue(), host, global)
	if err != nil {
		return err
	}
	o := made.Object()
	m.kit = kit{task: m.get(o, "task"), command: m.get(o, "command"), newDate: m.get(o, "date"), accessor: m.get(o, "accessor"), hidden: m.get(o, "hidden"),
		ownProperty: m.get(o, "ownProperty"), requireFrom: m.get(o, "requireFrom"), numberValue: m.get(o, "numberValue"),
		booleanValue: m.get(o, "booleanValue"), dateValue: m.get(o, "dateValue"), setDate: m.get(o, "setDate")}
	m.prototype(m.kit.task, m.taskProperties(), map[string]native{"addCommand": m.addCommand, "addDependency": m.addDependency})
	m.prototype(m.kit.command, m.commandProperties(), nil)
	return m.modernize(global)
}

// prototype gives the objects of a kind their properties and methods.
func (m *machine) prototype(v otto.Value, properties []property, methods map[string]native) {
	o := v.Object()
	for _, p := range properties {
		set := any(otto.UndefinedValue())
		if p.set != nil {
			set = p.set
		}
		m.call(m.kit.accessor, o, p.name, p.get, set)
	}
	for _, name := range sortedKeys(methods) {
		m.set(o, name, methods[name])
	}
	// The objects have no properties of their own to be written.
	m.call(m.kit.hidden, o, "toJSON", native(func(call otto.FunctionCall) otto.Value {
		written := m.newObject()
		for _, p := range properties {
			m.set(written, p.name, p.get(call))
		}
		return written.Value()
	}))
}

// object makes a JavaScript object of the properties.
func (m *machine) object(properties map[string]any) *otto.Object {
	o := m.newObject()
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		m.set(o, name, properties[name])
	}
	return o
}

// print puts a line for the submitter into the plan, and into the log.
func (m *machine) print(call otto.FunctionCall) otto.Value {
	m.say(line{Text: m.line(call)})
	return otto.UndefinedValue()
}

// alert is print for what the submitter should be warned of.
func (m *machine) alert(call otto.FunctionCall) otto.Value {
	m.say(line{Text: m.line(call), Warning: true})
	return otto.UndefinedValue()
}

// say passes a line on, if there were not too many.
func (m *machine) say(l line) {
	if m.lines++; m.lines <= maxMessages {
		m.host.print(l)
	}
}

// line joins the arguments of a call with spaces.
func (m *machine) line(call otto.FunctionCall) string {
	line := ""
	for i, arg := range call.ArgumentList {
		if i > 0 {
			line += " "
		}
		s, err := arg.ToString()
		if err != nil {
			m.throw(err)
		}
		line = brief(line + codeunit.Decode(s))
	}
	return line
}

// frameChunker(range, size) cuts a frame range into ranges of size frames. The
// number of chunks is looked at before they are made, because an array of the
// engine takes much more memory than a list of Go.
func (m *machine) frameChunker(call otto.FunctionCall) otto.Value {
	frames, size := m.text(call.Argument(0)), m.whole(call.Argument(1))
	if n, err := farm.CountFrames(frames); err == nil && size > 0 && n/size > maxArray {
		m.throw(farm.Errorf(farm.Invalid, "frame range %q in chunks of %d makes %d chunks: the limit is %d", brief(frames), size, n/size, maxArray))
	}
	chunks, err := farm.ChunkFrames(frames, size)
	if err != nil {
		m.refuseFrames(frames, err)
	}
	return m.toJS(chunks)
}

// frameCount(range) returns the number of distinct frames.
func (m *machine) frameCount(call otto.FunctionCall) otto.Value {
	if frames := m.text(call.Argument(0)); frames != "" && withoutReversed(frames) == "" {
		return m.toJS(0)
	}
	n, err := farm.CountFrames(withoutReversed(m.text(call.Argument(0))))
	if err != nil {
		m.refuseFrames(m.text(call.Argument(0)), err)
	}
	return m.toJS(n)
}

// refuseFrames throws what is wrong with a frame range. If it is a setting of the
// job, the error names that, for who submits: a place in the script is of use to
// its author only.
func (m *machine) refuseFrames(frames string, err error) {
	for _, key := range slices.Sorted(maps.Keys(m.settings)) {
		if m.settings[key] == frames && (frames != "" || key == "frames") {
			m.refused = fmt.Sprintf("%s: %v", key, err)
			m.throw(farm.Errorf(farm.Invalid, "%s", m.refused))
		}
	}
	m.throw(err)
}

// reversedRange may be one that ends before it begins.
var reversedRange = regexp.MustCompile(`^\s*(-?\d+)\s*(?:-|\.\.)\s*(-?\d+)\s*$`)

// withoutReversed takes ranges such as 10-1 out of a list. They have no frames,
// and frameCount says so; to render them would be a mistake.
func withoutReversed(frames string) string {
	parts := strings.Split(frames, ",")
	kept := slices.DeleteFunc(parts, func(part string) bool {
		found := reversedRange.FindStringSubmatch(part)
		if found == nil {
			return false
		}
		from, _ := strconv.Atoi(found[1])
		to, _ := strconv.Atoi(found[2])
		return from > to
	})
	return strings.Join(kept, ",")
}

// formatTimestampLocal(time) writes a time in the manager's zone, in a form that
// file names of every platform may have. That of the job is followed by a number
// if another job of the name was submitted in the same second: scripts name
// folders after it, which must not be shared.
func (m *machine) formatTimestampLocal(call otto.FunctionCall) otto.Value {
	t := m.when(call.Argument(0))
	number := ""
	if m.namesake > 1 && t.Equal(m.created) {
		number = fmt.Sprintf("-%d", m.namesake)
	}
	if !t.IsZero() { // the zero time is year 1 everywhere
		t = t.Local()
	}
	return m.toJS(t.Format("2006-01-02_150405") + number)
}

// folderName(text) makes a text fit for the name of a folder or file on every
// platform, as the command line and the add-on do.
func (m *machine) folderName(call otto.FunctionCall) otto.Value {
	return m.toJS(farm.FolderName(m.text(call.Argument(0))))
}

// shellSplit(line) splits a command line into words. Nothing given is no words:
// scripts pass settings that were not set.
func (m *machine) shellSplit(call otto.FunctionCall) otto.Value {
	line := m.text(call.Argument(0))
	words, err := farm.SplitShell(line)
	if err != nil {
		m.throw(farm.Errorf(farm.Invalid, "%w in %q", err, brief(line)))
	}
	return m.toJS(append([]string{}, words...)) // no words are an empty list, not null
}

// cwd is process.cwd(): the manager's working directory.
func (m *machine) cwd(otto.FunctionCall) otto.Value {
	dir, err := os.Getwd()
	if err != nil {
		m.throw(err)
	}
	return m.toJS(dir)
}

// sortedKeys gives maps of Go the same order in every VM.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
