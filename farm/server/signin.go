package server

import (
	"html/template"
	"net/http"
	"strings"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/access"
)

const (
	signInPath = "/signin"
	// signedInFor is how long a browser need not sign in again.
	signedInFor = 90 * 24 * time.Hour
	// maxForm bounds the form, in bytes.
	maxForm = 4 << 10
)

// signInPolicy lets the form load nothing, and be sent nowhere else.
const signInPolicy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// signInForm is the page that a browser gets in place of every other until it has
// signed in. It needs nothing else from the manager.
var signInForm = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">{{if .Again}}<meta http-equiv="refresh" content="0">{{end}}
<title>Sign in – {{.Name}}</title>
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
main { max-width: 22rem; margin: 18vh auto 0; padding: 0 1rem }
h1 { font-size: 1.4rem }
input, button { font: inherit; box-sizing: border-box; width: 100%; padding: .5rem; margin: .25rem 0 }
.wrong { color: #c33 }
</style></head>
<body><main><h1>{{.Name}}</h1>
<form method="post" action="{{.Action}}">
{{with .Wrong}}<p class="wrong" role="alert">{{.}}</p>{{end}}
<label>Key of this farm<input type="password" name="key" autocomplete="current-password" required autofocus></label>
<input type="hidden" name="to" value="{{.To}}">
<button>Sign in</button>
<p>Who set up the farm can see its key with <code>farm key show</code>.</p>
</form></main></body></html>
`))

// wantsPage reports whether a browser asks for a page for a person.
func wantsPage(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html")
}

// signInPage answers with the form, which may say what was wrong.
func (s *Server) signInPage(w http.ResponseWriter, r *http.Request, status int, wrong string) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", signInPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	to := r.PostFormValue("to")
	if r.URL.Path != signInPath {
		to = strings.TrimPrefix(r.URL.EscapedPath(), "/")
	}
	signInForm.Execute(w, map[string]any{
		"Name": s.m.Config().ManagerName, "Wrong": wrong, "To": to,
		// Below the path under which a proxy may serve the manager, which does not know it.
		"Action": strings.Repeat("../", strings.Count(r.URL.EscapedPath(), "/")-1) + "signin",
		// Browsers do not send the cookie with a page that somebody else's page led to. Asked
		// for again by this page it comes.
		"Again": r.Header.Get("Sec-Fetch-Site") == "cross-site",
	})
}

// showSignIn is for who comes to the form by its address.
func (s *Server) showSignIn(w http.ResponseWriter, r *http.Request) error {
	key, err := s.key()
	if err != nil {
		return err
	}
	if key == "" || s.signedIn(r, key) {
		redirect("app/")(w, r)
		return nil
	}
	s.signInPage(w, r, http.StatusOK, "")
	return nil
}

// signIn takes the key of the form, and gives the browser a cookie for it.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request) error {
	key, err := s.key()
	if err != nil {
		return err
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return farm.Errorf(farm.Invalid, "the form cannot be read: %w", err)
	}
	if key != "" {
		if err := s.checkKey(r, strings.TrimSpace(r.PostFormValue("key")), key); err != nil {
			s.signInPage(w, r, statuses[farm.KindOf(err)], upperFirst(err.Error())+".")
			return nil
		}
		// Without a Path it is for all below the folder of this page, also behind a proxy.
		http.SetCookie(w, &http.Cookie{
			Name: access.CookieName(key), Value: access.Cookie(key, time.Now().Add(signedInFor)), MaxAge: int(signedInFor.Seconds()),
			HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil || firstOf(r, "X-Forwarded-Proto") == "https",
		})
	}
	w.Header().Set("Location", backTo(r.PostFormValue("to")))
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// backTo returns where a browser goes once it has signed in: to the page that it
// asked for, if that is one of the manager's.
func backTo(path string) string {
	if strings.HasPrefix(path, "app/") && !strings.ContainsAny(path, "\\\r\n") {
		return path
	}
	return "app/"
}

func upperFirst(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
