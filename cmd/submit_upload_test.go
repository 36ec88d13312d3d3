package cmd

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"renderfarm/farm/submit"
)

// TestUploadProgress draws the stages of an upload, each in its own measure.
func TestUploadProgress(t *testing.T) {
	var out bytes.Buffer
	now := time.Unix(0, 0)
	bar := &transferBar{out: &out, live: true, now: func() time.Time { return now }}
	for _, step := range []struct {
		p    submit.Progress
		want string
	}{
		{submit.Progress{Stage: submit.Reading}, "Reading the file ..."},
		{submit.Progress{Stage: submit.Searching, Files: 12}, "Looking for what the file needs: found 12 files"},
		{submit.Progress{Stage: submit.Rewriting, Files: 1, FilesTotal: 3}, "Looking into .blend 1 of 3"},
		{submit.Progress{Stage: submit.Hashing, FilesTotal: 2, BytesTotal: 4000}, "Hashing  0/2 files  0 of 4 kB"},
		{submit.Progress{Stage: submit.Hashing, Files: 1, FilesTotal: 2, Bytes: 2000, BytesTotal: 4000}, "Hashing  1/2 files  2 kB of 4 kB  200 B/s  10s left"},
		{submit.Progress{Stage: submit.Uploading, FilesTotal: 1, Bytes: 500, BytesTotal: 1000}, "Uploading  0/1 files  500 B of 1 kB"},
		{submit.Progress{Stage: submit.Uploading, FilesTotal: 3, Bytes: 1, BytesTotal: 2000}, "Uploading  0/3 files  1 B of 2 kB"},
		{submit.Progress{Stage: submit.Waiting}, "Waiting for the farm to put the files into their folder ..."},
		{submit.Progress{}, ""},
	} {
		out.Reset()
		bar.show(step.p)
		if got := strings.TrimSuffix(strings.TrimPrefix(out.String(), "\r"), "\x1b[K"); got != step.want {
			t.Errorf("%+v is drawn as %q, want %q", step.p, got, step.want)
		}
		now = now.Add(10 * time.Second)
	}
}

// TestUploadProgressInALog says what takes its time, once.
func TestUploadProgressInALog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		bar := &transferBar{out: &out, now: time.Now}
		stage := func(p submit.Progress, lasts time.Duration) {
			bar.show(p)
			time.Sleep(lasts)
			synctest.Wait()
		}
		stage(submit.Progress{Stage: submit.Asking}, time.Second)
		stage(submit.Progress{Stage: submit.Reading}, time.Minute)
		for n := range 50 {
			stage(submit.Progress{Stage: submit.Hashing, Files: n, FilesTotal: 50}, 100*time.Millisecond)
		}
		stage(submit.Progress{}, time.Minute)
		if got := out.String(); got != "Reading the file ...\nHashing ...\n" {
			t.Errorf("%q", got)
		}
		out.Reset()
		bar.quiet = true
		stage(submit.Progress{Stage: submit.Waiting}, time.Hour)
		if out.Len() > 0 {
			t.Errorf("with --json, and yet %q", out.String())
		}
	})
}

// TestUploadFlag uploads from a computer that could copy, and says how much.
func TestUploadFlag(t *testing.T) {
	t.Parallel()
	st := newServeTest(t)
	if status := st.run(t, t.Context(), "submit", scene(t, t.TempDir()), "--upload", "--no-wait", "--name", "up"); status != exitOK || !strings.Contains(st.err.String(), "Uploaded 1 file") {
		t.Fatalf("%d: %s", status, st.err.String())
	}
	id := strings.TrimSpace(st.out.String())
	if status := st.run(t, t.Context(), "jobs", "show", id, "--json"); status != exitOK || !bytes.Contains(st.out.Bytes(), []byte(`"shaman_checkout_id": "up"`)) || !bytes.Contains(st.out.Bytes(), []byte("up/my scene.blend")) {
		t.Errorf("%d: %s", status, st.out.String())
	}
}
