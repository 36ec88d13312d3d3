package cmd

import (
	"context"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
)

func TestCheckSuspend(t *testing.T) {
	for name, change := range map[string]func(*local){
		"wake":          func(l *local) { l.Wake = "my computer" },
		"suspend_after": func(l *local) { l.SuspendAfter = farm.Duration(time.Second) },
		"suspend:":      func(l *local) { l.Suspend = "systemctl 'suspend" },
	} {
		l := defaultConfig().local
		if change(&l); farm.KindOf(l.check()) != farm.Invalid || !strings.Contains(l.check().Error(), name) {
			t.Errorf("%s: %v", name, l.check())
		}
	}
	l := defaultConfig().local
	l.Wake, l.SuspendAfter, l.Suspend = "00-1A-2B-3C-4D-5E", farm.Duration(20*time.Minute), "systemctl suspend"
	if err := l.check(); err != nil {
		t.Error(err)
	}
}

// A computer that cannot be suspended goes on working, and one whose program shall end
// is not waited for.
func TestSuspend(t *testing.T) {
	s := testSession(t, nil)
	c := &settled{}
	c.Suspend = "farm-no-such-program now"
	if !s.suspend(t.Context(), c) {
		t.Error("it does not go on")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	c.Suspend = "true"
	if s.suspend(ended, c) {
		t.Error("it goes on")
	}
}
