package cmd

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/blendfile"
)

// uploadPack returns a pack of files with the texts, by target.
func uploadPack(t *testing.T, texts map[string]string) *blendfile.Pack {
	t.Helper()
	dir := t.TempDir()
	p := &blendfile.Pack{Blend: "shots/ü.blend"}
	for target, text := range texts {
		source := filepath.Join(dir, strings.ReplaceAll(target, "/", "-"))
		if err := os.WriteFile(source, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		p.Files = append(p.Files, blendfile.PackFile{Source: source, Target: target, Size: int64(len(text))})
	}
	return p
}

// checkout reads a file of a checkout.
func (f *testFarm) checkout(t *testing.T, folder, target string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(f.home, "storage", "jobs", folder, target))
	if err != nil {
		t.Error(err)
	}
	return string(text)
}

// deliverPack uploads a pack as submissions do. It returns the checkout, and what
// the submitter is told of it.
func deliverPack(t *testing.T, client *api.Client, p *blendfile.Pack, name string) (folder, said string, err error) {
	t.Helper()
	u := uploaded{files: p, client: client, name: checkoutName(name), s: testSession(t, nil), say: func(text string) { said += text }}
	var job api.SubmittedJob
	blend, err := u.deliver(t.Context(), &job)
	if err != nil {
		if blend != "" || job.Storage != nil || said != "" {
			t.Errorf("an upload that failed leaves %q, %+v and %q", blend, job.Storage, said)
		}
		return "", "", err
	}
	folder = job.Storage.ShamanCheckoutID
	if blend != "{jobs}/"+folder+"/"+p.Blend {
		t.Errorf("the .blend is at %q in %q", blend, folder)
	}
	return folder, said, nil
}

// TestUpload sends what the farm does not have, and nothing else.
func TestUpload(t *testing.T) {
	f := newTestFarm(t)
	texts := map[string]string{"shots/ü.blend": "BLENDER", "tex/a.png": "same", "tex/b.png": "same", "tex/empty": ""}
	p := uploadPack(t, texts)
	folder, said, err := deliverPack(t, f.client, p, `a/b?`)
	if err != nil || folder != "a_b_" || !strings.HasPrefix(said, "Uploaded 3 files, 11 bytes, of 4 files, 15 bytes;") {
		t.Fatalf("%q, %q, %v", folder, said, err)
	}
	for target, text := range texts {
		if got := f.checkout(t, folder, target); got != text {
			t.Errorf("%s: %q", target, got)
		}
	}
	// The same again under a new name; then one file that changed.
	again, said, err := deliverPack(t, f.client, p, "a_b_")
	if err != nil || again == folder || !strings.HasPrefix(said, "Uploaded 0 files, 0 bytes,") {
		t.Errorf("%q, %q, %v", again, said, err)
	}
	texts["tex/a.png"] = "changed"
	if _, said, err = deliverPack(t, f.client, uploadPack(t, texts), "c"); err != nil || !strings.HasPrefix(said, "Uploaded 1 file, 7 bytes,") {
		t.Errorf("%q, %v", said, err)
	}
}

// TestUploadProgress draws the stages of an upload, each in its own measure.
func TestUploadProgress(t *testing.T) {
	var out bytes.Buffer
	now := time.Unix(0, 0)
	bar := &transferBar{out: &out, live: true, now: func() time.Time { return now }}
	for _, step := range []struct {
		p    api.SendProgress
		want string
	}{
		{api.SendProgress{Stage: api.StageHash, FilesTotal: 2, BytesTotal: 4000}, "Hashing  0/2 files  0 bytes of 4.0 kB"},
		{api.SendProgress{Stage: api.StageHash, Files: 1, FilesTotal: 2, Bytes: 2000, BytesTotal: 4000}, "Hashing  1/2 files  2.0 kB of 4.0 kB  200 bytes/s  10s left"},
		{api.SendProgress{Stage: api.StageUpload, FilesTotal: 1, Bytes: 500, BytesTotal: 1000}, "Uploading  0/1 files  500 bytes of 1.0 kB"},
		{api.SendProgress{Stage: api.StageUpload, FilesTotal: 3, Bytes: 1, BytesTotal: 2000}, "Uploading  0/3 files  1 bytes of 2.0 kB"},
		{api.SendProgress{Stage: api.StageCheckout}, "Waiting for the farm to put the files into their folder"},
	} {
		out.Reset()
		bar.showUpload(step.p)
		if got := strings.TrimSuffix(strings.TrimPrefix(out.String(), "\r"), "\x1b[K"); got != step.want {
			t.Errorf("%+v is drawn as %q, want %q", step.p, got, step.want)
		}
		now = now.Add(10 * time.Second)
	}
	out.Reset()
	bar.live = false
	bar.showUpload(api.SendProgress{Stage: api.StageCheckout})
	if out.Len() > 0 {
		t.Errorf("no terminal, and yet %q", out.String())
	}
}

