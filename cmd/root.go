package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"renderfarm/farm/procgroup"
	"renderfarm/farm/service"
	"renderfarm/jsjobs"
)

// Main runs the program with the arguments of the process, and returns its exit status.
func Main() int {
	procgroup.RunKeeper(os.Args)  // of a task's program, if a worker started this process for that
	if jsjobs.RunChild(os.Args) { // a manager started this process to run the scripts of job types
		return exitOK
	}
	ctx, stop := withSignals(context.Background())
	defer stop()
	return service.Run(ctx, func(ctx context.Context) int { return run(ctx, newSession(), os.Args[1:]) })
}

// run runs one command line.
func run(ctx context.Context, s *session, args []string) int {
	root := newRoot(s)
	root.SetArgs(args)
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.errOut)
	// Cobra prints neither errors nor usage: what is printed here has the program's own words and
	// the exit status that the help lists.
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	if text := errorText(err); text != "" {
		fmt.Fprintf(s.errOut, "%s %s\n", paint("farm:", red, s.colors(s.errOut)), printableLines(text))
	}
	return exitStatus(err)
}

// newRoot returns the whole tree of commands.
func newRoot(s *session) *cobra.Command {
	c := group(&cobra.Command{
		Use:   "farm",
		Short: "A render farm in one program",
		Long: `Farm renders Blender files on many computers.

One computer runs the manager, which keeps the jobs and hands out their tasks.
Every computer that renders runs a worker. To try it out, one computer is both:

  farm all
  farm submit scene.blend`,
		Example: `  farm all                                    manager and worker on this computer
  farm work --manager farm.local:8080         a worker on another one
  farm submit scene.blend --frames 1-240      render, and watch it happen
  farm jobs list                              what the farm is doing`,
		SilenceUsage:  true,
		SilenceErrors: true,
		// Before every command, since even those without a manager may read farm.yaml of the home.
		PersistentPreRunE: func(*cobra.Command, []string) error {
			return s.resolveHome()
		},
	})
	c.PersistentFlags().StringVar(&s.home, "home", "", "`folder` for everything Farm keeps (default: farm in the user's data folder) [FARM_HOME]")
	s.keyFlags(c, asking)
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return flagError(err)
	})
	c.CompletionOptions.DisableDefaultCmd = true
	c.SetHelpTemplate(c.HelpTemplate() + exitHelp)
	c.AddGroup(
		&cobra.Group{ID: groupRun, Title: "Run the farm:"},
		&cobra.Group{ID: groupUse, Title: "Use the farm:"},
		&cobra.Group{ID: groupHelp, Title: "Maintain the farm:"})
	c.SetHelpCommandGroupID(groupHelp)
	add := func(group string, subs ...*cobra.Command) {
		for _, sub := range subs {
			sub.GroupID = group
		}
		c.AddCommand(subs...)
	}
	add(groupUse, newSubmit(s), newPack(s), newJobs(s), newWorkers(s), newDemand(s), newTags(s), newNotify(s), newJobtype(s), newAddon(s))
	add(groupRun, newSetup(s), newAll(s), newServe(s), newWork(s), newJoin(s), newService(s), newBurst(s))
	add(groupHelp, newConfig(s), newDoctor(s), newCheck(s), newKey(s), newBackup(s), newRestore(s), newCompact(s), newExport(s), newImport(s), newShaman(s), newVersion(s), newCompletion(s))
	return c
}

// flagError says what is wrong with a flag, without the words of the parser.
func flagError(err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return usageErrorf("%s", strings.TrimSuffix(err.Error(), "."))
	}
	flag, given := invalid.GetFlag(), invalid.GetValue()
	must := map[string]string{
		"int": "a whole number", "float64": "a number", "bool": "true or false", "duration": "a duration, such as 90s or 2h",
	}[flag.Value.Type()]
	if must == "" { // it is one of ours, and says so itself
		return usageErrorf("--%s: %v", flag.Name, invalid.Unwrap())
	}
	return usageErrorf("--%s must be %s, and not %q", flag.Name, must, given)
}

// The groups of commands in the overview.
const (
	groupRun  = "run"
	groupUse  = "use"
	groupHelp = "help"
)
