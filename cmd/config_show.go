package cmd

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"renderfarm/farm"
)

// newConfig returns the commands about the configuration.
func newConfig(s *session) *cobra.Command {
	c := group(&cobra.Command{
		Use:   "config",
		Short: "Show and change the configuration",
		Long: `Show and change the configuration.

A flag wins over the environment, the environment over farm.yaml in the home
folder, and farm.yaml over the defaults. There need not be a farm.yaml.

` + keyOverview(),
		Example: "  farm config show\n  farm config set task_timeout 20m\n  farm config edit",
	})
	c.AddCommand(newConfigShow(s), newConfigPath(s), newConfigKeys(s), newConfigGet(s), newConfigSet(s), newConfigCheck(s), newConfigEdit(s), newConfigErrors(s))
	return c
}

// newConfigShow returns the command that explains the configuration.
func newConfigShow(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:   "show",
		Short: "Show what is in effect",
		Long: `Show what is in effect, as YAML that could be a farm.yaml. Comments say where
each value comes from. It takes the flags of "farm serve" and "farm work", to
show what they would change. Passwords are not shown.`,
		Example: "  farm config show\n  FARM_LISTEN=:9090 farm config show --json | jq .listen",
		Args:    args(),
		RunE: func(*cobra.Command, []string) error {
			return runConfigShow(s)
		},
	}
	s.keyFlags(c, serving, working)
	s.jsonFlag(c)
	return c
}

// A shownValue is one value of "farm config show --json".
type shownValue struct {
	Value any    `json:"value"`
	From  string `json:"from"` // default, farm.yaml, FARM_… or --…
}

// runConfigShow prints every key, its value, and who said so.
func runConfigShow(s *session) error {
	c, err := s.config()
	if err != nil {
		return err
	}
	s.tellForeignFiles()
	if s.json {
		shown := map[string]shownValue{
			"home":      {s.home, "--home, FARM_HOME or default"},
			"variables": {c.Variables, c.from["variables"]},
		}
		for _, k := range farm.ConfigKeys() {
			shown[k.Name] = shownValue{c.shown(k), c.from[k.Name]}
		}
		return s.printJSON(shown)
	}
	found := ""
	if !c.found {
		found = " (does not exist)"
	}
	fmt.Fprintf(s.out, "# home: %s\n# file: %s%s\n", s.home, c.path, found)
	return c.writeYAML(s.out)
}

// shown is the value of a key for people's eyes.
func (c *settled) shown(k farm.ConfigKey) any {
	value := k.Get(&c.config)
	if k.Kind == farm.KindSecret && value != "" {
		return "(not shown)"
	}
	return value
}

// writeYAML writes the configuration with a comment on each value.
func (c *settled) writeYAML(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "_meta:\n  version: %d\n", c.Meta.Version)
	var open []string // the sections that the last line was in
	for _, k := range farm.ConfigKeys() {
		path := strings.Split(k.Name, ".")
		sections, name := path[:len(path)-1], path[len(path)-1]
		for i, section := range sections {
			if i >= len(open) || !slices.Equal(open[:i+1], sections[:i+1]) {
				fmt.Fprintf(&b, "%s%s:\n", indent(i), section)
			}
		}
		open = sections
		// The keys of a section come one after the other, so each is opened once.
		line := fmt.Sprintf("%s%s: %s", indent(len(sections)), name, yamlScalar(c.shown(k)))
		fmt.Fprintf(&b, "%-48s # %s\n", line, c.from[k.Name])
	}
	// JSON is YAML too, and these are short.
	variables, err := json.Marshal(c.Variables)
	if err != nil {
		return err
	}
	fmt.Fprintf(&b, "# variables: %s\nvariables: %s\n", c.from["variables"], variables)
	_, err = io.WriteString(w, b.String())
	return err
}

// indent is the beginning of a line in a section of that depth.
func indent(depth int) string { return strings.Repeat("  ", depth) }

// yamlScalar writes a value so that YAML reads the same value back.
func yamlScalar(v any) string {
	switch v := v.(type) {
	case string:
		// Plain only where no reader of YAML, 1.1 or 1.2, takes it for anything but a text.
		if v != "" && strings.Trim(v, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-") == "" &&
			strings.Trim(v, "0123456789.-") != "" && !slices.Contains([]string{"true", "false", "null", "yes", "no", "on", "off"}, strings.ToLower(v)) && v[0] != '-' {
			return v
		}
		return strconv.Quote(v)
	case []string:
		quoted := make([]string, len(v))
		for i, item := range v {
			quoted[i] = yamlScalar(item)
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	}
	return fmt.Sprint(v)
}
