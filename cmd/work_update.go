package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/selfupdate"
	"renderfarm/farm/worker"
)

// trialVariable is set for a new program that is tried: to the file that it writes once it has
// signed on. It does nothing else, and ends.
const trialVariable = "FARM_UPDATE_TRIAL"

// trialLimit bounds how long a new program may take to sign on. With all else, it has to be less than
// farm.UpdateLimit.
const trialLimit = time.Minute

// updateFailed is told to the manager by a worker whose new program failed its trial, or is not in place.
const updateFailed = "the last update failed: the new program did not sign on, or could not be put in place. The log on its computer says which"

// forUpdates lets the worker replace its program when the manager asks for that, or says why it cannot.
func (s *session) forUpdates(c *settled, end workEnd, o *worker.Options) {
	switch {
	case !c.Update:
		o.UpdateTrouble = "update is false in its configuration"
	case end != workEnd{}:
		o.UpdateTrouble = "it runs for a limited time"
	case !selfupdate.CanBecome && c.RestartExitCode == 0:
		o.UpdateTrouble = "nothing starts it again: install it with \"farm service install\", or update it by hand"
	default:
		program, err := selfupdate.Running()
		if err != nil {
			o.UpdateTrouble = err.Error()
		}
		o.Program = program
	}
}

// onTrial has the worker end once it has signed on, if it is a new program that is tried.
func (s *session) onTrial(ctx context.Context, o *worker.Options) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	if file := s.getenv(trialVariable); file != "" {
		signedOn := o.SignedOn
		o.SignedOn = func(id string) {
			signedOn(id)
			if err := os.WriteFile(file, []byte(version), 0o600); err != nil {
				s.log.Error("this program cannot say that it works", "error", err)
			}
			cancel()
		}
	}
	return ctx, cancel
}

// update tries the new program, puts it in place, and has it go on with the work. It returns nil if the
// new program is not good: then the old one goes on.
func (s *session) update(ctx context.Context, c *settled, program *selfupdate.Program) error {
	err := s.try(ctx, program)
	if err == nil {
		err = program.Put()
	}
	if err != nil {
		program.Discard()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s.log.Error("the program is not updated", "error", err)
		return nil
	}
	s.log.Info("the program was updated", "old", program.Old())
	if c.RestartExitCode != 0 {
		return &statusError{status: c.RestartExitCode}
	}
	return program.Become()
}

// try runs the new program as this one runs, until it has signed on. It is the same worker: this one has
// signed off, and left its folder.
func (s *session) try(ctx context.Context, program *selfupdate.Program) error {
	file := filepath.Join(s.home, "worker", "update-trial")
	if err := os.RemoveAll(file); err != nil {
		return err
	}
	defer os.Remove(file)
	trial, cancel := context.WithTimeout(ctx, trialLimit)
	defer cancel()
	c := exec.CommandContext(trial, program.New(), os.Args[1:]...)
	c.Env = append(os.Environ(), trialVariable+"="+file)
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	c.Cancel = func() error {
		if err := c.Process.Signal(os.Interrupt); err != nil {
			return c.Process.Kill() // Windows has no such signal
		}
		return nil
	}
	c.WaitDelay = 10 * time.Second
	ended := c.Run()
	said, err := os.ReadFile(file)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case trial.Err() != nil:
		return farm.Errorf(farm.Unavailable, "the new program did not sign on within %s", farm.Duration(trialLimit))
	case ended != nil:
		return fmt.Errorf("the new program ended: %w", ended)
	case errors.Is(err, os.ErrNotExist) || err == nil && len(said) == 0:
		return farm.Errorf(farm.Unavailable, "the new program ended before it had signed on")
	}
	return err
}
