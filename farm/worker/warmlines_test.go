//go:build !windows

package worker

import (
	"slices"
	"strings"
	"testing"
)

// Only command lines that prepare a scene and name their frames last are rendered warm.
func TestWarmLines(t *testing.T) {
	cases := []struct{ args, start, span string }{
		{"-b /x.blend -o /o/## -f 1..3", "-b /x.blend -o /o/##", ""},
		{"-b -y /x.blend -S Two -s 1 -e 4 -j 2 -a", "-b -y /x.blend -S Two", "1 4 2"},
		{"-b /x.blend --python-expr render.use_overwrite=True -F PNG -f 3", "-b /x.blend --python-expr render.use_overwrite=True -F PNG", ""},
		{"-b /x.blend -f 1 -o /late", "", ""},
		{"-b /x.blend -f 1 -f 2", "", ""},
		{"-b /x.blend -f -1", "", ""},
		{"-b /x.blend -a", "", ""},
		{"-b /x.blend -s 1 -e 2 -j 1 -o /o -a", "", ""},
		{"-b /x.blend -s 1 -f 2", "", ""},
		{"-b /x.blend -P script.py -f 1", "", ""},
		{"-b /x.blend --python-text t -f 1", "", ""},
		{"-b /x.blend --python-expr import.sys;sys.argv -f 1", "", ""},
		{"-b /x.blend --python-expr bpy.ops.render.render() -f 1", "", ""},
		{"-b /x.blend --log * -f 1", "", ""},
		{"-b /x.blend -f 1 -- more", "", ""},
		{"-b -f 1", "", ""},
		{"-b /x.blend", "", ""},
	}
	for _, c := range cases {
		line, err := readBlenderArgs(strings.Fields(c.args))
		if err != nil {
			t.Fatal(err)
		}
		w, ok := line.warm("/x.blend")
		if ok != (c.start != "") || ok && (!slices.Equal(w.start, strings.Fields(c.start)) || w.span != c.span || len(w.frames) == 0) {
			t.Errorf("%s: %v %+v", c.args, ok, w)
		}
	}
}
