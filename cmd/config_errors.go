package cmd

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/diagnosis"
)

// newConfigErrors returns the command about the rules that say why tasks fail.
func newConfigErrors(s *session) *cobra.Command {
	return &cobra.Command{
		Use:   "errors [LOG]",
		Short: "Show the rules that say why tasks fail, or try them on a log",
		Long: `Show the rules by which the manager says why a task failed, and check yours.

Without LOG it prints the rules that come with Farm, in the form in which you
can write your own into errors.yaml in the home folder. With LOG, a file or "-"
for the standard input, it says what the rules, yours first, make of that log.
A mistake in errors.yaml is named, and the exit status is 1.`,
		Example: "  farm config errors\n  farm jobs log 1f2e3d4c/7 | farm config errors -",
		Args: func(c *cobra.Command, given []string) error {
			if len(given) == 1 {
				return nil
			}
			return args()(c, given)
		},
		RunE: func(_ *cobra.Command, given []string) error {
			return runConfigErrors(s, given)
		},
	}
}

// runConfigErrors prints rules or tries them, and then all mistakes in errors.yaml: the
// good rules of a file with mistakes are used all the same, as by the manager. The last
// mistake is the command's error, so that the exit status is 1.
func runConfigErrors(s *session, given []string) error {
	s.tellForeignFiles()
	path := filepath.Join(s.home, diagnosis.FileName)
	// Without the file there are the rules that come with Farm, and no mistakes.
	rules, mistakes := diagnosis.Load(path)
	if len(given) == 0 {
		if _, err := s.out.Write(diagnosis.BuiltinFile()); err != nil {
			return err
		}
		fmt.Fprintf(s.errOut, "Rules of yours that are used before these: %d, of %s\n", rules.Own(), path)
	} else if err := s.tryErrors(rules, given[0]); err != nil {
		return err
	}
	for _, err := range mistakes[:max(0, len(mistakes)-1)] {
		fmt.Fprintln(s.errOut, "Error:", err)
	}
	if len(mistakes) > 0 {
		return mistakes[len(mistakes)-1]
	}
	return nil
}

// tryErrors says what the rules make of a log, as the manager would, which reads the
// last MaxTail bytes of it. A log may be of any size: no more is kept in memory.
func (s *session) tryErrors(rules diagnosis.Rules, path string) error {
	in := s.in
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return farm.Errorf(farm.NotFound, "the log cannot be read: %w", err)
		}
		defer f.Close()
		in = f
	}
	var log []byte
	for buf := make([]byte, diagnosis.MaxTail); ; {
		n, err := io.ReadFull(in, buf)
		log = append(log, buf[:n]...)
		log = log[max(0, len(log)-diagnosis.MaxTail):]
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			break
		}
		if err != nil {
			return farm.Errorf(farm.NotFound, "the log cannot be read: %w", err)
		}
	}
	// The first rule that matches counts, the user's own before those of Farm.
	d, ok := rules.Match(log)
	if !ok {
		_, err := fmt.Fprintln(s.out, "No rule matches: a failure with this log counts like any other")
		return err
	}
	s.field("class", d.Class)
	s.field("consequence", string(d.Consequence))
	s.field("means", d.Means)
	s.field("next", d.Next)
	s.field("line", d.Line)
	return nil
}
