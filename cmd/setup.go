package cmd

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/setup"
	"renderfarm/farm/yamlfile"
)

// newSetup returns the command that sets up a farm in a terminal.
func newSetup(s *session) *cobra.Command {
	a := &setupAssistant{s: s}
	c := &cobra.Command{
		Use:   "setup",
		Short: "Set up a farm by a few questions",
		Long: `Set up a farm by a few questions: who takes part, where renders go, which Blenders
and which FFmpeg there are, and how other computers are added. Enter takes what is
in brackets, "b" goes back to the question before, and "q" ends. Every answer
applies at once; a manager that runs on this home uses it. The web page has the same.

Flags answer for scripts. With --yes nothing is asked, and what no flag says stays
as it is.`,
		Example: "  farm setup\n  farm setup --yes --storage /mnt/farm --network",
		Args:    args(),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.run(c.Context(), c)
		},
	}
	f := c.Flags()
	f.BoolVar(&a.here, "only-here", false, "only this computer takes part")
	f.BoolVar(&a.network, "network", false, "the computers of the network take part")
	f.StringVar(&a.storage, "storage", "", "`folder` for the files and frames of jobs; \"default\" is the one in the home folder")
	f.BoolVar(&a.create, "create", false, "make the folder for the storage if it is not there")
	f.StringVar(&a.blender, "blender", "", "`path` of a Blender, or of the folder it is in, that the worker of this computer shall prefer")
	s.yesFlag(c)
	return c
}

// A setupAssistant asks, looks, and applies.
type setupAssistant struct {
	s                     *session
	here, network, create bool
	storage, blender      string

	computer *setup.Computer
	manager  *api.Client // of this home; nil if none runs
	in       *bufio.Reader
}

// run answers by flags, or asks one question after the other.
func (a *setupAssistant) run(ctx context.Context, c *cobra.Command) error {
	if a.here && a.network {
		return usageErrorf("say --only-here or --network")
	}
	if err := prepareHome(a.s.home); err != nil {
		return err
	}
	if _, err := a.s.config(); err != nil {
		return err
	}
	a.computer = setup.New(a.s.home, runtime.GOOS)
	if err := a.findManager(ctx); err != nil {
		return err
	}
	if a.manager != nil {
		defer a.manager.HTTP.CloseIdleConnections()
	}
	given := a.here || a.network || c.Flags().Changed("storage") || a.blender != ""
	if !a.s.yes && !given {
		if !isTerminal(a.s.in) {
			return usageErrorf("there is no terminal to ask at: answer by flags, or add --yes to leave everything as it is")
		}
		return a.questions(ctx)
	}
	return a.flags(ctx, c.Flags().Changed("storage"))
}

// findManager finds the manager that runs on this home.
func (a *setupAssistant) findManager(ctx context.Context) error {
	running := a.s.runningManager()
	if running.url == "" {
		return nil
	}
	client, err := api.NewPinned(running.url, running.fingerprint)
	if err != nil {
		return err
	}
	client.UserAgent, client.Name = "Farm/"+version, userName()
	if _, err := client.FetchSetUp(ctx); err == nil { // else it ended without taking its address with it
		a.manager = client
	}
	return ctx.Err()
}

// flags does what the flags say, and reports what is found.
func (a *setupAssistant) flags(ctx context.Context, storage bool) error {
	if a.here || a.network {
		if err := a.setNetwork(ctx, a.here); err != nil {
			return err
		}
	}
	if storage {
		path := a.storage
		if path == "default" {
			path = ""
		}
		f, err := a.setStorage(ctx, path, a.create)
		if err != nil {
			return err
		}
		if !f.Usable {
			return farm.Errorf(farm.Invalid, "%s cannot be the storage: %s", f.Path, strings.Join(append([]string{f.Cause}, f.Advice...), ". "))
		}
	}
	if a.blender != "" {
		if p, err := a.setBlender(ctx, a.blender); err != nil {
			return err
		} else if !p.Usable {
			return farm.Errorf(farm.Invalid, "%s cannot be used: %s", a.blender, p.Cause)
		}
	}
	if err := yamlfile.Update(a.s.configPath(), configHeader, nil); err != nil { // it is set up now
		return err
	}
	if err := a.tellPrograms(ctx); err != nil {
		return err
	}
	return a.tellEnd()
}

// setNetwork has the manager answer this computer only, or all.
func (a *setupAssistant) setNetwork(ctx context.Context, here bool) error {
	if a.manager != nil {
		_, err := a.manager.SetUpNetwork(ctx, api.SetUpNetwork{OnlyHere: here})
		return err
	}
	c, err := a.s.config()
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return farm.Errorf(farm.Invalid, "listen is %q, which has no port: write it like :8080", c.Listen)
	}
	host := ""
	if here {
		host = "127.0.0.1"
	}
	return a.write("listen", net.JoinHostPort(host, port))
}

