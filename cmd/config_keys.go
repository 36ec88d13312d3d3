package cmd

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"renderfarm/farm"
)

// newConfigKeys returns the command that explains what can be configured.
func newConfigKeys(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:   "keys [KEY|WORD...]",
		Short: "Explain the keys of the configuration",
		Long: `Explain the keys of the configuration: what each does, its default and its limits,
what else sets it, and whether a change needs a restart. With words, only the keys
that have all of them in their name or explanation.`,
		Example: "  farm config keys\n  farm config keys task_timeout\n  farm config keys graphics",
		RunE: func(_ *cobra.Command, words []string) error {
			return runConfigKeys(s, words)
		},
	}
	s.jsonFlag(c)
	return c
}

// An explainedKey is one key of "farm config keys --json".
type explainedKey struct {
	Name    string       `json:"name"`
	Side    farm.KeySide `json:"side"`
	Group   string       `json:"group"`
	Label   string       `json:"label"`
	Kind    farm.KeyKind `json:"kind"`
	Default any          `json:"default"`
	Choices []string     `json:"choices,omitempty"`
	Limits  string       `json:"limits,omitempty"`
	Unit    string       `json:"unit,omitempty"`
	About   string       `json:"about"`
	Flag    string       `json:"flag,omitempty"`
	Env     string       `json:"env,omitempty"`
	Restart bool         `json:"restart"`
	Guarded bool         `json:"guarded"`
}

// runConfigKeys prints all keys in short, or those with the words in full.
func runConfigKeys(s *session, words []string) error {
	keys := farm.ConfigKeys()
	if len(words) > 0 {
		if keys = keysWith(words); len(keys) == 0 {
			_, err := farm.FindKey(farm.ConfigKeys(), strings.Join(words, " "))
			return err
		}
	}
	defaults := defaultConfig()
	if s.json {
		all := make([]explainedKey, len(keys))
		for i, k := range keys {
			all[i] = explainedKey{k.Name, k.Side, k.Group, k.Title(), k.Kind, k.Get(&defaults), k.Choices, k.Limits(), k.Unit, k.About, k.Flag, k.Env, k.Restart, k.Guarded}
		}
		return s.printJSON(all)
	}
	if len(words) == 0 {
		_, err := fmt.Fprint(s.out, keyOverview(), "\n\"farm config keys KEY\" explains one.\n")
		return err
	}
	for i, k := range keys {
		if i > 0 {
			fmt.Fprintln(s.out)
		}
		s.explainKey(k, &defaults)
	}
	return nil
}

// keysWith returns the one key of a name, or all that have the words.
func keysWith(words []string) []farm.ConfigKey {
	if k, err := farm.FindKey(farm.ConfigKeys(), words[0]); err == nil && len(words) == 1 {
		return []farm.ConfigKey{k}
	}
	return slices.DeleteFunc(farm.ConfigKeys(), func(k farm.ConfigKey) bool {
		text := strings.ToLower(k.Name + " " + k.Title() + " " + k.Group + " " + k.About)
		return slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, strings.ToLower(w)) })
	})
}

// explainKey prints all that is known of a key.
func (s *session) explainKey(k farm.ConfigKey, defaults *config) {
	fmt.Fprintf(s.out, "%s\n    %s\n", k.Name, k.About)
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(s.out, "    %-9s %s\n", name, text)
		}
	}
	line("default:", defaultInWords(k, defaults, ""))
	line("values:", k.Limits())
	line("unit:", k.Unit)
	line("flag:", prefixed("--", k.Flag))
	line("variable:", k.Env)
	line("read by:", "the "+string(k.Side))
	if k.Restart {
		line("changes:", "take effect at the next start of the "+string(k.Side))
	} else {
		line("changes:", "take effect at once")
	}
	if k.Guarded {
		line("guarded:", "over the network nobody without the farm key can change it")
	}
	if page, _, _ := strings.Cut(k.See, "#"); page != "" {
		line("more:", "docs/"+k.See)
	}
}

// prefixed puts something in front of a text, unless it is empty.
func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

// defaultInWords is a key's default for people, in quotes of the given kind; what an empty
// value means is not in quotes.
func defaultInWords(k farm.ConfigKey, defaults *config, quote string) string {
	text := k.Text(defaults)
	if d, ok := k.Value(defaults).(*farm.Duration); ok {
		text = d.Short()
	}
	if text == "" {
		return k.Empty
	}
	return quote + text + quote
}

// keyOverview lists all keys by group, with what people call them.
func keyOverview() string {
	var b strings.Builder
	group := ""
	for _, side := range []farm.KeySide{farm.KeyOfManager, farm.KeyOfClient, farm.KeyOfWorker} {
		for _, k := range farm.ConfigKeys() {
			if k.Side != side {
				continue
			}
			if k.Group != group {
				group = k.Group
				fmt.Fprintf(&b, "\n%s:\n", group)
			}
			fmt.Fprintf(&b, "  %-32s %s\n", k.Name, firstSentence(k.About))
		}
	}
	return strings.TrimPrefix(b.String(), "\n")
}

// firstSentence returns a text up to its first full stop.
func firstSentence(text string) string {
	if i := strings.Index(text, ". "); i >= 0 {
		return text[:i+1]
	}
	return text
}
