package cmd

import (
	"context"
	"errors"
	"strings"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/submit"
)

// Exit statuses of every command. They are part of the interface: scripts rely on them.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitJobFailed   = 3
	exitNotFound    = 4
	exitUnreachable = 5
	exitInUse       = 6
	exitInterrupted = 130 // what a shell reports for a program ended by Ctrl-C
)

// exitHelp is the table, at the end of every command's help.
const exitHelp = `
EXIT STATUS
  0    done
  1    something failed; the message says what
  2    wrong usage
  3    the job failed or was canceled
  4    there is no such job, task, worker, tag, job type, scene or file
  5    the manager cannot be reached
  6    the address or the home folder is in use by another process
  130  interrupted
`

// exitStatus maps an error to the status that the process ends with.
func exitStatus(err error) int {
	var (
		usage *usageError
		own   *statusError
		given *submit.OptionError
	)
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &own):
		return own.status
	case errors.As(err, &usage), errors.As(err, &given):
		return exitUsage
	case errors.Is(err, context.Canceled), errors.Is(err, errInterrupted):
		return exitInterrupted
	case api.IsNotFound(err):
		return exitNotFound
	case farm.KindOf(err) == farm.Unavailable, errors.Is(err, context.DeadlineExceeded):
		return exitUnreachable
	}
	return exitFailed
}

// errorText is what the user reads of an error; it may be empty.
func errorText(err error) string {
	switch exitStatus(err) {
	case exitInterrupted:
		return "interrupted"
	case exitUnreachable:
		return err.Error() + ` Start one with "farm serve", or say where it is with --manager URL or FARM_MANAGER.`
	case exitUsage:
		return strings.TrimRight(err.Error(), ".?") + `. See "farm help" or add --help to the command.`
	}
	return err.Error()
}
