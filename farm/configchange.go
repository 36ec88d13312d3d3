package farm

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
)

// A ConfigChange is one key of the manager that has another value than before.
type ConfigChange struct {
	Name     string
	From, To any  // as ConfigKey.Get returns them; Variables for VariablesKey
	Restart  bool // it takes effect at the next start
}

// maxChanges bounds how many keys one request may change: more than there are.
const maxChanges = 1000

// With returns the configuration with other values for some keys. They are what JSON becomes
// in Go: texts, or for numbers, truth values and lists also JSON's own; nil is the default. What is
// wrong with a value is an error of kind Invalid that begins with its key.
func (c Config) With(changes map[string]any) (Config, error) {
	if len(changes) > maxChanges {
		return c, Errorf(Invalid, "these are %d changes: one request can change %d keys", len(changes), maxChanges)
	}
	keys, defaults := ManagerKeys(), DefaultConfig()
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		value := changes[name]
		if name == VariablesKey {
			if err := c.setVariables(value); err != nil {
				return c, err
			}
			continue
		}
		k, err := FindKey(keys, name)
		if err != nil {
			return c, Errorf(Invalid, "%w", err)
		}
		if value == nil {
			k.Copy(&c, &defaults)
		} else if err := k.setAny(&c, value); err != nil {
			return c, Errorf(Invalid, "%s: %w", name, err)
		}
	}
	return c, c.Check()
}

// setVariables replaces all variables.
func (c *Config) setVariables(value any) error {
	if value == nil {
		c.Variables = DefaultVariables()
		return nil
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	var vs Variables
	if err := d.Decode(&vs); err != nil {
		return Errorf(Invalid, "variables: write them as in the configuration file: %w", err)
	}
	c.Variables = vs
	return nil
}

// setAny is Set for a value that came as JSON.
func (k ConfigKey) setAny(config, value any) error {
	switch v := value.(type) {
	case string:
		return k.Set(config, v)
	case float64, bool:
		if k.Kind == KindList || k.Kind == KindText || k.Kind == KindPath {
			return errors.New("write it as a text")
		}
		text, err := json.Marshal(v)
		if err != nil {
			return err
		}
		return k.Set(config, string(text))
	case []any:
		list := make([]string, len(v))
		for i, item := range v {
			text, ok := item.(string)
			if !ok || k.Kind != KindList {
				return errors.New("only lists of texts can be lists")
			}
			list[i] = text
		}
		*k.Value(config).(*[]string) = list
		return nil
	}
	return errors.New("it has one value, and nothing below it")
}

// ChangesFrom returns the keys whose values are not those of an earlier configuration.
// That of a secret is not told.
func (c Config) ChangesFrom(earlier Config) (changes []ConfigChange) {
	for _, k := range ManagerKeys() {
		if k.Same(&c, &earlier) {
			continue
		}
		change := ConfigChange{k.Name, k.Get(&earlier), k.Get(&c), k.Restart}
		if k.Kind == KindSecret {
			change.From, change.To = "", ""
		}
		changes = append(changes, change)
	}
	if !reflect.DeepEqual(c.Variables, earlier.Variables) {
		changes = append(changes, ConfigChange{VariablesKey, earlier.Variables, c.Variables, false})
	}
	return changes
}
