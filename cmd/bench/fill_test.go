package bench

import (
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/store"
)

// jobSize is how many tasks a job of a filled database has at most.
const jobSize = 10_000

// templates are databases that were filled before, by their number of tasks.
var templates = map[int]string{}

// filledHome returns a home folder whose database has that many queued tasks;
// with 0 it is empty. A database is filled once and copied.
func filledHome(tb testing.TB, tasks int) string {
	tb.Helper()
	home := quickHome(tb)
	if tasks == 0 {
		return home
	}
	template, ok := templates[tasks]
	if !ok {
		template = filepath.Join(scratch, fmt.Sprintf("filled-%d.db", tasks))
		fill(tb, template, tasks)
		templates[tasks] = template
	}
	if err := copyFile(filepath.Join(home, "farm.db"), template); err != nil {
		tb.Fatal(err)
	}
	return home
}

// newHome returns an empty folder. It stays until all is over, because removing
// the files of one load would slow down the next; see spread.
func newHome(tb testing.TB) string {
	tb.Helper()
	home, err := os.MkdirTemp(scratch, "home-")
	if err != nil {
		tb.Fatal(err)
	}
	return home
}

// quickHome returns the one of several empty folders in which files are made
// quickest. Each is in another part of the disk, and some of those may be slow
// for a while, see spread.
func quickHome(tb testing.TB) (best string) {
	tb.Helper()
	const homes, files = 6, 100
	least := time.Duration(math.MaxInt64)
	for range homes {
		home := newHome(tb)
		began := time.Now()
		for i := range files {
			if err := os.WriteFile(filepath.Join(home, fmt.Sprint("probe-", i)), nil, 0o600); err != nil {
				tb.Fatal(err)
			}
		}
		if took := time.Since(began); took < least {
			best, least = home, took
		}
	}
	return best
}

// fill makes a database with jobs such as the stock job type for Blender plans.
func fill(tb testing.TB, path string, tasks int) {
	tb.Helper()
	s, err := store.Open(store.Options{Path: path})
	if err != nil {
		tb.Fatal(err)
	}
	for done := 0; done < tasks; done += jobSize {
		n, err := store.Prepare(renderPlan(done/jobSize, min(jobSize, tasks-done)))
		if err != nil {
			tb.Fatal(err)
		}
		if err := s.Update(func(tx *store.Tx) error { tx.AddJob(n); return nil }); err != nil {
			tb.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		tb.Fatal(err)
	}
}

// renderPlan returns the plan of a job that renders one frame per task.
func renderPlan(number, tasks int) *farm.Plan {
	name := fmt.Sprintf("shot-%04d", number)
	output := "/render/out/" + name + "/2026-11-23_160000/######"
	p := &farm.Plan{Submission: farm.Submission{
		ID: farm.JobID(farm.NewUUID().String()), Created: time.Now().UTC(), Name: name, Type: "simple-blender-render", Priority: 50, SubmitterPlatform: "linux",
		Settings: map[string]any{"frames": fmt.Sprintf("1-%d", tasks), "chunk_size": 1, "render_output_path": output, "format": "PNG", "scene": "Scene"},
		Metadata: map[string]string{"user.name": "artist", "project": "bench"},
	}}
	for frame := 1; frame <= tasks; frame++ {
		p.Tasks = append(p.Tasks, farm.PlannedTask{Name: fmt.Sprintf("render-%d", frame), Type: "blender", Priority: 50, Commands: []farm.Command{{
			Name: "blender-render", Steps: 1, Parameters: map[string]any{
				"exe": "{blender}", "exeArgs": "{blenderArgs}", "argsBefore": []any{}, "blendfile": "/render/jobs/" + name + "/scene.flamenco.blend",
				"args": []any{"--scene", "Scene", "--python-expr", "import bpy; r = bpy.context.scene.render; r.use_file_extension = True; r.use_overwrite = False; r.use_placeholder = False",
					"--render-output", output, "--render-format", "PNG", "--render-frame", strconv.Itoa(frame)},
			}}}})
	}
	return p
}

// copyFile copies a file and has it on the disk when it returns.
func copyFile(to, from string) (err error) {
	r, err := os.Open(from)
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() {
		if e := w.Close(); err == nil {
			err = e
		}
	}()
	if _, err := io.Copy(w, r); err != nil {
		return err
	}
	return w.Sync()
}
