package cmd

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"renderfarm/farm/api"
)

// faults are what is done to a healthy computer, by the name under which it is to be found.
var faults = map[string]func(p *patient){
	"config":           func(p *patient) { p.write("farm.yaml", "lisen: :8080\n") },
	"home-read-only":   func(p *patient) { mount(p.t, p.home, "ro,size=1m") },
	"home-full":        func(p *patient) { mount(p.t, p.home, "size=2m"); fill(p.t, p.home) },
	"home-nearly-full": func(p *patient) { mount(p.t, p.home, "size=50m") },
	"temp-missing":     func(p *patient) { p.env["TMPDIR"] = filepath.Join(p.home, "no", "folder") },
	"temp-full": func(p *patient) {
		p.env["TMPDIR"] = p.t.TempDir()
		mount(p.t, p.env["TMPDIR"], "size=2m")
		fill(p.t, p.env["TMPDIR"])
	},
	"storage-missing": func(p *patient) { p.hideStorage(); p.args = []string{"--storage", "shared"} },
	"storage-other": func(p *patient) {
		p.markStorage("11111111-2222-4333-8444-555555555555")
		p.args = []string{"--storage", "shared"}
	},
	"storage-read-only": func(p *patient) { p.coverStorage("size=1m"); remountReadOnly(p.t, p.farm.storage) },
	"storage-full":      func(p *patient) { p.coverStorage("size=2m"); fill(p.t, p.farm.storage) },
	"storage-links": func(p *patient) {
		p.side, p.env["FARM_SHARED_STORAGE"] = "manager", p.t.TempDir()
		mount(p.t, p.env["FARM_SHARED_STORAGE"], "nosymfollow")
	},
	"blender-missing": func(p *patient) { os.Remove(filepath.Join(p.bin, "blender")) },
	"blender-broken":  func(p *patient) { writeProgram(p.t, p.bin, "blender", "echo 'libXi.so.6: cannot open' >&2; exit 127") },
	"blender-version": func(p *patient) { p.another("other", "4.2.0") },
	"ffmpeg-missing":  func(p *patient) { os.Remove(filepath.Join(p.bin, "ffmpeg")) },
	"ffmpeg-broken":   func(p *patient) { writeProgram(p.t, p.bin, "ffmpeg", "exit 1") },
	"gpu-invisible": func(p *patient) {
		writeProgram(p.t, p.bin, "nvidia-smi", "echo 'GPU 0: NVIDIA RTX A4000 (UUID: GPU-1)'")
		p.known("CPU", true)
	},
	"eevee-display":  func(p *patient) { p.known("CPU", false) },
	"ocio-missing":   func(p *patient) { p.env["OCIO"] = filepath.Join(p.home, "none.ocio") },
	"blender-folder": func(p *patient) { p.env["BLENDER_USER_SCRIPTS"] = filepath.Join(p.home, "none") },
	"port-closed":    func(p *patient) { p.address = "http://127.0.0.1:9" },
	"port-blocked":   func(p *patient) { p.address = silent(p.t) },
	"name-unknown":   func(p *patient) { p.address = "http://farm.invalid:8080" },
	"manager-other":  func(p *patient) { p.serve(http.FileServer(http.Dir(p.home))) },
	"proxy": func(p *patient) {
		p.serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no upstream", http.StatusBadGateway) }))
	},
	"clock": func(p *patient) {
		p.standIn(func(r *http.Response) error {
			r.Header.Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
			return nil
		})
	},
	"name-twice": func(p *patient) { p.another("sick", "4.3.0") },
	"port-taken": func(p *patient) {
		p.side, p.env["FARM_LISTEN"] = "manager", strings.TrimPrefix(p.farm.client.Base, "http://")
	},
	"listen": func(p *patient) { p.side, p.env["FARM_LISTEN"] = "manager", "192.0.2.1:8080" },
	"sleep":  func(p *patient) { writeProgram(p.t, p.bin, "gsettings", `echo "'suspend'"`) },
	"version-other": func(p *patient) {
		p.standIn(func(r *http.Response) error {
			if strings.HasSuffix(r.Request.URL.Path, "/version") {
				r.Body.Close()
				body := `{"name":"Farm","version":"9.9","shortversion":"9.9","git":""}`
				r.Body, r.ContentLength = http.NoBody, int64(len(body))
				r.Header.Set("Content-Length", fmt.Sprint(len(body)))
				r.Body = readCloser{strings.NewReader(body)}
			}
			return nil
		})
	},
}

type readCloser struct{ *strings.Reader }

// Close does nothing.
func (readCloser) Close() error { return nil }

// hideStorage takes the storage away.
func (p *patient) hideStorage() {
	away := p.farm.storage + ".away"
	if err := os.Rename(p.farm.storage, away); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		if err := os.Rename(away, p.farm.storage); err != nil {
			p.t.Error(err)
		}
	})
}

// markStorage has the manager tell another mark than that of the folder.
func (p *patient) markStorage(mark string) {
	p.standIn(func(r *http.Response) error {
		if !strings.HasSuffix(r.Request.URL.Path, "/worker/needs") {
			return nil
		}
		r.Body.Close()
		body := fmt.Sprintf(`{"storage":%q,"storage_id":%q,"blender":"blender","ffmpeg":"ffmpeg"}`, p.farm.storage, mark)
		r.ContentLength = int64(len(body))
		r.Header.Set("Content-Length", fmt.Sprint(len(body)))
		r.Body = readCloser{strings.NewReader(body)}
		return nil
	})
}

// silent returns an address at which connections are taken and nothing is answered.
func silent(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return "http://" + l.Addr().String()
}

// coverStorage mounts another file system over the storage, with the mark of the farm's.
func (p *patient) coverStorage(options string) {
	mark := filepath.Join(p.farm.storage, api.StorageMark)
	text, err := os.ReadFile(mark)
	if err != nil {
		p.t.Fatal(err)
	}
	mount(p.t, p.farm.storage, options)
	if err := os.WriteFile(mark, text, 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func remountReadOnly(t *testing.T, dir string) {
	t.Helper()
	if out, err := exec.Command("mount", "-o", "remount,ro", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}
