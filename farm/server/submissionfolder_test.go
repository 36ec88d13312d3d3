package server_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"renderfarm/farm/blendertest"
)

// needed are the files of the project that its scene needs.
var needed = []string{"assets/maps/leaf é.png", "assets/tree.blend", "shots/shot 1.blend", "textures/wood grain.png"}

// makeProject makes the folder, and returns its files by their paths in it.
func makeProject(t *testing.T) map[string][]byte {
	t.Helper()
	top := filepath.Join(t.TempDir(), "project")
	make := exec.CommandContext(t.Context(), blendertest.Find(t), "-b", "--factory-startup", "--python-exit-code", "9", "--python", "../../testdata/scenes/make_project.py", "--", top)
	if out, err := make.CombinedOutput(); err != nil {
		t.Fatalf("make the project: %v\n%s", err, out)
	}
	files := map[string][]byte{"empty.txt": nil}
	err := fs.WalkDir(os.DirFS(top), ".", func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			files[path], err = os.ReadFile(filepath.Join(top, path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// begin begins with a file of a folder, and returns its address and what was answered.
func (s *testServer) beginFolder(name string, files map[string][]byte) (string, answer) {
	s.t.Helper()
	type file struct {
		Path string `json:"path"`
		Size int    `json:"size"`
	}
	asked := struct {
		Name  string `json:"name"`
		Files []file `json:"files"`
	}{Name: name}
	for path, content := range files {
		asked.Files = append(asked.Files, file{path, len(content)})
	}
	text, err := json.Marshal(asked)
	if err != nil {
		s.t.Fatal(err)
	}
	begun := s.want(200, "POST", "/api/farm/submissions", string(text))
	return "/api/farm/submissions/" + begun.text("id"), begun
}

// needs asks what is to be sent.
func (s *testServer) needs(at string) (send []string, first bool) {
	s.t.Helper()
	var needs struct {
		Send  []string
		First bool
	}
	if err := json.Unmarshal(s.want(200, "POST", at+"/needs", "").body, &needs); err != nil {
		s.t.Fatal(err)
	}
	slices.Sort(needs.Send)
	return needs.Send, needs.First
}

// named is the body that names files of the file store.
func named(files map[string][]byte, paths ...string) string {
	var list []string
	for _, path := range paths {
		sum := sha256.Sum256(files[path])
		list = append(list, fmt.Sprintf(`{"path":%q,"size":%d,"sha":%q}`, path, len(files[path]), hex.EncodeToString(sum[:])))
	}
	return `{"files":[` + strings.Join(list, ",") + `]}`
}

// intoStore sends files to the file store, and names them.
func (s *testServer) intoStore(at string, files map[string][]byte, paths ...string) {
	s.t.Helper()
	for _, path := range paths {
		sum := sha256.Sum256(files[path])
		sent := s.call("POST", fmt.Sprintf("/api/v3/shaman/files/%s/%d", hex.EncodeToString(sum[:]), len(files[path])), string(files[path]), "Content-Type", "application/octet-stream")
		if sent.status != 200 && sent.status != 208 { // it may be there
			s.t.Fatalf("%s: %d %s", path, sent.status, sent.body)
		}
	}
	s.want(204, "POST", at+"/files", named(files, paths...))
}

// asSent are the files of a job's folder.
func (s *testServer) asSent(job answer) map[string][]byte {
	s.t.Helper()
	inside, ok := strings.CutPrefix(job.text("settings.blendfile"), "{jobs}/")
	top, _, found := strings.Cut(inside, "/")
	if !ok || !found {
		top = strings.TrimPrefix(filepath.ToSlash(job.text("settings.blendfile")), filepath.ToSlash(filepath.Join(s.home, "storage"))+"/")
		if top, found = strings.CutSuffix(top, "/shots/shot 1.blend"); !found {
			s.t.Fatalf("the file is %s", job.text("settings.blendfile"))
		}
	} else {
		top = "jobs/" + top
	}
	files := map[string][]byte{}
	root := filepath.Join(s.home, "storage", filepath.FromSlash(top))
	err := filepath.Walk(root, func(path string, info fs.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		files[filepath.ToSlash(rel)], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return files
}

// Of a folder that goes with the job is what the file needs, to any depth, each file in its
// place and as it was; it is asked for in the order in which it gets known.
func TestFolderIsSubmitted(t *testing.T) {
	files := makeProject(t)
	for _, stored := range []bool{true, false} {
		s := newServer(t)
		if !stored {
			off := s.manager.Config()
			off.Shaman.Enabled = false
			if err := s.manager.SetConfig(off); err != nil {
				t.Fatal(err)
			}
		}
		at, begun := s.beginFolder("shots/shot 1.blend", files)
		if got, _ := begun.get("store").(bool); got != stored || begun.text("name") != "shot 1.blend" {
			t.Fatalf("store %t: %s", stored, begun.body)
		}
		send := func(paths ...string) {
			if stored {
				s.intoStore(at, files, paths...)
				return
			}
			for _, path := range paths {
				s.want(204, "PUT", at+"/file?path="+strings.NewReplacer(" ", "%20").Replace(path), string(files[path]), "Content-Type", "application/octet-stream")
			}
		}
		for _, want := range []string{"shots/shot 1.blend", "assets/tree.blend"} {
			if got, first := s.needs(at); !first || !slices.Equal(got, []string{want}) {
				t.Fatalf("store %t: at first %q is needed, want %q", stored, got, want)
			}
			send(want)
		}
		if got, first := s.needs(at); first || !slices.Equal(got, []string{needed[0], needed[3]}) {
			t.Fatalf("store %t: then %q is needed", stored, got)
		}
		report := s.want(200, "POST", at+"/check", simple)
		if len(report.get("missing").([]any)) != 0 {
			t.Errorf("store %t: the report: %s", stored, report.body)
		}
		s.want(409, "POST", at+"/submit", simple)
		send(needed[0], needed[3])
		if got, first := s.needs(at); first || len(got) != 0 {
			t.Errorf("store %t: all is sent, and %q is needed", stored, got)
		}
		job := s.want(200, "POST", at+"/submit", simple)
		got := s.asSent(job)
		if have := slices.Sorted(maps.Keys(got)); !slices.Equal(have, needed) {
			t.Errorf("store %t: the job has %q", stored, have)
		}
		for path, content := range got {
			if string(content) != string(files[path]) {
				t.Errorf("store %t: %s is another file", stored, path)
			}
		}
		if left, _ := os.ReadDir(filepath.Join(s.home, "uploads")); len(left) > 0 {
			t.Errorf("store %t: %d folders that were sent are left", stored, len(left))
		}
		if stored { // a second time the farm has all of it
			asked := named(files, needed...)
			if again := s.want(200, "POST", "/api/v3/shaman/checkout/requirements", asked); len(again.get("files").([]any)) != 0 {
				t.Errorf("it is sent again: %s", again.body)
			}
		}
	}
}

// A folder is confined to itself, whatever its names are, and what is said of its files
// has to be true.
func TestFoldersAreBounded(t *testing.T) {
	s := newServer(t)
	const begin = `{"name":"a.blend","files":[{"path":"a.blend","size":3},{"path":%s,"size":%d}]}`
	for _, path := range []string{"../b.png", "/etc/passwd", "a/../../b.png", `..\b.png`, `c:\b.png`, "a//b.png", "./b.png", "b/", "", ".", "..", "b\x00.png", "b\n.png", strings.Repeat("x", 2000), strings.Repeat("x/", 100) + "b.png", "a.blend", "a.blend/b.png"} {
		quoted, err := json.Marshal(path)
		if err != nil {
			t.Fatal(err)
		}
		s.want(400, "POST", "/api/farm/submissions", fmt.Sprintf(begin, quoted, 1))
	}
	s.want(400, "POST", "/api/farm/submissions", fmt.Sprintf(begin, `"b.png"`, -1))
	for _, bad := range []string{`{"name":"b.blend","files":[{"path":"a.blend","size":3}]}`, `{"name":"a.txt","files":[{"path":"a.txt","size":3}]}`, `{"name":"a.blend","files":[{"path":"a.blend","size":0}]}`} {
		s.want(400, "POST", "/api/farm/submissions", bad)
	}
	many := strings.Repeat(`{"path":"x","size":1},`, 20_000)
	s.want(413, "POST", "/api/farm/submissions", `{"name":"a.blend","files":[`+many+`{"path":"a.blend","size":3}]}`)
	if left, _ := os.ReadDir(filepath.Join(s.home, "uploads")); len(left) > 0 {
		t.Errorf("%d folders that were refused are left", len(left))
	}

	files := map[string][]byte{"a.blend": []byte("xyz"), "sub/ü '\"b.png": []byte("1234"), "big.png": nil}
	at, _ := s.beginFolder("a.blend", files)
	if err := os.WriteFile(filepath.Join(s.home, "uploads", "beside.png"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"..%2Fbeside.png", "%2Fetc%2Fpasswd", "none.png", "sub"} {
		s.want(400, "PUT", at+"/file?path="+path, "x", "Content-Type", "application/octet-stream")
	}
	s.want(424, "POST", at+"/files", named(files, "a.blend")) // the file store does not have it
	s.want(400, "POST", at+"/files", named(map[string][]byte{"a.blend": []byte("other")}, "a.blend"))
	s.want(400, "POST", at+"/files", `{"files":[{"path":"a.blend","size":3,"sha":"../../x"}]}`)
	s.want(400, "POST", at+"/files", `{"files":[{"path":"none","size":3,"sha":"x"}]}`)
	s.want(204, "POST", at+"/files", `{"files":[]}`)
	s.intoStore(at, files, "a.blend")
	s.want(400, "POST", at+"/needs", "") // it is no .blend
	s.want(204, "DELETE", at, "")
	s.want(404, "POST", at+"/needs", "")
	s.want(404, "POST", at+"/files", `{"files":[]}`)
	if left, _ := os.ReadDir(filepath.Join(s.home, "uploads")); len(left) != 1 {
		t.Errorf("%d folders that were discarded are left", len(left)-1)
	}
}

// The scene of a folder that names files of the manager's computer, or of another's folder,
// gets none of them.
func TestFolderReachesNoOthers(t *testing.T) {
	s := newServer(t)
	secret := filepath.Join(s.home, "secret.png")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	shot := filepath.Join(t.TempDir(), "a.blend")
	script := fmt.Sprintf(`
import bpy, sys
for path in %q, "//../../secret.png":
    image = bpy.data.images.new("secret", 4, 4)
    image.source, image.filepath, image.use_fake_user = "FILE", path, True
bpy.ops.wm.save_as_mainfile(filepath=sys.argv[-1])
`, secret)
	make := exec.CommandContext(t.Context(), blendertest.Find(t), "-b", "--factory-startup", "--python-exit-code", "9", "--python-expr", script, "--", shot)
	if out, err := make.CombinedOutput(); err != nil {
		t.Fatalf("make the scene: %v\n%s", err, out)
	}
	content, err := os.ReadFile(shot)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{"a.blend": content, "b.png": []byte("x")}
	at, _ := s.beginFolder("a.blend", files)
	s.intoStore(at, files, "a.blend")
	if got, first := s.needs(at); first || len(got) != 0 {
		t.Errorf("%q is needed", got)
	}
	for _, call := range []string{"/check", "/submit"} {
		if got := s.want(400, "POST", at+call, `{"type":"simple-blender-render","allow_missing":true,"settings":{"frames":"1"}}`); !strings.Contains(got.text("message"), "of the manager's computer") {
			t.Errorf("%s: %s", call, got.body)
		}
	}
}
