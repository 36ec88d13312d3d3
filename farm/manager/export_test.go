package manager

import (
	"context"
	"testing"
)

// RemoveBatch makes the deletion of jobs take many small steps.
func RemoveBatch(records int) { removeBatch = records }

// PassBatch makes passes change so many tasks at once, and take each further turn
// in the background only when the function it returns is called.
func PassBatch(t *testing.T, tasks int) (turn func()) {
	atOnce, next := passBatch, passTurn
	t.Cleanup(func() { passBatch, passTurn = atOnce, next })
	turns := make(chan struct{})
	passBatch = tasks
	passTurn = func(ctx context.Context) {
		select {
		case <-turns:
		case <-ctx.Done():
		}
	}
	return func() { turns <- struct{}{} }
}

// FreeTurns lets passes take their turns by themselves again.
func FreeTurns() { passTurn = func(context.Context) {} }

// WakeSchedules has the schedules looked at, as after a jump of the clock.
func (m *Manager) WakeSchedules() { m.wakeSchedules() }

// ClockJumped is for its test.
var ClockJumped = clockJumped
