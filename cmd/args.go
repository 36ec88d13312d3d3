package cmd

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// args checks the number of arguments, naming those that are missing. A name
// that ends in "..." takes the rest, at least one; one in brackets may be left out.
func args(names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, given []string) error {
		needed := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return strings.HasPrefix(name, "[") })
		if len(given) < len(needed) {
			return usageErrorf("%s needs %s", c.CommandPath(), strings.Join(needed[len(given):], " and "))
		}
		more := len(names) > 0 && strings.HasSuffix(names[len(names)-1], "...")
		if len(given) > len(names) && !more {
			return usageErrorf("%s does not take %q", c.CommandPath(), given[len(names)])
		}
		return nil
	}
}

// group makes a command one that only holds others: alone it shows its help,
// and with a word it does not know it says so and suggests.
func group(c *cobra.Command) *cobra.Command {
	c.Args = cobra.ArbitraryArgs
	c.SuggestionsMinimumDistance = 2
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return c.Help()
		}
		hint := ""
		if near := c.SuggestionsFor(args[0]); len(near) > 0 {
			hint = fmt.Sprintf("; perhaps %q", c.CommandPath()+" "+near[0])
		}
		return usageErrorf("there is no command %q%s", c.CommandPath()+" "+args[0], hint)
	}
	return c
}
