package cmd

import (
	"context"
	"os/exec"
	"runtime"
	"slices"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/worker"
)

// leastSuspend keeps a computer from falling asleep between two jobs.
const leastSuspend = time.Minute

// checkSuspend says what of the keys about waking and suspending cannot work.
func (l local) checkSuspend() error {
	if _, ok := farm.CleanMAC(l.Wake); l.Wake != "" && !ok {
		return farm.Errorf(farm.Invalid, "wake is %.50q: it has to be the MAC address of this computer's network card, such as 00:1a:2b:3c:4d:5e", l.Wake)
	}
	if l.SuspendAfter != 0 && l.SuspendAfter < farm.Duration(leastSuspend) {
		return farm.Errorf(farm.Invalid, "suspend_after is %s: it has to be %s or more, or 0 for never", l.SuspendAfter, farm.Duration(leastSuspend))
	}
	if _, err := farm.SplitShell(l.Suspend); err != nil {
		return farm.Errorf(farm.Invalid, "suspend: %w", err)
	}
	return nil
}

// suspendCommands suspend a computer, by operating system.
var suspendCommands = map[string][]string{
	"linux":   {"systemctl", "suspend"},
	"darwin":  {"pmset", "sleepnow"},
	"windows": {"rundll32.exe", "powrprof.dll,SetSuspendState", "0,1,0"},
}

// allIdle reports whether all workers ended as they had no task.
func allIdle(slots []*worker.Worker) bool {
	return !slices.ContainsFunc(slots, func(w *worker.Worker) bool { return !w.HadNoTask() })
}

// settle is how long a computer may take to fall asleep when it was told to. A worker
// that signed on in that time would be lost.
const settle = 20 * time.Second

// suspend suspends the computer, and returns when it is awake again; false if the
// program shall end. A computer that cannot be suspended goes on working.
func (s *session) suspend(ctx context.Context, c *settled) bool {
	command, _ := farm.SplitShell(c.Suspend) // it was checked
	if len(command) == 0 {
		command = suspendCommands[runtime.GOOS]
	}
	if len(command) == 0 {
		s.log.Error("this computer is not suspended, as no command for it is known: set suspend")
		return ctx.Err() == nil
	}
	s.log.Info("suspending this computer", "command", farm.QuoteShell(command))
	bounded, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if out, err := exec.CommandContext(bounded, command[0], command[1:]...).CombinedOutput(); err != nil && ctx.Err() == nil {
		s.log.Error("this computer cannot be suspended, and its worker goes on: may the worker's user do that?", "error", err, "output", farm.CutText(string(out), 300))
		return true
	}
	return api.Sleep(ctx, settle) == nil
}