// TestUploadGoesOn loses the connection in the middle of a file, again and again.
func TestUploadGoesOn(t *testing.T) {
	f := newTestFarm(t)
	u, err := url.Parse(f.host.url)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(u)
	proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }
	var cuts atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && strings.Contains(r.URL.Path, "/shaman/files/") && cuts.Add(1) <= 3 {
			r.Body = io.NopCloser(&cutReader{r.Body, 2 << 20})
		}
		proxy.ServeHTTP(w, r)
	}))
	defer server.Close()
	client, err := api.New(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("0123456789abcdef", 9<<16) // 9 MiB
	_, said, err := deliverPack(t, client, uploadPack(t, map[string]string{"a.blend": text}), "a")
	if err != nil || cuts.Load() < 4 {
		t.Fatalf("%q, %v after %d cuts", said, err, cuts.Load())
	}
	if f.checkout(t, "a", "a.blend") != text {
		t.Error("the file is not what was sent")
	}
}

func sha256Of(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// A cutReader breaks after so many bytes.
type cutReader struct {
	io.Reader
	left int
}

func (c *cutReader) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errors.New("the cable was pulled")
	}
	n, err := c.Reader.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}

// TestUploadRefuses says what is wrong with files and managers.
func TestUploadRefuses(t *testing.T) {
	f := newTestFarm(t)
	p := uploadPack(t, map[string]string{"a.blend": "BLENDER"})
	p.Files[0].Size++
	if _, _, err := deliverPack(t, f.client, p, "a"); farm.KindOf(err) != farm.Mismatch || !strings.Contains(err.Error(), p.Files[0].Source) {
		t.Error(err)
	}
	p.Files[0].Source += ".gone"
	if _, _, err := deliverPack(t, f.client, p, "a"); farm.KindOf(err) != farm.Invalid || !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	// A manager that asks for what it must not have, and one that is never content.
	for says, answer := range map[string]string{
		"was not offered":     `{"files":[{"sha":"ab","size":1,"path":"/etc/passwd","status":"unknown"}]}`,
		"keeps missing files": `{"files":[{"sha":"` + sha256Of("BLENDER") + `","size":7,"path":"a.blend","status":"unknown"}]}`,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "application/json")
			switch {
			case strings.HasSuffix(r.URL.Path, "/requirements"):
				io.WriteString(w, answer)
			case strings.HasSuffix(r.URL.Path, "/create"):
				w.WriteHeader(http.StatusFailedDependency)
			}
		}))
		p := uploadPack(t, map[string]string{"a.blend": "BLENDER"})
		client, err := api.New(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := deliverPack(t, client, p, "a"); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v; want %q", err, says)
		}
		server.Close()
	}
}

// TestUploadFlag uploads from a computer that could copy, and says how much.
func TestUploadFlag(t *testing.T) {
	st := newServeTest(t)
	if status := st.run(t, t.Context(), "submit", scene(t, t.TempDir()), "--upload", "--no-wait", "--name", "up"); status != exitOK || !strings.Contains(st.err.String(), "Uploaded 1 file") {
		t.Fatalf("%d: %s", status, st.err.String())
	}
	id := strings.TrimSpace(st.out.String())
	if status := st.run(t, t.Context(), "jobs", "show", id, "--json"); status != exitOK || !bytes.Contains(st.out.Bytes(), []byte(`"shaman_checkout_id": "up"`)) || !bytes.Contains(st.out.Bytes(), []byte("up/my scene.blend")) {
		t.Errorf("%d: %s", status, st.out.String())
	}
}
