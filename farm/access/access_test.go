package access

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
)

// TestKeyFile keeps a key, for its owner only, and refuses what is none without
// telling it.
func TestKeyFile(t *testing.T) {
	path := KeyFile(t.TempDir())
	if key, err := ReadKey(path); key != "" || err != nil {
		t.Errorf("without a file: %q, %v", key, err)
	}
	want := NewKey()
	if err := WriteKey(path, " "+want+"\n"); err != nil {
		t.Fatal(err)
	}
	if key, err := ReadKey(path); key != want || err != nil {
		t.Errorf("read %q, %v, want %q", key, err, want)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v", info.Mode(), err)
	}
	for _, bad := range []string{"", "short", "with a blank in the middle", strings.Repeat("x", maxKey+1), "sixteen-bytes-\x00-and-more"} {
		err := WriteKey(path, bad)
		if farm.KindOf(err) != farm.Invalid || bad != "" && strings.Contains(err.Error(), bad) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	for _, want := range []bool{true, false} {
		if had, err := RemoveKey(path); had != want || err != nil {
			t.Errorf("removed %v, %v", had, err)
		}
	}
}

// TestSource changes the file of a running manager's key.
func TestSource(t *testing.T) {
	path := KeyFile(t.TempDir())
	first, second := NewKey(), NewKey()
	s := KeyIn(path)
	for _, step := range []struct {
		do   func() error
		key  string
		fail bool
	}{
		{func() error { return nil }, "", false},
		{func() error { return WriteKey(path, first) }, first, false},
		{func() error { return WriteKey(path, second) }, second, false},
		{func() error { return os.WriteFile(path, []byte("\n"), 0o600) }, "", true}, // shut, not open
		{func() error { return WriteKey(path, first) }, first, false},
		{func() error { _, err := RemoveKey(path); return err }, "", false},
	} {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		if key, err := s.Key(); key != step.key || (err != nil) != step.fail {
			t.Errorf("the key is %q, %v, want %q", key, err, step.key)
		}
	}
	if key, err := FixedKey(first).Key(); key != first || err != nil {
		t.Errorf("fixed: %q, %v", key, err)
	}
}

// TestCookie has cookies that are good, old, changed, and of another key.
func TestCookie(t *testing.T) {
	now := time.Now()
	key, other := NewKey(), NewKey()
	good := Cookie(key, now.Add(time.Hour))
	longer := Cookie(key, now.Add(2*time.Hour))
	_, signature, _ := strings.Cut(good, ".")
	seconds, _, _ := strings.Cut(longer, ".")
	for _, c := range []struct {
		what, cookie string
		good         bool
	}{
		{"new", good, true},
		{"old", Cookie(key, now.Add(-time.Second)), false},
		{"of another key", Cookie(other, now.Add(time.Hour)), false},
		{"with another time", seconds + "." + signature, false},
		{"empty", "", false},
		{"without a signature", seconds, false},
	} {
		if GoodCookie(key, c.cookie, now) != c.good {
			t.Errorf("a cookie that is %s: want %v", c.what, c.good)
		}
	}
	if strings.Contains(good, key) || CookieName(key) == CookieName(other) {
		t.Error("a cookie tells the key, or two farms share a name")
	}
}

// TestSelfMade makes a certificate once, and finds it again.
func TestSelfMade(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tls")
	var first []byte
	for range 2 {
		certFile, keyFile, err := SelfMade(dir, []string{"render01", "192.168.1.10"})
		if err != nil {
			t.Fatal(err)
		}
		c, err := OpenCertificate(certFile, keyFile)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = c.Certificate[0]
		} else if string(first) != string(c.Certificate[0]) {
			t.Error("another certificate was made")
		}
		leaf, err := x509.ParseCertificate(c.Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		for _, host := range []string{"render01", "192.168.1.10"} {
			if err := leaf.VerifyHostname(host); err != nil {
				t.Error(err)
			}
		}
		if leaf.PublicKeyAlgorithm != x509.ECDSA || leaf.NotAfter.Before(time.Now().AddDate(selfMadeYears-1, 0, 0)) {
			t.Errorf("it is %s, until %s", leaf.PublicKeyAlgorithm, leaf.NotAfter)
		}
		if info, err := os.Stat(keyFile); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("the private key is %v, %v", info.Mode(), err)
		}
		if _, err := OpenCertificate(certFile+"x", keyFile); farm.KindOf(err) != farm.Invalid {
			t.Errorf("a file that is not there: %v", err)
		}
	}
}
