package server_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// sendFiles writes files, and returns them for a Sending.
func sendFiles(t *testing.T, contents map[string]string) []api.SendFile {
	t.Helper()
	dir := t.TempDir()
	var files []api.SendFile
	for name, content := range contents {
		source := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(source), 0o777), os.WriteFile(source, []byte(content), 0o666)); err != nil {
			t.Fatal(err)
		}
		files = append(files, api.SendFile{Path: name, Source: source})
	}
	return files
}

// TestSend submits a project, changes a file of it, and submits it again: only
// what changed goes over the network.
func TestSend(t *testing.T) {
	s := newServer(t)
	client := s.api(true)
	contents := map[string]string{"shot.blend": strings.Repeat("blend", 1000), "tex/wood.png": "wood", "tex/same.png": "wood", "tex/Größe.png": "size", "empty": "",
		"big.vdb": strings.Repeat("0123456789abcdef", 200_000)}
	var last api.SendProgress
	stages := map[string]bool{}
	files := sendFiles(t, contents)
	sending := api.Sending{Client: client, Files: files, Checkout: "my job", Progress: func(p api.SendProgress) { last = p; stages[p.Stage] = true }}
	sent, err := sending.Send(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if sent.Checkout != "my job" || sent.Files != 5 || sent.Bytes != 5000+4+4+3_200_000 || sent.Known != 0 {
		t.Errorf("%+v", sent)
	}
	if len(stages) != 3 || last.Stage != api.StageCheckout {
		t.Errorf("stages %v, at last %+v", stages, last)
	}
	for name, content := range contents {
		if got, err := os.ReadFile(filepath.Join(s.home, "storage", "jobs", "my job", filepath.FromSlash(name))); err != nil || string(got) != content {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	contents["shot.blend"] = "changed"
	again := api.Sending{Client: client, Files: sendFiles(t, contents), Checkout: "my job"}
	if sent, err = again.Send(t.Context()); err != nil || sent.Files != 1 || sent.Bytes != 7 || sent.Known != 4+4+3_200_000 || !strings.HasPrefix(sent.Checkout, "my job-") {
		t.Errorf("again: %+v, %v", sent, err)
	}
}

// cutter breaks uploads off after so many bytes, as often as it has lives.
type cutter struct {
	http.RoundTripper
	after  int64
	pulled func() // called at each break, if not nil
	begins func() // called when an upload begins, if not nil
	lives  atomic.Int32
	sent   atomic.Int64
}

func (c *cutter) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPost && strings.Contains(r.URL.Path, "/shaman/files/") {
		if c.begins != nil {
			c.begins()
		}
		cut := c.lives.Add(-1) >= 0
		r.Body = &cutBody{ReadCloser: r.Body, c: c, cut: cut, left: c.after}
	}
	return c.RoundTripper.RoundTrip(r)
}

type cutBody struct {
	io.ReadCloser
	c    *cutter
	cut  bool
	left int64
}

func (b *cutBody) Read(p []byte) (int, error) {
	if b.cut && b.left <= 0 {
		if b.c.pulled != nil {
			b.c.pulled()
		}
		return 0, errors.New("the cable was pulled")
	}
	if b.cut && int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	b.c.sent.Add(int64(n))
	return n, err
}

// TestSendContinues breaks an upload off three times: it is continued, and not begun again.
func TestSendContinues(t *testing.T) {
	s := newServer(t)
	client := s.api(false)
	const size = 8 << 20
	content := string(bytes.Repeat([]byte("something that is not nothing..\n"), size/32))
	cut := &cutter{RoundTripper: client.HTTP.Transport, after: 2<<20 + 17}
	cut.lives.Store(3)
	client.HTTP.Transport = cut
	sending := api.Sending{Client: client, Files: sendFiles(t, map[string]string{"big.blend": content}), Checkout: "job"}
	sent, err := sending.Send(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(s.home, "storage", "jobs", "job", "big.blend")); err != nil || string(got) != content {
		t.Errorf("%d bytes arrived, %v", len(got), err)
	}
	// What was on its way at each cut goes again; begun anew it would be 6 MiB more.
	if total := cut.sent.Load(); total > size+3<<20 {
		t.Errorf("%d bytes were sent of a file of %d", total, size)
	}
	if sent.Files != 1 || cut.lives.Load() > 0 {
		t.Errorf("%+v, %d cuts left", sent, cut.lives.Load())
	}
}

// api returns a client, whose calls are held to the document if that is wanted.
func (s *testServer) api(checked bool) *api.Client {
	s.t.Helper()
	client, err := api.New(s.url)
	if err != nil {
		s.t.Fatal(err)
	}
	if checked {
		client.HTTP = s.client
	}
	return client
}

// TestSendAfterCancel is interrupted by its user, who tries again later.
func TestSendAfterCancel(t *testing.T) {
	s := newServer(t)
	const size = 24 << 20
	files := sendFiles(t, map[string]string{"big.blend": string(bytes.Repeat([]byte("0123456789abcdef"), size/16))})
	ctx, cancel := context.WithCancel(t.Context())
	// In the body, as progress may be told of when all is on its way.
	client := s.api(false)
	cut := &cutter{RoundTripper: client.HTTP.Transport, after: size/2 + 17, pulled: cancel}
	cut.lives.Store(1)
	client.HTTP.Transport = cut
	first := api.Sending{Client: client, Files: files, Checkout: "job"}
	if _, err := first.Send(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("%v", err)
	}
	// The manager learns of the break a moment later than the client.
	for {
		if got := s.want(200, "GET", fmt.Sprintf("/api/v3/shaman/files/%s/%d", files[0].SHA, size), ""); got.text("status") == "unknown" {
			break
		}
	}
	second := api.Sending{Client: s.api(false), Files: files, Checkout: "job"}
	sent, err := second.Send(t.Context())
	if err != nil || sent.Files != 1 || sent.Bytes >= size {
		t.Errorf("%+v, %v: it began anew", sent, err)
	}
}

// TestSendWaitsForOthers sends a file that somebody else is just sending.
func TestSendWaitsForOthers(t *testing.T) {
	s := newServer(t)
	const content = "both send this"
	body, w := io.Pipe()
	others := make(chan error, 1)
	go func() {
		res, err := http.Post(s.url+fileURL(content), binary, body)
		if err == nil {
			res.Body.Close()
			if res.StatusCode != http.StatusOK {
				err = errors.New(res.Status)
			}
		}
		others <- err
	}()
	io.WriteString(w, content[:5]) // the other one is on the line
	for s.want(200, "GET", fileURL(content), "").text("status") != "uploading" {
	}
	client := s.api(true)
	watched := &watcher{RoundTripper: client.HTTP.Transport, seen: make(chan int, 10)}
	client.HTTP = &http.Client{Transport: watched}
	done := make(chan error, 1)
	sending := api.Sending{Client: client, Files: sendFiles(t, map[string]string{"x.blend": content, "own.png": "mine"}), Checkout: "job"}
	var sent api.Sent
	go func() {
		var err error
		sent, err = sending.Send(t.Context())
		done <- err
	}()
	for status := range watched.seen {
		if status == http.StatusTooEarly { // told to send others first
			break
		}
	}
	io.WriteString(w, content[5:])
	w.Close()
	if err := errors.Join(<-others, <-done); err != nil {
		t.Error(err)
	}
	if sent.Files != 1 {
		t.Errorf("%+v", sent)
	}
	if got, err := os.ReadFile(filepath.Join(s.home, "storage", "jobs", "job", "x.blend")); err != nil || string(got) != content {
		t.Errorf("%q, %v", got, err)
	}
}

// watcher tells of the statuses of uploads.
type watcher struct {
	http.RoundTripper
	seen chan int
}

func (w *watcher) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := w.RoundTripper.RoundTrip(r)
	if err == nil && r.Method == http.MethodPost && strings.Contains(r.URL.Path, "/shaman/files/") {
		w.seen <- res.StatusCode
	}
	return res, err
}

// TestSendProblems has what can be wrong with the files of a submitter.
func TestSendProblems(t *testing.T) {
	s := newServer(t)
	config := s.want(200, "GET", "/api/v3/configuration/file", "")
	s.want(204, "PUT", "/api/v3/configuration/file", strings.Replace(string(config.body), `"quota":"0"`, `"quota":"1MB"`, 1))
	dir := t.TempDir()
	source := filepath.Join(dir, "a.png")
	write := func(content string) {
		if err := os.WriteFile(source, []byte(content), 0o600); err != nil {
			t.Error(err)
		}
	}
	changing := func(content string) func() { return func() { write(content) } }
	tests := map[string]struct {
		file     api.SendFile
		checkout string
		begins   func() // when the upload begins
		kind     farm.Kind
		status   int
		says     string
	}{
		"missing":        {api.SendFile{Path: "a", Source: filepath.Join(dir, "none")}, "job", nil, farm.Invalid, 0, "cannot read"},
		"a folder":       {api.SendFile{Path: "a", Source: dir}, "job", nil, farm.Invalid, 0, "not a file"},
		"changed":        {api.SendFile{Path: "a", Source: source}, "job", changing("CHANGED"), farm.Mismatch, 0, "was changed while it was sent"},
		"became longer":  {api.SendFile{Path: "a", Source: source}, "job", changing("became longer and longer"), farm.Mismatch, 0, "was changed while it was sent"},
		"changed before": {api.SendFile{Path: "a", Source: source, Size: 3}, "job", nil, farm.Mismatch, 0, "was changed since it was looked at"},
		"bad path":       {api.SendFile{Path: "../a", Source: source}, "job", nil, farm.Internal, 400, "could leave the checkout"},
		"bad name":       {api.SendFile{Path: "a", Source: source}, "job?", nil, farm.Internal, 400, "rename the job"},
		"too large":      {api.SendFile{Path: "a", Source: source, SHA: sha("x"), Size: 1_000_001}, "job", nil, farm.Internal, 507, "of its quota of 1 MB"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if write(name); name == "too large" { // what one case stores, another would not have to send
				write(strings.Repeat("x", 1_000_001))
			}
			client := s.api(false)
			client.HTTP.Transport = &cutter{RoundTripper: client.HTTP.Transport, begins: test.begins}
			sending := api.Sending{Client: client, Files: []api.SendFile{test.file}, Checkout: test.checkout}
			_, err := sending.Send(t.Context())
			if err == nil || farm.KindOf(err) != test.kind || api.StatusOf(err) != test.status || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v (kind %d, status %d)", err, farm.KindOf(err), api.StatusOf(err))
			}
		})
	}
	if got := s.want(200, "GET", "/api/farm/files", ""); got.get("checkouts") != 0.0 {
		t.Errorf("checkouts of what failed: %s", got.body)
	}
}
