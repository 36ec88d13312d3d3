package cmd

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"renderfarm/farm"
)

// newConfigGet returns the command that prints values.
func newConfigGet(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:   "get KEY...",
		Short: "Print the values of keys",
		Long: `Print the values of keys that are in effect, one a line; of a section, such as
shaman, all of them with their names. "farm config keys" lists all keys.`,
		Example: "  farm config get shared_storage_path\n  farm config get shaman",
		Args:    args("KEY..."),
		RunE: func(_ *cobra.Command, names []string) error {
			return runConfigGet(s, names)
		},
	}
	s.jsonFlag(c)
	return c
}

// runConfigGet prints the values of the keys and sections that are named.
func runConfigGet(s *session, names []string) error {
	c, err := s.config()
	if err != nil {
		return err
	}
	shown := map[string]shownValue{}
	var lines []string
	for _, name := range names {
		keys := section(name)
		if name == farm.VariablesKey {
			shown[name] = shownValue{c.Variables, c.from[name]}
			text, err := json.MarshalIndent(c.Variables, "", "  ") // which is YAML, too
			if err != nil {
				return err
			}
			lines = append(lines, string(text))
			continue
		}
		if len(keys) == 0 {
			k, err := farm.FindKey(farm.ConfigKeys(), name)
			if err != nil {
				return err
			}
			shown[name] = shownValue{c.shown(k), c.from[name]}
			lines = append(lines, forScripts(c.shown(k)))
			continue
		}
		for _, k := range keys {
			shown[k.Name] = shownValue{c.shown(k), c.from[k.Name]}
			lines = append(lines, k.Name+": "+yamlScalar(c.shown(k)))
		}
	}
	if s.json {
		return s.printJSON(shown)
	}
	_, err = fmt.Fprintln(s.out, strings.Join(lines, "\n"))
	return err
}

// section returns the keys below a section; none if it is no section.
func section(name string) (keys []farm.ConfigKey) {
	for _, k := range farm.ConfigKeys() {
		if strings.HasPrefix(k.Name, name+".") {
			keys = append(keys, k)
		}
	}
	return keys
}

// forScripts is a value for scripts: without quotes, and items of lists separated as they are typed.
func forScripts(v any) string {
	if list, ok := v.([]string); ok {
		return strings.Join(list, ",")
	}
	return fmt.Sprint(v)
}
