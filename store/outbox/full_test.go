//go:build unix

package outbox

import (
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"syscall"
	"testing"

	"renderfarm/farm"
)

// TestFullDisk fills the disk: what was delivered makes room for what comes, what
// must be told can be held in memory, and all is in order when there is room again.
func TestFullDisk(t *testing.T) {
	const child = "FARM_TEST_FULL_DISK"
	if dir := os.Getenv(child); dir != "" {
		fillDisk(t, dir)
		return
	}
	// The limit holds for the whole process.
	cmd := exec.Command(os.Args[0], "-test.run", "^TestFullDisk$")
	cmd.Env = append(os.Environ(), child+"="+t.TempDir())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func fillDisk(t *testing.T, dir string) {
	signal.Ignore(syscall.SIGXFSZ)
	o, err := Open(dir, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	// So much may be in a file: the position, and three reports.
	const room = 2 * slotStride
	var whole syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &whole); err != nil {
		t.Fatal(err)
	}
	limit := func(most uint64) {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: most, Max: whole.Max}); err != nil {
			t.Fatal(err)
		}
	}
	report := func(c byte) []byte { return slices.Repeat([]byte{c}, 300) }
	limit(room)
	for _, c := range []byte("abc") {
		if err := o.Put(report(c)); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.Put(report('d')); err == nil || errors.Is(err, errUncertain) {
		t.Errorf("a report for which there is no room: %v", err)
	}
	if err := o.Room(); farm.KindOf(err) != farm.NoRoom {
		t.Errorf("there is room: %v", err)
	}
	take := func(want byte) {
		t.Helper()
		if got, ok := o.Peek(); !ok || got[0] != want {
			t.Fatalf("got %.1q, want %q", got, want)
		}
		if err := o.Done(); err != nil {
			t.Fatal(err)
		}
	}
	// Held in memory, behind what is stored.
	if err := o.Hold(report('d')); err != nil {
		t.Fatal(err)
	}
	if err := o.Put(report('x')); err == nil {
		t.Error("a report was stored in front of one that is held")
	}
	if n := o.Len(); n != 4 {
		t.Errorf("%d reports wait", n)
	}
	take('a')
	take('b')
	take('c')
	if got, _ := o.Peek(); got[0] != 'd' {
		t.Errorf("the held report is %.1q", got)
	}
	// The room of what was delivered is used again.
	for _, c := range []byte("ef") {
		if err := o.Put(report(c)); err != nil {
			t.Fatalf("what was delivered makes no room: %v", err)
		}
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	if o, err = Open(dir, slog.New(slog.NewTextHandler(t.Output(), nil))); err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	take('d')
	take('e')
	take('f')
	if err := o.Put(report('g')); err != nil {
		t.Fatal(err)
	}
	take('g')
	for {
		if err := o.Put(report('h')); err != nil {
			break
		}
	}
	limit(whole.Cur)
	if err := o.Room(); err != nil {
		t.Errorf("there is no room: %v", err)
	}
	// No more than is good for the memory.
	n := 0
	for o.Hold(make([]byte, maxHeld/4)) == nil {
		n++
	}
	if n != 4 {
		t.Errorf("%d reports are held", n)
	}
}
