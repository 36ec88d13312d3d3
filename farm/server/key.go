package server

import (
	"math"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/access"
	"renderfarm/farm/api"
)

// A farm may have a key (access.Source). Then a request is answered only if it
// brings the key (api.KeyHeader), or the cookie of a browser that signed in, or comes from
// the manager's own computer or from an address in trusted_addresses. Requests of registered workers
// are not asked for it: these have a secret of their own. Without a key none of this is looked at.

// wrongKeys is how many wrong keys an address may send in wrongKeysIn. There is no bound on all
// together: keys are too long to be guessed by many, and who sent the right one so far would be shut out.
const (
	wrongKeys      = 10
	wrongKeysIn    = time.Minute
	wrongKeysInAll = math.MaxInt32
)

var (
	errKeyMissing = farm.Errorf(farm.NoKey, "this farm has a key, and the request came without it. Get it with \"farm key show\" on the manager's computer; then sign in, type \"farm key set\" here, or put it into the add-on's preferences. Programs that cannot send a key need an address in trusted_addresses of the manager")
	errKeyWrong   = farm.Errorf(farm.NoKey, "this is not the key of the farm: \"farm key show\" on the manager's computer prints it")
	errKeyTooMany = farm.Errorf(farm.Busy, "too many wrong keys came from this address: wait a minute, then try again with the right one")
)

// keyed is behind guard, and lets those in who belong to the farm.
func (s *Server) keyed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := s.admit(r); err != nil {
			if farm.KindOf(err) == farm.NoKey && wantsPage(r) {
				s.signInPage(w, r, http.StatusUnauthorized, "")
				return
			}
			s.fail(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// admit returns why a request is not let in, nil if it is.
func (s *Server) admit(r *http.Request) error {
	if s.needsNoKey(r) {
		return nil
	}
	key, err := s.key()
	if err != nil {
		return farm.Errorf(farm.Off, "nobody is let in, because the manager cannot read its farm key: %w", err)
	}
	if key == "" || fromThisComputer(r) || s.trusted(r) || s.signedIn(r, key) {
		return nil
	}
	sent := r.Header.Get(api.KeyHeader)
	if sent == "" {
		return errKeyMissing
	}
	return s.checkKey(r, sent, key)
}

// checkKey compares a key that somebody sent with the farm's.
func (s *Server) checkKey(r *http.Request, sent, key string) error {
	if !s.wrongKeys.Free(client(r)) {
		return errKeyTooMany
	}
	if access.SameKey(sent, key) {
		return nil
	}
	s.wrongKeys.Take(client(r))
	s.log.Warn("a request came with a wrong farm key", "address", address(r))
	return errKeyWrong
}

// needsNoKey reports whether what is asked for has a check of its own, as the
// requests of registered workers, see worker, those with a join code, and signing in, or tells no more than that the
// manager lives. The path is looked at as the router does.
func (s *Server) needsNoKey(r *http.Request) bool {
	path := r.URL.EscapedPath()
	return path == signInPath || path == "/healthz" || s.hasJoinCode(r) ||
		strings.HasPrefix(path, "/api/v3/worker/") && path != "/api/v3/worker/register-worker" ||
		strings.HasPrefix(path, "/api/farm/worker/")
}

// signedIn reports whether a browser has a good cookie.
func (s *Server) signedIn(r *http.Request, key string) bool {
	cookie, err := r.Cookie(access.CookieName(key))
	return err == nil && access.GoodCookie(key, cookie.Value, time.Now())
}

// trusted reports whether a request comes from one of the addresses that need no key.
func (s *Server) trusted(r *http.Request) bool {
	from, err := netip.ParseAddr(address(r))
	if err != nil || proxied(r) {
		return false
	}
	return farm.InNetworks(s.m.Config().TrustedAddresses, from)
}

// mayManage reports whether a request may change what belongs to the owner of the farm: which
// files of the manager's computer are served, and who may join. That is who is at the manager's
// computer, or has the farm's key.
func (s *Server) mayManage(r *http.Request) bool {
	if fromThisComputer(r) {
		return true
	}
	key, err := s.key()
	return err == nil && key != "" && (s.signedIn(r, key) || access.SameKey(r.Header.Get(api.KeyHeader), key))
}

// fromThisComputer reports whether a request came from the computer that the
// manager runs on: from an address that is never on a network, or from the one it was
// sent to. What a proxy on this computer passes on did not.
func fromThisComputer(r *http.Request) bool {
	from, err := netip.ParseAddr(address(r))
	if err != nil || proxied(r) {
		return false
	}
	if from.Unmap().IsLoopback() {
		return true
	}
	to, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return ok && to.AddrPort().Addr().Unmap() == from.Unmap()
}

// proxyHeaders are those by which proxies tell of whom they pass something on.
var proxyHeaders = []string{"Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix", "X-Real-Ip"}

// proxied reports whether a request shows that a proxy passed it on. One that tells
// nothing is nginx as it is installed, which speaks HTTP/1.0; no client of ours does.
func proxied(r *http.Request) bool {
	for _, name := range proxyHeaders {
		if r.Header.Get(name) != "" {
			return true
		}
	}
	return !r.ProtoAtLeast(1, 1)
}

// client returns by which name the sender of a request is counted.
func client(r *http.Request) string {
	if ip, err := netip.ParseAddr(address(r)); err == nil {
		return network(ip)
	}
	return address(r)
}
