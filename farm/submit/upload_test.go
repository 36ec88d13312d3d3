package submit

import (
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
	"sync"
	"sync/atomic"
	"testing"

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

// deliverPack uploads a pack as submissions do. It returns the checkout, and what
// the submitter is told of it.
func deliverPack(t *testing.T, client *api.Client, p *blendfile.Pack, name string) (folder, said string, err error) {
	t.Helper()
	u := uploaded{s: &Submitter{Client: client}, files: p, name: farm.FolderName(name)}
	var job api.SubmittedJob
	blend, err := u.deliver(t.Context(), &job)
	if err != nil {
		if blend != "" || job.Storage != nil {
			t.Errorf("an upload that failed leaves %q and %+v", blend, job.Storage)
		}
		return "", "", err
	}
	folder = job.Storage.ShamanCheckoutID
	if blend != "{jobs}/"+folder+"/"+p.Blend {
		t.Errorf("the .blend is at %q in %q", blend, folder)
	}
	return folder, u.delivered(), nil
}

// TestUpload sends what the farm does not have, and nothing else.
func TestUpload(t *testing.T) {
	f := newManager(t)
	texts := map[string]string{"shots/ü.blend": "BLENDER", "tex/a.png": "same", "tex/b.png": "same", "tex/empty": ""}
	p := uploadPack(t, texts)
	folder, said, err := deliverPack(t, f.client, p, `a/b?`)
	if err != nil || folder != "a_b_" || !strings.HasPrefix(said, "Uploaded 3 files, 11 B, of 4 files, 15 B;") {
		t.Fatalf("%q, %q, %v", folder, said, err)
	}
	for target, text := range texts {
		if got := f.checkout(t, folder, target); got != text {
			t.Errorf("%s: %q", target, got)
		}
	}
	// The same again under a new name; then one file that changed.
	again, said, err := deliverPack(t, f.client, p, "a_b_")
	if err != nil || again == folder || !strings.HasPrefix(said, "Uploaded 0 files, 0,") {
		t.Errorf("%q, %q, %v", again, said, err)
	}
	texts["tex/a.png"] = "changed"
	if _, said, err = deliverPack(t, f.client, uploadPack(t, texts), "c"); err != nil || !strings.HasPrefix(said, "Uploaded 1 file, 7 B,") {
		t.Errorf("%q, %v", said, err)
	}
}

// TestUploadGoesOn loses the connection in the middle of a file, again and again.
func TestUploadGoesOn(t *testing.T) {
	f := newManager(t)
	u, err := url.Parse(f.url)
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
	f := newManager(t)
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

// TestSameNameSameSecond gives jobs of one name a folder each, however fast they
// are submitted.
func TestSameNameSameSecond(t *testing.T) {
	f := newManager(t)
	var mu sync.Mutex // guards outputs
	outputs := map[string]int{}
	var all sync.WaitGroup
	for range 12 {
		all.Go(func() {
			job, err := f.client.SubmitJob(t.Context(), api.SubmittedJob{Name: "shot", Type: DefaultType, SubmitterPlatform: "linux", Settings: map[string]any{
				"frames": "1", "render_output_root": "/out", "add_path_components": 0, "render_output_path": "/out/shot/{timestamp}/######",
				"blendfile": "/s/shot.blend", "format": "PNG", "image_file_extension": ".png", "scene": "S",
			}})
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			output, _ := job.Settings["render_output_path"].(string)
			outputs[output]++
		})
	}
	all.Wait()
	if len(outputs) != 12 || outputs[""] > 0 {
		t.Errorf("12 jobs go to %v", outputs)
	}
}
