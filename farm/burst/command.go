package burst

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"strings"
	"time"

	"renderfarm/farm"
)

const (
	// commandTime bounds a program of an engine: a controller that is away may keep it.
	commandTime = time.Minute
	// maxOutput bounds what is read of it, in bytes.
	maxOutput = 4 << 20
	// MaxMembers bounds how many members an engine may tell of.
	MaxMembers = 10_000
)

// A command is a program with its arguments, which no shell sees.
type command struct {
	args  []string
	env   []string // the whole environment; nil is ours
	input string
}

// run runs it and returns what it printed. An error has the last line it wrote.
func (c command) run(ctx context.Context) (string, error) {
	bounded, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	cmd := exec.CommandContext(bounded, c.args[0], c.args[1:]...)
	cmd.Env, cmd.Stdin, cmd.WaitDelay = c.env, strings.NewReader(c.input), 5*time.Second
	var out, errOut limited
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case bounded.Err() != nil:
		return "", farm.Errorf(farm.Unavailable, "%s did not answer within %s: is what it asks running?", c.args[0], farm.Duration(commandTime))
	case errors.Is(err, exec.ErrNotFound):
		return "", farm.Errorf(farm.Invalid, "there is no program %s on the PATH: install it on this computer, or run this where it is", c.args[0])
	case err != nil:
		return "", farm.Errorf(farm.Unavailable, "%s failed: %w: %s", c.args[0], err, lastLine(errOut.String()))
	case out.cut:
		return "", farm.Errorf(farm.TooLarge, "%s printed more than %s: it has to print one line for each worker", c.args[0], farm.Size(maxOutput))
	}
	return out.String(), nil
}

// lastLine returns the last line that is not empty, shortened.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return farm.CutText(strings.TrimSpace(lines[len(lines)-1]), 300)
}

// limited keeps the beginning of what is written to it.
type limited struct {
	kept bytes.Buffer
	cut  bool
}

// Write never fails, so that the program is not ended by it.
func (l *limited) Write(p []byte) (int, error) {
	room := min(maxOutput-l.kept.Len(), len(p))
	l.kept.Write(p[:room])
	l.cut = l.cut || room < len(p)
	return len(p), nil
}

func (l *limited) String() string { return l.kept.String() }
