package manager

import (
	"context"
	"testing"
)

// RemoveAtOnce makes the deletion of jobs take many small steps.
func RemoveAtOnce(records int) { removeAtOnce = records }

// PassAtOnce makes passes change so many tasks at once, and take each further turn
// in the background only when the function it returns is called.
func PassAtOnce(t *testing.T, tasks int) (turn func()) {
	atOnce, next := passAtOnce, passTurn
	t.Cleanup(func() { passAtOnce, passTurn = atOnce, next })
	turns := make(chan struct{})
	passAtOnce = tasks
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
