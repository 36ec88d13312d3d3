package jsjobs

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"renderfarm/farm"
)

// What comes before the first frame is told in parameters of the command that
// renders, and nowhere else: a worker that does not know them does the same work.
func TestLooksAreOnlyParameters(t *testing.T) {
	l := New(Options{})
	single := map[string]any{"frame": 12.0, "render_output_root": "/r", "render_output_path": "/r/{timestamp}/######", "blendfile": "/s/a.blend", "scene": "S", "format": "PNG"}
	for jobType, settings := range map[string]map[string]any{"simple-blender-render": blenderSettings(nil), "render-and-encode": blenderSettings(nil), "single-image-render": single} {
		plan := func(changes map[string]any) *farm.Plan {
			p, err := l.Plan(t.Context(), farm.Submission{Type: jobType, Name: "a", Created: created, Settings: changed(settings, changes)})
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		// A worker of another program knows these parameters, and these commands.
		known := []string{"exe", "exeArgs", "argsBefore", "blendfile", "args"}
		with, without := plan(map[string]any{"preflight": true, "allow_missing": true, "gpu": "require"}), plan(map[string]any{"preflight": false, "gpu": "auto"})
		looks := 0
		for i, task := range with.Tasks {
			for j, c := range task.Commands {
				plain := without.Tasks[i].Commands[j]
				if c.Name == farm.CommandBlenderRender {
					if c.Parameters["preflight"] != true || c.Parameters["allowMissing"] != true || plain.Parameters["allowMissing"] != nil || c.Parameters["gpu"] != "require" || plain.Parameters["preflight"] != nil || plain.Parameters["gpu"] != "auto" {
						t.Errorf("%s: %v and %v", jobType, c.Parameters, plain.Parameters)
					}
					looks++
					for _, parameters := range []map[string]any{c.Parameters, plain.Parameters} {
						maps.DeleteFunc(parameters, func(name string, _ any) bool { return !slices.Contains(known, name) })
					}
				}
				a, _ := json.Marshal(c)
				b, _ := json.Marshal(plain)
				if string(a) != string(b) || task.Type != without.Tasks[i].Type {
					t.Errorf("%s: %s and %s", jobType, a, b)
				}
			}
		}
		if looks == 0 || len(with.Tasks) != len(without.Tasks) {
			t.Errorf("%s: %d commands with a look, %d and %d tasks", jobType, looks, len(with.Tasks), len(without.Tasks))
		}
	}
}
