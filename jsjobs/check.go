package jsjobs

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"renderfarm/farm"
	"renderfarm/jsjobs/lower"
)

// A Finding is what is wrong with a script, or probably is.
type Finding struct {
	File    string `json:"file"`           // in the folder of scripts
	Line    int    `json:"line,omitempty"` // from 1; 0 if the place is not known
	Column  int    `json:"column,omitempty"`
	Message string `json:"message"`
	Source  string `json:"source,omitempty"` // the line
	Warning bool   `json:"warning,omitempty"`
}

// Check returns everything that can be found out about the script of a job
// type without a job and without Blender, in the order of its lines: whether it
// can be used, and whether its settings make sense. Errors are about the check
// itself, such as NotFound.
func (l *Library) Check(ctx context.Context, name string) ([]Finding, error) {
	s, d, err := l.find(ctx, name)
	if err != nil {
		return nil, err
	}
	c := &checker{lib: l, file: s.file, outline: &lower.Outline{}}
	if t, err := l.read(s.file); err == nil {
		c.outline = lower.Outlined(s.file, strings.TrimPrefix(t.body, "\ufeff"))
	}
	if d.err != nil {
		c.broken(d.err.Error())
	} else {
		c.settings(d.jobType.Settings)
	}
	c.fields()
	slices.SortStableFunc(c.found, func(a, b Finding) int { return a.Line - b.Line })
	return c.found, nil
}

type checker struct {
	lib     *Library
	file    string
	outline *lower.Outline
	found   []Finding
}

func (c *checker) add(file string, at lower.Place, warning bool, format string, args ...any) {
	f := Finding{File: file, Line: at.Line, Column: at.Column, Warning: warning, Message: fmt.Sprintf(format, args...)}
	if t, err := c.lib.read(file); err == nil && at.Line > 0 {
		if lines := strings.Split(t.body, "\n"); at.Line <= len(lines) {
			f.Source = strings.TrimRight(lines[at.Line-1], "\r")
		}
	}
	c.found = append(c.found, f)
}

var (
	// errorPlace is where an error says that it happened; see explain.
	errorPlace = regexp.MustCompile(` at (?:[^\s()]+ \()?([^\s():]+\.js):(\d+)(?::(\d+))?\)?(\n    [^\n]*)?`)
	// errorSetting is how an error about a setting begins; see jobType.
	errorSetting = regexp.MustCompile(`^\S+: setting "([^"]*)" of JOB_TYPE: (\w+)(?:\.(\w+))?`)
)

// broken adds why a script cannot be used.
func (c *checker) broken(message string) {
	if m := errorPlace.FindStringSubmatchIndex(message); m != nil {
		part := func(i int) string {
			if m[2*i] < 0 {
				return ""
			}
			return message[m[2*i]:m[2*i+1]]
		}
		line, _ := strconv.Atoi(part(2))
		column, _ := strconv.Atoi(part(3))
		// The rest is a hint.
		c.add(filepath.ToSlash(part(1)), lower.Place{Line: line, Column: column}, false, "%s", message[:m[0]]+strings.ReplaceAll(message[m[1]:], "\n", "; "))
		return
	}
	message = strings.TrimPrefix(strings.TrimPrefix(message, "script ("+c.file+") "), c.file+": ")
	at := c.outline.Variables["JOB_TYPE"]
	if m := errorSetting.FindStringSubmatch(c.file + ": " + message); m != nil {
		at = c.place(m[1], m[2])
	}
	c.add(c.file, at, false, "%s", message)
}

// object returns the setting as it is written out, if it is.
func (c *checker) object(key string) *lower.Object {
	for i := range c.outline.Objects {
		if c.outline.Objects[i].Key == key {
			return &c.outline.Objects[i]
		}
	}
	return nil
}

// field returns where a setting's field is, if it is written out.
func (c *checker) field(key, name string) *lower.Field {
	if o := c.object(key); o != nil {
		for i := range o.Fields {
			if o.Fields[i].Name == name {
				return &o.Fields[i]
			}
		}
	}
	return nil
}

