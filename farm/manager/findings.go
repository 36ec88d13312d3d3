package manager

import (
	"context"
	"time"

	"renderfarm/farm"
)

// findEvery is how often the manager's computer is looked at.
const findEvery = 24 * time.Hour

// Findings is what is wrong with the manager's computer.
type Findings struct {
	Found   []farm.Finding
	Checked time.Time // when it was looked at last; zero before the first time
}

// Findings returns what was found last.
func (m *Manager) Findings() Findings {
	if f := m.findings.Load(); f != nil {
		return *f
	}
	return Findings{}
}

// examine has the computer looked at at the start, and then every day.
func (m *Manager) examine(ctx context.Context, look func(context.Context) []farm.Finding) {
	tick := time.NewTicker(findEvery)
	defer tick.Stop()
	for {
		found := farm.CleanFindings(look(ctx))
		if ctx.Err() != nil {
			return
		}
		m.findings.Store(&Findings{found, time.Now()})
		m.log.Info("this computer was looked at", "findings", len(found))
		for _, f := range found {
			m.log.Warn("something is wrong with this computer", "found", f.What, "fix", f.Fix)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
