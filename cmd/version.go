package cmd

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is the version of this program, without a leading v. make sets it
// to what release/version.sh says of the checkout: the tag, or how many commits
// there are. This is what others get, who build without make.
var version = "0.1.0-dev"

// commit is what a release was built from; see release/release.sh. Other builds
// have it from Go, which cannot tell in every kind of checkout.
var commit = ""

// A build says what the running program was made of.
type build struct {
	Version  string `json:"version"`
	Go       string `json:"go"`
	OS       string `json:"os"`
	Arch     string `json:"arch"`
	Commit   string `json:"commit,omitempty"` // "" if the source was no checkout
	Modified bool   `json:"modified,omitempty"`
}

// thisBuild returns what is known of the running program. The commit is there
// if it was built in a checkout.
func thisBuild() build {
	b := build{Version: version, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH, Commit: commit}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

// String returns the line that people report with a bug.
func (b build) String() string {
	text := fmt.Sprintf("farm %s %s/%s %s", b.Version, b.OS, b.Arch, b.Go)
	if b.Commit != "" {
		text += " " + shortID(b.Commit)
	}
	if b.Modified {
		text += " (modified)"
	}
	return text
}

// newVersion returns the command that people are asked to run first.
func newVersion(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Long:    "Print the version, and what it was built from.",
		Example: "  farm version\n  farm version --json | jq -r .version",
		Args:    args(),
		RunE: func(*cobra.Command, []string) error {
			if s.json {
				return s.printJSON(thisBuild())
			}
			_, err := fmt.Fprintln(s.out, thisBuild())
			return err
		},
	}
	s.jsonFlag(c)
	return c
}
