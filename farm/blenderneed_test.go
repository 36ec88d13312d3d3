package farm

import "testing"

// A job needs a graphics card if the first of its tasks that run Blender says so, in
// whichever form its parameters are.
func TestNeedOfACard(t *testing.T) {
	task := func(kind string, parameters map[string]any, encoded Encoded) PlannedTask {
		return PlannedTask{Type: kind, Commands: []Command{{Name: "make-directory"}, {Name: "blender-render", Parameters: parameters, Encoded: encoded}}}
	}
	require := map[string]any{"gpu": GPURequire}
	version := BlenderNeed{Version: BlenderVersion{4, 2}}
	for _, c := range []struct {
		name  string
		tasks []PlannedTask
		want  bool
	}{
		{"no tasks", nil, false},
		{"nothing is said", []PlannedTask{task(TypeBlender, nil, Encoded{})}, false},
		{"required", []PlannedTask{task("misc", nil, Encoded{}), task(TypeBlender, require, Encoded{})}, true},
		{"required, encoded", []PlannedTask{task(TypeBlender, nil, Encoded{`{"exe":"blender","gpu":`, `"require"`, `}`})}, true},
		{"preferred, encoded", []PlannedTask{task(TypeBlender, nil, Encoded{`{"gpu":"prefer"}`})}, false},
		{"no text", []PlannedTask{task(TypeBlender, map[string]any{"gpu": 1.0}, Encoded{})}, false},
		{"damaged", []PlannedTask{task(TypeBlender, nil, Encoded{`{"gpu":"require"`})}, false},
		{"of a task that runs no Blender", []PlannedTask{task("misc", require, Encoded{})}, false},
	} {
		need := version.WithGPU(c.tasks)
		if need.GPU != c.want || need.Version != version.Version {
			t.Errorf("%s: %+v", c.name, need)
		}
		if of := need.For("ffmpeg"); !of.IsZero() {
			t.Errorf("%s: tasks that run no Blender need %+v", c.name, of)
		}
		if of := need.For(TypeBlender); of.GPU != c.want {
			t.Errorf("%s: tasks that run Blender need %+v", c.name, of)
		}
	}
}
