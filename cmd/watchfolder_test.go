package cmd

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"renderfarm/addon"
	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/programs"
	"renderfarm/farm/watchfolder"
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
		if err := watchfolder.Notify(ctx, folder, changed); err != nil {
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

// TestWatchFolder puts a file there, kills the farm as soon as it is submitted, and
// gets its frames from the next one, once.
func TestWatchFolder(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	st := startSubmitTest(t, nil, "all", "--watch-folder", folder)
	if err := os.WriteFile(filepath.Join(folder, watchfolder.DefaultsName), []byte("frames: 1-2\nname: from the folder\n"), 0o600); err != nil {
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
	if status := st.run(t, t.Context(), "jobs", "list", "--json"); status != exitOK || strings.Count(st.out.String(), `"name": "from the folder"`) != 1 {
		t.Errorf("%d: %s", status, st.out.String())
	}
}

// TestWatchFolderRefuses refuses what cannot be submitted, in words for artists.
func TestWatchFolderRefuses(t *testing.T) {
	f := newTestFarm(t)
	folder := t.TempDir()
	d := &watchfolder.Remote{Client: f.client, Scripts: addon.Pack(), Folder: folder, Home: f.home, Web: f.host.url}
	file := filepath.Join(folder, "a.blend")
	if err := os.WriteFile(file, []byte("BLENDER-v304"), 0o600); err != nil {
		t.Fatal(err)
	}
	planned := func(string) error { return nil }
	for says, defaults := range map[string]string{
		"farm-job.yaml:1:1: unknown key": "frame: 1\n", "remove the key": "blend: x.blend\n", "farm-job.yaml: frames: ": "frames: 1-\n", "no job type": "type: nothing\n",
		"damaged": "", "cannot choose": "blender: /none\nframes: 1\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, watchfolder.DefaultsName), []byte(defaults), 0o600); err != nil {
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

// TestWatchFolderFinds finds a job by its token among many.
func TestWatchFolderFinds(t *testing.T) {
	f := newTestFarm(t)
	d := &watchfolder.Remote{Client: f.client}
	var want api.Job
	for n := range 502 {
		s := api.SubmittedJob{Name: "job", Type: "echo-sleep-test", SubmitterPlatform: "manager", Settings: map[string]any{"message": "hello"}}
		if n == 500 {
			s.Metadata = map[string]string{"watch-folder-token": "mine"}
		}
		job, err := f.client.SubmitJob(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if n == 500 {
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
