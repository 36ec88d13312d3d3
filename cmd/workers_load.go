package cmd

import (
	"fmt"
	"strings"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// printLoad shows how busy the computer of a worker is.
func (s *session) printLoad(w *api.Worker) {
	if w.Load == nil {
		return
	}
	var parts []string
	if w.Load.CPU != nil {
		parts = append(parts, fmt.Sprintf("%d %% of its processors", *w.Load.CPU))
	}
	if w.Load.MemoryFree > 0 {
		parts = append(parts, farm.Size(w.Load.MemoryFree).String()+" of memory free")
	}
	s.field("load", strings.Join(parts, ", "))
	for _, g := range w.Load.GPUs {
		s.field("graphics card", fmt.Sprintf("%s, %s of %s free", g.Name, farm.Size(g.MemoryFree), farm.Size(g.Memory)))
	}
}

// daysOf returns what a worker rendered on the last days, none if its manager does not know.
func daysOf(h *api.WorkerHistory) []api.WorkerDay {
	if h == nil {
		return nil
	}
	return h.Days
}

// daysShown is of how many days people are told one by one.
const daysShown = 7

// printDays shows what a worker rendered on the last days on which it did, the newest first.
func (s *session) printDays(days []api.WorkerDay) {
	for i := len(days) - 1; i >= max(0, len(days)-daysShown); i-- {
		s.field(days[i].Date, fmt.Sprintf("%s, %s an hour", farm.Count(days[i].Frames, "frame"), perHour(days[i].FramesPerHour)))
	}
}
