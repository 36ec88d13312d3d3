package cmd

import (
	"path/filepath"

	"renderfarm/addon"
	"renderfarm/farm/api"
	"renderfarm/farm/manager"
	"renderfarm/farm/websubmit"
)

// submissions returns what takes in jobs from browsers. It reaches the manager over HTTP.
func (h *host) submissions(m *manager.Manager) (*websubmit.Desk, error) {
	client, err := api.NewPinned(h.url, h.fingerprint)
	if err != nil {
		return nil, err
	}
	client.UserAgent = "Farm/" + version
	desk, err := websubmit.New(websubmit.Options{
		Client: client, Scripts: addon.Pack(), Cache: h.s.blendCache(), Uploads: filepath.Join(h.s.home, "uploads"), Storage: m.SharedFolder,
		FileStore: m.ShamanEnabled, Open: m.OpenStored,
	})
	if err != nil {
		return nil, err
	}
	h.later(func() error {
		desk.Close()
		client.HTTP.CloseIdleConnections()
		return nil
	})
	return desk, nil
}
