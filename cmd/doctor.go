package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/doctor"
	"renderfarm/farm/worker"
)

// newDoctor returns the command that looks for what goes wrong on this computer.
func newDoctor(s *session) *cobra.Command {
	side := ""
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Find out what is wrong with this computer",
		Long: `Find out what is wrong with this computer as one of a farm: Blender, FFmpeg, the
shared storage, disks, the network, clocks, graphics cards, and settings of the
system. Each finding says what is the matter, why it matters, and what to do.

On the computer of the manager it looks at what a manager needs, and elsewhere at
what a worker needs; --side says which. Workers and managers that run do the same
by themselves when they start and every day.

The status is 1 if there is an error, and 0 if there are only warnings or nothing.
With --json it prints {"findings": [{"name", "level", "what", "why", "fix"}]}.`,
		Example: "  farm doctor\n  farm doctor --side worker --manager farm.local:8080\n  farm doctor --json | jq -r .findings[].name",
		Args:    args(),
		RunE: func(c *cobra.Command, _ []string) error {
			return s.runDoctor(c.Context(), side)
		},
	}
	c.Flags().StringVar(&side, "side", "", "look at what a `manager` or a worker needs, or both (default: what this home is)")
	s.keyFlags(c, working)
	s.jsonFlag(c)
	return c
}

// examined is what the command found.
type examined struct {
	Findings []farm.Finding `json:"findings"`
}

func (s *session) runDoctor(ctx context.Context, side string) error {
	isManager, isWorker, network, err := s.sides(side)
	if err != nil {
		return err
	}
	found := examined{Findings: []farm.Finding{}}
	c, err := s.config()
	if err != nil { // all else depends on it
		found.Findings = append(found.Findings, farm.Finding{Name: "config", Level: farm.FindingError, What: err.Error(),
			Why: "neither manager nor worker starts", Fix: "correct it; \"farm config show\" shows the values in effect"})
		return s.tellFindings(found)
	}
	if isManager {
		computer := s.managerComputer(c)
		if s.runningManager().url == "" {
			computer.Listen = c.Listen
		}
		found.Findings = append(found.Findings, computer.Examine(ctx)...)
	}
	if isWorker {
		address, fingerprint, err := s.managerAddress()
		if err != nil {
			return err
		}
		o := s.workerOptions(c, address, fingerprint, c.RestartExitCode)
		o.Home = existing(s.home)
		of, err := worker.Examine(ctx, o, network)
		if err != nil {
			return err
		}
		for _, f := range of { // what both sides look at is said once
			if !hasFinding(found.Findings, f) {
				found.Findings = append(found.Findings, f)
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	return s.tellFindings(found)
}

func hasFinding(all []farm.Finding, f farm.Finding) bool {
	for _, other := range all {
		if other == f {
			return true
		}
	}
	return false
}

// sides returns what this computer is to be looked at as, and whether it is known where
// the manager is. A home that is nothing yet can become either.
func (s *session) sides(side string) (isManager, isWorker, network bool, err error) {
	database, identity := s.hasFile("farm.db"), s.hasFile(filepath.Join("worker", "identity.yaml"))
	c, configErr := s.config()
	if configErr == nil {
		database = s.hasFile(c.Database)
		network = c.ManagerURL != "" || identity || s.runningManager().url != ""
	}
	switch side {
	case "manager":
		return true, false, network, nil
	case "worker":
		return false, true, true, nil
	case "both":
		return true, true, true, nil
	case "":
		remote := configErr == nil && c.ManagerURL != ""
		isManager = database || !identity && !remote
		return isManager, identity || remote || !database, network, nil
	}
	return false, false, false, usageErrorf("--side is %q: it is manager, worker or both", side)
}

func (s *session) hasFile(name string) bool {
	_, err := os.Stat(filepath.Join(s.home, name))
	return err == nil
}

// managerComputer is the computer of a manager, of whose address nothing is said.
func (s *session) managerComputer(c *settled) *doctor.Computer {
	computer := &doctor.Computer{Home: existing(s.home), Storage: cmp.Or(c.SharedStoragePath, filepath.Join(s.home, "storage")), Links: c.Shaman.Enabled, Run: worker.RunSystem}
	if _, err := os.Stat(computer.Storage); errors.Is(err, os.ErrNotExist) && c.SharedStoragePath == "" {
		computer.Storage = "" // it is made by the first start
	}
	return computer
}

// existing returns a folder, or the nearest one above it that is there, in which the
// first start makes it.
func existing(dir string) string {
	for {
		if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) || dir == filepath.Dir(dir) {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}

// tellFindings prints what was found, and decides the exit status.
func (s *session) tellFindings(found examined) error {
	if s.json {
		if err := s.printJSON(found); err != nil {
			return err
		}
	} else {
		s.printFindings(found.Findings)
	}
	if farm.HasErrors(found.Findings) {
		return &statusError{status: exitFailed}
	}
	return nil
}

func (s *session) printFindings(found []farm.Finding) {
	for _, f := range found {
		c := yellow
		if f.Level == farm.FindingError {
			c = red
		}
		fmt.Fprintf(s.out, "%s %s\n    why it matters: %s\n    what to do: %s\n", paint(string(f.Level)+":", c, s.colors(s.out)), printableLines(f.What), printable(f.Why), printable(f.Fix))
	}
	if len(found) == 0 {
		fmt.Fprintln(s.out, "Nothing is wrong that could be found.")
	}
}
