package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/go-chi/chi/v5"

	"renderfarm/farm"
)

// pages serves the embedded files. They have no modification times, so each
// has an ETag for browsers to revalidate with. Most managers are asked for few of
// them, and seldom, so nothing is kept but the tags, and the documentation once
// somebody reads it.
type pages struct {
	ui   fs.FS
	docs func() (map[string][]byte, error)
	tags sync.Map // by path, of files that were asked for
}

// A page is one file and the tag by which browsers know whether they have it.
type page struct {
	content []byte
	etag    string
}

func newPages(o Options) *pages {
	p := &pages{ui: o.UI, docs: func() (map[string][]byte, error) { return nil, nil }}
	if o.Docs != nil {
		p.docs = sync.OnceValues(o.Docs)
	}
	return p
}

// find returns the file of a path, below docs a page of the documentation. It is
// fs.ErrNotExist if there is none.
func (p *pages) find(name string) (page, error) {
	content, err := p.read(name)
	if err != nil {
		return page{}, err
	}
	tag, ok := p.tags.Load(name)
	if !ok {
		sum := sha256.Sum256(content)
		tag, _ = p.tags.LoadOrStore(name, `"`+hex.EncodeToString(sum[:12])+`"`)
	}
	return page{content, tag.(string)}, nil
}

func (p *pages) read(name string) ([]byte, error) {
	below, ok := strings.CutPrefix(name, "docs/")
	if !ok {
		return fs.ReadFile(p.ui, name)
	}
	docs, err := p.docs()
	if err != nil {
		return nil, err
	}
	content, ok := docs[below]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return content, nil
}

// policy lets pages load nothing but what the manager itself serves, and do nothing that
// is written into them. Swagger UI, which is not ours, writes styles into its page.
const (
	policy        = "default-src 'self'; img-src 'self' data:; object-src 'none'; frame-ancestors 'none'; base-uri 'self'; form-action 'self'"
	swaggerPolicy = policy + "; style-src 'self' 'unsafe-inline'"
)

// serve answers with an embedded file, and reports whether there is one of that name.
func (p *pages) serve(w http.ResponseWriter, r *http.Request, name string) bool {
	f, err := p.find(name)
	if err != nil {
		return false
	}
	p.write(w, r, name, f)
	return true
}

// write answers with a file, or 304 if the browser has it.
func (p *pages) write(w http.ResponseWriter, r *http.Request, name string, f page) {
	h := w.Header()
	h.Set("ETag", f.etag)
	h.Set("Cache-Control", "no-cache") // always revalidate: a new version shows at once
	h.Set("Content-Security-Policy", policy)
	if strings.HasPrefix(name, "vendor/swagger-ui/") {
		h.Set("Content-Security-Policy", swaggerPolicy)
	}
	h.Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(f.content))
}

// app serves the web page; paths that are no files are places within it.
func (p *pages) app(w http.ResponseWriter, r *http.Request) {
	place := chi.URLParam(r, "*")
	if name := path.Join("app", place); name != "app" && name != "app/index.html" && p.serve(w, r, name) {
		return
	}
	if path.Ext(place) != "" && !strings.Contains(place, "/") && place != "index.html" { // no files are further down; names with dots are
		notFound(w, r)
		return
	}
	index, err := p.indexAt(strings.Count(place, "/"))
	if err != nil {
		notFound(w, r)
		return
	}
	p.write(w, r, "index.html", index)
}

// indexAt returns the web page for a place so many folders down. Everything in
// it is relative to its base, so that it works below any path of a proxy.
func (p *pages) indexAt(depth int) (page, error) {
	f, err := p.find("app/index.html")
	if err != nil || depth == 0 {
		return f, err
	}
	content := bytes.Replace(f.content, []byte(`<base href="./">`), []byte(`<base href="`+strings.Repeat("../", depth)+`">`), 1)
	return page{content, strings.TrimSuffix(f.etag, `"`) + "-" + strconv.Itoa(depth) + `"`}, nil
}

// below serves the files of a folder; the folder itself is its index.html.
func (p *pages) below(folder string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		name := path.Join(folder, chi.URLParam(r, "*"))
		if strings.HasSuffix(r.URL.Path, "/") {
			name = path.Join(name, "index.html")
		}
		if !p.serve(w, r, name) {
			notFound(w, r)
		}
	}
}

// icon serves the icon that browsers ask for on their own.
func (p *pages) icon(w http.ResponseWriter, r *http.Request) {
	if !p.serve(w, r, "app/icon.png") {
		notFound(w, r)
	}
}

// jobFile serves a task log or a preview. Folders are not listed.
func (s *Server) jobFile(w http.ResponseWriter, r *http.Request) error {
	name := chi.URLParam(r, "*")
	file, info, err := openRegular(s.m.Files(), name)
	if err != nil {
		return err
	}
	defer file.Close()
	h := w.Header()
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	if strings.HasSuffix(name, ".txt") || strings.HasSuffix(name, ".txt.1") {
		h.Set("Content-Type", "text/plain; charset=utf-8") // what a program printed is never a page
	}
	http.ServeContent(w, r, name, info.ModTime(), file)
	return nil
}

// openRegular opens a plain file. One that is there and cannot be read, because the manager
// has no more file handles or its disk is away, is not one that does not exist.
func openRegular(files fs.FS, name string) (io.ReadSeekCloser, fs.FileInfo, error) {
	file, err := files.Open(name)
	switch {
	case errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.EIO):
		return nil, nil, err
	case err != nil:
		return nil, nil, farm.Errorf(farm.NotFound, "no such file: %s", name)
	}
	info, err := file.Stat()
	seeker, ok := file.(io.ReadSeekCloser)
	if err != nil || !ok || !info.Mode().IsRegular() {
		file.Close()
		return nil, nil, farm.Errorf(farm.NotFound, "no such file: %s", name)
	}
	return seeker, info, nil
}
