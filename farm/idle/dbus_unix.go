//go:build !windows && !darwin

package idle

import (
	"context"
	"errors"
	"time"

	"github.com/godbus/dbus/v5"
)

// askLimit bounds a call of another program.
const askLimit = 5 * time.Second

// sessionBus returns a connection of its own to the bus of the user's session. It
// starts none.
func sessionBus(ctx context.Context) (*dbus.Conn, error) {
	return dbus.ConnectSessionBus(dbus.WithContext(ctx))
}

// GNOME's interface: https://gitlab.gnome.org/GNOME/mutter, data/dbus-interfaces.
const (
	mutterName  = "org.gnome.Mutter.IdleMonitor"
	mutterPath  = "/org/gnome/Mutter/IdleMonitor/Core"
	mutterFired = mutterName + ".WatchFired"
)

type gnome struct {
	conn    *dbus.Conn
	signals chan *dbus.Signal
}

func openGNOME(ctx context.Context) (source, error) {
	conn, err := sessionBus(ctx)
	if err != nil {
		return nil, err
	}
	g := &gnome{conn: conn, signals: make(chan *dbus.Signal, 16)}
	if _, err = g.since(ctx); err == nil {
		err = conn.AddMatchSignalContext(ctx, dbus.WithMatchInterface(mutterName), dbus.WithMatchMember("WatchFired"))
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	conn.Signal(g.signals)
	return g, nil
}

func (g *gnome) name() string { return "GNOME" }
func (g *gnome) close()       { g.conn.Close() }

func (g *gnome) call(ctx context.Context, method string, args ...any) *dbus.Call {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	return g.conn.Object(mutterName, mutterPath).CallWithContext(ctx, mutterName+"."+method, dbus.FlagNoAutoStart, args...)
}

func (g *gnome) since(ctx context.Context) (time.Duration, error) {
	var ms uint64
	err := g.call(ctx, "GetIdletime").Store(&ms)
	return time.Duration(min(ms, 1<<40)) * time.Millisecond, err
}

func (g *gnome) wait(ctx context.Context, limit time.Duration) error {
	var watch uint32
	if err := g.call(ctx, "AddUserActiveWatch").Store(&watch); err != nil {
		return err
	}
	if quiet, err := g.since(ctx); err != nil || quiet < limit { // it was meanwhile
		return err
	}
	for {
		select {
		case <-ctx.Done():
			g.call(context.WithoutCancel(ctx), "RemoveWatch", watch)
			return ctx.Err()
		case signal, open := <-g.signals:
			if !open {
				return errors.New("the connection to it has ended")
			}
			if fired, ok := first(signal.Body).(uint32); ok && signal.Name == mutterFired && fired == watch {
				return nil
			}
		}
	}
}

func first(body []any) any {
	if len(body) == 0 {
		return nil
	}
	return body[0]
}

// openKDE returns a source that asks KDE's screen saver, which tells milliseconds.
// Others that have this interface do not have the method.
func openKDE(ctx context.Context) (source, error) {
	conn, err := sessionBus(ctx)
	if err != nil {
		return nil, err
	}
	p := &polled{who: "KDE", end: func() { conn.Close() }, ask: func(ctx context.Context) (time.Duration, error) {
		ctx, cancel := context.WithTimeout(ctx, askLimit)
		defer cancel()
		var ms uint32
		err := conn.Object("org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver").
			CallWithContext(ctx, "org.freedesktop.ScreenSaver.GetSessionIdleTime", dbus.FlagNoAutoStart).Store(&ms)
		return time.Duration(ms) * time.Millisecond, err
	}}
	if _, err := p.ask(ctx); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// openLogind returns a source that asks systemd's login manager, if that says now that
// nobody uses any session, of which there may be none. That it does not say so tells
// nothing, as many desktops never tell it.
// https://www.freedesktop.org/software/systemd/man/latest/org.freedesktop.login1.html
func openLogind(ctx context.Context) (source, error) {
	conn, err := dbus.ConnectSystemBus(dbus.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	p := &polled{who: "systemd-logind", end: func() { conn.Close() }, ask: func(ctx context.Context) (time.Duration, error) {
		ctx, cancel := context.WithTimeout(ctx, askLimit)
		defer cancel()
		all := map[string]dbus.Variant{}
		err := conn.Object("org.freedesktop.login1", "/org/freedesktop/login1").
			CallWithContext(ctx, "org.freedesktop.DBus.Properties.GetAll", dbus.FlagNoAutoStart, "org.freedesktop.login1.Manager").Store(&all)
		if err != nil {
			return 0, err
		}
		idle, known := all["IdleHint"].Value().(bool)
		since, dated := all["IdleSinceHint"].Value().(uint64) // microseconds since 1970; 0 without a session
		if !known || !dated {
			return 0, errors.New("it does not tell whether somebody is there")
		}
		if !idle {
			return 0, nil
		}
		return max(0, time.Since(time.UnixMicro(int64(since)))), nil
	}}
	quiet, err := p.ask(ctx)
	if err == nil && quiet == 0 {
		err = errors.New("it does not say that nobody is there")
	}
	if err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}
