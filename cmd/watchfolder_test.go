package cmd

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/blendfile"
	"renderfarm/farm/dropfolder"
	"renderfarm/farm/programs"
)

// awaitReport waits until the report on a file says something.
func awaitReport(t *testing.T, folder, name, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patienceOfTests)
	defer cancel()
	changes := make(chan struct{}, 1)
	changed := func() {
		select {
		case changes <- struct{}{}:
		default:
		}
	}
	go func() {
		if err := dropfolder.Notify(ctx, folder, changed); err != nil {
			t.Error(err)
		}
		cancel()
	}()
	for {
		said, err := os.ReadFile(filepath.Join(folder, name+".farm.txt"))
		if err == nil && strings.Contains(string(said), text) {
			return
		}
		select {
		case <-changes:
		case <-ctx.Done():
			t.Fatalf("the report does not say %q: %s, %v", text, said, err)
		}
	}
}

// TestWatchFolder drops a file, kills the farm as soon as it is submitted, and
// gets its frames from the next one, once.
func TestWatchFolder(t *testing.T) {
	folder := t.TempDir()
	st := startSubmitTest(t, "all", "--watch-folder", folder)
	if err := os.WriteFile(filepath.Join(folder, dropfolder.DefaultsName), []byte("frames: 1-2\nname: dropped\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	scene(t, folder)
	if err := st.farm.await("was submitted"); err != nil {
		t.Fatal(err)
	}
	if err := st.farm.kill(); err != nil {
		t.Fatal(err)
	}
	st.start(t)
	awaitReport(t, folder, "my scene.blend", "finished")
	text, err := os.ReadFile(filepath.Join(folder, "my scene.blend.farm.txt"))
	_, frames, _ := strings.Cut(string(text), "Frames:")
	frames, _, _ = strings.Cut(frames, "\n")
	found, globErr := filepath.Glob(filepath.Join(strings.TrimSpace(frames), "*.png"))
	if errors.Join(err, globErr) != nil || len(found) != 2 {
		t.Errorf("%q, %v, %v:\n%s", found, err, globErr, text)
	}
	if status := st.run(t, t.Context(), "jobs", "list", "--json"); status != exitOK || strings.Count(st.out.String(), `"name": "dropped"`) != 1 {
		t.Errorf("%d: %s", status, st.out.String())
	}
}

// TestDropTarget refuses what cannot be submitted, in words for artists.
func TestDropTarget(t *testing.T) {
	f := newTestFarm(t)
	folder := t.TempDir()
	d := &dropTarget{s: f.session, client: f.client, folder: folder, web: f.host.url}
	file := filepath.Join(folder, "a.blend")
	if err := os.WriteFile(file, []byte("BLENDER-v304"), 0o600); err != nil {
		t.Fatal(err)
	}
	planned := func(string) error { return nil }
	for says, defaults := range map[string]string{
		"farm-job.yaml:1:1: unknown key": "frame: 1\n", "remove the key": "blend: x.blend\n", "--frames": "frames: 1-\n", "no job type": "type: nothing\n",
		"damaged": "", "cannot choose": "blender: /none\nframes: 1\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, dropfolder.DefaultsName), []byte(defaults), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := programs.Blender(t.Context(), ""); says == "damaged" && err != nil {
			continue // nobody to say so
		}
		_, err := d.Submit(t.Context(), file, "token", planned)
		if kind := farm.KindOf(err); kind != farm.Invalid && kind != farm.NotFound || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", defaults, err)
		}
	}
	if _, err := d.Look(t.Context(), farm.JobID(farm.NewUUID().String())); farm.KindOf(err) != farm.NotFound {
		t.Error(err)
	}
}

// TestDropTargetKeepsItsOwn gives nobody the manager's files.
func TestDropTargetKeepsItsOwn(t *testing.T) {
	s := testSession(t, nil)
	d := &dropTarget{s: s}
	u := &submission{storage: storage{path: filepath.Join(s.home, "storage")}}
	for path, says := range map[string]string{"farm.yaml": "the farm's own", "storage/tex/a.png": "", "../elsewhere.png": ""} {
		path = filepath.Join(s.home, filepath.FromSlash(path))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
		u.files = &blendfile.Pack{Files: []blendfile.PackFile{{Source: path}}}
		if err := d.keepOwn(u); (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestRefusalOf tries again what is over by itself.
func TestRefusalOf(t *testing.T) {
	for status, want := range map[int]farm.Kind{400: farm.Invalid, 404: farm.Invalid, 408: farm.Busy, 412: farm.Busy, 425: farm.Busy, 429: farm.Busy, 500: farm.Internal} {
		if kind := farm.KindOf(refusalOf(&api.Error{Status: status})); kind != want {
			t.Errorf("%d: %v, want %v", status, kind, want)
		}
	}
}

// TestDropTargetFinds finds a job by its token among many.
func TestDropTargetFinds(t *testing.T) {
	f := newTestFarm(t)
	d := &dropTarget{s: f.session, client: f.client}
	var want api.Job
	for n := range findPage + 2 {
		s := api.SubmittedJob{Name: "job", Type: "echo-sleep-test", SubmitterPlatform: "manager", Settings: map[string]any{"message": "hello"}}
		if n == findPage {
			s.Metadata = map[string]string{tokenKey: "mine"}
		}
		job, err := f.client.SubmitJob(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if n == findPage {
			want = job
		}
	}
	job, found, err := d.Find(t.Context(), "mine")
	if err != nil || !found || job.ID != want.ID || job.Web != "/app/jobs/"+string(want.ID) {
		t.Errorf("%+v, %v, %v", job, found, err)
	}
	if _, found, err := d.Find(t.Context(), "yours"); found || err != nil {
		t.Error(found, err)
	}
}

// TestAbandon removes what was begun, and nothing that looks different.
func TestAbandon(t *testing.T) {
	storage := t.TempDir()
	made := filepath.Join(storage, submittedFolder, "a[1]")
	for _, dir := range []string{made, made + ".farm-part-1-0", filepath.Join(storage, submittedFolder, "a1"), filepath.Join(storage, "other")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	d := &dropTarget{}
	if err := d.Abandon(made); err != nil {
		t.Error(err)
	}
	if err := d.Abandon(filepath.Join(storage, "other")); err == nil {
		t.Error("somebody else's folder was removed")
	}
	left, err := filepath.Glob(filepath.Join(storage, "*", "*"))
	if err != nil || len(left) != 1 || filepath.Base(left[0]) != "a1" {
		t.Errorf("%q, %v", left, err)
	}
}
