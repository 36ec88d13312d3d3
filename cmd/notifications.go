package cmd

import (
	"renderfarm/farm/events"
	"renderfarm/farm/manager"
	"renderfarm/farm/notify"
)

// notifications starts to tell people what happens. The configuration may change
// while it runs, so it does even if nobody is to be told of anything.
func (h *host) notifications(m *manager.Manager, timeline *events.Log) (*notify.Notifier, error) {
	n, err := notify.Open(notify.Options{Manager: m, Events: timeline, Home: h.s.home, Web: h.webAddress(), Agent: "Farm/" + version, Log: h.s.log})
	if err != nil {
		return nil, err
	}
	h.inBackground(n.Run)
	return n, nil
}
