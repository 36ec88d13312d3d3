package cmd

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"renderfarm/farm/api"
)

// completionLimit bounds how long the manager may keep the shell waiting.
const completionLimit = time.Second

// newCompletion returns the command that prints completion scripts. It stands
// in for cobra's own, which has a command for each shell.
func newCompletion(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print a completion script for a shell",
		Long: `Print a script that lets a shell complete the commands of farm, with the jobs
and workers of the manager. The shells are bash, zsh, fish and powershell.`,
		Example: `  source <(farm completion bash)
  farm completion zsh > "${fpath[1]}/_farm"
  farm completion fish > ~/.config/fish/completions/farm.fish
  farm completion powershell | Out-String | Invoke-Expression`,
		Args:      args("SHELL"),
		ValidArgs: []cobra.Completion{"bash", "zsh", "fish", "powershell"},
		RunE: func(c *cobra.Command, given []string) error {
			switch root := c.Root(); given[0] {
			case "bash":
				return root.GenBashCompletionV2(s.out, true)
			case "zsh":
				return root.GenZshCompletion(s.out)
			case "fish":
				return root.GenFishCompletion(s.out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(s.out)
			}
			return usageErrorf("%q is none of bash, zsh, fish, powershell", given[0])
		},
	}
	return c
}

// complete asks the manager for words. Whatever goes wrong, the shell just
// gets none: it has no place for a message.
func (s *session) complete(c *cobra.Command, words func(context.Context, *api.Client) ([]cobra.Completion, error)) ([]cobra.Completion, cobra.ShellCompDirective) {
	none := cobra.ShellCompDirectiveNoFileComp
	ctx, cancel := context.WithTimeout(c.Context(), completionLimit)
	defer cancel()
	if err := s.resolveHome(); err != nil {
		return nil, none
	}
	client, err := s.client(ctx)
	if err != nil {
		return nil, none
	}
	list, err := words(ctx, client)
	if err != nil {
		return nil, none
	}
	return list, none
}
