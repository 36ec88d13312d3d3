package cmd

import (
	"context"
	"net/url"
	"os"
	"path/filepath"

	"renderfarm/addon"
	"renderfarm/farm/api"
	"renderfarm/farm/watchfolder"
)

// watchFolder starts to watch the folder whose files are submitted, if the
// configuration names one.
func (h *host) watchFolder() error {
	folder := h.config.WatchFolder
	if folder == "" {
		return nil
	}
	client, err := api.NewPinned(h.url, h.fingerprint)
	if err != nil {
		return err
	}
	client.UserAgent = "Farm/" + version
	o := watchfolder.Options{
		Folder: folder, Records: filepath.Join(h.s.home, "watch-folder"), Notify: watchfolder.Notify, Log: h.s.log,
		Farm: &watchfolder.Remote{Client: client, Scripts: addon.Pack(), Cache: h.s.blendCache(), Folder: folder, Home: h.s.home, Web: h.webAddress()},
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := watchfolder.Run(ctx, o); err != nil {
			h.s.log.Error("the watch folder is not watched any more: correct this, and start the manager again", "folder", folder, "error", err)
		}
	}()
	h.s.log.Info("files put into the watch folder are submitted", "folder", folder)
	h.later(func() error {
		cancel()
		<-done
		client.HTTP.CloseIdleConnections()
		return nil
	})
	return nil
}

// webAddress returns where other computers find the pages, as far as it is known here.
func (h *host) webAddress() string {
	u, err := url.Parse(h.url)
	if err != nil {
		return h.url
	}
	if name, err := os.Hostname(); h.isOpen() && err == nil {
		u.Host = name + ":" + u.Port()
	}
	return u.String()
}
