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

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/blendfile"
	"renderfarm/farm/upload"
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

// TestUpload sends what the farm does not have, and nothing else.
func TestUpload(t *testing.T) {
	f := newTestFarm(t)
	texts := map[string]string{"shots/ü.blend": "BLENDER", "tex/a.png": "same", "tex/b.png": "same", "tex/empty": ""}
	p := uploadPack(t, texts)
	var last upload.Progress
	done, err := upload.Pack(t.Context(), f.client, p, upload.Name(`a/b?`), func(p upload.Progress) { last = p })
	if err != nil || done.Checkout != "a_b_" || done.Files != 3 || done.Bytes != 11 || last.Phase != "Uploading" || last.Files != 3 || last.Bytes != 11 {
		t.Fatalf("%+v, %+v, %v", done, last, err)
	}
	for target, text := range texts {
		if got := f.checkout(t, done.Checkout, target); got != text {
			t.Errorf("%s: %q", target, got)
		}
	}
	// The same again under a new name; then one file that changed.
	again, err := upload.Pack(t.Context(), f.client, p, "a_b_", nil)
	if err != nil || again.Files != 0 || again.Bytes != 0 || again.Checkout == done.Checkout {
		t.Errorf("%+v, %v", again, err)
	}
	texts["tex/a.png"] = "changed"
	if again, err = upload.Pack(t.Context(), f.client, uploadPack(t, texts), "c", nil); err != nil || again.Files != 1 || again.Bytes != 7 {
		t.Errorf("%+v, %v", again, err)
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
	done, err := upload.Pack(t.Context(), client, uploadPack(t, map[string]string{"a.blend": text}), "a", nil)
	if err != nil || cuts.Load() < 4 {
		t.Fatalf("%+v, %v after %d cuts", done, err, cuts.Load())
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
	if _, err := upload.Pack(t.Context(), f.client, p, "a", nil); farm.KindOf(err) != farm.Conflict {
		t.Error(err)
	}
	p.Files[0].Source += ".gone"
	if _, err := upload.Pack(t.Context(), f.client, p, "a", nil); farm.KindOf(err) != farm.Invalid || !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	// A manager that asks for what it must not have, and one that is never content.
	for says, answer := range map[string]string{
		"not part of the pack": `{"files":[{"sha":"ab","size":1,"path":"/etc/passwd","status":"unknown"}]}`,
		"keeps asking":         `{"files":[{"sha":"` + sha256Of("BLENDER") + `","size":7,"path":"a.blend","status":"unknown"}]}`,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "application/json")
			if strings.HasSuffix(r.URL.Path, "/requirements") {
				io.WriteString(w, answer)
			}
		}))
		p := uploadPack(t, map[string]string{"a.blend": "BLENDER"})
		client, err := api.New(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := upload.Pack(t.Context(), client, p, "a", nil); err == nil || !strings.Contains(err.Error(), says) {
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
