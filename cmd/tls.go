package cmd

import (
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"strings"

	"renderfarm/addon"
	"renderfarm/farm"
	"renderfarm/farm/access"
	"renderfarm/farm/api"
)

// encrypt prepares HTTPS if the configuration wants it. The certificate is that of
// the start: the clients of this computer know it by its fingerprint.
func (h *host) encrypt() (err error) {
	c := h.config
	certFile, keyFile := c.TLSCert, c.TLSKey
	if (certFile == "") != (keyFile == "") || c.TLS != "" && certFile != "" {
		return farm.Errorf(farm.Invalid, "tls_cert and tls_key belong together, and exclude tls: self. Correct %s", c.path)
	}
	if c.TLS == farm.TLSSelf {
		if certFile, keyFile, err = access.SelfMade(filepath.Join(h.s.home, "tls"), ownNames()); err != nil {
			return farm.Errorf(farm.Invalid, "the certificate cannot be made: %w", err)
		}
	}
	if certFile == "" {
		return nil
	}
	cert, err := access.OpenCertificate(certFile, keyFile)
	if err != nil {
		return err
	}
	h.tls = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	h.url = "https" + strings.TrimPrefix(h.url, "http")
	h.fingerprint = api.Fingerprint(cert.Certificate[0])
	return nil
}

// addonZip makes the add-on, which knows a self-made certificate by its fingerprint.
func (h *host) addonZip(manager string) ([]byte, error) {
	fingerprint := ""
	if h.config.TLS == farm.TLSSelf && strings.HasPrefix(manager, "https://") {
		fingerprint = h.fingerprint
	}
	return addon.Zip(manager, fingerprint)
}

// ownNames are the names and addresses that a self-made certificate is for. Who
// knows it by its fingerprint does not look at them.
func ownNames() []string {
	names := []string{"localhost", "127.0.0.1", "::1"}
	if name, err := os.Hostname(); err == nil {
		name = strings.ToLower(name)
		names = append(names, name)
		if !strings.Contains(name, ".") {
			names = append(names, name+".local")
		}
	}
	addresses, _ := net.InterfaceAddrs() // none will do
	for _, a := range addresses {
		if n, ok := a.(*net.IPNet); ok && n.IP.IsGlobalUnicast() {
			names = append(names, n.IP.String())
		}
	}
	return names
}
