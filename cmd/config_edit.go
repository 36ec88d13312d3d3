package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/yamlfile"
)

// newConfigEdit returns the command that opens an editor.
func newConfigEdit(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:   "edit",
		Short: "Edit farm.yaml with your editor",
		Long: `Edit a copy of farm.yaml with the editor that VISUAL or EDITOR names. When it ends,
the copy is checked, and what is different is shown and put into place if you agree.
A manager that runs on this home uses it at once, as far as that is possible without
a restart.`,
		Example: "  farm config edit\n  EDITOR=nano farm config edit",
		Args:    args(),
		RunE: func(c *cobra.Command, _ []string) error {
			return runConfigEdit(c.Context(), s)
		},
	}
	s.yesFlag(c)
	return c
}

// runConfigEdit lets a person edit the file until it is in order or they give up.
func runConfigEdit(ctx context.Context, s *session) error {
	path := s.configPath()
	before, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		before = []byte(yamlfile.Comment(configHeader) + "\n")
	} else if err != nil {
		return err
	}
	if err := prepareHome(s.home); err != nil {
		return err
	}
	copied, err := os.CreateTemp(s.home, "farm-*.yaml") // beside the file: both hold the same secrets
	if err != nil {
		return err
	}
	defer os.Remove(copied.Name())
	_, err = copied.Write(before)
	if err := errors.Join(err, copied.Close()); err != nil {
		return err
	}
	for {
		if err := s.runEditor(ctx, copied.Name()); err != nil {
			return err
		}
		after, err := os.ReadFile(copied.Name())
		if err != nil {
			return err
		}
		if string(after) == string(before) {
			fmt.Fprintln(s.out, "Nothing was changed.")
			return nil
		}
		next := defaultConfig()
		err = yamlfile.Decode(path, after, &next)
		if err == nil {
			err = errors.Join(next.Check(), next.local.check())
		}
		if err != nil {
			if !isTerminal(s.in) || s.yes || !s.ask(printableLines(err.Error())+"\nEdit it again?") {
				return farm.Errorf(farm.Invalid, "%w\nNothing was changed", err)
			}
			continue
		}
		fmt.Fprint(s.out, lineDiff(string(before), string(after)))
		switch {
		case s.yes:
		case !isTerminal(s.in):
			return usageErrorf("there is no terminal to ask at whether this is put into place: add --yes")
		case !s.ask("Put this into place?"):
			return &statusError{exitFailed, "nothing was changed"}
		}
		return s.replaceConfig(ctx, path, after, &next)
	}
}

// replaceConfig puts a text into place that was checked and means next.
func (s *session) replaceConfig(ctx context.Context, path string, text []byte, next *config) error {
	before := defaultConfig()
	_, _ = yamlfile.Read(path, &before) // a file with a mistake is replaced by one without
	if err := yamlfile.Replace(path, text); err != nil {
		return err
	}
	var changed []farm.ConfigKey
	for _, k := range farm.ConfigKeys() {
		if !k.Same(&before, next) {
			changed = append(changed, k)
		}
	}
	if len(changed) == 0 { // variables, or what has no key of its own
		changed = append(changed, farm.ConfigKey{Name: farm.VariablesKey, Side: farm.KeyOfManager})
	}
	return s.applied(ctx, changed)
}

// runEditor opens a file with the user's editor, which may be a name with arguments.
func (s *session) runEditor(ctx context.Context, path string) error {
	editor := s.getenv("VISUAL")
	if editor == "" {
		editor = s.getenv("EDITOR")
	}
	if editor == "" {
		editor = "vi"
		if runtime.GOOS == "windows" {
			editor = "notepad"
		}
	}
	words := strings.Fields(editor)
	if _, err := exec.LookPath(words[0]); err != nil {
		return farm.Errorf(farm.NotFound, "cannot start the editor %q: name yours in the environment variable EDITOR, or edit %s yourself", words[0], s.configPath())
	}
	c := exec.CommandContext(ctx, words[0], append(words[1:], path)...)
	c.Stdin, c.Stdout, c.Stderr = s.in, s.out, s.errOut
	if err := c.Run(); err != nil {
		return farm.Errorf(farm.Invalid, "the editor %s ended with an error (%w), so nothing was changed", filepath.Base(words[0]), err)
	}
	return nil
}

// lineDiff returns the lines that are different, with a sign in front of each.
func lineDiff(before, after string) string {
	a, b := strings.SplitAfter(before, "\n"), strings.SplitAfter(after, "\n")
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	// same[i][j] is how many lines a[i:] and b[j:] have in common, in order.
	same := make([][]int, len(a)+1)
	for i := range same {
		same[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				same[i][j] = same[i+1][j+1] + 1
			} else {
				same[i][j] = max(same[i+1][j], same[i][j+1])
			}
		}
	}
	var out strings.Builder
	line := func(sign, text string) {
		if text = strings.TrimRight(text, "\r\n"); text != "" {
			out.WriteString(sign + printable(text) + "\n")
		}
	}
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && same[i+1][j] >= same[i][j+1]:
			line("- ", a[i])
			i++
		default:
			line("+ ", b[j])
			j++
		}
	}
	return out.String()
}
