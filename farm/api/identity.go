package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"encoding/hex"
	"net/http"
	"strings"

	"renderfarm/farm"
)

// KeyHeader is the header in which a client sends the farm key. Other managers of
// the protocol do not look at it.
const KeyHeader = "Farm-Key"

// Fingerprint returns the SHA-256 of a certificate (DER), by which people and
// clients know it, in 64 hexadecimal digits.
func Fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// ParseFingerprint reads a fingerprint as programs show it: in capital or small
// letters, with or without colons and the name of the algorithm.
func ParseFingerprint(text string) (string, error) {
	digits := strings.ToLower(strings.NewReplacer(":", "", " ", "").Replace(text))
	digits = strings.TrimPrefix(digits, "sha256")
	if sum, err := hex.DecodeString(digits); err != nil || len(sum) != sha256.Size {
		return "", farm.Errorf(farm.Invalid, "%q is not the fingerprint of a certificate: it has 64 hexadecimal digits, as \"farm key show\" prints them", farm.CutText(text, 80))
	}
	return digits, nil
}

// NewPinned is New for a client that believes one manager only: that with the
// certificate of the fingerprint, whoever signed it and for whatever names it is. An address that
// names no scheme means HTTPS then. With "" for a fingerprint it is New.
func NewPinned(address, fingerprint string) (*Client, error) {
	c, err := New(address)
	if err != nil || fingerprint == "" {
		return c, err
	}
	if rest, ok := strings.CutPrefix(c.Base, "http://"); ok && !strings.Contains(address, "://") {
		c.Base = "https://" + rest
	}
	return c, c.pin(fingerprint)
}

// pin is for before the first call.
func (c *Client) pin(fingerprint string) error {
	want, err := ParseFingerprint(fingerprint)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(c.Base, "https://") {
		return farm.Errorf(farm.Invalid, "a fingerprint is given, and %s is not encrypted: write the manager's address with https://, or leave the fingerprint out", c.Base)
	}
	transport, ok := c.HTTP.Transport.(*http.Transport)
	if !ok {
		return farm.Errorf(farm.Internal, "this client's connections cannot be pinned")
	}
	transport.TLSClientConfig = &tls.Config{
		InsecureSkipVerify: true, // the fingerprint says more than a signature
		VerifyConnection: func(s tls.ConnectionState) error {
			if len(s.PeerCertificates) == 0 {
				return farm.Errorf(farm.Forbidden, "the manager has no certificate")
			}
			if got := Fingerprint(s.PeerCertificates[0].Raw); subtle.ConstantTimeCompare([]byte(got), []byte(want)) != 1 {
				return farm.Errorf(farm.Forbidden, "its certificate has the fingerprint %s, and not the one that was given. If the manager has a new certificate, \"farm key show\" on its computer prints the right one; else somebody is in between", got)
			}
			return nil
		},
	}
	return nil
}
