package cmd

import (
	"context"
	"io"
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
				if err := root.GenBashCompletionV2(s.out, true); err != nil {
					return err
				}
				_, err := io.WriteString(s.out, bashAlone)
				return err
			case "zsh":
				return root.GenZshCompletion(s.out)
			case "fish":
				return root.GenFishCompletion(s.out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(s.out)
			}
			return usageErrorf("%q is not one of bash, zsh, fish, powershell", given[0])
		},
	}
	return c
}

// bashAlone stands in for what cobra's script takes from the package
// bash-completion, where that is not installed: the words of the line, and files.
const bashAlone = `
if ! declare -F _get_comp_words_by_ref >/dev/null; then
    _get_comp_words_by_ref()
    {
        local line="${COMP_LINE:0:COMP_POINT}"
        read -ra words <<<"$line"
        [[ $line == *[[:space:]] ]] && words+=("")
        cword=$((${#words[@]} - 1))
        cur="${words[cword]}"
        prev="${words[cword > 0 ? cword - 1 : 0]}"
    }
fi
if ! declare -F _filedir >/dev/null; then
    _filedir()
    {
        local IFS=$'\n' name
        compopt -o filenames 2>/dev/null
        for name in $(compgen -f -- "$cur"); do
            if [[ -d $name || $1 != -d && ( -z $1 || $name == *.@(${1%|}) ) ]]; then
                COMPREPLY+=("$name")
            fi
        done
    }
fi
`

// completeFlag has a flag of a command complete its values.
func completeFlag(c *cobra.Command, flag string, words cobra.CompletionFunc) {
	if err := c.RegisterFlagCompletionFunc(flag, words); err != nil {
		panic(err) // there is no such flag, which every run would notice
	}
}

// completeTags offers the names of worker tags to the shell.
func (s *session) completeTags(c *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return s.complete(c, func(ctx context.Context, client *api.Client) (words []cobra.Completion, err error) {
		list, err := client.FetchWorkerTags(ctx)
		for _, t := range list.Tags {
			words = append(words, cobra.Completion(printable(t.Name)))
		}
		return words, err
	})
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
