// Package displaytest gives a test an X server without a screen, and a mouse in it.
package displaytest

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// A Display is an X server that the test's environment leads to.
type Display struct {
	t      testing.TB
	server *exec.Cmd
	left   bool // where the mouse was moved last
}

// Start starts an X server, which ends with the test. The test is skipped if this
// computer lacks Xvfb or xdotool, which are Debian's packages.
func Start(t testing.TB) *Display {
	t.Helper()
	for _, name := range []string{"Xvfb", "xdotool"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skip("this test needs " + name)
		}
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	d := &Display{t: t, server: exec.Command("Xvfb", "-displayfd", "3", "-nolisten", "tcp", "-noreset")}
	d.server.ExtraFiles = []*os.File{w}
	err = d.server.Start()
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	number, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("DISPLAY", ":"+strings.TrimSpace(number))
	t.Setenv("WAYLAND_DISPLAY", "")
	for _, bus := range []string{"DBUS_SESSION_BUS_ADDRESS", "DBUS_SYSTEM_BUS_ADDRESS"} {
		t.Setenv(bus, "unix:path="+t.TempDir()+"/none") // nobody else tells of a mouse
	}
	return d
}

// Move moves the mouse a little, now to one side and now to the other.
func (d *Display) Move() {
	d.t.Helper()
	step := "7"
	if d.left = !d.left; d.left {
		step = "-7"
	}
	if out, err := exec.Command("xdotool", "mousemove_relative", "--", step, "3").CombinedOutput(); err != nil {
		d.t.Fatalf("xdotool: %v %s", err, out)
	}
}

// Close ends the server before the test does.
func (d *Display) Close() {
	d.server.Process.Signal(os.Interrupt)
	d.server.Wait()
}
