package idle

import (
	"bufio"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

// bus starts a bus of its own for the test, and returns a connection to it.
func bus(t *testing.T) *dbus.Conn {
	t.Helper()
	if _, err := exec.LookPath("dbus-daemon"); err != nil {
		t.Skip("this test needs dbus-daemon")
	}
	daemon := exec.Command("dbus-daemon", "--session", "--nofork", "--print-address")
	out, err := daemon.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { daemon.Process.Kill(); daemon.Wait() })
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", strings.TrimSpace(address))
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", strings.TrimSpace(address))
	t.Setenv("WAYLAND_DISPLAY", "wayland-0") // so that no X server is asked
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir()) // nor a compositor
	conn, err := dbus.ConnectSessionBus()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// A desktop stands for GNOME and KDE: it has their methods, and was used at a time.
type desktop struct {
	conn  *dbus.Conn
	used  atomic.Int64 // Unix milliseconds
	watch atomic.Uint32
	asked chan bool
}

func (d *desktop) idle() time.Duration { return time.Since(time.UnixMilli(d.used.Load())) }

// GetIdletime is GNOME's.
func (d *desktop) GetIdletime() (uint64, *dbus.Error) {
	return uint64(d.idle().Milliseconds()), nil
}

// AddUserActiveWatch is GNOME's.
func (d *desktop) AddUserActiveWatch() (uint32, *dbus.Error) {
	id := d.watch.Add(1)
	d.asked <- true
	return id, nil
}

// RemoveWatch is GNOME's.
func (d *desktop) RemoveWatch(uint32) *dbus.Error { return nil }

// GetSessionIdleTime is KDE's.
func (d *desktop) GetSessionIdleTime() (uint32, *dbus.Error) {
	return uint32(d.idle().Milliseconds()), nil
}

func (d *desktop) export(t *testing.T, name, path, iface string) {
	t.Helper()
	d.asked = make(chan bool, 100)
	d.used.Store(time.Now().UnixMilli())
	if err := d.conn.Export(d, dbus.ObjectPath(path), iface); err != nil {
		t.Fatal(err)
	}
	if reply, err := d.conn.RequestName(name, dbus.NameFlagDoNotQueue); err != nil || reply != dbus.RequestNameReplyPrimaryOwner {
		t.Fatalf("%v %v", reply, err)
	}
}

// GNOME tells of the next input by a signal, to whom asked for it.
func TestGNOME(t *testing.T) {
	d := &desktop{conn: bus(t)}
	d.export(t, mutterName, mutterPath, mutterName)
	said := watching(t, Options{After: 200 * time.Millisecond})
	expect(t, said, ByOwner)
	for range 3 {
		expect(t, said, "")
		<-d.asked
		d.used.Store(time.Now().UnixMilli())
		begun := time.Now()
		for _, id := range []uint32{d.watch.Load() + 100, d.watch.Load()} { // somebody else's first
			if err := d.conn.Emit(mutterPath, mutterFired, id); err != nil {
				t.Fatal(err)
			}
		}
		expect(t, said, ByOwner)
		if took := time.Since(begun); took > 900*time.Millisecond {
			t.Errorf("noticed after %s", took)
		}
	}
}

// KDE is asked once a second.
func TestKDE(t *testing.T) {
	d := &desktop{conn: bus(t)}
	d.export(t, "org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver", "org.freedesktop.ScreenSaver")
	said := watching(t, Options{After: 1500 * time.Millisecond})
	expect(t, said, ByOwner)
	expect(t, said, "")
	d.used.Store(time.Now().UnixMilli())
	expect(t, said, ByOwner)
	expect(t, said, "")
}

// Nobody who tells is no sign of a free computer.
func TestNobodyTells(t *testing.T) {
	bus(t)
	expect(t, watching(t, Options{After: time.Millisecond}), Unknown)
}

// logind stands for systemd's login manager.
type logind struct {
	idle  atomic.Bool
	since atomic.Int64 // Unix microseconds
}

// GetAll is of the standard interface for properties.
func (l *logind) GetAll(string) (map[string]dbus.Variant, *dbus.Error) {
	return map[string]dbus.Variant{"IdleHint": dbus.MakeVariant(l.idle.Load()), "IdleSinceHint": dbus.MakeVariant(uint64(l.since.Load())),
		"PreparingForSleep": dbus.MakeVariant(false)}, nil
}

// What logind says counts only when it says that nobody is there.
func TestLogind(t *testing.T) {
	conn := bus(t)
	l := &logind{}
	if err := conn.Export(l, "/org/freedesktop/login1", "org.freedesktop.DBus.Properties"); err != nil {
		t.Fatal(err)
	}
	if reply, err := conn.RequestName("org.freedesktop.login1", dbus.NameFlagDoNotQueue); err != nil || reply != dbus.RequestNameReplyPrimaryOwner {
		t.Fatalf("%v %v", reply, err)
	}
	if s, err := openLogind(t.Context()); err == nil {
		s.close()
		t.Error("it does not say that nobody is there, and counts")
	}
	l.idle.Store(true) // without a session there is no time
	said := watching(t, Options{After: time.Second})
	expect(t, said, "")
	l.idle.Store(false)
	expect(t, said, ByOwner)
	l.since.Store(time.Now().UnixMicro())
	l.idle.Store(true)
	expect(t, said, "")
}
