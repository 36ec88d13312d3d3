package farm

import (
	"slices"
	"strconv"
)

// JobType describes a job type to submitters. The JSON forms of it and of
// Setting are those of the v3 protocol; fields are in alphabetical order of
// their names there, because the ETag is a hash of that JSON.
type JobType struct {
	Description string    `json:"description,omitempty"`
	ETag        string    `json:"etag"`
	Label       string    `json:"label"`
	Name        string    `json:"name"`
	Settings    []Setting `json:"settings"`
}

// Setting is one value a job type asks for.
type Setting struct {
	Choices     []string       `json:"choices,omitempty"` // strings only
	Default     any            `json:"default,omitempty"` // of the setting's type
	Description string         `json:"description,omitempty"`
	Editable    *bool          `json:"editable,omitempty"` // nil means true
	Eval        string         `json:"eval,omitempty"`     // Python expression, evaluated in Blender
	EvalInfo    *EvalInfo      `json:"evalInfo,omitempty"`
	Key         string         `json:"key"`
	Label       string         `json:"label,omitempty"`
	Propargs    map[string]any `json:"propargs,omitempty"` // min, max, …: arguments of Blender's property
	Required    *bool          `json:"required,omitempty"`
	Subtype     string         `json:"subtype,omitempty"` // file_path, dir_path, file_name, hashed_file_path
	Type        SettingType    `json:"type"`
	Visible     string         `json:"visible,omitempty"` // visible (default), hidden, submission, web
}

// EvalInfo says how the add-on shows a setting that has an eval expression.
type EvalInfo struct {
	Description    string `json:"description,omitempty"`
	ShowLinkButton bool   `json:"showLinkButton,omitempty"`
}

// SettingType is the type of a setting's value.
type SettingType string

const (
	SettingString SettingType = "string"
	SettingInt    SettingType = "int32"
	SettingFloat  SettingType = "float"
	SettingBool   SettingType = "bool"
)

// BrokenType is a job-type script that cannot be used, with the reason.
type BrokenType struct {
	Name  string `json:"name"`
	File  string `json:"file"`
	Error string `json:"error"` // with file, line and column where known
}

// Setting returns the job type's setting with the key.
func (t *JobType) Setting(key string) (Setting, bool) {
	i := slices.IndexFunc(t.Settings, func(st Setting) bool { return st.Key == key })
	if i < 0 {
		return Setting{}, false
	}
	return t.Settings[i], true
}

// Parse reads the text of a value as the setting's type: a string, int, float64
// or bool. The error says what the value must be.
func (st Setting) Parse(text string) (v any, err error) {
	must := ""
	switch st.Type {
	case SettingInt:
		must = "a whole number"
		v, err = strconv.Atoi(text)
	case SettingFloat:
		must = "a number"
		v, err = strconv.ParseFloat(text, 64)
	case SettingBool:
		must = "true or false"
		v, err = strconv.ParseBool(text)
	default:
		return text, nil
	}
	if err != nil {
		return nil, Errorf(Invalid, "the value must be %s", must)
	}
	return v, nil
}
