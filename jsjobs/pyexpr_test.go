package jsjobs

import (
	"strings"
	"testing"
)

func TestPythonExpressions(t *testing.T) {
	keys := []string{"frames", "root"}
	for _, good := range []string{
		"C.scene.name", "f'{C.scene.frame_start}-{C.scene.frame_end}'", "C.scene.render.fps / C.scene.render.fps_base",
		"str(Path(abspath(settings.root), last_n_dir_parts(settings.frames), jobname, '{timestamp}', '######'))",
		"[o.name for o in bpy.data.objects if o.type == 'MESH'][0]", "sorted((a, b) for a, b in {}.items())", "(lambda x, y=1: x + y)(2)",
		"'it\\'s' \"two\"", "f\"{C.scene.name!r:>{3}} {{}}\"", "max(*[1, 2], key=lambda v: -v)", "{'a': 1, **{}}", "a if (a := 1) else 2", "(\n1 +\n2)",
		"not C.scene.use_nodes", "1e-3 + 0x1F + .5 + 1_000", "[x[1:] for x in ()]", "1 # for x in y", "bpy.app.version >= (3, 4, 0)",
		"C.scene.render.engine == 'CYCLES' and bool(getattr(getattr(C.scene, 'cycles', None), 'use_denoising', False))",
		"'''several\nlines'''", "C.scene.render.resolution_x * C.scene.render.resolution_percentage // 100", "rb'x'", "...", " C.scene.name ", "[f'{x}' for x in '']",
		"settings['frames']", "C.scene.camera.settings.other", "1,", "-1", "[*range(3)]",
	} {
		if m := checkPython(good, keys); m != nil {
			t.Errorf("%s: %d: %s", good, m.at, m.what)
		}
	}
	for _, bad := range []struct{ source, at, says string }{
		{"", "", "no expression"},
		{"   ", "", "no expression"},
		{"str(C.scene.name", "(", "never closed"},
		{"str(C.scene.name]", "]", "] closes nothing: ) is wanted"},
		{"C.scene.name)", ")", ") closes nothing"},
		{"'abc", "'", "no end"},
		{"'abc\ndef'", "'", "no end"},
		{"f'{C.scene.name'", "{", "never closed"},
		{"f'a}'", "}", "write }}"},
		{"f'{nothing}'", "nothing", "the name nothing is not known"},
		{"f'{1 +}'", "+", "missing behind +"},
		{"f'{}'", "}", "no expression"},
		{"import bpy", "import", "begins a statement"},
		{"return 1", "return", "begins a statement"},
		{"x = 1", "x", "not known"},
		{"C = 1", "=", "assigns"},
		{"C.scene frame", "frame", "missing in front of frame"},
		{"1 2", "2", "missing in front of 2"},
		{"str(1) 'x'", "'x'", "missing in front of"},
		{"1 +", "+", "missing behind +"},
		{"(1 +)", "+", "missing behind +"},
		{"C.scene.name if", "if", "missing behind if"},
		{"scene.name", "scene", "the name scene is not known there: known are bpy, C, jobname, Path, abspath, last_n_dir_parts, settings, and Python's own"},
		{"settings.frame", "frame", `no setting "frame"`},
		{"1; 2", ";", `";" is not part`},
		{"1 $ 2", "$", `"$" is not part`},
		{"1\n+2", "\n", "new line ends"},
	} {
		m := checkPython(bad.source, keys)
		if m == nil {
			t.Errorf("%q passes", bad.source)
			continue
		}
		if !strings.Contains(m.what, bad.says) || !strings.HasPrefix(bad.source[min(m.at, len(bad.source)):], bad.at) {
			t.Errorf("%q: at %d: %s; want at %q: %s", bad.source, m.at, m.what, bad.at, bad.says)
		}
	}
}

// No text makes it fail or look outside of it.
func FuzzPythonExpression(f *testing.F) {
	for _, s := range []string{"f'{C.scene.name!r:>{3}}' + \"x\"", "[a for a in (1, 2)]", "'''", "f'{'", "\\", "é + ü", "1.2.3e", "lambda: 0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		if m := checkPython(source, []string{"frames"}); m != nil && (m.at < 0 || m.at > len(source) || m.what == "") {
			t.Errorf("%+v", m)
		}
	})
}
