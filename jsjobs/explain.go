package jsjobs

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/robertkrimen/otto"

	"renderfarm/farm"
	"renderfarm/jsjobs/codeunit"
)

// explain makes an error for users from what the engine returned: what was
// thrown, in which function and where. For errors of the engine and of host
// functions it adds the line of source, and a hint where one is known.
func (m *machine) explain(err error) error {
	var own *farm.Error
	if errors.As(err, &own) {
		return err
	}
	said := brief(codeunit.Decode(err.Error()))
	if err.Error() == m.thrown.text { // by the script: its author chose the words
		return farm.Errorf(farm.Invalid, "%s at %s", m.saidBy(m.thrown), m.thrown.place)
	}
	if m.refused != "" && strings.HasSuffix(said, m.refused) {
		return farm.Errorf(farm.Invalid, "%s", m.refused)
	}
	var js *otto.Error
	if !errors.As(err, &js) {
		return farm.Errorf(farm.Invalid, "%s at %s", said, m.main.file)
	}
	place, source := m.place(js)
	said = madeUp.ReplaceAllString(strings.TrimPrefix(said, "Error: "), "")
	return farm.Errorf(farm.Invalid, "%s at %s%s%s", said, place, source, hint(said))
}

// saidBy returns what was thrown, in words. The engine has none for a plain
// object.
func (m *machine) saidBy(t thrown) string {
	if t.value.Class() != "Object" || t.text != "[object Object]" {
		return brief(codeunit.Decode(t.text))
	}
	size := int64(maxScript)
	fields, err := m.fromJS(t.value, &size)
	if err != nil {
		return brief(codeunit.Decode(t.text))
	}
	return shown(fields)
}

// madeUp is what the lowering adds to names that would collide.
var madeUp = regexp.MustCompile(`%\d+[a-z]*(:[^"']*)?\b`)

// traceLine is a line of the engine's traces: "    at callee (file:line:column)".
var traceLine = regexp.MustCompile(`^\s*at (?:(.*) \()?(.+?):(\d+):(\d+)\)?$`)

// accessError are the messages of strict.go and none.go, which cannot know where
// in the function the property was accessed.
var accessError = regexp.MustCompile(`^TypeError: Cannot (?:assign to read only property|set property|add property|delete property|access member) ['"](.*?)['"](?:: this| of this|$)`)

// place returns the innermost place of a trace that is in a script, and its
// line of source.
func (m *machine) place(js *otto.Error) (place, source string) {
	key := accessError.FindStringSubmatch(js.Error())
	for line := range strings.SplitSeq(js.String(), "\n") {
		if key != nil {
			if place, source, ok := m.accessIn(line, key[1]); ok {
				return place, source
			}
		}
		if place, source, ok := m.placeIn(line); ok {
			return place, source
		}
	}
	return m.main.file, ""
}

// unknownPlace is the line of a function that has made no call yet.
var unknownPlace = regexp.MustCompile(`^\s*at (?:(.*) \()?<unknown>\)?$`)

// accessIn is placeIn for an error about a property.
func (m *machine) accessIn(line, key string) (place, source string, ok bool) {
	if found := unknownPlace.FindStringSubmatch(line); found != nil {
		for _, file := range sortedKeys(m.files) {
			if at, ok := m.files[file].names.AccessIn(madeUp.ReplaceAllString(found[1], ""), key); ok {
				return m.placeIn(fmt.Sprintf("at %s:%d:%d", file, at.Line, at.Column))
			}
		}
		return "", "", false
	}
	found := traceLine.FindStringSubmatch(line)
	if found == nil || m.files[found[2]] == nil {
		return "", "", false
	}
	row, _ := strconv.Atoi(found[3])
	column, _ := strconv.Atoi(found[4])
	at, ok := m.files[found[2]].names.Access(key, row, column)
	if !ok {
		return "", "", false
	}
	return m.placeIn(fmt.Sprintf("at %s:%d:%d", found[2], at.Line, at.Column))
}

// placeIn reads a line of a trace. It is not ok if that is in no script, but in
// a host function or in source of our own.
func (m *machine) placeIn(line string) (place, source string, ok bool) {
	found := traceLine.FindStringSubmatch(line)
	if found == nil {
		return "", "", false
	}
	p := m.files[found[2]]
	if p == nil {
		return "", "", false
	}
	row, _ := strconv.Atoi(found[3])
	column, _ := strconv.Atoi(found[4])
	place = found[2] + ":" + found[3] + ":" + found[4]
	// The engine does not know the names of functions that variables hold.
	if callee := p.names.Function(row, column); callee != "" {
		place = fmt.Sprintf("%s (%s)", callee, place)
	}
	return place, p.quote(row), true
}

// noteThrow is lower.ThrowHook: it notes the place of the caller and returns what is
// thrown.
func (m *machine) noteThrow(call otto.FunctionCall) otto.Value {
	value := call.Argument(0)
	place, _, ok := m.placeIn("at " + call.CallerLocation())
	if !ok {
		place = m.main.file
	}
	m.thrown = thrown{value: value, text: value.String(), place: place}
	return value
}

// hints say what to do about common messages of the engine.
var hints = []struct {
	message *regexp.Regexp
	hint    string
}{
	{regexp.MustCompile(`'(BigInt|Intl)' is not defined`), "is not supported here"},
	{regexp.MustCompile(`'(setTimeout|setInterval|fetch|window|document|Buffer)' is not defined`), "is not part of job-type scripts, which only plan tasks"},
	{regexp.MustCompile(`Cannot access member "?(\w+)"? of (?:undefined|null|this, which is undefined)`), "was asked of something that is not there: check for a setting that was not given"},
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
