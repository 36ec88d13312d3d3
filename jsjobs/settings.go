package jsjobs

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"renderfarm/farm"
)

// The values that fields of a setting may have. The add-on refuses the whole
// list of job types for one value it does not know.
var (
	settingTypes = []string{string(farm.SettingString), string(farm.SettingInt), string(farm.SettingFloat), string(farm.SettingBool)}
	subtypes     = []string{"file_path", "dir_path", "file_name", "hashed_file_path"}
	visibilities = []string{"visible", "hidden", "submission", "web"}
)

// setting reads one setting of a JOB_TYPE.
func setting(f map[string]any, warn func(string, ...any)) (farm.Setting, error) {
	var s farm.Setting
	kind := ""
	for _, field := range []struct {
		name string
		to   *string
		one  []string // of these, or nil for any
		must bool
	}{
		{"key", &s.Key, nil, true},
		{"type", &kind, settingTypes, true},
		{"subtype", &s.Subtype, subtypes, false},
		{"visible", &s.Visible, visibilities, false},
		{"description", &s.Description, nil, false},
		{"label", &s.Label, nil, false},
		{"eval", &s.Eval, nil, false},
	} {
		v, given := f[field.name]
		text, ok := fieldText(field.name, v)
		switch {
		// null and undefined mean that it is not said.
		case v == nil && !field.must || !given && !field.must:
			continue
		case !ok || field.must && text == "":
			return s, fmt.Errorf("%s must be a text", field.name)
		case field.one != nil && !slices.Contains(field.one, text):
			return s, fmt.Errorf("%s is %q: it must be one of %s", field.name, brief(text), strings.Join(field.one, ", "))
		}
		*field.to = text
	}
	s.Type = farm.SettingType(kind)
	s.Required, s.Editable = optionalBool(f["required"]), optionalBool(f["editable"])
	s.EvalInfo = evalInfo(f["evalInfo"])
	// The type is known from here on, and says what the other fields may be.
	s.Choices = choices(&s, f["choices"], warn)
	var err error
	if s.Propargs, err = propargs(&s, f["propargs"]); err != nil {
		return s, err
	}
	if d := f["default"]; d != nil {
		if s.Default, err = coerce(s.Type, d); err != nil {
			return s, fmt.Errorf("default: %w", err)
		}
	}
	return s, nil
}

// fieldText reads a text of a setting. What is visible may be said by true and
// false.
func fieldText(name string, v any) (string, bool) {
	if text, ok := v.(string); ok {
		return text, true
	}
	b, isBool := v.(bool)
	switch {
	case name == "visible" && isBool && b:
		return "visible", true
	case name == "visible" && isBool:
		return "hidden", true
	}
	return "", false
}

// optionalBool reads a field that may be absent. What is no bool counts as absent.
func optionalBool(v any) *bool {
	if b, ok := toBool(v); ok {
		return &b
	}
	return nil
}

// toBool reads what people write for true and false. Texts mean what they say,
// though "false" is true in Python.
func toBool(v any) (value, ok bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case float64:
		return v != 0, true
	case string:
		switch strings.ToLower(strings.TrimSpace(v)) {
		case "true", "1":
			return true, true
		case "false", "0", "":
			return false, true
		}
	}
	return false, false
}

// evalInfo reads how the add-on shows a setting with an eval expression.
func evalInfo(v any) *farm.EvalInfo {
	f, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	var info farm.EvalInfo
	info.Description, _ = f["description"].(string)
	info.ShowLinkButton, _ = f["showLinkButton"].(bool)
	return &info
}

// choices reads the list of a drop-down, which only strings can have.
func choices(s *farm.Setting, v any, warn func(string, ...any)) []string {
	list, _ := v.([]any)
	if s.Type != farm.SettingString {
		if len(list) > 0 {
			warn("choices are ignored: only settings of type string have them", "setting", s.Key)
		}
		return nil
	}
	var texts []string
	for _, item := range list {
		texts = append(texts, toText(item))
	}
	return texts
}

