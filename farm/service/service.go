// Package service has the system start Farm by itself, and again when it ended with an
// error: as a unit of systemd, a job of launchd, or a service of Windows.
package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	kardianos "github.com/kardianos/service"

	"renderfarm/farm"
)

// RestartStatus is the exit status with which a worker that runs as a service ends when
// it is asked to restart. Any status but 0 and UsageStatus has the system start it again.
const RestartStatus = 75

// UsageStatus is that of wrong usage, after which starting again would not help.
const UsageStatus = 2

// A Spec says what is to be run.
type Spec struct {
	Name       string   // for the system: letters, digits, dots and dashes
	About      string   // for people, on one line
	Executable string   // absolute path
	Args       []string // of the command line
	Home       string   // absolute path of the home folder
	OfUser     bool     // it runs for this user only, while that is logged in unless the system is told otherwise
	RunAs      string   // user that it runs as if it is the system's; "" leaves that to the system
	Manager    bool     // it is a manager and no worker, and so needs no device
}

// Check says what of it cannot be given to a service manager.
func (s *Spec) Check() error {
	if s.Name == "" || strings.Trim(s.Name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") != "" || strings.HasPrefix(s.Name, "-") {
		return farm.Errorf(farm.Invalid, "the name %.60q cannot be that of a service: use letters, digits, dots and dashes", s.Name)
	}
	for _, text := range append([]string{s.Executable, s.Home, s.RunAs, s.About}, s.Args...) {
		if strings.ContainsAny(text, "\n\r\x00") || strings.Contains(text, "{{") {
			return farm.Errorf(farm.Invalid, "%.60q cannot be written into the file of a service: choose a path without line ends and {{", text)
		}
	}
	return nil
}

// File returns the file by which the system knows the service: a unit of systemd or a
// job of launchd; "" where there is none.
func (s *Spec) File(goos string) string {
	switch goos {
	case "linux":
		return s.unit()
	case "darwin":
		return s.job()
	}
	return ""
}

// of returns the service as the library knows it. run is nil for those that only
// install, remove or ask.
func (s *Spec) of(run kardianos.Interface) (kardianos.Service, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	options := kardianos.KeyValue{"UserService": s.OfUser, "SystemdScript": s.File("linux"), "LaunchdConfig": s.File("darwin"),
		// Of Windows: started again 5 seconds after an error, as often as it takes.
		"OnFailure": "restart", "OnFailureDelayDuration": "5s", "OnFailureResetPeriod": 3600, "DelayedAutoStart": true}
	c := &kardianos.Config{Name: s.Name, DisplayName: "Farm: " + s.About, Description: s.About, Executable: s.Executable, Arguments: s.Args,
		UserName: s.RunAs, Option: options}
	if run == nil {
		run = idle{}
	}
	service, err := kardianos.New(run, c)
	if errors.Is(err, kardianos.ErrNoServiceSystemDetected) {
		return nil, farm.Errorf(farm.Unsupported, "this system has no service manager that is known. Print what one would be given with --print, and start Farm another way")
	}
	return service, err
}

// Install makes the service known to the system, so that it starts with it, and starts
// it now. Conflict: there is one of the name.
func (s *Spec) Install(start bool) error {
	service, err := s.of(nil)
	if err != nil {
		return err
	}
	if kardianos.Platform() == "linux-systemd" || runtime.GOOS != "linux" {
		return install(service, start)
	}
	return farm.Errorf(farm.Unsupported, "the service manager %s is not supported, only systemd. Print what systemd would be given with --print, and write the like for yours", kardianos.Platform())
}

func install(service kardianos.Service, start bool) error {
	switch err := service.Install(); {
	case err != nil && strings.Contains(err.Error(), "already exists"):
		return farm.Errorf(farm.Conflict, "there is such a service already: remove it first with farm service remove, or choose another --name")
	case errors.Is(err, os.ErrPermission) || err != nil && strings.Contains(strings.ToLower(err.Error()), "denied"):
		return farm.Errorf(farm.Forbidden, "services of the system are made by its administrator only: %w. Use sudo, or an elevated prompt on Windows; or --user on Linux and macOS", err)
	case err != nil:
		return farm.Errorf(farm.Internal, "the service cannot be installed: %w", err)
	}
	if !start {
		return nil
	}
	if err := service.Start(); err != nil {
		return farm.Errorf(farm.Internal, "the service is installed, and cannot be started: %w. Ask the system why; on Linux: journalctl -e", err)
	}
	return nil
}

// Remove stops the service and makes the system forget it. NotFound: there is none.
func (s *Spec) Remove() error {
	service, err := s.of(nil)
	if err != nil {
		return err
	}
	if _, err := service.Status(); errors.Is(err, kardianos.ErrNotInstalled) {
		return farm.Errorf(farm.NotFound, "there is no service %s", s.Name)
	}
	_ = service.Stop() // it may not run
	if err := service.Uninstall(); err != nil {
		return farm.Errorf(farm.Internal, "the service cannot be removed: %w", err)
	}
	return nil
}

// Status is whether the service runs.
type Status string

// What Status says.
const (
	Running Status = "running"
	Stopped Status = "stopped"
	Missing Status = "not installed"
	Unknown Status = "unknown"
)

// Status asks the system for the service.
func (s *Spec) Status() (Status, error) {
	service, err := s.of(nil)
	if err != nil {
		return Unknown, err
	}
	status, err := service.Status()
	switch {
	case errors.Is(err, kardianos.ErrNotInstalled):
		return Missing, nil
	case err != nil:
		return Unknown, farm.Errorf(farm.Internal, "the system does not say whether the service runs: %w", err)
	}
	return map[kardianos.Status]Status{kardianos.StatusRunning: Running, kardianos.StatusStopped: Stopped}[status], nil
}

// idle is a service that is not run by this process.
type idle struct{}

// Start does nothing.
func (idle) Start(kardianos.Service) error { return nil }

// Stop does nothing.
func (idle) Stop(kardianos.Service) error { return nil }

// Run calls f, and returns the exit status. If this process was started by the service
// manager of Windows, it is told that the service runs, and its wish to stop cancels f's
// context; elsewhere signals do that, and f is just called.
func Run(ctx context.Context, f func(context.Context) int) int {
	if runtime.GOOS != "windows" || kardianos.Interactive() {
		return f(ctx)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p := &program{f: f, ctx: ctx, cancel: cancel, ended: make(chan struct{})}
	service, err := kardianos.New(p, &kardianos.Config{Name: "farm"}) // the name is not looked at here
	if err == nil {
		err = service.Run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return cmp.Or(p.status, 1)
	}
	return p.status
}

// program is f as a service of Windows.
type program struct {
	f      func(context.Context) int
	ctx    context.Context
	cancel context.CancelFunc
	ended  chan struct{} // closed when status is known
	status int
}

// Start calls f in the background.
func (p *program) Start(service kardianos.Service) error {
	go func() {
		p.status = p.f(p.ctx)
		close(p.ended)
		if p.status != 0 && p.ctx.Err() == nil {
			os.Exit(p.status) // without a word to the service manager, which takes it for a failure and starts it again
		}
		if p.ctx.Err() == nil {
			_ = service.Stop() // it ended by itself, and all is well
		}
	}()
	return nil
}

// Stop ends f.
func (p *program) Stop(kardianos.Service) error {
	p.cancel()
	<-p.ended
	return nil
}
