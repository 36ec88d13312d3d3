// Package ownerpage lets the owner of a worker's computer see what it does, pause it and
// let it go on: on a page of its own that needs no manager, and for the commands
// "farm work status", "pause" and "resume".
//
// It answers on this computer only, and only who can read the worker's folder: the
// address and a token are in a file there. A browser is given the token once, in the
// address, and keeps it in a cookie that other sites cannot use.
package ownerpage

import (
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/json"
	"html/template"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"renderfarm/farm"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

// A State is what the owner is shown.
type State struct {
	Name  string    `json:"name"`
	Doing string    `json:"doing"`            // in a few words
	InUse string    `json:"in_use,omitempty"` // why tasks stand still; "" if they do not
	Until time.Time `json:"until,omitzero"`   // when a pause ends; zero if there is none, or it has no end
}

// A Worker is what can be seen and changed.
type Worker interface {
	OwnerState() State
	Pause(until time.Time) error // zero: until Resume
	Resume() error
}

// A Pause is the body of POST /pause, as JSON.
type Pause struct {
	Until time.Time `json:"until,omitzero"` // zero: until resumed
}

// file has the address and the token, in the worker's folder.
const file = "owner.json"

type door struct {
	URL   string `json:"url"`
	Token string `json:"token"`
}

// cookieName is the cookie of the page. Cookies know no ports, so several workers of
// one computer need names of their own; theirs ends in the port.
const cookieName = "farm_owner_"

// bounds of a server for one person
const (
	headerLimit = 5 * time.Second
	bodyLimit   = 4 << 10
)

// Serve answers for the worker until stop is called, and leaves the way to it in the
// worker's folder.
func Serve(dir string, w Worker) (stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, farm.Errorf(farm.Unavailable, "no port of this computer can be opened for its owner: %w", err)
	}
	d := door{URL: "http://" + l.Addr().String(), Token: rand.Text()}
	text, _ := json.Marshal(d) // never fails
	path := filepath.Join(dir, file)
	os.Remove(path) // so that the new one's permissions count
	if err := os.WriteFile(path, text, 0o600); err != nil {
		l.Close()
		return nil, farm.Errorf(farm.Unavailable, "the way to the owner's page cannot be kept: %w", err)
	}
	srv := &http.Server{Handler: handler(d, w), ReadTimeout: headerLimit, WriteTimeout: headerLimit, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	over := make(chan struct{})
	go func() {
		defer close(over)
		srv.Serve(l)
	}()
	return func() {
		os.Remove(path)
		srv.Close()
		<-over
	}, nil
}

// handler is the page and what it calls.
func handler(d door, w Worker) http.Handler {
	s := &server{door: d, worker: w, host: strings.TrimPrefix(d.URL, "http://")}
	_, port, _ := net.SplitHostPort(s.host)
	s.cookie = cookieName + port
	s.local = "localhost:" + port
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.page)
	mux.HandleFunc("GET /state", func(res http.ResponseWriter, _ *http.Request) {
		res.Header().Set("Content-Type", "application/json")
		json.NewEncoder(res).Encode(w.OwnerState())
	})
	mux.HandleFunc("POST /pause", s.pause)
	mux.HandleFunc("POST /resume", func(res http.ResponseWriter, req *http.Request) { s.done(res, req, w.Resume()) })
	// Other sites' pages are sent away, whatever cookie they bring.
	return s.guard(http.NewCrossOriginProtection().Handler(mux))
}

type server struct {
	door
	worker              Worker
	host, local, cookie string
}

// guard lets in who has the token, under a name that is this computer's: a foreign
// name that leads here is somebody's trick.
func (s *server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(res http.ResponseWriter, req *http.Request) {
		h := res.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		if req.Host != s.host && req.Host != s.local {
			http.Error(res, "this page is for this computer only", http.StatusForbidden)
			return
		}
		token, _ := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer ")
		if c, err := req.Cookie(s.cookie); err == nil && token == "" {
			token = c.Value
		}
		given := req.Method == http.MethodGet && req.URL.Path == "/" && req.URL.Query().Has("token")
		if given {
			token = req.URL.Query().Get("token")
		}
		if subtle.ConstantTimeCompare([]byte(token), []byte(s.Token)) != 1 {
			http.Error(res, `open the page by the address that "farm work status" shows`, http.StatusForbidden)
			return
		}
		if given { // out of the address, which browsers keep
			http.SetCookie(res, &http.Cookie{Name: s.cookie, Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
			http.Redirect(res, req, "/", http.StatusSeeOther)
			return
		}
		req.Body = http.MaxBytesReader(res, req.Body, bodyLimit)
		next.ServeHTTP(res, req)
	})
}

func (s *server) page(res http.ResponseWriter, _ *http.Request) {
	res.Header().Set("Content-Type", "text/html; charset=utf-8")
	page.Execute(res, s.worker.OwnerState())
}

// pause takes a time as JSON, or a button of the page.
func (s *server) pause(res http.ResponseWriter, req *http.Request) {
	var until time.Time
	switch {
	case req.Header.Get("Content-Type") == "application/json":
		var in Pause
		if err := json.NewDecoder(req.Body).Decode(&in); err != nil {
			http.Error(res, "the body is not understood", http.StatusBadRequest)
			return
		}
		until = in.Until
	case req.PostFormValue("for") == "hour":
		until = time.Now().Add(time.Hour)
	case req.PostFormValue("for") == "tomorrow":
		until = Tomorrow(time.Now())
	case req.PostFormValue("for") != "ever":
		http.Error(res, "say for how long", http.StatusBadRequest)
		return
	}
	if !until.IsZero() && !until.After(time.Now()) {
		http.Error(res, "that time is over", http.StatusBadRequest)
		return
	}
	s.done(res, req, s.worker.Pause(until))
}

// done answers what changed something.
func (s *server) done(res http.ResponseWriter, req *http.Request, err error) {
	switch {
	case err != nil:
		http.Error(res, err.Error(), http.StatusInternalServerError)
	case req.Header.Get("Authorization") != "":
		res.WriteHeader(http.StatusNoContent)
	default:
		http.Redirect(res, req, "/", http.StatusSeeOther)
	}
}

// morning is the hour at which tomorrow begins for somebody who works.
const morning = 6

// Tomorrow is when a pause until tomorrow ends: at 6 in the morning.
func Tomorrow(now time.Time) time.Time {
	return time.Date(now.Year(), now.Month(), now.Day()+1, morning, 0, 0, 0, now.Location())
}
