package cmd

import (
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// docs/web.md says of every command about jobs, workers, tags, job types and the
// configuration where the page does the same, or why it does not.
func TestWebPageNamesEveryCommand(t *testing.T) {
	text, err := os.ReadFile("../docs/web.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(text), "| command | on the page |")
	if !found {
		t.Fatal("docs/web.md has no table of commands")
	}
	named := 0
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			walk(sub)
		}
		if c.HasSubCommands() || c.Hidden || c.Name() == "help" {
			return
		}
		if named++; !strings.Contains(table, "`"+c.CommandPath()+"`") {
			t.Errorf("the table of docs/web.md does not have %q", c.CommandPath())
		}
	}
	for _, c := range newRoot(&session{}).Commands() {
		switch c.Name() {
		case "submit", "jobs", "workers", "tags", "jobtype", "config":
			walk(c)
		}
	}
	if named < 40 {
		t.Errorf("only %d commands were found", named)
	}
}
