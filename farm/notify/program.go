package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"renderfarm/farm"
)

// program runs the way's program with its arguments as they are, without a shell. It
// gets the message as JSON on its standard input, and the event and the id in the
// environment.
func program(ctx context.Context, w farm.Way, m *Message) error {
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return run(ctx, w.Program, body, "FARM_EVENT="+m.Event, "FARM_NOTICE="+m.ID)
}

// desktop shows the message on the screen of this computer.
func desktop(ctx context.Context, m *Message) error {
	return run(ctx, desktopCommand(m.Title, farm.CutText(m.Text, 500)), nil)
}

// run runs a program to its end. What it leaves running does not hold it up.
func run(ctx context.Context, args []string, input []byte, env ...string) error {
	c := exec.CommandContext(ctx, args[0], args[1:]...)
	c.Stdin = bytes.NewReader(input)
	c.Env = append(os.Environ(), env...)
	c.WaitDelay = time.Second
	var said limited
	c.Stdout, c.Stderr = &said, &said
	if err := c.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", args[0], err, oneLine(strings.ToValidUTF8(string(said.kept), "?")))
	}
	return nil
}

// limited keeps the beginning of what is written.
type limited struct{ kept []byte }

func (l *limited) Write(b []byte) (int, error) {
	const most = 500
	l.kept = append(l.kept, b[:min(len(b), most-len(l.kept))]...)
	return len(b), nil
}
