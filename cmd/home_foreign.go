package cmd

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"renderfarm/farm"
)

// foreignFiles returns what a manager of the compatible system keeps in its
// folder, if the home is one: its configuration and its database.
func foreignFiles(home string) (names []string) {
	for _, name := range []string{"flamenco-manager.yaml", "flamenco-manager.sqlite"} {
		if info, err := os.Stat(filepath.Join(home, name)); err == nil && info.Mode().IsRegular() {
			names = append(names, name)
		}
	}
	return names
}

// aboutForeignFiles says that Farm does not read them, and what to do; "" if
// there are none.
func aboutForeignFiles(home string) string {
	names := foreignFiles(home)
	if len(names) == 0 {
		return ""
	}
	verb := "is"
	if len(names) > 1 {
		verb = "are"
	}
	return fmt.Sprintf("%s in %s %s a Flamenco manager's, and not read. To take over from it, choose another home, and type: farm import flamenco %s",
		strings.Join(names, " and "), home, verb, farm.QuoteFor(runtime.GOOS, home))
}

// tellForeignFiles says it to whoever looks at the configuration.
func (s *session) tellForeignFiles() {
	if text := aboutForeignFiles(s.home); text != "" {
		fmt.Fprintln(s.errOut, printable(text))
	}
}
