package cmd

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/yamlfile"
)

// newConfigCheck returns the command that looks for mistakes.
func newConfigCheck(s *session) *cobra.Command {
	return &cobra.Command{
		Use:   "check [FILE]",
		Short: "Look for mistakes in farm.yaml",
		Long: `Look for mistakes in farm.yaml, or in another file of its kind. A key that does not
exist, a value that cannot be, and a file or folder that is not there are told with
their place.`,
		Example: "  farm config check\n  farm config check farm.yaml.new",
		Args:    args("[FILE]"),
		RunE: func(_ *cobra.Command, given []string) error {
			path := s.configPath()
			if len(given) > 0 {
				path = given[0]
				if _, err := os.Stat(path); err != nil {
					return farm.Errorf(farm.NotFound, "cannot read %s: %w", path, err)
				}
			}
			return runConfigCheck(s, path)
		},
	}
}

// runConfigCheck reads the file and says what is wrong with it.
func runConfigCheck(s *session, path string) error {
	c := defaultConfig()
	found, err := yamlfile.Read(path, &c)
	if err == nil {
		err = errors.Join(c.Check(), c.local.check())
	}
	if err != nil {
		return err
	}
	missing := 0
	for _, k := range farm.ConfigKeys() {
		name, ok := k.Value(&c).(*string)
		if !ok || k.Kind != farm.KindPath || *name == "" {
			continue
		}
		if _, err := os.Stat(below(s.home, *name)); err != nil {
			missing++
			fmt.Fprintf(s.errOut, "%s: %v\n", k.Name, err)
		}
	}
	switch {
	case missing > 0:
		return farm.Errorf(farm.Invalid, "%s can be read, and names what is not there: %d of the files and folders. Mount or make them, or correct the paths", path, missing)
	case !found:
		fmt.Fprintf(s.out, "There is no %s: everything has its default, which works\n", path)
	default:
		fmt.Fprintf(s.out, "%s is in order\n", path)
	}
	return nil
}
