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
