package idle

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"renderfarm/farm/displaytest"
)

// watching runs Watch, and returns what it says.
func watching(t *testing.T, o Options) <-chan string {
	t.Helper()
	said := make(chan string, 100)
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() {
		defer close(over)
		Watch(ctx, o, func(s string) { said <- s }, func(err error) { t.Log(err) })
	}()
	t.Cleanup(func() { cancel(); <-over })
	return said
}

func expect(t *testing.T, said <-chan string, want string) {
	t.Helper()
	select {
	case got := <-said:
		if !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Fatalf("it says %q, want %q", got, want)
		}
	case <-time.After(30 * time.Second):
		t.Fatalf("it does not say %q", want)
	}
}

// untilUnused waits until nobody uses the computer. That somebody did just before is
// said first, unless the processors were so busy that it was too long ago by then.
func untilUnused(t *testing.T, said <-chan string) {
	t.Helper()
	select {
	case got := <-said:
		if got == "" {
			return
		}
		if !strings.HasPrefix(got, ByOwner) {
			t.Fatalf("it says %q, want %q or nothing", got, ByOwner)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("it says nothing")
	}
	expect(t, said, "")
}

// The next movement of the mouse is noticed at once, by an event.
func TestX(t *testing.T) {
	display := displaytest.Start(t)
	s, err := openX()
	if err != nil {
		t.Fatal(err)
	}
	if s.(*xSource).sync == 0 {
		t.Error("this X server has no counter IDLETIME")
	}
	s.close()
	display.Move()
	said := watching(t, Options{After: 300 * time.Millisecond})
	untilUnused(t, said)
	var took []time.Duration
	for range 20 {
		select {
		case s := <-said:
			t.Fatalf("nobody moved the mouse, and it says %q", s)
		case <-time.After(50 * time.Millisecond):
		}
		begun := time.Now()
		display.Move()
		expect(t, said, ByOwner)
		took = append(took, time.Since(begun))
		expect(t, said, "")
	}
	slices.Sort(took)
	t.Logf("noticed after %s, at most %s", took[len(took)/2], took[len(took)-1])
	if took[len(took)/2] > 500*time.Millisecond {
		t.Errorf("half of the movements were noticed after %s", took[len(took)/2])
	}
}

// A server that ends is no owner that left.
func TestXGone(t *testing.T) {
	display := displaytest.Start(t)
	display.Move()
	said := watching(t, Options{After: 100 * time.Millisecond})
	untilUnused(t, said)
	display.Close()
	expect(t, said, Unknown)
}

// A listed program keeps the computer in use while it runs, unless a worker started it.
func TestPrograms(t *testing.T) {
	display := displaytest.Start(t)
	dir := t.TempDir()
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(sleep)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/sculptris", text, 0o700); err != nil {
		t.Fatal(err)
	}
	display.Move()
	said := watching(t, Options{After: 100 * time.Millisecond, Programs: []string{"Sculptris"}})
	untilUnused(t, said)
	own := exec.Command(dir+"/sculptris", "1000") // a child of this process, which counts as a worker
	if err := own.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { own.Process.Kill(); own.Wait() }()
	var id bytes.Buffer
	foreign := exec.Command("setsid", "-f", "sh", "-c", `echo $$; exec "$0" 1000 >/dev/null`, dir+"/sculptris")
	foreign.Stdout = &id
	if err := foreign.Run(); err != nil {
		t.Fatal(err)
	}
	expect(t, said, "in use by its owner: sculptris is open")
	if out, err := exec.Command("sh", "-c", "kill "+strings.TrimSpace(id.String())).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	expect(t, said, "")
}

// Other programs count as use when they are busy for a while, and not when they stop for
// a moment.
func TestBusyProcessors(t *testing.T) {
	o := newOthers(Options{BusyCPU: 50})
	now, used := time.Now(), time.Duration(0)
	look := func(share float64) bool {
		now, used = now.Add(time.Second), used+time.Duration(share*float64(time.Second)*float64(processors()))
		return o.cpu([]program{{pid: 7, used: used}}, now)
	}
	for i, c := range []struct {
		share float64
		n     int
		want  bool
	}{{0.1, 20, false}, {0.9, 5, false}, {0.1, 1, false}, {0.9, 8, false}, {0.9, 5, true}, {0.1, 5, true}, {0.9, 1, true}, {0.1, 12, false}} {
		got := false
		for range c.n {
			got = look(c.share)
		}
		if got != c.want {
			t.Errorf("step %d: %v", i, got)
		}
	}
}
