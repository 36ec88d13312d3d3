// Package doctor finds out what goes wrong in practice on a computer of a farm, on
// either side: programs, the shared storage, disks, the network, clocks, graphics
// cards and settings of the system. Each finding says what is the matter, why it
// matters, and what to do.
//
// It changes nothing but files that it makes to see whether it can, and removes again.
package doctor

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// A Computer is what is known of the computer to be examined. What a field's zero value
// leaves open is not looked at.
type Computer struct {
	Home string // the home folder
	Temp string // where programs put temporary files

	// Of a worker:
	Manager    *api.Client // to ask the manager, with the farm key if there is one; nil: the computer is the manager's
	WorkerID   farm.WorkerID
	WorkerName string
	Version    string   // of the program
	Blender    string   // what tasks call Blender: a path, or a name on the PATH
	FFmpeg     string   // likewise
	Cards      []string // graphics cards that their drivers know
	Blenders   []farm.WorkerBlender

	// Of a manager:
	Listen string // HOST:PORT on which it is to answer; "" while it does
	Links  bool   // checkouts are to be made of symbolic links

	Storage   string // the shared storage as this computer calls it
	StorageID string // what its mark says; "": not known

	Getenv func(string) string                              // of the environment of the program
	Mounts string                                           // the system's list of mounts; "": the usual file
	Run    func(context.Context, ...string) (string, error) // runs a program of the system and returns what it printed; nil: none is run
}

// A check looks at one thing. It heeds ctx as far as the system lets it.
type check struct {
	about string
	run   func(*Computer, context.Context) []farm.Finding
}

// checks are in the order in which findings are shown: what others follow from comes first.
var checks = []check{
	{"home", (*Computer).home},
	{"temporary files", (*Computer).temporary},
	{"manager", (*Computer).network},
	{"address", (*Computer).address},
	{"storage", (*Computer).storage},
	{"Blender", (*Computer).blender},
	{"FFmpeg", (*Computer).ffmpeg},
	{"graphics cards", (*Computer).graphics},
	{"environment", (*Computer).environment},
	{"sleep settings", (*Computer).sleepSettings},
}

// checkTime bounds a check, most of which take less than a second.
const checkTime = 40 * time.Second

// Examine looks at all that is known, everything at the same time. What does not answer
// is a finding, too: nothing keeps it for longer than a minute.
func (c *Computer) Examine(ctx context.Context) []farm.Finding {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	results := make([][]farm.Finding, len(checks))
	var wait sync.WaitGroup
	for i, one := range checks {
		wait.Go(func() { results[i] = c.bounded(ctx, one) })
	}
	wait.Wait()
	return slices.Concat(results...)
}

// bounded runs a check, and goes on without it if the system keeps it for too long: a
// network drive whose server is gone lets nobody go.
func (c *Computer) bounded(ctx context.Context, one check) []farm.Finding {
	found := make(chan []farm.Finding, 1)
	go func() { found <- one.run(c, ctx) }()
	select {
	case f := <-found:
		return f
	case <-ctx.Done():
	}
	select {
	case f := <-found:
		return f
	case <-time.After(time.Second): // for those that heed ctx
	}
	if context.Cause(ctx) == context.Canceled {
		return nil
	}
	return []farm.Finding{{Name: "no-answer", Level: farm.FindingError,
		What: "looking at the " + one.about + " took more than " + checkTime.String(),
		Why:  "tasks that need it would hang as long",
		Fix:  "see whether a network drive or server that this computer uses is gone, and whether the computer is overloaded"}}
}

// getenv is Getenv, which may be nil.
func (c *Computer) getenv(name string) string {
	if c.Getenv == nil {
		return ""
	}
	return c.Getenv(name)
}

func problem(name, what, why, fix string) farm.Finding {
	return farm.Finding{Name: name, Level: farm.FindingError, What: what, Why: why, Fix: fix}
}

func warning(name, what, why, fix string) farm.Finding {
	return farm.Finding{Name: name, Level: farm.FindingWarning, What: what, Why: why, Fix: fix}
}

// clip bounds texts of other programs in a finding.
func clip(text string) string { return farm.CutText(cmp.Or(text, "nothing"), 200) }
