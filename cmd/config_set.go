package cmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/yamlfile"
)

// newConfigSet returns the command that changes one value.
func newConfigSet(s *session) *cobra.Command {
	var standard bool
	c := &cobra.Command{
		Use:   "set KEY [VALUE]",
		Short: "Change a value in farm.yaml",
		Long: `Change a value in farm.yaml, and leave everything else in the file as it is. A
manager that runs on this home uses it at once, if that is possible without a
restart. "-" reads the value from the standard input, as is best for passwords.`,
		Example: "  farm config set task_timeout 20m\n  farm config set gpus 0,1\n  farm config set task_timeout --default",
		Args:    args("KEY", "[VALUE]"),
		RunE: func(c *cobra.Command, given []string) error {
			if standard == (len(given) == 2) {
				return usageErrorf("say the value, or --default")
			}
			return runConfigSet(c.Context(), s, given)
		},
	}
	c.Flags().BoolVar(&standard, "default", false, "take the key out of the file, so that it has its default")
	return c
}

// runConfigSet writes the value and has a running manager use it.
func runConfigSet(ctx context.Context, s *session, given []string) error {
	k, err := farm.FindKey(farm.ConfigKeys(), given[0])
	if err != nil {
		return err
	}
	c := &settled{path: s.configPath()}
	if _, err := c.read(); err != nil {
		return err
	}
	next := c.file
	edit := yamlfile.Edit{Path: strings.Split(k.Name, ".")}
	if len(given) == 1 {
		defaults := defaultConfig()
		k.Copy(&next, &defaults)
	} else {
		text, err := s.typed(k, given[1])
		if err != nil {
			return err
		}
		if err := k.Set(&next, text); err != nil {
			return farm.Errorf(farm.Invalid, "%s: %w", k.Name, err)
		}
		edit.Value = k.Get(&next)
	}
	if err := errors.Join(next.Check(), next.local.check()); err != nil {
		return err
	}
	if err := prepareHome(s.home); err != nil {
		return err
	}
	if err := yamlfile.Update(c.path, configHeader, []yamlfile.Edit{edit}); err != nil {
		return err
	}
	before, after := c.file, config{}
	after = next
	if k.Kind != farm.KindSecret && !k.Same(&before, &next) {
		fmt.Fprintf(s.out, "%s: %s -> %s\n", k.Name, yamlScalar(k.Get(&before)), yamlScalar(k.Get(&after)))
	} else {
		fmt.Fprintf(s.out, "%s is set\n", k.Name)
	}
	if name := s.goesBefore(k); name != "" {
		fmt.Fprintf(s.errOut, "%s is set, and goes before farm.yaml\n", name)
	}
	return s.applied(ctx, []farm.ConfigKey{k})
}

// typed returns the value that somebody typed, as farm.yaml is to have it.
func (s *session) typed(k farm.ConfigKey, text string) (string, error) {
	if text == "-" {
		line, err := bufio.NewReader(io.LimitReader(s.in, yamlfile.MaxSize)).ReadString('\n')
		if err != nil && err != io.EOF {
			return "", err
		}
		text = strings.TrimRight(line, "\r\n")
	}
	// A path is meant from where it was typed, and would be taken from the home folder in the file.
	if k.Kind == farm.KindPath && text != "" {
		return filepath.Abs(text)
	}
	return text, nil
}

// goesBefore names what hides the value of a key in farm.yaml from this session.
func (s *session) goesBefore(k farm.ConfigKey) string {
	if k.Env != "" && s.getenv(k.Env) != "" {
		return k.Env
	}
	return ""
}

// applied has a manager that runs on this home read farm.yaml, and says of each key that
// was changed when it takes effect.
func (s *session) applied(ctx context.Context, changed []farm.ConfigKey) error {
	running := s.runningManager()
	later := slices.DeleteFunc(slices.Clone(changed), func(k farm.ConfigKey) bool { return !k.Restart })
	if running.url != "" && slices.ContainsFunc(changed, func(k farm.ConfigKey) bool { return k.Side == farm.KeyOfManager }) {
		client, err := api.NewPinned(running.url, running.fingerprint)
		if err != nil {
			return err
		}
		defer client.HTTP.CloseIdleConnections()
		client.UserAgent, client.Name = "Farm/"+version, userName()
		_, err = client.ReloadConfiguration(ctx)
		var refused *api.Error
		switch {
		case errors.As(err, &refused):
			return farm.Errorf(farm.Invalid, "farm.yaml is written, and the running manager does not use it: %w", err)
		case err == nil && len(later) < len(changed):
			fmt.Fprintln(s.out, "The running manager uses it now.")
		}
		// A manager that does not answer has ended without taking its address with it.
	}
	for _, side := range []farm.KeySide{farm.KeyOfManager, farm.KeyOfWorker, farm.KeyOfClient} {
		var names []string
		for _, k := range later {
			if k.Side == side {
				names = append(names, k.Name)
			}
		}
		if len(names) > 0 {
			who := map[farm.KeySide]string{farm.KeyOfManager: "manager", farm.KeyOfWorker: "worker", farm.KeyOfClient: "worker or manager"}[side]
			fmt.Fprintf(s.out, "Restart the %s for %s.\n", who, strings.Join(names, ", "))
		}
	}
	return nil
}
