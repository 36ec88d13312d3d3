package cmd

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/service"
)

// newService returns the commands that have the system start Farm by itself.
func newService(s *session) *cobra.Command {
	c := group(&cobra.Command{
		Use:   "service",
		Short: "Have the system start Farm by itself",
		Long: `Have the system start a worker or a manager when it starts, and again when that
ended with an error: by systemd, by launchd, or as a service of Windows.`,
		Example: "  farm service install --user\n  sudo farm service install manager --home /srv/farm\n  farm service status",
	})
	c.AddCommand(newServiceInstall(s), newServiceRemove(s), newServiceStatus(s))
	return c
}

// serviceOptions are the flags of the commands.
type serviceOptions struct {
	name         string
	user, system bool
	runAs        string
	print        bool
	noStart      bool
}

func (o *serviceOptions) flags(c *cobra.Command) {
	c.Flags().StringVar(&o.name, "name", "", "`name` of the service (default: farm-worker, farm-manager or farm)")
	c.Flags().BoolVar(&o.user, "user", false, "a service of this user only (default unless you are the administrator)")
	c.Flags().BoolVar(&o.system, "system", false, "a service of the system (default for the administrator, and on Windows)")
}

func newServiceInstall(s *session) *cobra.Command {
	var o serviceOptions
	c := &cobra.Command{
		Use:   "install [worker|manager|all]",
		Short: "Have the system start it",
		Long: `Have the system start a worker (the default), a manager, or both, with this home
folder and this program, and start it now. What else it needs has to be in farm.yaml
of the home: flags and environment of this command are not kept.

A worker restarts when it is asked to, and the system starts again what ended with an error. A
worker that a user shut down stays so until the next start of the system. --print
shows what the system would be given, and changes nothing.`,
		Example: "  farm service install --user\n  sudo farm service install manager --home /srv/farm --run-as farm\n  farm service install --print",
		Args:    optionalRole,
		RunE: func(_ *cobra.Command, given []string) error {
			spec, err := s.serviceSpec(o, given)
			if err != nil {
				return err
			}
			return s.installService(spec, o)
		},
	}
	o.flags(c)
	c.Flags().StringVar(&o.runAs, "run-as", "", "`user` that a service of the system runs as (default: who called sudo, or the owner of the home folder)")
	c.Flags().BoolVar(&o.print, "print", false, "only show what the system would be given")
	c.Flags().BoolVar(&o.noStart, "no-start", false, "do not start it now")
	return c
}

func newServiceRemove(s *session) *cobra.Command {
	var o serviceOptions
	c := &cobra.Command{
		Use:     "remove [worker|manager|all]",
		Short:   "Stop it, and have the system forget it",
		Long:    "Stop the service and have the system forget it. The home folder stays as it is.",
		Example: "  farm service remove --user\n  sudo farm service remove manager",
		Args:    optionalRole,
		RunE: func(_ *cobra.Command, given []string) error {
			spec, err := s.serviceSpec(o, given)
			if err == nil {
				err = spec.Remove()
			}
			if err == nil {
				fmt.Fprintf(s.out, "The service %s is removed.\n", spec.Name)
			}
			return err
		},
	}
	o.flags(c)
	return c
}

func newServiceStatus(s *session) *cobra.Command {
	var o serviceOptions
	c := &cobra.Command{
		Use:     "status [worker|manager|all]",
		Short:   "Show whether it runs",
		Long:    "Show whether the service runs. The status is 4 if there is none, and 1 if it does not run.",
		Example: "  farm service status\n  farm service status manager --system",
		Args:    optionalRole,
		RunE: func(_ *cobra.Command, given []string) error {
			spec, err := s.serviceSpec(o, given)
			if err != nil {
				return err
			}
			status, err := spec.Status()
			if err != nil {
				return err
			}
			fmt.Fprintf(s.out, "%s: %s\n", spec.Name, status)
			switch status {
			case service.Missing:
				return &statusError{status: exitNotFound}
			case service.Running:
				return nil
			}
			return &statusError{status: exitFailed}
		},
	}
	o.flags(c)
	return c
}

// serviceRoles are what a service can be, with the command that it runs.
var serviceRoles = map[string]struct{ command, name, about string }{
	"worker":  {"work", "farm-worker", "worker of a render farm"},
	"manager": {"serve", "farm-manager", "manager of a render farm"},
	"all":     {"all", "farm", "manager and worker of a render farm"},
}

func optionalRole(c *cobra.Command, given []string) error {
	if len(given) > 1 {
		return usageErrorf("%s takes one of worker, manager and all", c.CommandPath())
	}
	if len(given) == 1 {
		if _, ok := serviceRoles[given[0]]; !ok {
			return usageErrorf("%q is not worker, manager or all", given[0])
		}
	}
	return nil
}

// serviceSpec returns what the system is asked to run, or asked about.
func (s *session) serviceSpec(o serviceOptions, given []string) (*service.Spec, error) {
	if o.user && o.system {
		return nil, usageErrorf("--user and --system cannot be combined")
	}
	if o.user && runtime.GOOS == "windows" {
		return nil, usageErrorf("Windows has no services of a user: leave --user out")
	}
	name := "worker"
	if len(given) > 0 {
		name = given[0]
	}
	role := serviceRoles[name]
	executable, err := os.Executable()
	if err == nil {
		executable, err = filepath.EvalSymlinks(executable)
	}
	if err != nil {
		return nil, farm.Errorf(farm.Internal, "where this program is cannot be found out: %w", err)
	}
	spec := &service.Spec{Name: role.name, About: role.about, Executable: executable, Args: []string{role.command, "--home", s.home}, Home: s.home,
		OfUser: o.user || !o.system && runtime.GOOS != "windows" && os.Getuid() != 0, Manager: name == "manager"}
	if name == "worker" {
		spec.Args = append(spec.Args, "--restart-exit-code", strconv.Itoa(service.RestartStatus))
	}
	if o.name != "" {
		spec.Name = o.name
	}
	if !spec.OfUser && runtime.GOOS != "windows" {
		spec.RunAs = o.runAs
		if spec.RunAs == "" {
			spec.RunAs = s.getenv("SUDO_USER")
		}
		if spec.RunAs == "" {
			spec.RunAs = ownerOf(s.home)
		}
	}
	return spec, spec.Check()
}

// installService installs the service, or shows what it would be.
func (s *session) installService(spec *service.Spec, o serviceOptions) error {
	if o.print {
		text := spec.File(runtime.GOOS)
		if text == "" {
			text = fmt.Sprintf("%s: %s\n", spec.Name, farm.QuoteFor(runtime.GOOS, append([]string{spec.Executable}, spec.Args...)...))
		}
		_, err := fmt.Fprint(s.out, text)
		return err
	}
	if err := prepareHome(s.home); err != nil {
		return err
	}
	if _, err := s.config(); err != nil { // which would keep it from starting, again and again
		return err
	}
	if err := spec.Install(!o.noStart); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "The service %s is installed.\n", spec.Name)
	if spec.OfUser && runtime.GOOS == "linux" {
		fmt.Fprintln(s.errOut, "It runs while you are logged in. To have it run always: loginctl enable-linger")
	}
	if !spec.OfUser && spec.RunAs == "" && runtime.GOOS != "windows" {
		fmt.Fprintln(s.errOut, "It runs as the administrator, and so do the programs of jobs. Another user is named with --run-as.")
	}
	return nil
}
