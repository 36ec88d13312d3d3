package cmd

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// docs/web.md says of every command where the page does the same, or why it does not, and
// names none that there is not.
func TestWebPageNamesEveryCommand(t *testing.T) {
	text, err := os.ReadFile("../docs/web.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(text), "| command | on the page |")
	if !found {
		t.Fatal("docs/web.md has no table of commands")
	}
	named := map[string]bool{}
	for _, quoted := range regexp.MustCompile("`(farm [a-z -]+)`").FindAllStringSubmatch(table, -1) {
		command, _, _ := strings.Cut(quoted[1], " --")
		named[command] = true
	}
	there := map[string]bool{}
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			walk(sub)
		}
		if !c.Runnable() || c.Hidden || c.Name() == "help" || !c.HasParent() {
			return
		}
		there[c.CommandPath()] = true
		if !named[c.CommandPath()] && !c.HasSubCommands() {
			t.Errorf("the table of docs/web.md does not have %q", c.CommandPath())
		}
	}
	walk(newRoot(&session{}))
	for command := range named {
		if !there[command] {
			t.Errorf("docs/web.md has %q, which there is not", command)
		}
	}
	if len(there) < 80 {
		t.Errorf("only %d commands were found", len(there))
	}
}

// The README's table has a row with every command: those of a group are named after the
// first one.
func TestReadmeNamesEveryCommand(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		cell, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " |")
		if !strings.HasPrefix(line, "| `farm ") {
			continue
		}
		group := ""
		for i, quoted := range strings.Split(cell, "`") {
			words := strings.Fields(quoted)
			switch {
			case i%2 == 0 || len(words) == 0: // between commands
			case words[0] == "farm" && len(words) > 2 && words[2] == strings.ToLower(words[2]):
				group = words[1]
				named[group], named[group+" "+words[2]] = true, true
			case words[0] == "farm":
				group = ""
				named[words[1]] = true
			default:
				named[strings.TrimSpace(group+" "+words[0])] = true
			}
		}
	}
	root := newRoot(&session{})
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Hidden || c.Name() == "help" {
			continue
		}
		if !named[c.Name()] {
			t.Errorf("the README does not have farm %s", c.Name())
		}
		for _, sub := range c.Commands() {
			if c.Name() != "completion" && c.Name() != "burst" && !sub.Hidden && sub.Name() != "help" && !named[c.Name()+" "+sub.Name()] {
				t.Errorf("the README does not have farm %s %s", c.Name(), sub.Name())
			}
		}
	}
}
