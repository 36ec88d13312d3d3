package jsjobs

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/robertkrimen/otto"

	"renderfarm/farm"
)

// explain makes an error for users from what the engine returned: what was
// thrown, in which function and where. For errors of the engine and of host
// functions it adds the line of source, and a hint where one is known.
func (m *machine) explain(err error) error {
	var own *farm.Error
	if errors.As(err, &own) {
		return err
	}
	said := brief(err.Error())
	if err.Error() == m.thrown.text { // by the script: its author chose the words
		return farm.Errorf(farm.Invalid, "%s at %s", m.saidBy(m.thrown), m.thrown.place)
	}
	var js *otto.Error
	if !errors.As(err, &js) {
		return farm.Errorf(farm.Invalid, "%s at %s", said, m.main.file)
	}
	place, source := m.place(js)
	said = strings.TrimPrefix(said, "Error: ")
	return farm.Errorf(farm.Invalid, "%s at %s%s%s", said, place, source, hint(said))
}

// saidBy returns what was thrown, in words. The engine has none for a plain
// object.
func (m *machine) saidBy(t thrown) string {
	if t.value.Class() != "Object" || t.text != "[object Object]" {
		return brief(t.text)
	}
	size := int64(maxScript)
	fields, err := m.fromJS(t.value, &size)
	if err != nil {
		return brief(t.text)
	}
	return shown(fields)
}

// traceLine is a line of the engine's traces: "    at callee (file:line:column)".
var traceLine = regexp.MustCompile(`^\s*at (?:(.*) \()?(.+?):(\d+):(\d+)\)?$`)

// place returns the innermost place of a trace that is in a script, and its
// line of source.
func (m *machine) place(js *otto.Error) (place, source string) {
	for line := range strings.SplitSeq(js.String(), "\n") {
		found := traceLine.FindStringSubmatch(line)
		if found == nil {
			continue
		}
		p := m.files[found[2]]
		if p == nil { // a host function, or the prelude
			continue
		}
		n, _ := strconv.Atoi(found[3])
		return inFunction(found[1], found[2]+":"+found[3]+":"+found[4]), p.quote(n)
	}
	return m.main.file, ""
}

// inFunction writes a place; callee is "" at the top level of a script.
func inFunction(callee, place string) string {
	if callee == "" {
		return place
	}
	return fmt.Sprintf("%s (%s)", callee, place)
}

// noteThrow is throwHook: it notes the place of the caller and returns what is
// thrown.
func (m *machine) noteThrow(call otto.FunctionCall) otto.Value {
	value := call.Argument(0)
	m.thrown = thrown{value: value, text: value.String(), place: call.CallerLocation()}
	return value
}

// hints say what to do about common messages of the engine.
var hints = []struct {
	message *regexp.Regexp
	hint    string
}{
	{regexp.MustCompile(`'(Set|Map|WeakMap|Symbol|Promise|Proxy|Reflect|BigInt)' is not defined`), "is newer than ES5, which is all that is understood here"},
	{regexp.MustCompile(`'(setTimeout|setInterval|fetch|window|document|Buffer)' is not defined`), "is not part of job-type scripts, which only plan tasks"},
	{regexp.MustCompile(`"(includes|replaceAll|padStart|padEnd|startsWith|endsWith|find|findIndex|fill|repeat|assign|entries|values|flat|flatMap|at)" is not a function`),
		"is newer than ES5, which is all that is understood here"},
	{regexp.MustCompile(`Cannot access member "?(\w+)"? of (?:undefined|null)`), "was asked of something that is not there: check for a setting that was not given"},
	{regexp.MustCompile(`(Maximum call stack) size exceeded`), "was reached: look for a function that calls itself without end"},
}

// hint returns what to do about a message, on a line of its own, or "".
func hint(message string) string {
	for _, h := range hints {
		if found := h.message.FindStringSubmatch(message); found != nil {
			return "\n" + found[1] + " " + h.hint
		}
	}
	return ""
}
