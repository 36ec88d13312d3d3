package flamenco

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"renderfarm/farm"
	"renderfarm/farm/yamlfile"
)

// settingsVersion is the newest format of flamenco-manager.yaml that is known.
const settingsVersion = 3

// Settings are what flamenco-manager.yaml says, as far as Farm has the same.
type Settings struct {
	Database string // path of the database, from the folder; "" for the usual one
	Shared   string // the shared storage, absolute; "" if none is set
	keys     []setting
}

// A setting is a key of the file and its value as YAML.
type setting struct {
	key   string
	value []byte
}

// taken are the keys that mean the same in farm.yaml, in the order in which they are
// there. The shared storage is not among them, since its path needs a look.
var taken = []string{"manager_name", "listen", "autodiscoverable", "database_check_period", "shaman", "task_timeout", "worker_timeout",
	"blocklist_threshold", "task_fail_after_softfail_count", "mqtt", "variables"}

// left are keys that are known, and why they stay behind; "" if there is nothing to say.
var left = map[string]string{
	"_meta": "", "database": "", "shared_storage_path": "",
	"local_manager_storage_path": "it has the logs and pictures of the jobs that stay behind",
}

// readSettings reads the file, and reports whether there is one.
func (h *Home) readSettings() (found bool, err error) {
	path := filepath.Join(h.Dir, configName)
	text, err := readBounded(path, yamlfile.MaxSize)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, farm.Errorf(farm.Invalid, "%s cannot be read: %w", path, err)
	}
	asJSON, err := yamlfile.ToJSON(text)
	if err != nil {
		return false, farm.Errorf(farm.Invalid, "%s cannot be read: %w", path, err)
	}
	var doc map[string]json.RawMessage
	if err := json.Unmarshal(asJSON, &doc); err != nil {
		return false, farm.Errorf(farm.Invalid, "%s does not consist of lines like \"key: value\": is it the right file?", path)
	}
	var head struct {
		Meta     struct{ Version int } `json:"_meta"`
		Database string                `json:"database"`
		Shared   string                `json:"shared_storage_path"`
	}
	if err := json.Unmarshal(asJSON, &head); err != nil {
		return false, farm.Errorf(farm.Invalid, "%s cannot be read: %w", path, err)
	}
	switch v := head.Meta.Version; {
	case v > settingsVersion:
		return false, farm.Errorf(farm.Unsupported, "%s has the format %d, and this version of Farm knows %d at most: look for a newer Farm", path, v, settingsVersion)
	case v < settingsVersion:
		return false, farm.Errorf(farm.Unsupported, "%s has the format %d, which is older than what can be read, %d: start its manager of version 3 once, and save its settings", path, v, settingsVersion)
	}
	h.Settings.Database = head.Database
	if head.Shared != "" {
		h.Settings.Shared = below(h.Dir, head.Shared)
	}
	h.sortKeys(doc)
	return true, nil
}

// sortKeys keeps the values of the keys that are taken, and notes the others.
func (h *Home) sortKeys(doc map[string]json.RawMessage) {
	for _, key := range taken {
		if value, ok := doc[key]; ok && string(value) != "null" {
			h.Settings.keys = append(h.Settings.keys, setting{key, value})
		}
	}
	for _, key := range sortedKeys(doc) {
		why, known := left[key]
		switch {
		case slices.Contains(taken, key):
		case !known:
			h.leave("%s of %s is not a setting that Farm has", key, configName)
		case why != "":
			h.leave("%s stays where it is: %s", key, why)
		}
	}
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// readBounded reads a file that must not be larger than most bytes.
func readBounded(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("it is larger than %s", farm.Size(most))
	}
	return text, err
}

// A Change is a value of the configuration that becomes another one, as text for people.
type Change struct {
	Key  string `json:"key"`
	From string `json:"from"`
	To   string `json:"to"`
}

// Apply puts the settings into a configuration, and returns what changes by that, and
// what cannot be used, each with the reason. What a variable with the same name says is replaced.
func (s Settings) Apply(c *farm.Config) (changes []Change, unusable []string) {
	for _, set := range s.keys {
		next, before := clone(*c), clone(*c)
		err := yamlfile.Decode(configName, fmt.Appendf(nil, "{%q: %s}", set.key, set.value), &next)
		if err == nil {
			err = next.Check()
		}
		if err != nil {
			// A place in what was made up here helps nobody.
			what, _, _ := strings.Cut(madeUpPlace.ReplaceAllString(err.Error(), ""), "\n")
			unusable = append(unusable, set.key+" stays as it is here: "+what)
			continue
		}
		*c = next
		changes = append(changes, differences(set.key, before, next)...)
	}
	return changes, unusable
}

// madeUpPlace is the place of a mistake, in front of its description.
var madeUpPlace = regexp.MustCompile(`^` + regexp.QuoteMeta(configName) + `:\d+:\d+: `)

// clone returns a configuration that shares no variables with the given one.
func clone(c farm.Config) farm.Config {
	variables := farm.Variables{}
	for name, v := range c.Variables {
		variables[name] = v
	}
	c.Variables = variables
	return c
}

// differences tells what of a key changed, the parts of a section one by one.
func differences(key string, before, after farm.Config) (changes []Change) {
	was, is := flat(before, key), flat(after, key)
	for _, name := range sortedKeys(is) {
		if reflect.DeepEqual(was[name], is[name]) {
			continue
		}
		change := Change{Key: name, From: was[name], To: is[name]}
		if strings.HasSuffix(name, ".password") {
			change.From, change.To = "(not shown)", "(not shown)"
		}
		changes = append(changes, change)
	}
	return changes
}

// flat returns the values below a key as texts, by their names with dots. A variable
// is one value.
func flat(c farm.Config, key string) map[string]string {
	raw, _ := json.Marshal(c) // holds strings, numbers and times only
	var doc map[string]any
	json.Unmarshal(raw, &doc)
	values := map[string]string{}
	if key == "variables" {
		for name, v := range c.Variables {
			values["variables."+name] = variableText(v)
		}
		return values
	}
	flatten(values, key, doc[key])
	return values
}

func flatten(values map[string]string, name string, v any) {
	section, ok := v.(map[string]any)
	if !ok {
		values[name] = fmt.Sprint(v)
		return
	}
	for key, inner := range section {
		flatten(values, name+"."+key, inner)
	}
}

// variableText is a variable in one line.
func variableText(v farm.Variable) string {
	var parts []string
	for _, value := range v.Values {
		where := strings.Join(append(slices.DeleteFunc([]string{value.Platform}, func(p string) bool { return p == "" }), value.Platforms...), "+")
		if value.Audience != "" && value.Audience != farm.AudienceAll {
			where += " for " + value.Audience
		}
		parts = append(parts, strings.TrimSpace(where+" "+value.Value))
	}
	text := strings.Join(parts, ", ")
	if v.IsTwoWay {
		text += " (two-way)"
	}
	return text
}
