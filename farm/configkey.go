package farm

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A ConfigKey is one value of the configuration: where it can come from, and all that
// people are told about it. The documentation, the help of the command line and the
// page of settings are made of it. Its value has no place in it, but is found in a
// configuration by the key's name: Get, Set and Copy take a pointer to a struct with
// yaml tags.
type ConfigKey struct {
	Name  string // in farm.yaml; dots lead into sections
	Env   string // variable of the environment; "" if only the file can say it
	Flag  string // without dashes; "" if there is none
	Usage string // of the flag, the name of its value in backquotes

	Side    KeySide
	Group   string // heading under which people find it
	Label   string // what people call it; "" if that can be made of the name, see Title
	Kind    KeyKind
	Choices []string // with KindChoice; one that is empty is the default

	// Least and Most are the bounds of a number, duration or size, in the key's own
	// notation; "" means there is none. Zero is what 0 means, whatever the bounds
	// are; "" means nothing of its own.
	Least, Most, Zero string
	Empty             string // what an empty value means, if the default is empty
	Unit              string // of a number; "" if it has none

	About   string // what it does, in one or two sentences without markup
	See     string // page of the documentation with more about it, as "worker.md#limits"
	Restart bool   // a change takes effect at the next start
	Guarded bool   // nobody changes it over the network without the farm key
}

// A KeySide says which program reads a key.
type KeySide string

// The sides. One home often serves all of them.
const (
	KeyOfManager KeySide = "manager"
	KeyOfWorker  KeySide = "worker"
	KeyOfClient  KeySide = "client" // every program that talks to a manager, so a worker, too
)

// A KeyKind says how a value is written, and what a form needs to ask for it.
type KeyKind string

// The kinds of values.
const (
	KindText     KeyKind = "text"
	KindSecret   KeyKind = "secret" // a text that is never shown
	KindPath     KeyKind = "path"   // a file or a folder of the computer that reads the key
	KindChoice   KeyKind = "choice"
	KindBoolean  KeyKind = "boolean"
	KindInteger  KeyKind = "integer"
	KindNumber   KeyKind = "number"
	KindDuration KeyKind = "duration"
	KindSize     KeyKind = "size"
	KindList     KeyKind = "list" // of texts; separated by commas in flags and the environment
)

// VariablesKey is the one key that is not in ConfigKeys, as its value is no single one.
const VariablesKey = "variables"

// ConfigKeys returns all keys in the order in which people are shown them. Only
// variables and the version of the file are not among them.
func ConfigKeys() []ConfigKey { return slices.Concat(managerKeys(), workerKeys()) }

// ManagerKeys returns those that are fields of Config.
func ManagerKeys() []ConfigKey {
	var all []ConfigKey
	for _, k := range managerKeys() {
		if k.IsIn(&Config{}) {
			all = append(all, k)
		}
	}
	return all
}

// FindKey returns the key of a name. If there is none, the error is of kind NotFound
// and says which names are near.
func FindKey(keys []ConfigKey, name string) (ConfigKey, error) {
	names := make([]string, len(keys))
	for i, k := range keys {
		if k.Name == name {
			return k, nil
		}
		names[i] = k.Name
	}
	if near := Nearest(name, names); len(near) > 0 {
		return ConfigKey{}, Errorf(NotFound, "there is no key %q; did you mean %s?", CutText(name, 100), strings.Join(near, " or "))
	}
	return ConfigKey{}, Errorf(NotFound, "there is no key %q; \"farm config keys\" lists all", CutText(name, 100))
}

// Title returns what people call the key.
func (k ConfigKey) Title() string {
	if k.Label != "" {
		return k.Label
	}
	name := k.Name[strings.LastIndex(k.Name, ".")+1:]
	return strings.ToUpper(name[:1]) + strings.ReplaceAll(name[1:], "_", " ")
}

// Limits says in words which values there are, "" if any will do.
func (k ConfigKey) Limits() string {
	var parts []string
	switch {
	case k.Least != "" && k.Most != "":
		parts = append(parts, k.Least+" to "+k.Most)
	case k.Least != "" && k.Least != "0":
		parts = append(parts, k.Least+" or more")
	case k.Most != "":
		parts = append(parts, "at most "+k.Most)
	}
	if choices := slices.DeleteFunc(slices.Clone(k.Choices), func(c string) bool { return c == "" }); len(choices) > 0 {
		parts = append(parts, strings.Join(choices, ", "))
	}
	if k.Zero != "" {
		parts = append(parts, "0: "+k.Zero)
	}
	return strings.Join(parts, "; ")
}

