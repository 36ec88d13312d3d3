package cmd

import (
	"context"

	"renderfarm/farm/events"
	"renderfarm/farm/manager"
	"renderfarm/farm/mqtt"
	"renderfarm/farm/v3events"
)

// publishEvents starts to publish events at the message broker, if there is one.
func (h *host) publishEvents(m *manager.Manager, timeline *events.Log) error {
	c := h.config.MQTT.Client
	if !c.Enabled || c.Broker == "" {
		return nil
	}
	if err := mqtt.Check(c); err != nil {
		return err
	}
	o := mqtt.Options{Config: c, Events: timeline, Status: m.FarmStatus, Log: h.s.log,
		Source: v3events.Source{TaskName: m.TaskName, PreviewPath: manager.PreviewPath}}
	h.inBackground(func(ctx context.Context) { mqtt.Run(ctx, o) })
	return nil
}
