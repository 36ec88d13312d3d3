package jsjobs

import (
	"github.com/robertkrimen/otto"
)

// patternFunctions are what regexp.js needs.
func (m *machine) patternFunctions() map[string]native {
	return map[string]native{
		"exec": m.exec, "test": m.test, "@@match": m.matchAgainst, "@@search": m.searchIn, "@@split": m.splitAt, "@@replace": m.replaceIn,
		"compile":   m.compilePattern,
		"isPattern": func(call otto.FunctionCall) otto.Value { return m.toJS(m.isPattern(call.Argument(0))) },
		"source":    m.patternSource,
		"flags":     m.patternFlags,
		"has": func(call otto.FunctionCall) otto.Value {
			re := m.patternOf(call.Argument(0))
			if re == nil {
				return otto.UndefinedValue()
			}
			return m.toJS(re.Has(call.Argument(1).String()[0]))
		},
		"after": func(call otto.FunctionCall) otto.Value {
			at := m.position(call.Argument(1), 1<<53, 0)
			wide, _ := call.Argument(2).ToBoolean()
			return m.toJS(after(m.toString(call.Argument(0)), at, wide))
		},
	}
}

// flagNames lists the properties that say which flags are set, with these.
func (m *machine) flagNames() otto.Value {
	return m.toJS([]any{[]string{"hasIndices", "d"}, []string{"global", "g"}, []string{"ignoreCase", "i"}, []string{"multiline", "m"},
		[]string{"dotAll", "s"}, []string{"unicode", "u"}, []string{"sticky", "y"}})
}

// patternFlags is the getter of flags.
func (m *machine) patternFlags(call otto.FunctionCall) otto.Value {
	v := m.patternThis(call, "flags")
	if re := m.patternOf(v); re != nil {
		return ofText(re.Flags)
	}
	flags := ""
	for _, f := range [][2]string{{"hasIndices", "d"}, {"global", "g"}, {"ignoreCase", "i"}, {"multiline", "m"}, {"dotAll", "s"}, {"unicode", "u"}, {"sticky", "y"}} {
		if yes, err := m.read(v.Object(), f[0]).ToBoolean(); err == nil && yes {
			flags += f[1]
		}
	}
	return ofText(flags)
}

// patternSource is the getter of source: so that it can stand between slashes.
func (m *machine) patternSource(call otto.FunctionCall) otto.Value {
	re := m.patternOf(m.patternThis(call, "source"))
	if re == nil || re.Source == "" {
		return ofText("(?:)")
	}
	var b []byte
	class := false
	for i := 0; i < len(re.Source); i++ {
		c := re.Source[i]
		switch {
		case c == '\\' && i+1 < len(re.Source) && re.Source[i+1] != '\n':
			b = append(b, c)
			i++
			c = re.Source[i]
		case c == '[':
			class = true
		case c == ']':
			class = false
		case c == '/' && !class:
			b = append(b, '\\')
		case c == '\n':
			b = append(b, '\\')
			c = 'n'
		}
		b = append(b, c)
	}
	return ofText(string(b))
}
