package server

import (
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"renderfarm/farm/access"
)

// The scripts that make a computer a worker. Names between @ are replaced.
var (
	//go:embed join.sh
	unixScript string
	//go:embed join.ps1
	windowsScript string
)

// fetchJoinScript sends a script, for whoever has a good code. Everybody else gets one that
// says what is wrong and ends with an error: curl would show a number instead.
func (s *Server) fetchJoinScript(w http.ResponseWriter, r *http.Request) error {
	name := chi.URLParam(r, "script")
	code := access.CleanJoinCode(chi.URLParam(r, "code"))
	what, kind, _ := strings.Cut(name, ".")
	if what != "worker" && what != "service" || kind != "sh" && kind != "ps1" {
		notFound(w, r)
		return nil
	}
	c, err := s.findJoinCode(r, code)
	text := ""
	switch {
	case err != nil && kind == "sh":
		text = "#!/bin/sh\nprintf '%s\\n' " + quoteUnix("farm: "+err.Error()) + " >&2\nexit 1\n"
	case err != nil:
		text = "Write-Host " + quoteWindows("farm: "+err.Error()) + "\n"
	default:
		if text, err = s.joinScript(r, scriptBase(r, c), code, kind, what == "service"); err != nil {
			return err
		}
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Write([]byte(text))
	return nil
}

// joinScript fills in a script, with the manager's address.
func (s *Server) joinScript(r *http.Request, base, code, kind string, service bool) (string, error) {
	programs, err := s.join.Programs.List(r.Context())
	if err != nil {
		return "", err
	}
	text, quote, line := unixScript, quoteUnix, "%s-%s %s"
	if kind == "ps1" {
		text, quote, line = windowsScript, quoteWindows, "\t\t'%s-%s' = '%s'"
	}
	var sums []string
	for _, p := range programs {
		sums = append(sums, fmt.Sprintf(line, p.OS, p.Arch, p.SHA256))
	}
	link := base + joinPath + code
	if s.join.Fingerprint != "" {
		link += "#sha256=" + s.join.Fingerprint
	}
	install := ""
	if service {
		install = "yes"
	}
	// The first two are in comments; a name that ends the line would end the comment.
	comment := strings.NewReplacer("\n", " ", "\r", " ").Replace
	head, rest, _ := strings.Cut(text, "set -eu\n")
	if kind == "ps1" {
		head, rest, _ = strings.Cut(text, "& {\n")
		rest = "& {\n" + rest
	} else {
		rest = "set -eu\n" + rest
	}
	head = strings.NewReplacer("@NAME@", comment(s.m.Config().ManagerName), "@BASE@", comment(base)).Replace(head)
	rest = strings.NewReplacer("@BASE@", quote(base), "@LINK@", quote(link), "@PIN@", quote(s.pin()), "@SERVICE@", quote(install),
		"@PROGRAMS@", strings.Join(sums, "\n"), "@PATH@", joinPath+code).Replace(rest)
	return head + rest, nil
}

// quoteUnix makes one word of a text for a POSIX shell.
func quoteUnix(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// quoteWindows makes one string of a text for PowerShell, which also takes typographic quotes
// for the end of one.
func quoteWindows(text string) string {
	return "'" + strings.NewReplacer("'", "''", "‘", "‘‘", "’", "’’", "‚", "‚‚", "‛", "‛‛").Replace(text) + "'"
}

// joinForm is the page that a join link shows.
var joinForm = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Add a computer – {{.Name}}</title>
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
main { max-width: 46rem; margin: 8vh auto 0; padding: 0 1rem }
pre { white-space: pre-wrap; overflow-wrap: anywhere; padding: .75rem; border: 1px solid #8888; border-radius: .4rem }
</style></head>
<body><main><h1>{{.Name}}</h1>
{{if .Wrong}}<p role="alert">{{.Wrong}}</p>{{else}}
<p>To make a computer a worker of this farm, type there, on Linux and macOS in a terminal:</p><pre>{{.Unix}}</pre>
<p>On Windows in PowerShell:</p><pre>{{.Windows}}</pre>{{end}}
</main></body></html>
`))

// joinPage shows people who open a link what to type.
func (s *Server) joinPage(w http.ResponseWriter, r *http.Request, code string, wrong error) error {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", signInPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	page := map[string]string{"Name": s.m.Config().ManagerName}
	if wrong != nil {
		page["Wrong"] = wrong.Error()
		w.WriteHeader(http.StatusBadRequest)
	} else {
		page["Unix"], page["Windows"] = s.unixLine(askedAt(r), code, "worker"), s.windowsLine(askedAt(r), code, "worker")
	}
	joinForm.Execute(w, page) // a reader that left has nobody to tell
	return nil
}
