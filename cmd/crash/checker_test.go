package crash

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// usual is how long clients wait for an answer, unless that is what is tried.
const usual = 10 * time.Second

// newFarm starts the manager with a load on it, whose clients wait so long for an answer.
func newFarm(t *testing.T, m *manager, name string, limit time.Duration) *load {
	t.Helper()
	if err := m.start(); err != nil {
		t.Fatal(err)
	}
	l := newLoad(t, m, name, limit)
	l.begin()
	return l
}

// until waits for something that the load brings about.
func (l *load) until(what string, is func() bool) {
	l.t.Helper()
	deadline := time.Now().Add(patience)
	for !is() {
		if time.Now().After(deadline) {
			l.t.Fatalf("%s did not happen", what)
		}
		l.pause(l.ctx)
	}
}

// answeredMore waits until so many more requests were answered.
func (l *load) answeredMore(n int) {
	l.t.Helper()
	all, open := l.h.requests()
	l.until("the load", func() bool {
		now, o := l.h.requests()
		return now-o >= all-open+n
	})
}

// TestKilledOnce is the program in small: one kill, and everything is in order.
func TestKilledOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds and runs the whole program")
	}
	m := newManager(t, t.TempDir())
	l := newFarm(t, m, "once", usual)
	l.answeredMore(500)
	m.kill()
	if err := m.restart(); err != nil {
		t.Fatal(err)
	}
	l.answeredMore(500)
	for _, found := range l.drain() {
		t.Error(found)
	}
}

// TestLostChangesAreFound gives a killed manager the database and the logs of some moments
// ago, as if they had not been synced: what was acknowledged since is missed.
func TestLostChangesAreFound(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds and runs the whole program")
	}
	m := newManager(t, t.TempDir())
	l := newFarm(t, m, "lost", usual)
	l.answeredMore(500)
	m.kill()
	old := filepath.Join(t.TempDir(), "home")
	if err := os.CopyFS(old, os.DirFS(m.home)); err != nil {
		t.Fatal(err)
	}
	if err := m.restart(); err != nil {
		t.Fatal(err)
	}
	l.answeredMore(500)
	m.kill()
	for _, name := range []string{"farm.db", "job-files"} {
		if err := os.RemoveAll(filepath.Join(m.home, name)); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(old, name), filepath.Join(m.home, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.restart(); err != nil {
		t.Fatal(err)
	}
	l.answeredMore(500)
	all := strings.Join(l.drain(), "\n")
	for _, want := range []string{"no order of these requests explains the answers", "log of task", "was acknowledged"} {
		if !strings.Contains(all, want) {
			t.Errorf("a database of some moments ago was not found out: %q is not said in\n%s", want, all)
		}
	}
}
