package cmd

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"renderfarm/farm/api"
)

// addOptions are the flags of "farm workers add".
type addOptions struct {
	uses    int
	valid   time.Duration
	note    string
	service bool
	list    bool
	revoke  string
}

// newWorkersAdd returns the command that says what to type on another computer.
func newWorkersAdd(s *session) *cobra.Command {
	var o addOptions
	c := &cobra.Command{
		Use:   "add",
		Short: "Add a computer: say what to type there",
		Long: `Add a computer to the farm: make a join code, and say what to type on the computer.
The line there fetches the program from the manager, checks it, and starts a worker.
With the code it needs neither the farm key nor approval. The code is told once;
it is good for one computer and an hour unless you say otherwise.

Run it on the manager's computer, or where the farm key is known. The manager has
the program for computers like its own; for others put farm-OS-ARCH of the same version
into the folder binaries of its home.`,
		Example: "  farm workers add\n  farm workers add --uses 5 --valid 24h --service\n  farm workers add --list",
		Args:    args(),
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := s.client(c.Context())
			if err != nil {
				return err
			}
			switch {
			case o.revoke != "":
				if err := client.DeleteJoinCode(c.Context(), o.revoke); err != nil {
					return err
				}
				_, err = fmt.Fprintf(s.out, "join code %s is revoked\n", printable(o.revoke))
				return err
			case o.list:
				return s.listJoinCodes(c.Context(), client)
			}
			return s.addComputer(c.Context(), client, o)
		},
	}
	c.Flags().IntVar(&o.uses, "uses", 1, "how many `computers` may join with it")
	c.Flags().DurationVar(&o.valid, "valid", time.Hour, "how `long` it is good, up to 720h")
	c.Flags().StringVar(&o.note, "note", "", "`words` by which you know it later")
	c.Flags().BoolVar(&o.service, "service", false, "have the worker start with the computer")
	c.Flags().BoolVar(&o.list, "list", false, "list the codes that are good")
	c.Flags().StringVar(&o.revoke, "revoke", "", "make the code with the `id` worthless")
	c.MarkFlagsMutuallyExclusive("list", "revoke", "service")
	s.jsonFlag(c)
	return c
}

// addComputer makes a code, and prints the lines.
func (s *session) addComputer(ctx context.Context, client *api.Client, o addOptions) error {
	code, err := client.CreateJoinCode(ctx, api.JoinCodeRequest{Uses: o.uses, Valid: o.valid.String(), Note: o.note})
	if err != nil {
		return err
	}
	if s.json {
		return s.printJSON(code)
	}
	unix, windows := code.Commands.Unix, code.Commands.Windows
	if o.service {
		unix, windows = code.Commands.UnixService, code.Commands.WindowsService
	}
	fmt.Fprintf(s.out, "Type on Linux or macOS:\n\n    %s\n\non Windows, in PowerShell:\n\n    %s\n\n", printable(unix), printable(windows))
	computers := "one computer"
	if code.Uses > 1 {
		computers = fmt.Sprintf("%d computers", code.Uses)
	}
	fmt.Fprintf(s.errOut, "Good for %s until %s. Where Farm is installed: farm work --join %s\n", computers, code.Expires.Local().Format("Mon 2 Jan 15:04"), printable(code.Link))
	if len(code.Missing) > 0 {
		fmt.Fprintf(s.errOut, "The manager has no program for %s: put those of its version into the folder binaries of its home.\n", strings.Join(code.Missing, ", "))
	}
	if isTerminal(s.out) {
		fmt.Fprint(s.out, qrText(code.QR))
	}
	return nil
}

// qrText draws a QR code for a terminal, two rows of it in a line of text. It is dark on light,
// whatever colors the terminal has: cameras want that, and a margin.
func qrText(rows []string) string {
	const margin = 2
	dark := func(x, y int) bool { return y >= 0 && y < len(rows) && x >= 0 && x < len(rows[y]) && rows[y][x] == '1' }
	var b strings.Builder
	for y := -margin; y < len(rows)+margin; y += 2 {
		b.WriteString("\x1b[30;107m")
		for x := -margin; x < len(rows)+margin; x++ {
			half := 0
			if dark(x, y) {
				half |= 1
			}
			if dark(x, y+1) {
				half |= 2
			}
			b.WriteString([]string{" ", "▀", "▄", "█"}[half])
		}
		b.WriteString("\x1b[0m\n")
	}
	return b.String()
}

// listJoinCodes prints the codes that are good.
func (s *session) listJoinCodes(ctx context.Context, client *api.Client) error {
	list, err := client.FetchJoinCodes(ctx)
	if err != nil {
		return err
	}
	if s.json {
		return s.printJSON(list)
	}
	if len(list.Codes) == 0 {
		fmt.Fprintln(s.errOut, `No join code is good now. "farm workers add" makes one.`)
	}
	t := s.table("id", "computers", "good until", "used by", "note")
	for _, c := range list.Codes {
		t.row(c.ID, fmt.Sprintf("%d of %d", len(c.Used), c.Uses), c.Expires.Local().Format("Mon 2 Jan 15:04"), strings.Join(c.Used, ", "), c.Note)
	}
	return t.print()
}
