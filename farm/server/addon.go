package server

import (
	"bytes"
	"cmp"
	"net/http"
	"net/url"
	"strings"
	"time"

	"renderfarm/farm"
)

// addonZip serves the Blender add-on, which knows the manager by the address
// that it was asked for: the artist's computer reaches it there. What a proxy says
// of that address is held to the same as a Host header.
func (s *Server) addonZip(w http.ResponseWriter, r *http.Request) error {
	if forwarded := firstOf(r, "X-Forwarded-Host"); forwarded != "" && !isOwnHost(hostName(forwarded), s.m.Config().AllowedHosts) {
		return unknownHost(hostName(forwarded))
	}
	zip, err := s.addon(askedAt(r))
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

// askedAt returns the address that the client used for the manager. A proxy in
// between may add encryption, another host, and a path that it takes off again. It
// says so in headers that are common but in no standard; the path, which few
// proxies tell, is also in front of the page that has the link.
func askedAt(r *http.Request) string {
	scheme, host, prefix := "http", cmp.Or(firstOf(r, "X-Forwarded-Host"), r.Host), firstOf(r, "X-Forwarded-Prefix")
	if r.TLS != nil || firstOf(r, "X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	if !strings.HasPrefix(prefix, "/") {
		prefix = ""
		// Of a page of somebody else nothing is taken over.
		if from, err := url.Parse(r.Referer()); err == nil && from.Host == host {
			if before, _, ours := strings.Cut(from.EscapedPath(), "/app/"); ours {
				prefix = before
			}
		}
	}
	return scheme + "://" + host + strings.TrimSuffix(prefix, "/")
}

// firstOf returns the first of the values of a header, that of the proxy nearest to
// the client.
func firstOf(r *http.Request, header string) string {
	first, _, _ := strings.Cut(r.Header.Get(header), ",")
	return strings.TrimSpace(first)
}
