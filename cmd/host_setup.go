package cmd

import (
	"context"
	"net"
	"slices"

	"renderfarm/farm/fsync"
	"renderfarm/farm/server"
	"renderfarm/farm/yamlfile"
)

var _ server.Host = (*host)(nil)

// isOpen reports whether the manager answers on every address of the computer.
func (h *host) isOpen() bool {
	_, open := urlOf(h.listener.Addr())
	return open
}

// OnlyHere is for the set-up assistant. An address that somebody chose is not moved.
func (h *host) OnlyHere() (only, movable bool) {
	url, open := urlOf(h.listener.Addr())
	_, port, err := net.SplitHostPort(h.listener.Addr().String())
	free := h.config.from["listen"] == "default" || h.config.from["listen"] == "farm.yaml"
	only = onlyHere(url) && !open
	return only, err == nil && port != "" && free && (only || open)
}

// ListenOnly moves the listener, and tells the commands of this computer how others join.
func (h *host) ListenOnly(ctx context.Context, here bool) error {
	_, port, err := net.SplitHostPort(h.listener.Addr().String())
	if err != nil {
		return err
	}
	address := net.JoinHostPort("", port)
	if here {
		address = net.JoinHostPort("127.0.0.1", port)
	}
	if err := h.listener.move(ctx, address); err != nil {
		return err
	}
	if here {
		if err := h.hide(); err != nil {
			h.s.log.Warn("workers that look for a manager may still find this one", "error", err)
		}
	} else {
		h.announceAgain()
	}
	return fsync.Replace(h.s.urlFile(), []byte(running{h.url, h.fingerprint, h.joinLine()}.String()))
}

// Blenders returns what farm.yaml names now: somebody may have added some.
func (h *host) Blenders() []string {
	if c, err := h.s.config(); err == nil {
		return c.Blenders
	}
	return h.config.Blenders
}

// AddBlender puts a Blender in front of those that farm.yaml names, and has the worker of this
// program start again with them.
func (h *host) AddBlender(path string) error {
	all := h.Blenders()
	if slices.Contains(all, path) {
		return nil
	}
	all = append([]string{path}, all...)
	if err := yamlfile.Update(h.config.path, configHeader, []yamlfile.Edit{{Path: []string{"blenders"}, Value: all}}); err != nil {
		return err
	}
	select {
	case h.workAnew <- struct{}{}:
	default: // it is to start again already
	}
	return nil
}
