package cmd

import (
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// defaultManager is where clients look for the manager when nobody says anything.
const defaultManager = "http://localhost:8080"

// A session is one run of the program: where it reads and writes, and the
// values of the flags that every command has. Commands get it from their
// constructor, and use it once cobra has parsed the flags.
type session struct {
	home   string // --home; see resolveHome. Not created by reading commands
	json   bool   // --json, on commands that called jsonFlag
	yes    bool   // --yes, on commands that called yesFlag
	in     io.Reader
	out    io.Writer    // answers
	errOut io.Writer    // everything else: progress, warnings, logs
	log    *slog.Logger // never nil; quiet until a command sets it up with startLog
	logs   logOptions   // flags of the commands that log
	getenv func(string) string
	now    func() time.Time

	// given holds the texts of the flags that stand for keys of the
	// configuration, by key. See keyFlags.
	given map[string]string
}

// newSession returns the session of a real process.
func newSession() *session {
	return &session{
		in: os.Stdin, out: os.Stdout, errOut: os.Stderr,
		log:    slog.New(slog.DiscardHandler),
		getenv: withoutSecrets(os.Getenv),
		now:    time.Now,
		given:  map[string]string{},
	}
}

// withoutSecrets takes the farm key and join codes out of the process's environment, which the
// programs of tasks inherit, and returns a getenv that still knows them.
func withoutSecrets(getenv func(string) string) func(string) string {
	secrets := map[string]string{}
	for _, name := range []string{keyVariable, joinVariable} {
		secrets[name] = getenv(name)
		os.Unsetenv(name)
	}
	return func(name string) string {
		if secret, ok := secrets[name]; ok {
			return secret
		}
		return getenv(name)
	}
}

// jsonFlag gives a command --json; its run function then asks s.json.
func (s *session) jsonFlag(c *cobra.Command) {
	c.Flags().BoolVar(&s.json, "json", false, "print JSON for programs instead of a table for people")
}

// yesFlag gives a command --yes, for what cannot be undone.
func (s *session) yesFlag(c *cobra.Command) {
	c.Flags().BoolVarP(&s.yes, "yes", "y", false, "do not ask for confirmation")
}

// printJSON writes one indented JSON value.
func (s *session) printJSON(v any) error {
	e := json.NewEncoder(s.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// isTerminal reports whether a reader or writer is a terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// colors reports whether a stream gets colours: terminals do, unless NO_COLOR
// is set (no-color.org) or the terminal says it is dumb.
func (s *session) colors(stream io.Writer) bool {
	return isTerminal(stream) && s.getenv("NO_COLOR") == "" && s.getenv("TERM") != "dumb"
}

// resolveHome settles s.home: the flag, else FARM_HOME, else the folder "farm"
// where the platform keeps a user's data. The result is absolute.
func (s *session) resolveHome() error {
	if s.home == "" {
		s.home = s.getenv("FARM_HOME")
	}
	if s.home == "" {
		data, err := userData(s.getenv)
		if err != nil {
			return err
		}
		s.home = filepath.Join(data, "farm")
	}
	home, err := filepath.Abs(s.home)
	if err != nil {
		return err
	}
	s.home = home
	return nil
}

// urlFile is where a running manager leaves its URL for the clients of the same home.
func (s *session) urlFile() string { return filepath.Join(s.home, "manager.url") }

// A running manager leaves for the clients of the same home, in a line each:
type running struct {
	url         string
	fingerprint string // of its certificate; "" if it has none
	join        string // the command that adds another computer; "" if no other reaches it
}

func (r running) String() string { return r.url + "\n" + r.fingerprint + "\n" + r.join + "\n" }

// runningManager returns what a running manager of this home left; nothing if none runs.
func (s *session) runningManager() (r running) {
	f, err := os.Open(s.urlFile())
	if err != nil {
		return r
	}
	defer f.Close()
	text, _ := io.ReadAll(io.LimitReader(f, 4096))
	lines := append(strings.Split(string(text), "\n"), "", "")
	return running{lines[0], lines[1], lines[2]}
}
