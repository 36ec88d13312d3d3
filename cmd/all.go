package cmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"renderfarm/farm/worker"
)

// newAll returns the command that is a whole farm on one computer.
func newAll(s *session) *cobra.Command {
	var o serveOptions
	c := &cobra.Command{
		Use:   "all",
		Short: "Run the manager and a worker on this computer",
		Long: `Run the manager and a worker in one program: a whole farm on one computer.
Other computers can join it with "farm work".

Ctrl-C stops both cleanly, the worker first; a second one stops at once.`,
		Example: "  farm all\n  farm all --listen 127.0.0.1:8080 --shared-storage /srv/renders",
		Args:    args(),
		RunE: func(c *cobra.Command, _ []string) error {
			return runAll(c.Context(), s, o)
		},
	}
	s.serveFlags(c, &o)
	s.keyFlags(c, serving, working)
	s.logFlags(c)
	return c
}

// runAll starts the manager, then the worker, which reaches it over HTTP like
// any other: there is one code path. They end in the opposite order.
func runAll(ctx context.Context, s *session, o serveOptions) error {
	if err := s.startManagerLog(); err != nil {
		return err
	}
	h, err := startHost(ctx, s, o)
	if err != nil {
		return err
	}
	working, stopWork := context.WithCancelCause(ctx)
	ended := make(chan error, 1)
	go func() { ended <- h.work(working) }()
	h.greet()
	select {
	case <-ctx.Done():
		s.log.Info("stopping; press Ctrl-C again to stop at once")
	case err = <-h.failed:
	case err = <-ended:
		ended <- nil
		if err == nil { // a user shut the worker down; the manager stays for the others
			s.log.Info("the worker was shut down; the manager goes on")
			select {
			case <-ctx.Done():
			case err = <-h.failed:
			}
		}
	}
	// The worker goes first: it gives its task back to a manager that listens.
	stopWork(errInterrupted)
	return errors.Join(err, <-ended, h.stop())
}

// canRestart makes the worker say that it can be restarted: here, by a loop.
const canRestart = 1

// work runs the worker until the context ends or a user shuts it down.
func (h *host) work(ctx context.Context) error {
	config := h.config
	for {
		options := h.s.workerOptions(config, h.url, h.fingerprint, canRestart)
		options.StalledAfter = sooner(options.StalledAfter, time.Duration(config.TaskTimeout))
		w, err := worker.New(options)
		if err != nil {
			return fmt.Errorf("start the worker: %w", err)
		}
		err = h.workUntilAnew(ctx, w)
		switch {
		case errors.Is(err, worker.ErrRestart), errors.Is(err, errWorkAnew) && ctx.Err() == nil:
			if next, err := h.s.config(); err == nil { // else somebody is editing it
				config = next
			}
			continue
		case errors.Is(err, worker.ErrShutdown), ctx.Err() != nil:
			return nil
		}
		return err
	}
}

// errWorkAnew ends a worker that is to start again with another configuration.
var errWorkAnew = errors.New("its configuration was changed")

// workUntilAnew runs the worker until it ends, or until its configuration is another one.
func (h *host) workUntilAnew(ctx context.Context, w *worker.Worker) error {
	working, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() {
		select {
		case <-h.workAnew:
			stop(errWorkAnew)
		case <-working.Done():
		}
	}()
	err := (&ownersPage{s: h.s}).run(working, w)
	if errors.Is(context.Cause(working), errWorkAnew) {
		return errWorkAnew
	}
	return err
}

// sooner returns the shorter time after which a program that does nothing is
// ended: who lowers the manager's limit for tasks without a sign of life means
// this worker's, too. 0 is never.
func sooner(stalled, taskTimeout time.Duration) time.Duration {
	if stalled > 0 && taskTimeout > 0 {
		return min(stalled, taskTimeout)
	}
	return stalled
}
