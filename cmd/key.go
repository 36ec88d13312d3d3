package cmd

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"renderfarm/farm"
	"renderfarm/farm/access"
)

// keyVariable is the environment variable with the farm key.
const keyVariable = "FARM_KEY"

// newKey returns the commands about the farm key.
func newKey(s *session) *cobra.Command {
	c := group(&cobra.Command{
		Use:   "key",
		Short: "Shut the farm to those who do not know its key",
		Long: `Shut the farm to those who do not know its key.

Without a key, who reaches the manager over the network may use it. With one,
browsers have to sign in, and the command line, the add-on and new workers
have to send it. Workers that are registered go on working. The manager's own
computer needs no key.`,
		Example: "  farm key new      on the manager's computer\n  farm key set      on every other one, which asks for it",
	})
	c.AddCommand(
		newKeyVerb("new", "Make a key, and shut the farm to those who do not have it",
			"Make a key, and print it. A manager that runs on this home asks for it from now on.\nIf there was a key, everybody needs the new one.", s.runKeyNew),
		newKeyVerb("show", "Print the key, and what to type on other computers",
			"Print the key on the standard output, and what to type on other computers on the\nstandard error.", s.runKeyShow),
		newKeyVerb("set", "Keep the key of a farm on this computer",
			"Keep a farm's key in the home folder, for the commands and the worker of this computer.\nIt is asked for, or read from the standard input: it shall not stand in the\nlist of processes or the history of the shell.", s.runKeySet),
		newKeyVerb("remove", "Forget the key; on the manager's computer, open the farm",
			"Forget the key. A manager that runs on this home asks nobody for one from now on.", s.runKeyRemove))
	return c
}

func newKeyVerb(name, short, long string, run func() error) *cobra.Command {
	return &cobra.Command{Use: name, Short: short, Long: long, Example: "  farm key " + name, Args: args(),
		RunE: func(*cobra.Command, []string) error { return run() }}
}

// keyFile returns where the farm key of this home is.
func (s *session) keyFile() (string, error) {
	c, err := s.config()
	if err != nil {
		return "", err
	}
	if c.KeyFile != "" {
		return c.KeyFile, nil
	}
	return access.KeyFile(s.home), nil
}

// farmKey returns the farm key for what this computer asks of a manager: FARM_KEY,
// else what is in the file; "" if there is none.
func (s *session) farmKey() (string, error) {
	if text := s.getenv(keyVariable); text != "" {
		key, err := access.CleanKey(text)
		if err != nil {
			return "", usageErrorf("%s: %v", keyVariable, err)
		}
		return key, nil
	}
	path, err := s.keyFile()
	if err != nil {
		return "", err
	}
	return access.ReadKey(path)
}

// keySource returns where the manager of this home has the farm key from.
func (s *session) keySource() (*access.Source, error) {
	key, err := s.farmKey() // a file that is damaged is told of now, and not with the first request
	if err != nil {
		return nil, err
	}
	if s.getenv(keyVariable) != "" {
		return access.FixedKey(key), nil
	}
	path, err := s.keyFile()
	return access.KeyIn(path), err
}

// changedKeyFile is keyFile for a command that changes it.
func (s *session) changedKeyFile() (string, error) {
	if s.getenv(keyVariable) != "" {
		return "", usageErrorf("%s is set, and is used instead of any file: unset it first", keyVariable)
	}
	if err := prepareHome(s.home); err != nil {
		return "", err
	}
	return s.keyFile()
}

func (s *session) runKeyNew() error {
	path, err := s.changedKeyFile()
	if err != nil {
		return err
	}
	if err := access.WriteKey(path, access.NewKey()); err != nil {
		return err
	}
	return s.runKeyShow()
}

func (s *session) runKeyShow() error {
	key, err := s.farmKey()
	if err != nil {
		return err
	}
	if key == "" {
		return farm.Errorf(farm.NotFound, "there is no key: \"farm key new\" on the manager's computer makes one, \"farm key set\" keeps one of another computer here")
	}
	fmt.Fprintln(s.out, key)
	fmt.Fprintln(s.errOut, "On every other computer, once: farm key set")
	if join := s.runningManager().join; join != "" {
		fmt.Fprintln(s.errOut, "A worker is started there with: "+join)
	}
	return nil
}

func (s *session) runKeySet() error {
	path, err := s.changedKeyFile()
	if err != nil {
		return err
	}
	text, err := s.askSecret("Key of the farm: ")
	if err != nil {
		return err
	}
	if err := access.WriteKey(path, text); err != nil {
		return err
	}
	fmt.Fprintln(s.errOut, "The key is kept in", path)
	return nil
}

func (s *session) runKeyRemove() error {
	path, err := s.changedKeyFile()
	if err != nil {
		return err
	}
	had, err := access.RemoveKey(path)
	if err == nil && !had {
		err = farm.Errorf(farm.NotFound, "there is no key in %s", path)
	}
	if err == nil {
		fmt.Fprintln(s.errOut, "The key is gone. A manager on this home lets in everybody who reaches it.")
	}
	return err
}

// askSecret reads a line, which a terminal does not show.
func (s *session) askSecret(question string) (string, error) {
	if in, ok := s.in.(*os.File); ok && isTerminal(in) {
		fmt.Fprint(s.errOut, question)
		text, err := term.ReadPassword(int(in.Fd()))
		fmt.Fprintln(s.errOut)
		return string(text), err
	}
	text, err := bufio.NewReader(io.LimitReader(s.in, 1<<10)).ReadString('\n')
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return strings.TrimSpace(text), err
}