// propargs reads the arguments of the property in Blender. The limits are made
// values of the setting's type, because Blender's properties are strict.
func propargs(s *farm.Setting, v any) (map[string]any, error) {
	args, ok := v.(map[string]any)
	if !ok {
		return nil, nil
	}
	if s.Type == farm.SettingInt || s.Type == farm.SettingFloat {
		for _, name := range []string{"min", "max"} {
			if args[name] == nil {
				delete(args, name)
				continue
			}
			limit, err := coerce(s.Type, args[name])
			if err != nil {
				return nil, fmt.Errorf("propargs.%s: %w", name, err)
			}
			args[name] = limit
		}
	}
	return args, nil
}

// coerce makes a value of the type from what the author of a script wrote,
// such as 1 for a float or "5" for an int32.
func coerce(kind farm.SettingType, v any) (any, error) {
	if b, ok := v.(bool); ok && (kind == farm.SettingInt || kind == farm.SettingFloat) {
		v = 0.0
		if b {
			v = 1.0
		}
	}
	switch kind {
	case farm.SettingString:
		return toText(v), nil
	case farm.SettingBool:
		if b, ok := toBool(v); ok {
			return b, nil
		}
	case farm.SettingFloat:
		if f, ok := toNumber(v); ok {
			return f, nil
		}
	case farm.SettingInt:
		if f, ok := toNumber(v); ok && f >= math.MinInt32 && f <= math.MaxInt32 {
			return int32(f), nil
		}
	}
	return nil, fmt.Errorf("%s is no %s", brief(toText(v)), kind)
}

// fill checks the settings of a submission against the job type's and returns
// them with the defaults of those that are absent. The error names everything
// that is wrong. Settings that the job type does not know are left alone.
func fill(t *farm.JobType, given map[string]any) (map[string]any, error) {
	settings := make(map[string]any, len(given)+len(t.Settings))
	// A copy: what was submitted stays as it was.
	for key, v := range given {
		settings[key] = v
	}
	var wrong []string
	for i := range t.Settings {
		s := &t.Settings[i]
		v := given[s.Key]
		switch {
		case v != nil:
			if err := check(s, v); err != nil {
				wrong = append(wrong, fmt.Sprintf("%s %s", s.Key, err))
			}
		// null counts as absent.
		case s.Default != nil:
			settings[s.Key] = s.Default
		case s.Required != nil && *s.Required:
			wrong = append(wrong, s.Key+" is required, and missing")
		}
	}
	if len(wrong) > 0 {
		return nil, farm.Errorf(farm.Invalid, "the settings do not fit the job type %s: %s", t.Name, strings.Join(wrong, "; "))
	}
	return settings, nil
}

// check says what is wrong with the value of a setting.
func check(s *farm.Setting, v any) error {
	switch s.Type {
	case farm.SettingString:
		text, ok := v.(string)
		if !ok {
			return fmt.Errorf("must be a text, not %s", shown(v))
		}
		if len(s.Choices) > 0 && !slices.Contains(s.Choices, text) {
			return fmt.Errorf("is %s: it must be one of %s", shown(v), brief(strings.Join(s.Choices, ", ")))
		}
	case farm.SettingBool:
		if _, ok := v.(bool); !ok {
			return fmt.Errorf("must be true or false, not %s", shown(v))
		}
	case farm.SettingInt, farm.SettingFloat:
		return checkNumber(s, v)
	}
	return nil
}

// checkNumber checks a number against type and limits. JSON has one kind of
// numbers, so 3.0 is a whole one; text that spells a number is none.
func checkNumber(s *farm.Setting, v any) error {
	_, isText := v.(string)
	_, isBool := v.(bool)
	f, ok := toNumber(v)
	whole := s.Type == farm.SettingInt
	switch {
	case whole && (!ok || isText || isBool || f != math.Trunc(f)):
		return fmt.Errorf("must be a whole number, not %s", shown(v))
	case !ok || isText || isBool:
		return fmt.Errorf("must be a number, not %s", shown(v))
	case whole && (f < math.MinInt32 || f > math.MaxInt32):
		return errors.New("is too large for 32 bits")
	}
	if least, ok := toNumber(s.Propargs["min"]); ok && f < least {
		return fmt.Errorf("is %s: it must be at least %s", shown(v), shown(least))
	}
	if most, ok := toNumber(s.Propargs["max"]); ok && f > most {
		return fmt.Errorf("is %s: it must be at most %s", shown(v), shown(most))
	}
	return nil
}
