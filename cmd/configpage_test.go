package cmd

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"renderfarm/farm"
)

var update = flag.Bool("update", false, "write docs/configuration.md anew")

// generated is a part of the page that is made of the table of keys.
var generated = regexp.MustCompile(`(?s)(<!-- keys of the ([a-z ]+), made by go test ./cmd -run TestConfigurationPage -update -->\n).*?(<!-- end of the keys -->)`)

// TestConfigurationPage holds docs/configuration.md to the table of keys. With -update
// it writes the page.
func TestConfigurationPage(t *testing.T) {
	const page = "../docs/configuration.md"
	text := readDoc(t, page)
	sides := 0
	want := generated.ReplaceAllStringFunc(text, func(part string) string {
		m := generated.FindStringSubmatch(part)
		sides++
		switch m[2] {
		case "manager":
			return m[1] + keyTables(farm.KeyOfManager) + m[3]
		case "workers and clients":
			return m[1] + keyTables(farm.KeyOfClient, farm.KeyOfWorker) + m[3]
		}
		t.Errorf("the page has a place for the keys of the %s", m[2])
		return part
	})
	if sides != 2 {
		t.Fatalf("%s has %d places for tables of keys, and not 2", page, sides)
	}
	if want == text {
		return
	}
	if !*update {
		t.Fatalf("%s does not say what the table of keys in farm/configkeys_manager.go and farm/configkeys_worker.go does: go test ./cmd -run TestConfigurationPage -update", page)
	}
	if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// keyTables returns a table of each group of keys in Markdown.
func keyTables(sides ...farm.KeySide) string {
	var b strings.Builder
	group := ""
	defaults := defaultConfig()
	for _, side := range sides {
		for _, k := range farm.ConfigKeys() {
			if k.Side != side {
				continue
			}
			if k.Group != group {
				group = k.Group
				fmt.Fprintf(&b, "\n### %s\n\n| key | default | values | flag, environment | |\n|---|---|---|---|---|\n", group)
			}
			var from []string
			if k.Flag != "" {
				from = append(from, "`--"+k.Flag+"`")
			}
			if k.Env != "" {
				from = append(from, "`"+k.Env+"`")
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", k.Name, defaultInWords(k, &defaults, "`"), k.Limits(), strings.Join(from, ", "), about(k))
		}
	}
	return b.String() + "\n"
}

// about is what the page says about a key.
func about(k farm.ConfigKey) string {
	text := k.About
	if k.Restart && k.Side == farm.KeyOfManager {
		text += " Takes effect at the next start."
	}
	if k.Guarded {
		text += " Guarded."
	}
	if page, anchor, _ := strings.Cut(k.See, "#"); page == "configuration.md" {
		text += " [More](#" + anchor + ")"
	} else if page != "" {
		text += " [More](" + k.See + ")"
	}
	return text
}
