package jsjobs

import (
	"encoding/json"
	"testing"
	"time"

	"renderfarm/farm"
)

func TestQuick(t *testing.T) {
	l := New(Options{})
	types, err := l.Types(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, ty := range types {
		t.Log(ty.Name, ty.ETag)
	}
	t.Log(l.Broken(t.Context()))
	p, err := l.Plan(t.Context(), farm.Submission{Type: "simple-blender-render", Name: "x", Created: time.Now(), Settings: map[string]any{
		"frames": "1-4,8", "chunk_size": 2, "render_output_root": "/r", "render_output_path": "/r/x/{timestamp}/######", "blendfile": "/a/b.flamenco.blend",
		"fps": 24.0, "format": "PNG", "image_file_extension": ".png", "scene": "Scene"}})
	if err != nil {
		t.Fatal(err)
	}
	b, _ := json.MarshalIndent(p, "", " ")
	t.Log(string(b))
}

func BenchmarkPlan(b *testing.B) {
	for _, n := range []string{"1-1000", "1-10000"} {
		b.Run(n, func(b *testing.B) {
			l := New(Options{})
			b.ReportAllocs()
			for b.Loop() {
				p, err := l.Plan(b.Context(), farm.Submission{Type: "simple-blender-render", Name: "x", Created: time.Now(), Settings: map[string]any{
					"frames": n, "render_output_root": "/r", "render_output_path": "/r/x/{timestamp}/######", "blendfile": "/a/b.flamenco.blend",
					"fps": 24.0, "format": "PNG", "image_file_extension": ".png", "scene": "Scene"}})
				if err != nil || len(p.Tasks) < 1000 {
					b.Fatal(err)
				}
			}
		})
	}
}