// value finds the field of the key in a struct, or in those embedded in it.
func (k ConfigKey) value(config any) (reflect.Value, bool) {
	v := reflect.ValueOf(config).Elem()
	for part := range strings.SplitSeq(k.Name, ".") {
		var ok bool
		if v, ok = fieldOf(v, part); !ok {
			return reflect.Value{}, false
		}
	}
	return v, true
}

// fieldOf returns the field that a yaml tag names.
func fieldOf(v reflect.Value, tag string) (reflect.Value, bool) {
	if v.Kind() != reflect.Struct {
		return reflect.Value{}, false
	}
	for i := range v.NumField() {
		name, option, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		if option == "inline" {
			if found, ok := fieldOf(v.Field(i), tag); ok {
				return found, true
			}
		} else if name == tag {
			return v.Field(i), true
		}
	}
	return reflect.Value{}, false
}

// IsIn reports whether a configuration has the key.
func (k ConfigKey) IsIn(config any) bool {
	_, ok := k.value(config)
	return ok
}

// Value returns the address of the key's value: *string, *int, *float64, *bool, *Duration, *Size or *[]string. That a configuration does not have a key
// is a mistake of the program, which the tests of all keys find.
func (k ConfigKey) Value(config any) any {
	v, ok := k.value(config)
	if !ok {
		panic(fmt.Sprintf("the key %s is not in %T", k.Name, config))
	}
	return v.Addr().Interface()
}

// Set reads the value from its text form. Whether it is within its limits is for Check.
func (k ConfigKey) Set(config any, text string) (err error) {
	switch p := k.Value(config).(type) {
	case *string:
		*p = text
	case *int:
		if *p, err = strconv.Atoi(text); err != nil {
			err = Errorf(Invalid, "%q is not a whole number", text)
		}
	case *float64:
		if *p, err = strconv.ParseFloat(text, 64); err != nil {
			err = Errorf(Invalid, "%q is not a number", text)
		}
	case *bool:
		if *p, err = strconv.ParseBool(text); err != nil {
			err = Errorf(Invalid, "%q is neither true nor false", text)
		}
	case *Duration:
		err = p.UnmarshalText([]byte(text))
	case *Size:
		err = p.UnmarshalText([]byte(text))
	case *[]string:
		*p = splitList(text)
	}
	return err
}

// Get returns the value: a string, int, float64, bool or []string. Durations and sizes are text.
func (k ConfigKey) Get(config any) any {
	switch p := k.Value(config).(type) {
	case *Duration:
		return p.String()
	case *Size:
		text, _ := p.MarshalText() // never fails
		return string(text)
	case *[]string:
		return append([]string{}, *p...) // never nil, for JSON
	default:
		return reflect.ValueOf(p).Elem().Interface()
	}
}

// Text returns the value as Set reads it.
func (k ConfigKey) Text(config any) string {
	switch v := k.Get(config).(type) {
	case []string:
		return strings.Join(v, ",")
	default:
		return fmt.Sprint(v)
	}
}

// Copy takes the value from another configuration of the same type.
func (k ConfigKey) Copy(to, from any) {
	v, _ := k.value(from)
	if list, ok := v.Interface().([]string); ok {
		v = reflect.ValueOf(slices.Clone(list))
	}
	reflect.ValueOf(k.Value(to)).Elem().Set(v)
}

// Same reports whether two configurations have the same value. A list without items is none.
func (k ConfigKey) Same(a, b any) bool {
	if list, ok := k.Get(a).([]string); ok {
		return slices.Equal(list, k.Get(b).([]string))
	}
	return k.Get(a) == k.Get(b)
}

// splitList reads a comma-separated list; blanks and empty items do not count.
func splitList(text string) []string {
	var list []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}

// Short returns a duration without the parts that are nothing: 10m, not 10m0s.
func (d Duration) Short() string {
	text := d.String()
	if d == 0 {
		return "0"
	}
	if time.Duration(d)%time.Minute == 0 {
		text = strings.TrimSuffix(text, "0s")
	}
	if time.Duration(d)%time.Hour == 0 {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
