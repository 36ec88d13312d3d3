package worker

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"renderfarm/farm/blendertest"
)

// Real programs that hang are ended with all they started; ones that work are not.
func TestHangingPrograms(t *testing.T) {
	cases := []struct {
		name, script string
		ended        bool
	}{
		{"sleeps", `echo $$; sleep 100`, true},
		{"sleeps in a child", `sh -c 'echo $$; sleep 100'; :`, true},
		{"sleeps in a loop", `echo $$; while :; do sleep 0.5; done`, true},
		{"is stopped", `echo $$; kill -STOP $$`, true},
		{"ends well when told to", `echo $$; trap 'exit 0' TERM; sleep 100 & wait`, true},
		{"computes", `echo $$; while :; do :; done`, false},
		{"computes in a child", `(while :; do :; done) & echo $$; wait`, false},
		{"computes in a session of its own", `setsid sh -c 'while :; do :; done' & echo $$; wait`, false},
		{"prints", `echo $$; while :; do echo x; sleep 0.05; done`, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			said := make(chan string, 1000)
			p, lines := shell(c.script, said)
			p.life = newStall(500 * time.Millisecond)
			ctx, cancel := context.WithTimeoutCause(t.Context(), 4*time.Second, errTest)
			defer cancel()
			err := p.run(ctx)
			var stalled *stalledError
			if c.ended != errors.As(err, &stalled) || !c.ended && !errors.Is(err, errTest) {
				t.Errorf("%v", err)
			}
			pid, err := strconv.Atoi((*lines)[0])
			if err != nil {
				t.Fatal(err)
			}
			gone(t, pid)
		})
	}
}

// A real Blender that hangs fails its task, with its last words; one that hangs
// when all is saved does not.
func TestHangingBlender(t *testing.T) {
	blendertest.Find(t)
	cases := []struct{ name, python, err, words string }{
		{"at start", "import time; print('before the nap', flush=True); time.sleep(1000)", "0 of 2 frames were saved (missing: 1,2). Its last words: ", "before the nap"},
		{"between frames", "import time; bpy.app.handlers.render_pre.append(lambda s, *_: s.frame_current == 2 and time.sleep(1000))", "1 of 2 frames were saved (missing: 2)", "Saved"},
		{"at the end", "import time, atexit; atexit.register(time.sleep, 1000)", "", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b, dir := newBench(t), t.TempDir()
			b.worker.options.StalledAfter = 3 * time.Second
			render := cmd("blender-render", "exe", "blender", "exeArgs", "-b --factory-startup", "blendfile", "",
				"args", renderArgs(c.python, "-o", filepath.Join(dir, "##"), "-f", "1..2"))
			render.Steps = 2
			err := b.do(t.Context(), render)
			if c.err == "" && err != "" || c.err != "" && (!strings.Contains(err, "did nothing for 3s") || !strings.Contains(err, c.err) || !strings.Contains(err, c.words)) {
				t.Errorf("%q\n%s", err, b.logged(t))
			}
			if _, err := os.Stat(filepath.Join(dir, "02.png")); c.err == "" && err != nil {
				t.Error(err)
			}
		})
	}
}

// A program that prints without end neither fills the disk nor loses its last words.
func TestFlood(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	flood := cmd("exec", "exe", "/bin/sh", "args", []any{"-c", "echo first; yes " + strings.Repeat("y", 200) + " | head -c 30000000; echo; echo last"})
	if err := b.do(t.Context(), flood); err != "" {
		t.Fatal(err)
	}
	b.completed(t.Context())
	size, text := 0, ""
	for _, r := range reports(t, b.outbox) {
		size += len(r.Log)
		text += r.Log
	}
	if size > logHead+logTail+1000 || !strings.Contains(text, "> first\n") || !strings.HasSuffix(text, "> last\n") || !strings.Contains(text, "were left out here") {
		t.Errorf("%d bytes are reported", size)
	}
}
