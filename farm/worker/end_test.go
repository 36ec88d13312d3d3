package worker

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"renderfarm/farm"
)

// endsBy runs a worker until it ends by itself, and returns how long that took.
func endsBy(t *testing.T, m *fakeManager, change func(*Options)) (time.Duration, error) {
	t.Helper()
	o := Options{Client: m.client(), Name: "test", Dir: t.TempDir(), NoChecks: true}
	change(&o)
	w, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	ended := make(chan error, 1)
	go func() { ended <- w.Run(t.Context()) }()
	select {
	case err := <-ended:
		return time.Since(begun), err
	case <-time.After(24 * time.Hour): // virtual
		t.Fatal("it does not end")
	}
	return 0, nil
}

func TestExitWhenIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newFakeManager()
		took, err := endsBy(t, m, func(o *Options) { o.ExitWhenIdle = 5 * time.Minute })
		if err != nil || took < 5*time.Minute || took > 5*time.Minute+2*time.Second {
			t.Errorf("it ended after %s with %v", took, err)
		}
		if n := len(m.times("POST /api/v3/worker/sign-off")); n != 1 {
			t.Errorf("signed off %d times", n)
		}
	})
	synctest.Test(t, func(t *testing.T) { // the time begins with its last task
		m := newFakeManager()
		m.add(napping(240))
		m.add(napping(240))
		took, err := endsBy(t, m, func(o *Options) { o.ExitWhenIdle = 5 * time.Minute })
		if err != nil || took < 13*time.Minute || took > 13*time.Minute+5*time.Second {
			t.Errorf("it ended after %s with %v", took, err)
		}
	})
	synctest.Test(t, func(t *testing.T) { // a manager that is away costs no more than one without tasks
		m := newFakeManager()
		m.away = true
		took, err := endsBy(t, m, func(o *Options) { o.ExitWhenIdle = 5 * time.Minute })
		if farm.KindOf(err) != farm.Unavailable || took > 5*time.Minute+10*time.Second {
			t.Errorf("it ended after %s with %v", took, err)
		}
	})
}

// At its end the worker stops its task, and the sign-off gives it back.
func TestTimeIsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newFakeManager()
		task := m.add(napping(3600))
		took, err := endsBy(t, m, func(o *Options) { o.Ends = time.Now().Add(2 * time.Minute) })
		if err != nil || took < 100*time.Second || took > 115*time.Second {
			t.Errorf("it ended after %s with %v", took, err)
		}
		if n := len(m.times("POST /api/v3/worker/sign-off")); n != 1 {
			t.Errorf("signed off %d times", n)
		}
		for _, u := range m.updates {
			if u.task == task && u.TaskStatus == "failed" {
				t.Error("the task that was not done is reported as failed")
			}
		}
	})
	if _, err := New(Options{Manager: "farm.test", Dir: t.TempDir(), Ends: time.Now().Add(time.Second)}); farm.KindOf(err) != farm.Invalid || !strings.Contains(err.Error(), "nothing would be done") {
		t.Error(err)
	}
}
