package cmd

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"renderfarm/farm"
	"renderfarm/farm/yamlfile"
)

// A settled is the configuration in effect, and how it came about.
type settled struct {
	config
	file  config            // what farm.yaml alone says, over the defaults
	from  map[string]string // by key: "default", "farm.yaml", "FARM_…" or "--…"
	path  string            // of farm.yaml
	found bool              // the file exists

	again func() (*settled, error) // reads everything anew
}

// configHeader is the comment on top of a farm.yaml that the program wrote.
const configHeader = `Farm's configuration, which you and Farm can edit: comments stay, and keys
that are left out have their defaults. "farm config keys" explains
all of them, and "farm config show" says what is in effect.`

// configPath is where the configuration of this home is, if there is one.
func (s *session) configPath() string { return filepath.Join(s.home, "farm.yaml") }

// config merges the defaults, farm.yaml, the environment and the flags. A
// missing file is no error, a damaged one says where and why.
func (s *session) config() (*settled, error) {
	c := &settled{path: s.configPath(), from: map[string]string{}, again: s.config}
	written, err := c.read()
	if err != nil {
		return nil, err
	}
	c.config = c.file
	// A path in the file is meant from the file, one that was typed from where it was typed.
	for _, path := range c.paths() {
		*path = below(s.home, *path)
	}
	for _, k := range farm.ConfigKeys() {
		c.from[k.Name] = "default"
		if has(written, k.Name) {
			c.from[k.Name] = "farm.yaml"
		}
		if text, ok := s.given[k.Name]; ok {
			c.from[k.Name] = "--" + k.Flag
			err = k.Set(&c.config, text)
		} else if text := s.getenv(k.Env); text != "" {
			c.from[k.Name] = k.Env
			err = k.Set(&c.config, text)
		}
		if err != nil {
			return nil, usageErrorf("%s: %v", c.from[k.Name], err)
		}
	}
	for _, path := range c.paths() {
		if *path != "" {
			if *path, err = filepath.Abs(*path); err != nil {
				return nil, err
			}
		}
	}
	c.from["variables"] = "default"
	if has(written, "variables") {
		c.from["variables"] = "farm.yaml"
	}
	if err := errors.Join(c.Check(), c.local.check()); err != nil {
		return nil, farm.Errorf(farm.Invalid, "%w. Correct %s, or start once without it", err, c.path)
	}
	return c, nil
}

// read fills c.file, and returns the keys that the file really has.
func (c *settled) read() (written map[string]any, err error) {
	c.file = defaultConfig()
	if c.found, err = yamlfile.Read(c.path, &c.file); err != nil {
		return nil, farm.Errorf(farm.Invalid, "%w\nCorrect the line, or rename the file to start with the defaults", err)
	}
	if !c.found {
		return nil, nil
	}
	text, err := os.ReadFile(c.path)
	if err != nil {
		return nil, err
	}
	doc, err := yamlfile.ToJSON(text)
	if err != nil {
		return nil, err
	}
	return written, json.Unmarshal(doc, &written)
}

// paths are the values in effect that name files and folders; "" leaves the choice to Farm.
func (c *settled) paths() []*string {
	return []*string{&c.SharedStoragePath, &c.LocalManagerStoragePath, &c.WatchFolder, &c.TLSCert, &c.TLSKey, &c.KeyFile}
}

// below returns a path that may be relative to dir; "" stays "".
func below(dir, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// has reports whether a document has the key; dots lead into sections.
func has(doc map[string]any, name string) bool {
	section, rest, deeper := strings.Cut(name, ".")
	value, ok := doc[section]
	if !ok || !deeper {
		return ok
	}
	inner, _ := value.(map[string]any)
	return has(inner, rest)
}