// write changes one key, or takes it out if the value is its default.
func (a *setupAssistant) write(name string, value any) error {
	k, err := farm.FindKey(farm.ConfigKeys(), name)
	if err != nil {
		return err
	}
	defaults := defaultConfig()
	if reflect.DeepEqual(value, k.Get(&defaults)) {
		value = nil
	}
	return yamlfile.Update(a.s.configPath(), configHeader, []yamlfile.Edit{{Path: []string{name}, Value: value}})
}

// tell prints what was found out.
func (a *setupAssistant) tell(good bool, text string, advice []string) {
	mark, c := "ok ", green
	if !good {
		mark, c = "no ", red
	}
	fmt.Fprintf(a.s.out, "  %s %s\n", paint(mark, c, a.s.colors(a.s.out)), printable(text))
	for _, line := range advice {
		fmt.Fprintf(a.s.out, "      %s\n", printable(line))
	}
}

// setStorage tries a folder, and makes it the storage if it can be; "" is the default.
func (a *setupAssistant) setStorage(ctx context.Context, path string, create bool) (setup.Folder, error) {
	standard := filepath.Join(a.s.home, "storage")
	chosen := path
	if chosen == "" {
		chosen, create = standard, true
	}
	f := a.computer.Folder(ctx, chosen, create)
	if !f.Usable {
		return f, ctx.Err()
	}
	if f.Path == standard {
		path = ""
	} else {
		path = f.Path
	}
	if err := a.write("shared_storage_path", path); err != nil {
		return f, err
	}
	if a.manager != nil {
		if _, err := a.manager.ReloadConfiguration(ctx); err != nil {
			return f, err
		}
	}
	return f, nil
}

// tellBlenders prints the Blenders that are found.
func (a *setupAssistant) tellBlenders(ctx context.Context) error {
	c, err := a.s.config()
	if err != nil {
		return err
	}
	all, err := a.computer.Blenders(ctx, c.Blenders)
	if err != nil {
		return err
	}
	for _, p := range all {
		if p.Usable {
			a.tell(true, "Blender "+p.Version+"  "+p.Path, nil)
		} else {
			a.tell(false, p.Input+": "+p.Cause, nil)
		}
	}
	if !slices.ContainsFunc(all, func(p setup.Program) bool { return p.Usable }) {
		a.tell(false, "no Blender was found: install one from blender.org, or this computer renders nothing", nil)
	}
	return nil
}

// setBlender tries a Blender, and has the worker of this computer prefer it.
func (a *setupAssistant) setBlender(ctx context.Context, path string) (setup.Program, error) {
	if strings.ContainsAny(path, `/\`) || strings.HasPrefix(path, ".") {
		whole, err := filepath.Abs(path)
		if err != nil {
			return setup.Program{}, err
		}
		path = whole
	}
	p := a.computer.Blender(ctx, path, false)
	if !p.Usable {
		return p, ctx.Err()
	}
	if a.manager != nil {
		_, err := a.manager.SetUpBlender(ctx, api.SetUpBlender{Path: p.Path, Use: true})
		return p, err
	}
	c, err := a.s.config()
	if err != nil || slices.Contains(c.Blenders, p.Path) {
		return p, err
	}
	return p, a.write("blenders", append([]string{p.Path}, c.Blenders...))
}

// tellFFmpeg prints which FFmpeg there is.
func (a *setupAssistant) tellFFmpeg(ctx context.Context) {
	p := a.computer.FFmpeg(ctx)
	if p.Usable {
		a.tell(true, "FFmpeg "+p.Version+"  "+p.Path, nil)
	} else {
		a.tell(false, p.Cause, nil)
	}
}

// tellPrograms prints the Blenders and the FFmpeg.
func (a *setupAssistant) tellPrograms(ctx context.Context) error {
	if err := a.tellBlenders(ctx); err != nil {
		return err
	}
	a.tellFFmpeg(ctx)
	return nil
}

// tellEnd says what can be done now.
func (a *setupAssistant) tellEnd() error {
	line := "farm work" // which looks for the manager in the network
	if join := a.s.runningManager().join; a.manager != nil && join != "" {
		line = join
	}
	fmt.Fprintln(a.s.out, "\nThe farm is set up.")
	if a.manager == nil {
		fmt.Fprintln(a.s.out, "  start it:               farm all")
	}
	fmt.Fprintf(a.s.out, "  add another computer:   %s\n  render:                 farm submit scene.blend\n", line)
	return nil
}
