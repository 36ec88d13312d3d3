package cmd

import (
	"reflect"
	"slices"
	"strings"

	"renderfarm/farm"
	"renderfarm/farm/yamlfile"
)

// save writes to farm.yaml what was changed at the running manager. Only that: a value
// that a flag or the environment gave stays theirs unless the user changed it, and what
// was written into the file by hand meanwhile stays, with all comments.
func (c *settled) save(now, next farm.Config) error {
	return yamlfile.Update(c.path, configHeader, configEdits(&now, &next))
}

// load reads the configuration again, with the flags and the environment of the start.
func (c *settled) load() (farm.Config, map[string]string, error) {
	next, err := c.again()
	if err != nil {
		return farm.Config{}, nil, err
	}
	return next.Config, next.from, nil
}

// configEdits returns the changes of farm.yaml that make one configuration of another.
// A key that is to have its default is taken out.
func configEdits(now, wanted *farm.Config) (edits []yamlfile.Edit) {
	defaults := farm.DefaultConfig()
	known := map[string]bool{"_meta": true, farm.VariablesKey: true} // sections of which each key is looked at
	for _, k := range farm.ManagerKeys() {
		path := strings.Split(k.Name, ".")
		known[path[0]] = true
		if !k.Same(now, wanted) {
			edits = append(edits, keyEdit(k, wanted, &defaults))
		}
	}
	edits = append(edits, variableEdits(now.Variables, wanted.Variables, defaults.Variables)...)
	// What has no keys of its own in the table is written as a whole.
	was, is, standard := reflect.ValueOf(now).Elem(), reflect.ValueOf(wanted).Elem(), reflect.ValueOf(defaults)
	for i := range was.NumField() {
		name, _, _ := strings.Cut(was.Type().Field(i).Tag.Get("yaml"), ",")
		if known[name] || reflect.DeepEqual(was.Field(i).Interface(), is.Field(i).Interface()) {
			continue
		}
		e := yamlfile.Edit{Path: []string{name}}
		if !reflect.DeepEqual(is.Field(i).Interface(), standard.Field(i).Interface()) {
			e.Value = is.Field(i).Interface()
		}
		edits = append(edits, e)
	}
	return edits
}

// keyEdit returns the change that gives a key the value it has in a configuration.
func keyEdit(k farm.ConfigKey, wanted, defaults any) yamlfile.Edit {
	e := yamlfile.Edit{Path: strings.Split(k.Name, ".")}
	if !k.Same(wanted, defaults) {
		e.Value = k.Get(wanted)
	}
	return e
}

// variableEdits returns the changes of the variables, in the order of their names.
func variableEdits(now, wanted, defaults farm.Variables) (edits []yamlfile.Edit) {
	names := make([]string, 0, len(now)+len(wanted))
	for _, all := range []farm.Variables{now, wanted} {
		for name := range all {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		was, is := now[name], wanted[name]
		if reflect.DeepEqual(was, is) {
			continue
		}
		e := yamlfile.Edit{Path: []string{farm.VariablesKey, name}}
		if _, ok := wanted[name]; ok && !reflect.DeepEqual(is, defaults[name]) {
			e.Value = is
		}
		edits = append(edits, e)
	}
	return edits
}
