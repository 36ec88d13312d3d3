package access

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/fsync"
)

// selfMadeYears is how long a self-made certificate is good. Those who use it know it by its
// fingerprint, so a new one would mean a walk to every computer.
const selfMadeYears = 20

// SelfMade returns the files of the certificate and the private key in a folder,
// and makes them if there are none: for the names and addresses given, ECDSA P-256.
func SelfMade(dir string, hosts []string) (certFile, keyFile string, err error) {
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	_, err = os.Stat(certFile)
	if !errors.Is(err, fs.ErrNotExist) {
		return certFile, keyFile, err // damaged files are told of by who reads them, not replaced
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", "", err
	}
	cert, key, err := makeCertificate(hosts, time.Now())
	if err != nil {
		return "", "", err
	}
	// The certificate last: it says that both are there.
	if err := fsync.Replace(keyFile, key); err != nil {
		return "", "", err
	}
	return certFile, keyFile, fsync.Replace(certFile, cert)
}

// makeCertificate returns a certificate that signs itself, and its key, in PEM.
func makeCertificate(hosts []string, now time.Time) (cert, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, nil, err
	}
	t := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "Farm", Organization: []string{"Farm, self-made"}},
		NotBefore: now.Add(-48 * time.Hour), NotAfter: now.AddDate(selfMadeYears, 0, 0), // clocks differ
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &private.PublicKey, private)
	if err != nil {
		return nil, nil, err
	}
	bare, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: bare}), nil
}

// OpenCertificate reads a certificate and its private key from PEM files.
func OpenCertificate(certFile, keyFile string) (tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return pair, farm.Errorf(farm.Invalid, "the certificate %s with the key %s cannot be used: %w", certFile, keyFile, err)
	}
	return pair, nil
}

// PublicKeyHash returns the SHA-256 of a certificate's public key in base64, by which curl and
// browsers can be told to believe it (RFC 7469, section 2.4).
func PublicKeyHash(pair tls.Certificate) (string, error) {
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return "", farm.Errorf(farm.Invalid, "the certificate cannot be read: %w", err)
	}
	sum := sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(sum[:]), nil
}