// place returns the place of a setting's field, else of the setting, else of JOB_TYPE.
func (c *checker) place(key, name string) lower.Place {
	if f := c.field(key, name); f != nil {
		return f.At
	}
	if o := c.object(key); o != nil {
		return o.At
	}
	return c.outline.Variables["JOB_TYPE"]
}

var (
	identifier     = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	knownFields    = strings.Fields("key type subtype choices propargs description label default eval evalInfo visible required editable")
	longestSetting = 63 - len("autoeval_") // Blender's limit for names of properties, less what the add-on puts before
)

// settings checks what can be loaded, and yet is wrong.
func (c *checker) settings(list []farm.Setting) {
	var keys []string
	for _, s := range list {
		keys = append(keys, s.Key)
	}
	for i := range list {
		s := &list[i]
		bad := func(field, format string, args ...any) {
			c.add(c.file, c.place(s.Key, field), false, "setting %q: "+format, append([]any{brief(s.Key)}, args...)...)
		}
		switch {
		case !identifier.MatchString(s.Key) || slices.Contains(pythonStatements, s.Key) || slices.Contains(pythonJoins, s.Key):
			bad("key", "the key must be a name in Python: letters, digits and _")
		case len(s.Key) > longestSetting:
			bad("key", "the key is longer than %d characters, which Blender allows", longestSetting)
		}
		if s.Default != nil {
			if err := check(s, s.Default); err != nil {
				bad("default", "the default %s", err)
			}
		}
		least, hasLeast := toNumber(s.Propargs["min"])
		most, hasMost := toNumber(s.Propargs["max"])
		if hasLeast && hasMost && least > most {
			bad("propargs", "min is %v, and max is %v", least, most)
		}
		c.python(s, keys)
		c.doubts(s)
	}
}

// python checks the eval of a setting.
func (c *checker) python(s *farm.Setting, keys []string) {
	if s.Eval == "" {
		return
	}
	m := checkPython(s.Eval, keys)
	if m == nil {
		return
	}
	at := c.place(s.Key, "eval")
	if f := c.field(s.Key, "eval"); f != nil && f.Text && f.At.Line > 0 {
		at.Column += 1 + m.at // behind the quote
	}
	c.add(c.file, at, false, "setting %q: eval: %s", brief(s.Key), m.what)
}

// doubts adds what is allowed, and hardly meant.
func (c *checker) doubts(s *farm.Setting) {
	doubt := func(field, format string, args ...any) {
		c.add(c.file, c.place(s.Key, field), true, "setting %q: "+format, append([]any{brief(s.Key)}, args...)...)
	}
	sourced := s.Eval != "" || s.Default != nil || s.Key == "blendfile"
	sorted := slices.Sorted(slices.Values(s.Choices))
	switch {
	case s.Editable != nil && !*s.Editable && !sourced:
		doubt("editable", "nobody can give it a value: it is not editable, and has neither eval nor default")
	case (s.Visible == "hidden" || s.Visible == "web") && s.Required != nil && *s.Required && !sourced:
		doubt("visible", "it is required, and in Blender nobody can give it: it is not shown there, and has neither eval nor default")
	case len(slices.Compact(sorted)) < len(s.Choices):
		doubt("choices", "a choice is there twice")
	case s.EvalInfo != nil && s.Eval == "":
		doubt("evalInfo", "evalInfo has no effect without eval")
	case s.Subtype != "" && s.Type != farm.SettingString:
		doubt("subtype", "only settings of type string have a subtype")
	}
}

// fields adds the fields of settings that nobody reads, as they are written out.
func (c *checker) fields() {
	for _, o := range c.outline.Objects {
		isSetting := slices.ContainsFunc(o.Fields, func(f lower.Field) bool { return f.Name == "type" })
		for _, f := range o.Fields {
			if !isSetting || f.Name == "" || slices.Contains(knownFields, f.Name) {
				continue
			}
			c.add(c.file, f.Key, true, "setting %q: a field %q has no effect; there are %s", brief(o.Key), brief(f.Name), strings.Join(knownFields, ", "))
		}
	}
}
