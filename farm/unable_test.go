package farm

import (
	"reflect"
	"strings"
	"testing"
)

func TestSetUnable(t *testing.T) {
	w := Worker{TaskTypes: []string{"blender", "ffmpeg", "misc"}}
	noBlender := []Unable{{[]string{"blender"}, "no Blender"}}
	for i, c := range []struct {
		told    []Unable
		changed bool
		types   string
		unable  []Unable
	}{
		{nil, false, "blender ffmpeg misc", nil},
		{noBlender, true, "ffmpeg misc", noBlender},
		{noBlender, false, "ffmpeg misc", noBlender},
		{[]Unable{{[]string{"blender", "houdini"}, "no storage"}}, true, "ffmpeg misc", []Unable{{[]string{"blender"}, "no storage"}}},
		{[]Unable{{[]string{"houdini"}, "not meant to"}, {[]string{"misc"}, "tired"}}, true, "ffmpeg blender", []Unable{{[]string{"misc"}, "tired"}}},
		{nil, true, "ffmpeg blender misc", nil},
	} {
		changed := w.SetUnable(c.told)
		if got := strings.Join(w.TaskTypes, " "); changed != c.changed || got != c.types || !reflect.DeepEqual(w.Unable, c.unable) {
			t.Errorf("step %d: changed %v, takes %s, unable %v", i, changed, got, w.Unable)
		}
	}
	w.SetUnable(noBlender)
	if w.WhyUnable("blender") != "no Blender" || w.WhyUnable("misc") != "" || w.WhyUnable("houdini") != "" {
		t.Error("the reasons are others")
	}
}

func TestCleanUnable(t *testing.T) {
	got := CleanUnable([]Unable{{[]string{" Blender", "blender", ""}, "a\nb\x1b[31m" + strings.Repeat("ü", MaxReason)}, {nil, "nothing"}, {[]string{"blender"}, "twice"}})
	if len(got) != 1 || !reflect.DeepEqual(got[0].TaskTypes, []string{"blender"}) || len(got[0].Reason) > MaxReason || len(got[0].Reason) < MaxReason-1 || !strings.HasPrefix(got[0].Reason, "a b [31m") {
		t.Errorf("%q", got)
	}
	if got := CleanUnable(make([]Unable, 1000)); got != nil {
		t.Error(got)
	}
}
