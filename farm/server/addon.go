package server

import (
	"bytes"
	"net/http"
	"time"

	"renderfarm/farm"
)

// addonZip serves the Blender add-on, which knows the manager by the address
// that it was asked for: the artist's computer reaches it there.
func (s *Server) addonZip(w http.ResponseWriter, r *http.Request) error {
	scheme := "http"
	// A proxy that adds encryption says so in this header.
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	zip, err := s.addon(scheme + "://" + r.Host)
	if err != nil {
		return farm.Errorf(farm.Invalid, "%w", err)
	}
	h := w.Header()
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Disposition", `attachment; filename="farm-addon.zip"`)
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(zip))
	return nil
}
